"""Warehouses and identity databases as earlier releases made them, as SQL.

`python -m tests.warehouse.layouts write N HOME` writes those of the home of a network of two weeks
(`make_home(HOME, small_network(weeks=2))`, then `tieline run`) as layout N. Do it once, at a release.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
FILES = {
    "warehouse": "warehouse/tieline.duckdb",
    "identity": "warehouse/identity/identity.duckdb",
}
# Fixed, or computed anew by the next run: their tables are kept, their rows are not.
COMPUTED = ("calendar", "scope", "model_state")


def released() -> list[int]:
    return sorted(int(path.name.split(".")[0][1:]) for path in HERE.glob("v*.warehouse.sql"))


def build(number: int, what: str, path: Path) -> None:
    """Make the database as layout `number` had it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute((HERE / f"v{number}.{what}.sql").read_text())


def write(number: int, home: Path) -> None:
    for what, file in FILES.items():
        with duckdb.connect(str(home / file), read_only=True) as con:
            text = "".join(f"{statement};\n" for statement in statements(con))
        (HERE / f"v{number}.{what}.sql").write_text(text)


def statements(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    tables = con.execute(
        "SELECT schema_name, table_name, sql FROM duckdb_tables()"
        " WHERE database_name = current_database() ORDER BY schema_name = 'stage', table_name"
    ).fetchall()
    yield "CREATE SCHEMA IF NOT EXISTS stage"
    for _, _, sql in tables:
        yield sql.rstrip(";")
    is_model = {
        name
        for (name,) in con.execute(
            "SELECT DISTINCT model FROM model_state" if ("main", "model_state") in
            [(s, n) for s, n, _ in tables] else "SELECT '' WHERE false"
        ).fetchall()
    }  # fmt: skip
    for schema, name, _ in tables:
        if schema == "main" and name not in {*COMPUTED, *is_model, "metric_value"}:
            yield from inserts(con, name)


def inserts(con: duckdb.DuckDBPyConnection, name: str) -> Iterator[str]:
    columns = [row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()]
    cells = " || ', ' || ".join(
        f"CASE WHEN {c} IS NULL THEN 'NULL' WHEN typeof({c}) IN ('BIGINT', 'INTEGER', 'DOUBLE', 'BOOLEAN')"
        f" THEN {c}::VARCHAR ELSE '''' || replace({c}::VARCHAR, '''', '''''') || '''' END"
        for c in columns
    )
    rows = [row for (row,) in con.execute(f"SELECT '(' || {cells} || ')' FROM {name}").fetchall()]
    if rows:
        yield f"INSERT INTO {name} VALUES\n" + ",\n".join(rows)
