"""Information latency: how old what a unit can know of the others is, by vector clocks.

A clock per unit holds the last day of every other unit that news can have come from, directly or through
others. Each act passes the clock of its unit on; the order of the acts decides, which SQL cannot follow.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

HEADER = """
title_en = "Information latency"
title_nl = "Achterstand van informatie"
definition_en = "How many days old the latest news of another unit can be that reached a unit, straight or by way of others, at the end of the last day of the period on which anything happened. Every message, assignment and meeting across a boundary passes on what its unit had heard until then. A unit's number is the median over all other units, the network's that over all pairs; who never heard anything counts as older than any, so where that is half of them there is none."
definition_nl = "Hoeveel dagen oud het laatste nieuws van een andere eenheid kan zijn dat een eenheid bereikte, rechtstreeks of via anderen, aan het eind van de laatste dag van de periode waarop iets gebeurde. Elk bericht, elke toewijzing en elk overleg over een grens heen geeft door wat de eenheid tot dan toe hoorde. Het getal van een eenheid is de mediaan over alle andere eenheden, dat van het netwerk die over alle paren; wie nooit iets hoorde telt als ouder dan alle andere, dus waar dat de helft is, is er geen."
formula_en = "median over the other units of: last active day of the period - day of the latest news of that unit"
formula_nl = "mediaan over de andere eenheden van: laatste actieve dag van de periode - dag van het laatste nieuws van die eenheid"
reading_en = "It is the best case: news can have come along this way; whether anybody passed it on is not known. A rise means that a unit loses touch. In a holiday it rises for all."
reading_nl = "Het is het gunstigste geval: langs deze weg kán het nieuws gekomen zijn; of iemand het doorgaf is niet bekend. Een stijging wil zeggen dat een eenheid het contact verliest. In een vakantie stijgt het voor allen."
example_en = "On the last day the latest news of four other units is 1, 2, 6 and 20 days old. The two in the middle decide: (2 + 6) / 2 = 4 days."
example_nl = "Op de laatste dag is het laatste nieuws van vier andere eenheden 1, 2, 6 en 20 dagen oud. De middelste twee beslissen: (2 + 6) / 2 = 4 dagen."
question = "crossing"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "down"
reference = "Kossinets, Kleinberg & Watts 2008, vector clocks; Lamport 1978"

