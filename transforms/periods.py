"""Which periods are stale, and in which runs of neighbours they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from transforms.model import Model, Reach
from warehouse import schema

CHUNK_ROWS = 2_000_000  # participations computed at once: bounds memory, not the history
CHUNK_DAYS = 366  # nor is it more than a year: small units make many lines of few participations
LENGTH = {"day": 1, "week": 7, "month": 31, "quarter": 92}

Stale = dict[str, set[int]]  # grain → numbers of its periods


@dataclass(frozen=True, slots=True)
class Kept:
    """What retention left: first day of the events that are there, and of periods that are not closed.

    Numbers of closed periods stay as they are: what they were computed from is not there any more.
    `first` is the first day that ever had an event.
    """

    since: date
    closed: date
    first: date


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring periods of a grain: their numbers and their first days."""

    grain: str
    first: date
    last: date  # first day of the last period
    input_first: date | None  # the earliest period that rows of the span depend on
    day_first: date | None
    day_last: date
    is_outside: bool  # before the first or after the last event: old rows go, no new ones come


def periods(con: duckdb.DuckDBPyConnection, days: Sequence[date]) -> Stale:
    """The periods of every grain that contain one of `days`."""
    rows = con.execute(
        "SELECT DISTINCT grain, idx FROM calendar WHERE day IN (SELECT unnest(?::DATE[]))",
        [list(days)],
    ).fetchall()
    return {grain: {idx for g, idx in rows if g == grain} for grain in schema.GRAINS}


def throughout(data: Stale) -> Stale:
    """Every period from the first to the last of `data`: an empty one between them counts too."""
    return {
        grain: set(range(min(numbers), max(numbers) + 1)) if numbers else set()
        for grain, numbers in data.items()
    }


def not_before(con: duckdb.DuckDBPyConnection, stale: Stale, floor: date | None) -> Stale:
    """The periods of `stale` that begin on `floor` or later."""
    if floor is None:
        return stale
    least = dict(
        con.execute(
            "SELECT grain, min(idx) FROM calendar WHERE period >= ? GROUP BY grain", [floor]
        ).fetchall()
    )
    return {grain: {n for n in numbers if n >= least[grain]} for grain, numbers in stale.items()}


def across_gaps(con: duckdb.DuckDBPyConnection, stale: Stale, data: Stale) -> Stale:
    """`stale` and the empty days beside it, which come into being or vanish with their neighbour."""
    days, around = set(stale["day"]), data["day"] | stale["day"]
    for day in stale["day"]:
        for step in (-1, 1):
            beside = day + step
            while beside not in around and min(around) < beside < max(around):
                days.add(beside)
                beside += step
    return _of_days(con, days)


def widen(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    reach: Reach,
    inputs: Sequence[Stale],
    everything: Stale,
) -> Stale:
    """Stale periods of `model`: those of its inputs, and all those that look at them."""
    stale = {grain: {n for one in inputs for n in one[grain]} for grain in schema.GRAINS}
    if model.grain == "grain":
        return {g: _seen_from(numbers, reach, everything[g]) for g, numbers in stale.items()}
    if reach == Reach(0, 0):
        return stale
    return _of_days(con, _seen_from(stale["day"], reach, everything["day"]))


def _seen_from(stale: set[int], reach: Reach, everything: set[int]) -> set[int]:
    """`stale` and the periods with one of them within `reach`."""
    if not stale or reach == Reach(0, 0):
        return stale
    within = everything | stale
    first, last = min(within), max(within)
    starts = {min(stale)} if reach.back is None else stale
    back = last if reach.back is None else reach.back
    return stale | {
        number
        for start in starts
        for number in range(max(start - reach.ahead, first), min(start + back, last) + 1)
    }


def _of_days(con: duckdb.DuckDBPyConnection, days: set[int]) -> Stale:
    """The periods of every grain that contain one of the days with these numbers."""
    dates = con.execute(
        """SELECT day FROM calendar
           WHERE grain = 'day' AND idx IN (SELECT unnest(?::INTEGER[]))""",
        [sorted(days)],
    ).fetchall()
    return periods(con, [day for (day,) in dates])


def chunk_days(con: duckdb.DuckDBPyConnection, days: int) -> int:
    """How many days to compute at once, so that a run of periods stays within CHUNK_ROWS."""
    rows = int(con.execute("SELECT count(*) FROM participation").fetchall()[0][0])
    return max(LENGTH["quarter"], min(CHUNK_DAYS, CHUNK_ROWS * days // max(rows, 1)))


def spans(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    reach: Reach,
    stale: Stale,
    everything: Stale,
    chunk: int,
) -> Iterator[Span]:
    """`stale` as runs of neighbouring periods, none longer than `chunk` days or so."""
    for grain in ("day",) if model.grain == "day" else model.grains:
        within = everything[grain]
        runs: list[list[int]] = []
        for number in sorted(stale[grain]):
            last = runs[-1][-1] if runs else None
            joins = (
                last is not None and number == last + 1 and (number in within) == (last in within)
            )
            if joins and len(runs[-1]) * LENGTH[grain] < chunk:
                runs[-1].append(number)
            else:
                runs.append([number])
        for run in runs:
            outside = run[0] not in within
            row = con.execute(
                """SELECT min(period) FILTER (idx >= $first), max(period) FILTER (idx <= $last),
                     min(period), min(day), max(day)
                   FROM calendar WHERE grain = $grain AND idx BETWEEN $from AND $to""",
                {
                    "grain": grain,
                    "first": run[0],
                    "last": run[-1],
                    "from": 0 if reach.back is None else run[0] - reach.back,
                    # What is still to come is not looked at.
                    "to": max(run[-1], min(run[-1] + reach.ahead, max(within, default=0))),
                },
            ).fetchall()[0]
            first, final, input_first, day_first, day_last = row
            yield Span(grain, first, final, input_first, day_first, day_last, outside)
