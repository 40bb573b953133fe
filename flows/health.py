"""What the history of runs says of the last one: late, slower, hungrier, a source that shrinks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from quality.usual import is_more
from transforms.people import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    import duckdb

    from flows.config import Config

RUNS = 30
SECONDS, MEGABYTES = 10.0, 200.0  # less than so much more is nothing to speak of
GRACE = timedelta(hours=8)
GAPS = 3  # between nights, from which a rhythm is known
SAID = {
    "volume": "brought {:,.0f} events",
    "delivery": "brought nothing for {:,.0f} working days",
    "newest": "shows nothing of the last {:,.0f} working days",
}


class Finding(NamedTuple):
    """Something that deserves a look: what kind of thing, and in a sentence."""

    kind: str
    words: str


def findings(con: duckdb.DuckDBPyConnection, config: Config) -> list[Finding]:
    """What is out of line in the last night that succeeded, judged by the nights before it."""
    nights = con.execute(
        "SELECT run_id FROM run JOIN run_origin USING (run_id)"
        " WHERE flow IN ('nightly', 'ingest') AND state = 'succeeded' ORDER BY run_id DESC LIMIT ?",
        [RUNS * 4],
    ).fetchall()
    if not nights:
        return []
    return [*_costs(con, [run for (run,) in nights]), *_out_of_line(con, config), *_come_back(con)]


def missing(con: duckdb.DuckDBPyConnection, config: Config) -> list[Finding]:
    """Sources that should deliver, and of which nothing was ever loaded."""
    loaded = {name for (name,) in con.execute("SELECT source FROM source_file").fetchall()}
    names = {source.name for source in config.delivering(config.today())} - loaded
    return [
        Finding("missing", f"{name}: nothing loaded; `tieline check` says why")
        for name in sorted(names)
    ]


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
        # After a Friday it may be three days, every week.
        alike = [
            gap for day, gap in zip(days, gaps, strict=False) if day.weekday() == days[-1].weekday()
        ]
        allowed = timedelta(days=median(alike or gaps)) + GRACE
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


def _out_of_line(con: duckdb.DuckDBPyConnection, config: Config) -> Iterator[Finding]:
    """Warnings of the last time that each source was judged, a sentence per source.

    What has ended, or is not in the settings any more, is told no more.
    """
    rows = con.execute(
        """WITH last AS (
             SELECT source, suite, batch = 0 AS is_night, max(run_id) AS run_id FROM quality_result
             WHERE suite IN ('learnt', 'own') GROUP BY ALL)
           SELECT DISTINCT source, suite, expectation, observed, expected
           FROM quality_result AS q JOIN last USING (source, suite, run_id)
           WHERE NOT success AND severity = 'warning' AND is_night = (q.batch = 0)
           ORDER BY source, suite, expectation = 'volume' DESC, expectation"""
    ).fetchall()
    for source in config.delivering(config.today()):
        own = {one.title for one in source.expect}
        told = [
            f"{SAID[name].format(observed)} (expected {expected})"
            if suite == "learnt"
            else f"does not meet {name!r}: {expected}"
            + (f"; seen {observed:,.6g}" if observed is not None else "")
            for of, suite, name, observed, expected in rows
            if of == source.name and (suite == "learnt" or name in own)
        ]
        if told:
            yield Finding("source", f"{source.name} {'; '.join(told)}")


def _come_back(con: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Somebody forgotten under a new address perhaps; only who knows them can tell."""
    rows = con.execute("SELECT count(*) FROM quarantine WHERE reason = ?", [FORGOTTEN]).fetchall()
    if count := rows[0][0]:
        yield Finding(
            "forgotten",
            f"an address or a name of somebody forgotten is another person's in {count:,} row"
            f"{'s' * (count != 1)} of directories, named by `tieline quarantine list`; if they are the"
            " same person, run `tieline forget` for this one too, else `tieline quarantine discard`",
        )


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.replace(tzinfo=UTC).astimezone(zone).date()
