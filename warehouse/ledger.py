"""The ledger follows a file or a source that got another name: its views stay, and nothing is read again."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from warehouse.connection import undo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

_OF_SOURCES = ("source_file", "observation", "run_source")
_TABLES = ("source_file", "observed_event", "observed_participation", "quarantine", "discarded")


class Move(NamedTuple):
    """A file by its old and its new number, and its new path."""

    old: int
    new: int
    path: str


def follow(
    con: duckdb.DuckDBPyConnection,
    moves: Sequence[Move],
    sources: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Give the files and the `sources` (old name → new) their names, in one transaction.

    What they showed is what it was. Stale are the days on which a renamed source showed anything.
    """
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
        for old, new in sources.items():
            con.execute(
                """INSERT INTO stale_day
                   SELECT DISTINCT day FROM observation WHERE source = ? EXCEPT FROM stale_day""",
                [old],
            )
            for table in _OF_SOURCES:
                con.execute(f"UPDATE {table} SET source = ? WHERE source = ?", [new, old])
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
