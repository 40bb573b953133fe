// Tables on the page, and the same tables as files for a spreadsheet.
function dataTable(caption, columns, rows) {
  const head = el(
    "tr",
    {},
    columns.map((column) => el("th", { scope: "col", class: column.number ? "number" : null }, column.title)),
  );
  const body = rows.map((row) =>
    el(
      "tr",
      {},
      columns.map((column, n) => {
        const value = column.show ? column.show(row) : row[column.key];
        const shown = typeof value === "number" ? showNumber(value, column.unit) : value;
        return n === 0
          ? el("th", { scope: "row" }, shown ?? "")
          : el("td", { class: column.number ? "number" : null }, shown ?? "");
      }),
    ),
  );
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, body)),
  );
}

// A spreadsheet runs text that begins like this as a formula.
const FORMULA = /^[=+\-@\t\r]/;

function csvCell(value, separator) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return LANGUAGE === "nl" ? String(value).replace(".", ",") : String(value);
  const safe = FORMULA.test(value) ? `'${value}` : String(value);
  return new RegExp(`["\\r\\n${separator}]`).test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv(columns, rows) {
  const separator = LANGUAGE === "nl" ? ";" : ",";
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => (column.raw ?? ((one) => one[column.key]))(row))),
  ];
  return `\uFEFF${cells.map((line) => line.map((value) => csvCell(value, separator)).join(separator)).join("\r\n")}\r\n`;
}

function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const anchor = el("a", { href: address, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function fileName(...parts) {
  const plain = parts
    .join(" ")
    .normalize("NFKD")
    .replace(/[^\w]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase();
  return `${`tieline-${plain}`.slice(0, 116)}.csv`;
}

/** The numbers behind a chart, folded away, with a button that saves them. */
function behind(caption, columns, rows, { open = false } = {}) {
  const details = el("details", { class: "behind", open }, el("summary", {}, t("show_table")));
  const fill = () => {
    if (details.open && details.childElementCount === 1) details.append(dataTable(caption, columns, rows));
  };
  details.addEventListener("toggle", fill);
  fill();
  const save = el(
    "button",
    {
      type: "button",
      class: "save",
      "aria-label": t("download_of", { what: caption }),
      onclick: () => download(fileName(caption), csv(columns, rows)),
    },
    t("download"),
  );
  return el("div", { class: "beneath" }, details, save);
}
