"""What the history of runs says of the last one: late, slower, hungrier, a source that shrinks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from quality.usual import is_less, is_more, of_weekday

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    import duckdb

NIGHTS = 90  # days of history
RUNS = 30
SECONDS, MEGABYTES = 10.0, 200.0  # less than so much more is nothing to speak of
GRACE = timedelta(hours=8)
GAPS = 3  # between nights, from which a rhythm is known


class Finding(NamedTuple):
    """Something that deserves a look: what kind of thing, and in a sentence."""

    kind: str
    words: str


def findings(con: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> list[Finding]:
    """What is out of line in the last night that succeeded, judged by the nights before it."""
    nights = con.execute(
        "SELECT run_id, started_at FROM run JOIN run_origin USING (run_id)"
        " WHERE flow = 'nightly' AND state = 'succeeded' ORDER BY run_id DESC LIMIT ?",
        [RUNS * 4],
    ).fetchall()
    if not nights:
        return []
    days = {run: _day(started, zone) for run, started in nights}
    return [*_costs(con, [run for run, _ in nights]), *_shrinking(con, days)]


def overdue(
    started: list[datetime], now: datetime, zone: ZoneInfo, hours: float | None = None
) -> Finding | None:
    """Whether the next night should have been by now.

    `started` are the starts of nights that succeeded, UTC. It should, `hours` after the last one; or
    where that is not given, when their own rhythm and eight hours have passed.
    """
    if not started:
        return None
    days = sorted({_day(one, zone) for one in started})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    if hours is not None:
        allowed = timedelta(hours=hours)
    elif len(gaps) >= GAPS:
        allowed = timedelta(days=median(gaps)) + GRACE
    else:
        return None
    since = now - max(started).replace(tzinfo=UTC)
    if since <= allowed:
        return None
    return Finding(
        "late", f"no run has succeeded for {since.total_seconds() / 3600:,.0f} hours; is the schedule on?"
    )  # fmt: skip


def _costs(con: duckdb.DuckDBPyConnection, runs: list[str]) -> Iterator[Finding]:
    last = runs[0]
    rows = con.execute(
        "SELECT run_id, stage, seconds, memory_mb, amount FROM run_stage"
        " WHERE amount > 0 AND list_contains($runs, run_id) ORDER BY run_id DESC",
        {"runs": runs},
    ).fetchall()
    for stage in sorted({stage for run, stage, *_ in rows if run == last}):
        _, _, seconds, memory, amount = next(r for r in rows if r[:2] == (last, stage))
        before = [r for r in rows if r[1] == stage and r[0] != last][:RUNS]
        if is_more(amount, [r[4] for r in before]):
            continue  # it had more to do
        times, sizes = [r[2] for r in before], [r[3] for r in before]
        if is_more(seconds, times, SECONDS):
            yield Finding(
                "slower", f"{stage} took {seconds:,.0f} s, usually {median(times):,.0f} s"
            )
        if is_more(memory, sizes, MEGABYTES):
            yield Finding(
                "memory", f"{stage} held {memory:,.0f} MB, usually {median(sizes):,.0f} MB"
            )


def _shrinking(con: duckdb.DuckDBPyConnection, days: dict[str, date]) -> Iterator[Finding]:
    """Sources that brought far less than they do on such a day; a day's runs count together."""
    rows = con.execute(
        "SELECT source, run_id, events FROM run_source WHERE list_contains($runs, run_id)",
        {"runs": list(days)},
    ).fetchall()
    last = max(days.values())
    nights = sorted({day for day in days.values() if (last - day).days <= NIGHTS})
    for source in sorted({source for source, _, _ in rows}):
        brought = dict.fromkeys(nights, 0)
        for _, run, events in (row for row in rows if row[0] == source):
            if days[run] in brought:
                brought[days[run]] += events
        first = min((day for day, events in brought.items() if events), default=last)
        past = [(day.weekday(), brought[day]) for day in nights if first <= day < last]
        usual = of_weekday(past, last.weekday())
        if is_less(brought[last], usual):
            yield Finding(
                "source", f"{source} brought {brought[last]:,} events, usually {median(usual):,.0f}"
            )


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.replace(tzinfo=UTC).astimezone(zone).date()