[measures.median]
title_en = "Days since the latest news, median"
title_nl = "Dagen sinds het laatste nieuws, mediaan"
unit = "days"
range = ">= 0"
"""  # noqa: E501
READS = ("crossing", "unit_event_day", "frame", "carriers", "calendar")
LOOKBACK = "all"
EXTENT = ("first_period",)
NEVER = -(10**6)  # day of the news from a unit that was never heard of
_AT_ONCE = 10_000  # moments looked back at once
_ROWS = {
    "measure": pl.String, "grain": pl.String, "period": pl.Date, "channel": pl.String,
    "boundary": pl.String, "unit": pl.String, "other_unit": pl.String, "value": pl.Float64,
}  # fmt: skip


def compute(
    crossing: pl.DataFrame,
    unit_event_day: pl.DataFrame,
    frame: pl.DataFrame,
    carriers: pl.DataFrame,
    calendar: pl.DataFrame,
    *,
    first_period: date = date.min,
) -> pl.DataFrame:
    """Rows of metric_value for each unit and the network, in periods in which ties crossed boundaries.

    From the period `first_period` on.

    Frames as the models of these names, of one grain. Of one day's news nothing is told.
    """
    ends = (
        unit_event_day.select("boundary", "day")
        .unique()
        .join(calendar.filter(pl.col("grain") != "day"), on="day")
        .group_by("boundary", "grain", "period")
        .agg(pl.col("day").max().alias("until"))
        .filter(pl.col("period") >= first_period)
        .sort("until")
    )
    books = {
        (boundary, period): sorted(units)
        for boundary, period, units in frame.filter(pl.col("unit") != "(other)")
        .group_by("boundary", "period")
        .agg("unit")
        .iter_rows()
    }
    rows: list[tuple[object, ...]] = []
    for (boundary,), acts in crossing.sort("started_at").group_by("boundary", maintain_order=True):
        units = sorted(set(acts["unit_s"]) | set(acts["unit_t"]))
        number = {unit: n for n, unit in enumerate(units)}
        own = ends.filter(pl.col("boundary") == boundary)
        days = own["until"].cast(pl.Int32).to_numpy()
        clocks = snapshots(
            acts["started_at"].to_physical().to_numpy(),
            acts["day"].cast(pl.Int32).to_numpy(),
            acts["unit_s"].replace_strict(number, return_dtype=pl.Int64).to_numpy(),
            acts["unit_t"].replace_strict(number, return_dtype=pl.Int64).to_numpy(),
            len(units),
            days,
        )
        for (grain, period), day, clock in zip(
            own.select("grain", "period").iter_rows(), days, clocks, strict=True
        ):
            listed = books.get((boundary, period), [])
            if len(listed) <= 1:  # nobody to hear from
                continue
            known = [number[unit] for unit in listed if unit in number]
            age = np.full((len(listed), len(listed)), np.inf)
            at = [n for n, unit in enumerate(listed) if unit in number]
            seen = clock[np.ix_(known, known)]
            age[np.ix_(at, at)] = np.where(seen == NEVER, np.inf, day - seen)
            others = age[~np.eye(len(listed), dtype=bool)].reshape(len(listed), -1)
            cells = [*zip(listed, others, strict=True), ("(all)", others.ravel())]
            rows += [
                ("median", grain, period, "(all)", boundary, unit, "(all)", _median(ages))
                for unit, ages in cells
            ]
    found = pl.DataFrame(rows, schema=_ROWS, orient="row")
    return found.join(carriers, on=["grain", "period", "boundary", "unit"])


def snapshots(
    time: np.ndarray,
    day: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    units: int,
    until: np.ndarray,
) -> list[np.ndarray]:
    """Clocks at the end of each day of `until` (ascending): row g, column h the day of g's news of h.

    Acts are sorted by `time`; those of one moment all pass on what was known before it. The first clock
    is looked up backwards, mostly within days; the others follow from it.
    """
    if not len(until):
        return []
    starts = np.flatnonzero(np.r_[True, time[1:] != time[:-1]]) if len(time) else np.zeros(0, int)
    first, *later = np.searchsorted(day[starts], until, side="right").tolist()
    edges = [*starts.tolist(), len(time)]
    clock = _looked_up(edges[: first + 1], day, source, target, units)
    views = list(clock)  # rows
    taken = [clock.copy()]
    base = edges[first]
    days, sources, targets = (one[base:].tolist() for one in (day, source, target))
    for begun, ended in pairwise([first, *later]):
        for begin, end in pairwise(edge - base for edge in edges[begun : ended + 1]):
            if end - begin == 1:
                teller, hearer = views[sources[begin]], views[targets[begin]]
                teller[sources[begin]] = days[begin]
                np.maximum(hearer, teller, out=hearer)
                continue
            told = {n: views[n].copy() for n in set(sources[begin:end])}
            for n, row in told.items():
                row[n] = days[begin]
            for n in range(begin, end):
                hearer = views[targets[n]]
                np.maximum(hearer, told[sources[n]], out=hearer)
        taken.append(clock.copy())
    return taken


def _looked_up(
    edges: list[int], day: np.ndarray, source: np.ndarray, target: np.ndarray, units: int
) -> np.ndarray:
    """The clock after the moments between `edges`, from the last one back until all have news of all.

    Of each unit a set of bits says whom its news of that time still reached: the latest news counts.
    """
    clock = np.full((units, units), NEVER, dtype=np.int32)
    reached = [1 << unit for unit in range(units)]
    whole = slice(0, edges[-1] if edges else 0)
    tell, hear = np.unique(source[whole]), np.unique(target[whole])
    missing = len(tell) * len(hear) - len(np.intersect1d(tell, hear))
    for stop in range(len(edges) - 1, 0, -_AT_ONCE):
        if not missing:
            break
        bounds = edges[max(stop - _AT_ONCE, 0) : stop + 1]
        base = bounds[0]
        days, sources, targets = (one[base : bounds[-1]].tolist() for one in (day, source, target))
        for begin, end in reversed([*pairwise(edge - base for edge in bounds)]):
            passed = [(sources[n], reached[targets[n]]) for n in range(begin, end)]
            for unit, hearers in passed:
                new = hearers & ~reached[unit]
                reached[unit] |= new
                while new:
                    hearer = new.bit_length() - 1
                    clock[hearer, unit] = days[begin]
                    new ^= 1 << hearer
                    missing -= 1
    return clock


def _median(ages: np.ndarray) -> float | None:
    middle = float(np.median(ages)) if len(ages) else np.inf
    return middle if np.isfinite(middle) else None
