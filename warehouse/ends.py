"""Which sources have ended, as the settings tell; stale are the days on which more or less is expected."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb


def load_ends(con: duckdb.DuckDBPyConnection, ends: Mapping[str, date]) -> int:
    """Replace the ends of sources; return how many days with events that made stale. Call inside a transaction."""
    before = dict(con.execute("FROM source_end").fetchall())
    moved = {source for source, _ in before.items() ^ ends.items()}
    if not moved:
        return 0
    con.execute("DELETE FROM source_end")
    if ends:
        con.executemany("INSERT INTO source_end VALUES (?, ?)", sorted(ends.items()))
    # The last event until then stands for the period in which the source ends, where no later one does.
    first = min(day for told in (before, ends) for source, day in told.items() if source in moved)
    stale = con.execute(
        """INSERT INTO stale_day
           SELECT DISTINCT day FROM event
           WHERE day >= coalesce((SELECT max(day) FROM event WHERE day <= $first), $first)
           EXCEPT FROM stale_day""",
        {"first": first},
    ).fetchall()
    return int(stale[0][0])
