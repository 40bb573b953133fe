"""Which partner delivers each source, as the settings tell; files that were read before said something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb


def moved_partners(con: duckdb.DuckDBPyConnection, partners: Mapping[str, str]) -> dict[str, str]:
    """Those sources of `partners` that files were read of for another partner."""
    read = con.execute("SELECT DISTINCT source, partner FROM source_file").fetchall()
    return {
        source: partners[source]
        for source, partner in read
        if partners.get(source, partner) != partner
    }


def load_partners(con: duckdb.DuckDBPyConnection, partners: Mapping[str, str]) -> int:
    """Tell what was read of the partners as they are now; return how many days that made stale.

    Files may be gone since, so it does not wait until they are read again. Call inside a transaction.
    """
    moved = moved_partners(con, partners)
    stale = 0
    for source, partner in sorted(moved.items()):
        days = con.execute(
            """INSERT INTO stale_day
               SELECT DISTINCT day FROM observation WHERE source = ? EXCEPT FROM stale_day""",
            [source],
        ).fetchall()
        stale += int(days[0][0])
        for table in ("observation", "source_file"):
            con.execute(f"UPDATE {table} SET partner = ? WHERE source = ?", [partner, source])
    return stale
