"""How much happens on each line of the demo network in a year, and the people who do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from random import Random
from typing import Literal

from flows.demo_network.happenings import LineName
from flows.demo_network.people import ORGANISATIONS, Seat, at
from flows.demo_network.rhythm import Year


@dataclass(frozen=True, slots=True)
class Volume:
    """A year on one line: threads of mail, single meetings, series, issues, people on each side."""

    threads: int
    meetings: int
    series: tuple[Literal["week", "fortnight", "month"], ...]
    issues: int
    people: int


STRONG = Volume(400, 66, ("week", "fortnight", "month"), 14, 10)
MEDIUM = Volume(170, 28, ("fortnight", "month"), 9, 7)
WEAK = Volume(34, 7, (), 2, 4)

LINES: dict[LineName, Volume] = {
    ("gemeente", "welzijn"): STRONG,
    ("gemeente", "politie"): STRONG,
    ("gemeente", "scholen"): STRONG,
    ("gemeente", "ziekenhuis"): MEDIUM,
    ("gemeente", "thuiszorg"): MEDIUM,
    ("gemeente", "huisartsen"): MEDIUM,
    ("gemeente", "verzekeraar"): WEAK,
    ("ziekenhuis", "thuiszorg"): STRONG,
    ("ziekenhuis", "huisartsen"): STRONG,
    ("ziekenhuis", "verzekeraar"): MEDIUM,
    ("ziekenhuis", "politie"): WEAK,
    ("thuiszorg", "huisartsen"): STRONG,
    ("thuiszorg", "welzijn"): MEDIUM,
    ("thuiszorg", "verzekeraar"): WEAK,
    ("huisartsen", "welzijn"): STRONG,
    ("huisartsen", "verzekeraar"): MEDIUM,
    ("huisartsen", "politie"): WEAK,
    ("welzijn", "scholen"): MEDIUM,
    ("welzijn", "politie"): MEDIUM,
    ("welzijn", "verzekeraar"): STRONG,
    ("scholen", "politie"): STRONG,
    ("scholen", "thuiszorg"): WEAK,
}
# One person carries this part of a side: the first seat of the organisation.
ANCHORS: dict[tuple[LineName, str], float] = {
    (("huisartsen", "welzijn"), "welzijn"): 0.68,
    (("gemeente", "welzijn"), "welzijn"): 0.35,
    (("thuiszorg", "welzijn"), "welzijn"): 0.5,
    (("welzijn", "politie"), "welzijn"): 0.4,
    (("gemeente", "huisartsen"), "gemeente"): 0.2,
    (("gemeente", "scholen"), "gemeente"): 0.2,
}
INSIDE_TEAM = Volume(196, 40, (), 0, 99)


@dataclass(frozen=True, slots=True)
class Pool:
    """The people of one side of a line, with cumulative weights: a few do most of it."""

    seats: tuple[Seat, ...]
    weights: tuple[float, ...]

    def pick(self, rng: Random, day: date, count: int, *not_these: Seat) -> list[Seat]:
        """At most `count` different people who work there that day."""
        taken = {seat.person for seat in not_these}
        picked: list[Seat] = []
        for seat in rng.choices(self.seats, cum_weights=self.weights, k=3 * count + 3):
            if len(picked) == count:
                break
            if seat.person not in taken and seat.active(day):
                taken.add(seat.person)
                picked.append(seat)
        return picked


Sides = tuple[Pool, Pool]


def pool(rng: Random, seats: Sequence[Seat], size: int, anchor: float = 0.0) -> Pool:
    """`size` of the seats, rather the active ones; `anchor` is the part that seats[0] carries."""
    keyed = sorted(seats, key=lambda seat: rng.random() ** (1 / seat.activity), reverse=True)
    chosen = keyed[:size]
    if not anchor:
        return Pool(tuple(chosen), tuple(accumulate(seat.activity**0.8 for seat in chosen)))
    others = [seat for seat in chosen if seat is not seats[0]]
    weights = [seat.activity**0.8 for seat in others]
    first = sum(weights) * anchor / (1 - anchor)
    return Pool((seats[0], *others), tuple(accumulate((first, *weights))))


def pools(rng: Random, seats: Sequence[Seat]) -> dict[LineName, Sides]:
    """Who works on each line, side by side."""
    return {
        line: (
            pool(rng, at(seats, line[0]), volume.people, ANCHORS.get((line, line[0]), 0.0)),
            pool(rng, at(seats, line[1]), volume.people, ANCHORS.get((line, line[1]), 0.0)),
        )
        for line, volume in LINES.items()
    }


def teams(seats: Sequence[Seat]) -> list[tuple[Pool, Pool]]:
    """Each team with the colleagues of its organisation."""
    return [
        (everybody([s for s in seats if s.team == team]), everybody(at(seats, organisation.slug)))
        for organisation in ORGANISATIONS
        for team, _ in organisation.teams
    ]


def everybody(seats: Sequence[Seat]) -> Pool:
    return Pool(tuple(seats), tuple(accumulate(seat.activity for seat in seats)))


def turned(sides: Sides, turn: int) -> Sides:
    """The sides the other way round, if `turn`: either may begin."""
    return (sides[1], sides[0]) if turn else sides


def across(rng: Random, day: date, sides: Sides, here: int, there: int) -> list[Seat]:
    people = sides[0].pick(rng, day, here)
    return people + sides[1].pick(rng, day, there, *people)


def meeting_days(rng: Random, year: Year, count: int) -> list[date]:
    return rng.choices(year.days, cum_weights=year.meeting_weights, k=count)
