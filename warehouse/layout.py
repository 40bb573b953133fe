"""Which version of the tables a database holds, and how an older one becomes today's.

Tables and columns that were only added are found by comparing a database with the declared tables.
What a comparison cannot find (a rename, events that are merged by other rules) is a `Step`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from warehouse.schema import LAYOUT, Table, comments, ddl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

_Column = tuple[str, str, bool, str]  # name, type, may be empty, description

VERSION = 3  # one more with the first change after a release; tests/warehouse holds it to that


class NewerDatabaseError(Exception):
    """The database was written by a newer Tieline; the message says by which."""


class OlderDatabaseError(Exception):
    """The database is still as an older Tieline made it; the message says what raises it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What turns the layout before `to` into it. Its SQL names tables as they were then."""

    to: int
    statements: tuple[str, ...] = ()
    merge: bool = False  # merge all events anew from what the files showed
    read: bool = False  # read every file that is there once more


@dataclass(frozen=True, slots=True)
class Raised:
    """What was done to a database: from which layout, and what is left to do."""

    before: int  # 0: it was empty
    merge: bool = False
    read: bool = False


def raise_layout(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], steps: Sequence[Step] = ()
) -> Raised:
    """Make `tables` (LAYOUT among them) as declared, whatever earlier layout is there; keep every row.

    Call inside a transaction: after a crash the database is the old one. Raises
    NewerDatabaseError, and changes nothing, if a newer Tieline wrote it.
    """
    before = layout_of(con)
    missed = [step for step in steps if 0 < before < step.to]
    for step in missed:
        for statement in step.statements:
            con.execute(statement)
    there = _columns(con, "main")
    for table in tables:
        _fit(con, table, there.get(table.name, []))
    if before != VERSION:
        con.execute("DELETE FROM layout")
        con.execute("INSERT INTO layout VALUES (?, ?)", [VERSION, version("tieline")])
    return Raised(before, any(s.merge for s in missed), any(s.read for s in missed))


def layout_of(con: duckdb.DuckDBPyConnection) -> int:
    """Number of the database's layout: 0 when empty, 1 for the first release, which wrote none.

    Raises NewerDatabaseError if it is above VERSION.
    """
    names = {
        name
        for (name,) in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
            " AND database_name = current_database()"
        ).fetchall()
    }
    if LAYOUT.name not in names:
        return 1 if names else 0
    rows = con.execute("SELECT version, tieline FROM layout").fetchall()
    found, program = rows[0] if rows else (0, "")
    if found > VERSION:
        raise NewerDatabaseError(
            f"{_path(con)}: written by Tieline {program} (layout {found}), newer than this one"
            f" ({version('tieline')}, layout {VERSION}); install that version, or restore a backup"
        )
    return int(found)


def require_present(con: duckdb.DuckDBPyConnection) -> None:
    """Raise OlderDatabaseError or NewerDatabaseError unless the layout is today's."""
    found = layout_of(con)
    if found < VERSION:
        raise OlderDatabaseError(
            f"{_path(con)}: of an older Tieline (layout {found}, now {VERSION}); `tieline run` upgrades it"
        )


def _path(con: duckdb.DuckDBPyConnection) -> str:
    return str(
        con.execute(
            "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
        ).fetchall()[0][0]
    )


def fit_stage(con: duckdb.DuckDBPyConnection, tables: Iterable[Table], schema: str) -> None:
    """Make the staged copies; one of another layout holds nothing worth keeping."""
    there = _columns(con, schema)
    for table in tables:
        found = [(name, kind) for name, kind, *_ in there.get(table.name, [])]
        if found == [(column.name, column.type) for column in table.columns]:
            continue
        con.execute(f"DROP TABLE IF EXISTS {schema}.{table.name}")
        con.execute(ddl(table, f"{schema}.{table.name}", checked=False))


def _fit(con: duckdb.DuckDBPyConnection, table: Table, found: Sequence[_Column]) -> None:
    """Make `table`, or carry its rows over into the declared columns, in the declared order."""
    if found == [(c.name, c.type, c.nullable, c.description) for c in table.columns]:
        return
    if [row[:3] for row in found] != [(c.name, c.type, c.nullable) for c in table.columns]:
        _rebuild(con, table, {name for name, *_ in found})
    con.execute("; ".join(comments(table)))


def _rebuild(con: duckdb.DuckDBPyConnection, table: Table, there: set[str]) -> None:
    old = f"{table.name}_before"
    if there:
        con.execute(f"ALTER TABLE {table.name} RENAME TO {old}")
    con.execute(ddl(table))
    if there:
        values = ", ".join(
            column.name if column.name in there else column.before or "NULL"
            for column in table.columns
        )
        con.execute(f"INSERT INTO {table.name} SELECT {values} FROM {old}")
        con.execute(f"DROP TABLE {old}")


def _columns(con: duckdb.DuckDBPyConnection, schema: str) -> Mapping[str, Sequence[_Column]]:
    """Table → its columns, in one look: each look takes as long as all of them together."""
    found: dict[str, list[_Column]] = {}
    for table, *column in con.execute(
        "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = ?"
        " ORDER BY table_name, column_index",
        [schema],
    ).fetchall():
        found.setdefault(table, []).append((*column,))
    return found
