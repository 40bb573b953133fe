"""The nights of each source, as the run log tells them."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from quality.learnt import Night

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    import duckdb

NIGHTS = 120  # days of history


def nights(
    con: duckdb.DuckDBPyConnection, zone: ZoneInfo, today: date, sources: Iterable[str]
) -> dict[str, list[Night]]:
    """Source → its nights until `today`, included, in order; runs of one day are one night.

    Whole nights that succeeded only, and ingests: a backfill reads what was there, and says nothing
    of what a source delivers.
    """
    days = days_of_runs(con, zone, today - timedelta(days=NIGHTS), state="succeeded")
    rows = con.execute(
        "SELECT source, run_id, events, refused, newest_day FROM run_source"
        " WHERE list_contains($runs, run_id)",
        {"runs": list(days)},
    ).fetchall()
    told: dict[tuple[str, date], list[tuple[int, int, date | None]]] = defaultdict(list)
    for source, run, *facts in rows:
        told[source, days[run]].append(tuple(facts))
    every = sorted({day for day in days.values() if day <= today})
    return {
        source: [_together(day, told.get((source, day), [])) for day in every] for source in sources
    }


def days_of_runs(
    con: duckdb.DuckDBPyConnection, zone: ZoneInfo, since: date, state: str = "%"
) -> dict[str, date]:
    """Run → its day, of the runs that take in what came in the night; `state` as LIKE has it."""
    rows = con.execute(
        "SELECT run_id, started_at FROM run JOIN run_origin USING (run_id)"
        " WHERE flow IN ('nightly', 'ingest') AND state LIKE ? AND started_at >= ? ORDER BY run_id",
        [state, since],
    ).fetchall()
    return {run: began.replace(tzinfo=UTC).astimezone(zone).date() for run, began in rows}


def _together(day: date, parts: Sequence[tuple[int, int, date | None]]) -> Night:
    return Night(
        day,
        events=sum(events for events, _, _ in parts),
        newest=max((newest for _, _, newest in parts if newest), default=None),
        whole=not any(refused for _, refused, _ in parts),
    )


def unmet(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """(source, suite, expectation) of what was not met when it was judged last, but for information."""
    return con.execute(
        """WITH last AS (SELECT source, suite, max(run_id) AS run_id FROM quality_result GROUP BY ALL)
           SELECT DISTINCT source, suite, expectation FROM quality_result
           JOIN last USING (source, suite, run_id)
           WHERE NOT success AND severity <> 'info' ORDER BY ALL"""
    ).fetchall()
