"""The identity database: which address a pseudonym stands for, and what directories told last.

Nothing downstream reads it. What a directory told is kept here, so that a night on which its file
cannot be read goes on with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import polars as pl

IDENTITY_DDL = """
CREATE TABLE IF NOT EXISTS identity (
  address_id BIGINT NOT NULL,
  address VARCHAR NOT NULL
)
"""
DIRECTORY_DDL = (
    """
CREATE TABLE IF NOT EXISTS directory_file (
  label VARCHAR NOT NULL,
  content VARCHAR NOT NULL
)
""",
    """
CREATE TABLE IF NOT EXISTS directory_row (
  label VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  address VARCHAR NOT NULL,
  other VARCHAR,
  boundary VARCHAR,
  unit VARCHAR,
  valid_from DATE,
  valid_to DATE,
  share DOUBLE,
  position BIGINT NOT NULL
)
""",
)
_ROW = "kind, address, other, boundary, unit, valid_from, valid_to, share, position"


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that are missing."""
    for statement in (IDENTITY_DDL, *DIRECTORY_DDL):
        con.execute(statement)
    con.execute(
        "COMMENT ON TABLE identity IS 'Address behind each keyed hash; for the key holder only.'"
    )


def remember(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Add the addresses (address_id, address) that are not there yet."""
    if rows.height:
        con.register("seen", rows)
        con.execute(
            "INSERT INTO identity SELECT DISTINCT address_id, address FROM seen"
            " WHERE address_id NOT IN (SELECT address_id FROM identity)"
        )
        con.unregister("seen")


def addresses(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """All of them: (address_id, address)."""
    return con.sql("SELECT address_id, address FROM identity ORDER BY ALL").pl()


def keep_directory(
    con: duckdb.DuckDBPyConnection, label: str, content: str, rows: pl.DataFrame
) -> None:
    """Keep what the directory `label` tells; `content` is a hash of `rows`, to leave it at that."""
    if con.execute(
        "FROM directory_file WHERE label = ? AND content = ?", [label, content]
    ).fetchall():
        return
    con.register("told", rows)
    con.execute("BEGIN")
    con.execute("DELETE FROM directory_file WHERE label = ?", [label])
    con.execute("DELETE FROM directory_row WHERE label = ?", [label])
    con.execute("INSERT INTO directory_file VALUES (?, ?)", [label, content])
    con.execute(f"INSERT INTO directory_row SELECT ?, {_ROW} FROM told", [label])
    con.execute("COMMIT")
    con.unregister("told")


def kept_directory(con: duckdb.DuckDBPyConnection, label: str) -> pl.DataFrame | None:
    """What the directory `label` told when it was read last; None if it never was."""
    if not con.execute("FROM directory_file WHERE label = ?", [label]).fetchall():
        return None
    return con.sql(
        f"SELECT {_ROW} FROM directory_row WHERE label = ? ORDER BY ALL", params=[label]
    ).pl()


def drop_directories(con: duckdb.DuckDBPyConnection, labels: Sequence[str]) -> None:
    """Forget what directories told that are not among `labels` any more."""
    for table in ("directory_file", "directory_row"):
        con.execute(f"DELETE FROM {table} WHERE NOT list_contains(?, label)", [list(labels)])
