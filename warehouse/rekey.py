"""Every keyed hash becomes another one, in one transaction per database, and the mark of its key with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from warehouse import retention, schema
from warehouse.connection import undo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import duckdb

    Renew = Callable[[int], int]

_IN_RECORD = re.compile(rf'"({"|".join(schema.KEYED)})":(\d+)')


def mark(con: duckdb.DuckDBPyConnection) -> str | None:
    """What tells the key of this database; None before the first."""
    row = con.execute("SELECT mark FROM key_mark").fetchall()
    return str(row[0][0]) if row else None


def set_mark(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Remember what tells the key of this database."""
    con.execute("DELETE FROM key_mark")
    con.execute("INSERT INTO key_mark VALUES (?)", [text])


def renew_identity(con: duckdb.DuckDBPyConnection, renew: Renew, mark: str) -> None:
    """Renew the numbers of addresses, tombstones and lists."""
    _renew(con, ("identity", "forgotten", "listed"), (), renew, mark)


def renew_warehouse(con: duckdb.DuckDBPyConnection, renew: Renew, mark: str) -> None:
    """Renew every table that is loaded, and those of models that hold no person.

    Models that hold people lose their rows, and all of them are to be computed anew.
    """
    personal = retention.tables(con)
    kept = [
        name
        for (name,) in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1"
        ).fetchall()
        if name not in personal
    ]
    _renew(con, kept, personal, renew, mark)


def _renew(
    con: duckdb.DuckDBPyConnection,
    tables: Iterable[str],
    emptied: Iterable[str],
    renew: Renew,
    mark: str,
) -> None:
    columns = {table: [c for c in _columns(con, table) if c in schema.KEYED] for table in tables}
    con.execute("BEGIN")
    try:
        every = " UNION ".join(
            f"SELECT {column} AS old FROM {table}" for table in columns for column in columns[table]
        )
        old = con.sql(f"SELECT old FROM ({every}) WHERE old IS NOT NULL").pl()["old"]
        numbers = {"old": old, "new": pl.Series([renew(n) for n in old.to_list()], dtype=pl.Int64)}
        con.register("numbers", pl.DataFrame(numbers))
        con.execute("CREATE TEMP TABLE renewed AS FROM numbers")
        con.unregister("numbers")
        for table, keyed in columns.items():
            if keyed:
                _replace(con, table, keyed)
        for table in emptied:
            con.execute(f"DELETE FROM {table}")
        if "quarantine" in columns:
            _renew_records(con, renew)
            con.execute("DELETE FROM model_state")
            con.execute("DELETE FROM lake_state")  # the lake is compared, and written anew
        con.execute("DROP TABLE renewed")
        set_mark(con, mark)
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise


def _replace(con: duckdb.DuckDBPyConnection, table: str, keyed: Iterable[str]) -> None:
    joins = " ".join(f"LEFT JOIN renewed AS r{n} ON r{n}.old = t.{c}" for n, c in enumerate(keyed))
    news = ", ".join(f"r{n}.new AS {column}" for n, column in enumerate(keyed))
    con.execute(
        f"CREATE TEMP TABLE copied AS SELECT t.* REPLACE ({news}) FROM {table} AS t {joins} ORDER BY t.rowid"
    )
    con.execute(f"DELETE FROM {table}")
    con.execute(f"INSERT INTO {table} FROM copied")
    con.execute("DROP TABLE copied")


def _renew_records(con: duckdb.DuckDBPyConnection, renew: Renew) -> None:
    """Refused rows are kept as JSON with the same numbers in it."""
    records = con.execute(
        "SELECT DISTINCT record FROM quarantine WHERE record IS NOT NULL"
    ).fetchall()
    if not records:
        return
    told = [
        (text, _IN_RECORD.sub(lambda m: f'"{m[1]}":{renew(int(m[2]))}', text))
        for (text,) in records
    ]
    con.register("told", pl.DataFrame(told, schema=["old", "new"], orient="row"))
    con.execute(
        "UPDATE quarantine SET record = told.new FROM told WHERE quarantine.record = told.old"
    )
    con.unregister("told")


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
