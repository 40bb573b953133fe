"""What a source is expected to bring tonight, learnt from its own nights. Pure: no database, no clock.

Volume goes by the weekday, waits are counted in working days. A day of rest is neither judged nor
learnt from, and a fall that all the others share is a vacation, not a missing export.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from quality.suites import INFO, WARNING
from quality.usual import LESS, fewest, highest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

SAME_WEEKDAY: Final = 4  # so many of one weekday are a history of their own
SURGE: Final = 2.0  # so many times the usual more is worth a word
OTHERS: Final = 2  # sources that must agree on a vacation
A_WEEK: Final = timedelta(days=7)
A_DAY: Final = timedelta(days=1)
FRIDAY: Final = 4


@dataclass(frozen=True, slots=True)
class Night:
    """What a source brought on one day, all runs together; a day on which it brought nothing is one too."""

    day: date
    events: int
    newest: date | None = None  # newest day with an event that was known then
    whole: bool = True  # nothing of it was refused


@dataclass(frozen=True, slots=True)
class Learnt:
    """An expectation: `column` of tonight's row lies between `least` and `most`."""

    name: str
    column: str
    severity: str
    usual: float
    least: float | None = None
    most: float | None = None


def learn(
    histories: Mapping[str, Sequence[Night]], tonight: Mapping[str, Night], off: Collection[date]
) -> dict[str, list[Learnt]]:
    """Source → what is expected of it tonight. Histories are in order of day and end before tonight."""
    usual = {name: _usual(past, tonight[name].day, off) for name, past in histories.items()}
    return {
        name: [
            *_volume(usual[name], tonight[name].day, _part_of_others(name, usual, tonight)),
            *_wait("delivery", "delivered_days", delivered(past), off),
            *_wait("newest", "newest_days", [(n.day, n.newest) for n in past if n.newest], off),
        ]
        for name, past in histories.items()
    }


def delivered(nights: Iterable[Night]) -> list[tuple[date, date]]:
    """(night, day on which the source had last brought something), from the first time on."""
    found: list[tuple[date, date]] = []
    for night in nights:
        if night.events or found:
            found.append((night.day, night.day if night.events else found[-1][1]))
    return found


def working_days(after: date, until: date, off: Collection[date]) -> int:
    """Days from Monday to Friday, but those `off`, after the one and until the other, included."""
    days = (after + A_DAY * n for n in range(1, (until - after).days + 1))
    return sum(day.weekday() <= FRIDAY and day not in off for day in days)


def rest(holidays: Iterable[date]) -> set[date]:
    """Holidays, and what lies between two of them that are at most a week apart: few work then."""
    days = sorted(holidays)
    between = {
        one + A_DAY * n
        for one, other in pairwise(days)
        if other - one <= A_WEEK
        for n in range(1, (other - one).days)
    }
    return {*days, *between}


def _usual(past: Sequence[Night], day: date, off: Collection[date]) -> list[Night]:
    """Earlier nights that tonight can be held against; none on a day of rest."""
    first = next((night.day for night in past if night.events), date.max)
    fair = [n for n in past if n.whole and n.day >= first and not _is_rest(n.day, off)]
    return [] if _is_rest(day, off) else fair


def _is_rest(day: date, off: Collection[date]) -> bool:
    """Whether what a night brings is of a day of rest: by morning it tells of the day before."""
    return day in off or day - A_DAY in off


def _of_weekday(nights: Sequence[Night], day: date) -> list[int]:
    return [night.events for night in nights if night.day.weekday() == day.weekday()]


def _volume(usual: Sequence[Night], day: date, part: float) -> Iterable[Learnt]:
    same = _of_weekday(usual, day)
    few = len(same) < SAME_WEEKDAY
    history = [night.events for night in usual] if few else same
    least = fewest(history) if same else None
    if least is None:
        return
    if few:  # then it must also be less than the least that such a weekday has brought
        least = min(least, (1 - LESS) * min(same))
    if least <= 0:
        return
    yield Learnt("volume", "events", WARNING, median(history), least=least * part)
    yield Learnt("surge", "events", INFO, median(history), most=highest(history, more=SURGE))


def _part_of_others(
    name: str, usual: Mapping[str, Sequence[Night]], tonight: Mapping[str, Night]
) -> float:
    """What the others bring as a part of what they usually do; 1 where that tells of no vacation."""
    expected = {
        other: median(same)
        for other, nights in usual.items()
        if other != name and (same := _of_weekday(nights, tonight[other].day))
    }
    expected = {other: number for other, number in expected.items() if number}
    brought = sum(tonight[other].events for other in expected)
    if len(expected) < OTHERS or not brought:
        return 1.0
    return min(1.0, brought / sum(expected.values()))


def _wait(
    name: str, column: str, marks: Sequence[tuple[date, date]], off: Collection[date]
) -> Iterable[Learnt]:
    """How long it may take until something new comes, by how long it took. `marks`: (night, newest known then)."""
    ended = [
        float(working_days(newest, night, off))
        for (night, newest), (_, later) in pairwise(marks)
        if later > newest
    ]
    most = highest(ended, least=1.0)
    if most is not None:
        yield Learnt(name, column, WARNING, median(ended), most=most)
