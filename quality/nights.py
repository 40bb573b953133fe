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
    runs = con.execute(
        "SELECT run_id, started_at FROM run JOIN run_origin USING (run_id)"
        " WHERE flow IN ('nightly', 'ingest') AND state = 'succeeded' AND started_at >= ?",
        [today - timedelta(days=NIGHTS)],
    ).fetchall()
    days = {run: began.replace(tzinfo=UTC).astimezone(zone).date() for run, began in runs}
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


def _together(day: date, parts: Sequence[tuple[int, int, date | None]]) -> Night:
    return Night(
        day,
        events=sum(events for events, _, _ in parts),
        newest=max((newest for _, _, newest in parts if newest), default=None),
        whole=not any(refused for _, refused, _ in parts),
    )
