"""The identity database: which address a pseudonym stands for, and what directories told last.

Nothing downstream reads it. What a directory told is kept here, so that a night on which its file
cannot be read goes on with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.connection import undo
from warehouse.layout import raise_layout
from warehouse.schema import ADDRESS_ID, KEY_MARK, LAYOUT, Column, Table

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
ERASURE = Column("erasure", "VARCHAR", "Name of the erasure, as the audit log has it.")
FORGOTTEN = Table(
    "forgotten",
    "Tombstones: keyed hashes of whom a later export must not bring back.",
    (ADDRESS_ID, ERASURE),
)
UNFINISHED = Table("unfinished", "Erasures that the next run brings to their end.", (ERASURE,))
LISTED = Table(
    "listed",
    "Whom the lists named at the last run, with all their addresses.",
    (
        Column(
            "list", "VARCHAR", "excluded, consent, or asked: consent is needed, whoever gave it."
        ),
        ADDRESS_ID,
    ),
)
AUDIT_END = Table(
    "audit_end",
    "Which line of the audit log is the last.",
    (Column("seal", "VARCHAR", "Its seal."),),
)
TABLES = (
    LAYOUT, IDENTITY, DIRECTORY_FILE, DIRECTORY_ROW, FORGOTTEN, UNFINISHED, LISTED, AUDIT_END, KEY_MARK,
)  # fmt: skip
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
        undo(con)
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


def directory_labels(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Directories of which is kept what they told last."""
    rows = con.execute("SELECT label FROM directory_file ORDER BY 1").fetchall()
    return [label for (label,) in rows]


def drop_directories(con: duckdb.DuckDBPyConnection, labels: Sequence[str]) -> None:
    """Forget what directories told that are not among `labels` any more."""
    for table in ("directory_file", "directory_row"):
        con.execute(f"DELETE FROM {table} WHERE NOT list_contains(?, label)", [list(labels)])


# --- whom nobody may know any more ----------------------------------------------------------------


def begin_erasure(con: duckdb.DuckDBPyConnection, erasure: str, entombed: pl.Series) -> None:
    """Note that an erasure has yet to be done, with tombstones (address_id) for whom it is."""
    con.execute("BEGIN")
    con.execute("INSERT INTO unfinished VALUES (?)", [erasure])
    entomb(con, entombed, erasure)
    con.execute("COMMIT")


def entomb(con: duckdb.DuckDBPyConnection, people: pl.Series, erasure: str) -> None:
    """Write the tombstones (address_id) that are not there yet."""
    con.register("entombed", people.to_frame("address_id"))
    con.execute(
        "INSERT INTO forgotten SELECT DISTINCT address_id, ? FROM entombed"
        " WHERE address_id NOT IN (SELECT address_id FROM forgotten)",
        [erasure],
    )
    con.unregister("entombed")


def tombstones(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """All of them: (address_id, erasure)."""
    return con.sql("FROM forgotten ORDER BY ALL").pl()


def unfinished(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Erasures that have yet to be done."""
    return [
        row[0]
        for row in con.execute("SELECT DISTINCT erasure FROM unfinished ORDER BY 1").fetchall()
    ]


def end_erasures(con: duckdb.DuckDBPyConnection) -> None:
    """Say that all of them are done."""
    con.execute("DELETE FROM unfinished")


def seal(con: duckdb.DuckDBPyConnection) -> str | None:
    """Seal of the last line of the audit log; None before the first."""
    row = con.execute("SELECT seal FROM audit_end").fetchall()
    return str(row[0][0]) if row else None


def keep_seal(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Remember the seal of the last line."""
    con.execute("BEGIN")
    con.execute("DELETE FROM audit_end")
    con.execute("INSERT INTO audit_end VALUES (?)", [text])
    con.execute("COMMIT")


def erase(con: duckdb.DuckDBPyConnection, people: pl.Series, rows: pl.DataFrame) -> None:
    """Drop addresses and the rows of directories (label, kind, position) that name them."""
    con.register("erased", people.to_frame("address_id"))
    con.register("naming", rows.select("label", "kind", "position"))
    con.execute("BEGIN")
    con.execute("DELETE FROM identity WHERE address_id IN (FROM erased)")
    con.execute("DELETE FROM directory_row WHERE (label, kind, position) IN (FROM naming)")
    con.execute("COMMIT")
    con.unregister("erased")
    con.unregister("naming")


def keep_only(con: duckdb.DuckDBPyConnection, used: pl.Series) -> None:
    """Drop the addresses that nothing refers to any more: all but `used` (address_id)."""
    con.register("used", used.to_frame("address_id"))
    con.execute("DELETE FROM identity WHERE address_id NOT IN (FROM used)")
    con.unregister("used")


def directory_rows(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """What every directory told last: (label, kind, address, other, position)."""
    return con.sql(
        "SELECT label, kind, address, other, position FROM directory_row ORDER BY ALL"
    ).pl()


def lists(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Whom the lists named at the last run: (list, address_id)."""
    return con.sql("FROM listed ORDER BY ALL").pl()


def keep_lists(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Keep whom the lists (list, address_id) name now."""
    con.register("named", rows.select("list", "address_id"))
    con.execute("BEGIN")
    con.execute("DELETE FROM listed")
    con.execute("INSERT INTO listed SELECT DISTINCT * FROM named")
    con.execute("COMMIT")
    con.unregister("named")
