"""What a load would change, found on a connection that can only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse import schema

if TYPE_CHECKING:
    from datetime import date

    import duckdb
    import polars as pl

_PLAIN = {
    "observed_event": ", ".join(c for c in schema.OBSERVED_EVENT.names() if c != "position"),
    "observed_participation": ", ".join(schema.OBSERVED_PARTICIPATION.names()),
}


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """Make room, in temporary tables, for what files show."""
    for table in _PLAIN:
        con.execute(f"CREATE TEMP TABLE would_{table} AS FROM {table} LIMIT 0")


def add(con: duckdb.DuckDBPyConnection, events: pl.DataFrame, participations: pl.DataFrame) -> None:
    """Add staged rows of a file."""
    for name, rows in zip(_PLAIN, (events, participations), strict=True):
        if rows.height:
            con.register("arriving", rows)
            con.execute(f"INSERT INTO would_{name} BY NAME FROM arriving")
            con.unregister("arriving")


def changes(con: duckdb.DuckDBPyConnection, files: list[int]) -> tuple[int, list[date]]:
    """How many events `files` would show otherwise than before, and the days of these."""
    parts = []
    for table, columns in _PLAIN.items():
        old = f"SELECT {columns} FROM {table} WHERE list_contains($files, file_id)"
        new = f"SELECT {columns} FROM would_{table}"
        parts += [f"({old} EXCEPT ALL {new})", f"({new} EXCEPT ALL {old})"]
    shown = " UNION ALL ".join(f"SELECT event_id, day FROM ({part})" for part in parts)
    rows = con.execute(f"SELECT DISTINCT event_id, day FROM ({shown})", {"files": files}).fetchall()
    return len({event for event, _ in rows}), sorted({day for _, day in rows})
