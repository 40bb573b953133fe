"""Which periods are stale, and in which runs of neighbours they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from transforms.model import Model
from warehouse import schema

CHUNK_ROWS = 2_000_000  # participations computed at once: bounds memory, not the history
CHUNK_DAYS = 366  # nor is it more than a year: small units make many lines of few participations
LENGTH = {"day": 1, "week": 7, "month": 31, "quarter": 92}

Stale = dict[str, set[int]]  # grain → numbers of its periods


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


def across_gaps(stale: Stale, data: Stale) -> Stale:
    """`stale` and the empty periods beside it, which come into being or vanish with their neighbour."""
    wider = {grain: set(numbers) for grain, numbers in stale.items()}
    for grain, numbers in stale.items():
        around = data[grain] | numbers
        for number in numbers:
            for step in (-1, 1):
                beside = number + step
                while beside not in around and min(around) < beside < max(around):
                    wider[grain].add(beside)
                    beside += step
    return wider


def widen(model: Model, inputs: Sequence[Stale], everything: Stale) -> Stale:
    """Stale periods of `model`: those of its inputs and as many after them as it looks back."""
    stale: Stale = {}
    for grain in schema.GRAINS:
        numbers = {number for one in inputs for number in one[grain]}
        if numbers and model.lookback != 0:
            end = max(everything[grain] | numbers)
            reach = end if model.lookback is None else model.lookback
            starts = {min(numbers)} if model.lookback is None else numbers
            numbers |= {n for s in starts for n in range(s, min(s + reach, end) + 1)}
        stale[grain] = numbers
    return stale


def chunk_days(con: duckdb.DuckDBPyConnection, days: int) -> int:
    """How many days to compute at once, so that a run of periods stays within CHUNK_ROWS."""
    rows = int(con.execute("SELECT count(*) FROM participation").fetchall()[0][0])
    return max(LENGTH["quarter"], min(CHUNK_DAYS, CHUNK_ROWS * days // max(rows, 1)))


def spans(
    con: duckdb.DuckDBPyConnection, model: Model, stale: Stale, everything: Stale, chunk: int
) -> Iterator[Span]:
    """`stale` as runs of neighbouring periods, none longer than `chunk` days or so."""
    for grain in ("day",) if model.grain == "day" else schema.GRAINS:
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
            reach = 0 if model.lookback is None else run[0] - model.lookback
            row = con.execute(
                """SELECT min(period) FILTER (idx >= $first), max(period), min(period), min(day), max(day)
                   FROM calendar WHERE grain = $grain AND idx BETWEEN $reach AND $last""",
                {"grain": grain, "reach": reach, "first": run[0], "last": run[-1]},
            ).fetchall()[0]
            first, final, input_first, day_first, day_last = row
            outside = run[0] not in within
            yield Span(grain, first, final, input_first, day_first, day_last, outside)
