"""The meetings of the demo network's year, and what else stands in calendars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Literal

from flows.demo_network.happenings import Block, BlockKind, Guest, LineName, Meeting, Occurrence
from flows.demo_network.lines import (
    INSIDE_TEAM,
    LINES,
    Sides,
    across,
    everybody,
    meeting_days,
    teams,
    turned,
)
from flows.demo_network.people import ORGANISATIONS, Seat, at
from flows.demo_network.rhythm import (
    DAY,
    Year,
    is_working_day,
    meeting_moment,
    vacation,
    working_day,
)

# Standing tables of more than two organisations. No two of them may meet in a story only.
TABLES = (
    ("gemeente", "politie", "welzijn"),
    ("ziekenhuis", "huisartsen", "thuiszorg"),
    ("ziekenhuis", "thuiszorg", "verzekeraar"),
    ("gemeente", "scholen", "welzijn"),
    ("gemeente", "ziekenhuis", "huisartsen"),
)
BLOCKS: tuple[BlockKind, ...] = ("all-day", "free", "alone", "alone")
STEPS = {"week": 7, "fortnight": 14}


def base_meetings(
    rng: Random, year: Year, seats: Sequence[Seat], lines: dict[LineName, Sides]
) -> tuple[Meeting, ...]:
    """Every meeting of the year, with people who move already split off their series."""
    drawn = [
        *_team_series(rng, year, seats),
        *_line_series(rng, year, lines),
        *_tables(rng, year, seats),
        *_large_meetings(rng, year, seats),
        *_single_meetings(rng, year, seats, lines),
    ]
    moves = sorted({seat.first for seat in seats} | {seat.last + DAY for seat in seats
                                                    if seat.last < date.max - DAY})  # fmt: skip
    staffed: list[Meeting] = []
    for number, meeting in enumerate(drawn, start=1):
        numbered = replace(meeting, number=number)
        staffed += split(numbered, moves, Seat.active) if meeting.every else [numbered]
    return tuple(staffed)


def split(
    meeting: Meeting, days: Iterable[date], present: Callable[[Seat, date], bool]
) -> Iterator[Meeting]:
    """A series cut on those `days` that change who is present; a part without organiser is gone."""
    everybody = (meeting.organiser, *(guest.seat for guest in meeting.guests))
    cuts = {
        day
        for day in days
        if day > date.min and any(present(s, day) != present(s, day - DAY) for s in everybody)
    }
    for first, until in pairwise((date.min, *sorted(cuts), date.max)):
        held = trimmed(o for o in meeting.occurrences if first <= o.start.date() < until)
        if not held or not present(meeting.organiser, held[0].start.date()):
            continue
        guests = tuple(g for g in meeting.guests if present(g.seat, held[0].start.date()))
        if guests:
            whole = held == meeting.occurrences
            part = meeting.part if whole else f"{held[0].start:%Y%m%d}"
            yield replace(meeting, guests=guests, occurrences=held, part=part)


def trimmed(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """Without dropped ones at either end: a series starts and ends with one that was planned."""
    kept = list(occurrences)
    while kept and kept[0].state == "dropped":
        kept.pop(0)
    while kept and kept[-1].state == "dropped":
        kept.pop()
    return tuple(kept)


def series(
    rng: Random,
    year: Year,
    every: Literal["week", "fortnight", "month"],
    people: Sequence[Seat],
    *,
    line: LineName | None = None,
    first: date | None = None,
) -> Meeting:
    """A series of `people` (the first one organises) from about `first` to the end of the year."""
    start = (first or year.start) + rng.randrange(14) * DAY
    while start.weekday() > 4:
        start += DAY
    begin = meeting_moment(rng, start)
    days = _monthly(start, year.end) if every == "month" else _stepped(start, year.end, every)
    occurrences = trimmed(_occurrence(rng, year, begin, day) for day in days)
    sequence = rng.choice((0, 0, 1, 2))
    return Meeting(
        0, people[0], _guests(rng, people[1:]), rng.choice((30, 60, 60, 90)), occurrences, every,
        line, sequence=sequence, stale_copy=sequence > 0 and rng.random() < 0.25,
    )  # fmt: skip


def single(rng: Random, day: date, people: Sequence[Seat], line: LineName | None = None) -> Meeting:
    """One meeting of `people`, the first of whom organises."""
    begin = meeting_moment(rng, day)
    fate = rng.random()
    state: Literal["held", "cancelled"] = "cancelled" if fate < 0.04 else "held"
    sequence = 1 if fate < 0.14 else 0
    return Meeting(
        0, people[0], _guests(rng, people[1:]), rng.choice((30, 30, 60, 60, 90)),
        (Occurrence(begin, state),), None, line, sequence=sequence,
        stale_copy=sequence > 0 and rng.random() < 0.4,
    )  # fmt: skip


def _occurrence(rng: Random, year: Year, begin: datetime, day: date) -> Occurrence:
    start = begin + (day - begin.date())
    fate = rng.random()
    if not is_working_day(day) or rng.random() > vacation(day):
        return Occurrence(start, "dropped")
    if fate < 0.03:
        return Occurrence(start, "cancelled")
    if fate < 0.07:
        other = working_day(day + rng.choice((1, 2)) * DAY)
        return Occurrence(start, "moved", start + ((other if other < year.end else day) - day)
                          + timedelta(minutes=30))  # fmt: skip
    return Occurrence(start)


def _stepped(start: date, end: date, every: str) -> list[date]:
    step = STEPS[every]
    return [start + i * DAY for i in range(0, (end - start).days, step)]


def _monthly(start: date, end: date) -> list[date]:
    # The same weekday of the same week of the month; a fifth week is not in every month.
    nth = min((start.day - 1) // 7, 3)
    days = [start + i * DAY for i in range((end - start).days)]
    return [d for d in days if d.weekday() == start.weekday() and (d.day - 1) // 7 == nth]


def _guests(rng: Random, seats: Sequence[Seat]) -> tuple[Guest, ...]:
    return tuple(
        Guest(
            seat,
            "OPT-PARTICIPANT" if rng.random() < 0.12 else "REQ-PARTICIPANT",
            rng.choices(
                ("ACCEPTED", "TENTATIVE", "DECLINED", "NEEDS-ACTION"), cum_weights=(75, 82, 88, 100)
            )[0],
        )
        for seat in seats
    )


def _team_series(rng: Random, year: Year, seats: Sequence[Seat]) -> Iterator[Meeting]:
    for i, (team, _) in enumerate(teams(seats)):
        people = sorted(team.seats, key=lambda s: (s.first, s.last < date.max - DAY, s.number))
        yield series(rng, year, "week" if i % 3 else "fortnight", people)
        yield series(rng, year, "fortnight", people[:2])


def _line_series(rng: Random, year: Year, lines: dict[LineName, Sides]) -> Iterator[Meeting]:
    for line, sides in lines.items():
        for i, every in enumerate(LINES[line].series):
            people = across(rng, year.start, turned(sides, i % 2), rng.choice((2, 3, 3)), 3)
            yield series(rng, year, every, people, line=line)


def _tables(rng: Random, year: Year, seats: Sequence[Seat]) -> Iterator[Meeting]:
    for table in TABLES:
        people: list[Seat] = []
        for slug in table:
            people += everybody(at(seats, slug)).pick(rng, year.start, 2, *people)
        yield series(rng, year, "month", people)


def _large_meetings(rng: Random, year: Year, seats: Sequence[Seat]) -> Iterator[Meeting]:
    for organisation in ORGANISATIONS:
        yield series(rng, year, "month", at(seats, organisation.slug))
    for first in year.months[1::3]:
        day = working_day(first + 9 * DAY)
        everybody = [s for s in seats if s.active(day) and s.share == 1.0]
        yield single(rng, day, rng.sample(everybody, 45))


def _single_meetings(
    rng: Random, year: Year, seats: Sequence[Seat], lines: dict[LineName, Sides]
) -> Iterator[Meeting]:
    for line, sides in lines.items():
        for day in meeting_days(rng, year, LINES[line].meetings):
            counts = rng.choice((1, 1, 2, 3)), rng.choice((1, 2, 2, 3))
            people = across(rng, day, turned(sides, rng.getrandbits(1)), *counts)
            if len(people) > 1:
                yield single(rng, day, people, line)
    for team, colleagues in teams(seats):
        for day in meeting_days(rng, year, INSIDE_TEAM.meetings):
            side = team if rng.random() < 0.75 else colleagues
            people = team.pick(rng, day, 1)
            people += side.pick(rng, day, rng.choice((1, 1, 2, 3, 5)), *people)
            if len(people) > 1:
                yield single(rng, day, people)


def base_blocks(rng: Random, year: Year, seats: Sequence[Seat]) -> tuple[Block, ...]:
    """All-day entries, free time and hours kept for oneself."""
    blocks = []
    for number, day in enumerate(meeting_days(rng, year, 420), start=1):
        seat = everybody(seats).pick(rng, day, 1)[0]
        kind = rng.choice(BLOCKS)
        blocks.append(Block(number, seat, kind, meeting_moment(rng, day), rng.choice((60, 120))))
    return tuple(blocks)
