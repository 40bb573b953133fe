"""The ledger follows a file that got another name: its views stay, and nothing is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from warehouse.connection import undo

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

_TABLES = ("source_file", "observed_event", "observed_participation", "quarantine", "discarded")


class Move(NamedTuple):
    """A file by its old and its new number, and its new path."""

    old: int
    new: int
    path: str


def follow(con: duckdb.DuckDBPyConnection, moves: Sequence[Move]) -> None:
    """Give the files their new names, in one transaction. What they showed is what it was."""
    if not moves:
        return
    con.execute("BEGIN")
    try:
        con.execute("CREATE TEMP TABLE moved (old BIGINT, new BIGINT, path VARCHAR)")
        con.executemany("INSERT INTO moved VALUES (?, ?, ?)", moves)
        con.execute(
            "UPDATE source_file SET path = moved.path FROM moved WHERE source_file.file_id = moved.old"
        )
        for table in _TABLES:
            con.execute(
                f"UPDATE {table} SET file_id = moved.new FROM moved WHERE {table}.file_id = moved.old"
            )
        con.execute("DROP TABLE moved")
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
