// Read the published file again and again with @duckdb/node-api: node read.mjs PATH STOP QUERY
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const { DuckDBInstance } = createRequire(process.cwd() + "/")("@duckdb/node-api");
const [path, stop, query] = process.argv.slice(2);
const seen = [];
const errors = [];
for (let last = false; !last; ) {
  last = existsSync(stop);
  try {
    const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll(query)).getRows();
    seen.push(rows[0].map(Number));
    connection.closeSync();
    instance.closeSync();
  } catch (error) {
    errors.push(String(error));
  }
  if (!last) await new Promise((resume) => setTimeout(resume, 1000)); // a dashboard, not a load test
}
console.log(JSON.stringify({ seen, errors }));
