"""The identity database: which address a pseudonym stands for, and what directories told last.

Nothing downstream reads it. What a directory told is kept here, so that a night on which its file
cannot be read goes on with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.layout import raise_layout
from warehouse.schema import ADDRESS_ID, LAYOUT, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import polars as pl

IDENTITY = Table(
    "identity",
    "Address behind each keyed hash; for the key holder only.",
    (ADDRESS_ID, Column("address", "VARCHAR", "The address, login or name itself.")),
)
DIRECTORY_FILE = Table(
    "directory_file",
    "Directories that were read, and what they told then.",
    (
        Column("label", "VARCHAR", "Path, relative to the folder of tieline.toml."),
        Column("content", "VARCHAR", "Hash of what it told."),
    ),
)
DIRECTORY_ROW = Table(
    "directory_row",
    "What each directory told last: members, other addresses, names and domains.",
    (
        Column("label", "VARCHAR", "Path, relative to the folder of tieline.toml."),
        Column("kind", "VARCHAR", "What the row tells: a member, an alias, a name or a domain."),
        Column("address", "VARCHAR", "Whom or what it tells of."),
        Column("other", "VARCHAR", "Another address or name of the same.", nullable=True),
        Column("boundary", "VARCHAR", "What the unit is one of.", nullable=True),
        Column("unit", "VARCHAR", "Name of the unit.", nullable=True),
        Column("valid_from", "DATE", "First day.", nullable=True),
        Column("valid_to", "DATE", "Last day, included.", nullable=True),
        Column("share", "DOUBLE", "Part of the person that belongs there.", nullable=True),
        Column("position", "BIGINT", "Where in the file."),
    ),
)
TABLES = (LAYOUT, IDENTITY, DIRECTORY_FILE, DIRECTORY_ROW)
_ROW = "kind, address, other, boundary, unit, valid_from, valid_to, share, position"


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables as they are declared, from whatever earlier layout; one transaction.

    Raises NewerDatabaseError if a newer Tieline wrote the database.
    """
    con.execute("BEGIN")
    try:
        raise_layout(con, TABLES)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


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
