"""A year of meetings, mails and work in the demo network, before any format or story.

A line is what connects two organisations; its strength says how much happens on it. Everything that
happens on a line carries it, so that a story can quiet the line later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate, pairwise, takewhile
from typing import TYPE_CHECKING, Literal

from flows.demo_network.people import LIST_DOMAIN, ORGANISATIONS, Seat, account, at
from flows.demo_network.rhythm import (
    DAY,
    Year,
    is_working_day,
    mail_moment,
    meeting_moment,
    reply_moment,
    vacation,
    working_day,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from random import Random

# --- what there is ----------------------------------------------------------------------------

LineName = tuple[str, str]  # slugs, in the order of LINES


@dataclass(frozen=True, slots=True)
class Guest:
    seat: Seat
    role: Literal["REQ-PARTICIPANT", "OPT-PARTICIPANT"]
    response: Literal["ACCEPTED", "TENTATIVE", "DECLINED", "NEEDS-ACTION"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a meeting. `dropped` ones are EXDATEs; `moved` ones take place at `moved_to`."""

    start: datetime
    state: Literal["held", "dropped", "moved", "cancelled"] = "held"
    moved_to: datetime | None = None

    @property
    def takes_place(self) -> bool:
        return self.state in ("held", "moved")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A single meeting, or a series when `every` is given; `part` tells pieces of a cut series."""

    number: int
    organiser: Seat
    guests: tuple[Guest, ...]
    minutes: int
    occurrences: tuple[Occurrence, ...]
    every: Literal["week", "fortnight", "month"] | None = None
    line: LineName | None = None
    part: str = ""
    sequence: int = 0
    stale_copy: bool = False  # one partner's export still holds the version before

    @property
    def uid(self) -> str:
        suffix = f"-{self.part}" if self.part else ""
        return f"{self.number:08x}{suffix}@agenda.{self.organiser.address.partition('@')[2]}"

    def partners(self) -> tuple[str, ...]:
        present = {self.organiser.organisation, *(g.seat.organisation for g in self.guests)}
        return tuple(o.slug for o in ORGANISATIONS if o.slug in present)


BlockKind = Literal["all-day", "free", "alone"]


@dataclass(frozen=True, slots=True)
class Block:
    """An entry in a calendar that is no meeting."""

    number: int
    seat: Seat
    kind: BlockKind
    start: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Mail:
    number: int
    sent: datetime
    sender: Seat
    to: tuple[Seat, ...]
    cc: tuple[Seat, ...] = ()
    thread: tuple[int, ...] = ()  # numbers of the mails before it, oldest first
    kind: Literal["person", "newsletter", "machine", "list"] = "person"
    line: LineName | None = None
    copies: tuple[str, ...] = ()  # partners whose people get it through a list


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did to an issue: commented (and mentioned whom), moved it, handed it over."""

    when: datetime
    author: Seat
    kind: Literal["comment", "status", "assignee"]
    target: Seat | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    number: int
    created: datetime
    reporter: Seat
    assignee: Seat | None
    actions: tuple[Action, ...]
    epic: int | None = None  # number of the epic it belongs to
    is_epic: bool = False
    line: LineName | None = None


@dataclass(frozen=True, slots=True)
class Happenings:
    meetings: tuple[Meeting, ...]
    blocks: tuple[Block, ...]
    mails: tuple[Mail, ...]
    issues: tuple[Issue, ...]


# --- how much of it ---------------------------------------------------------------------------


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
# Standing tables of more than two organisations. No two of them may meet in a story only.
TABLES = (
    ("gemeente", "politie", "welzijn"),
    ("ziekenhuis", "huisartsen", "thuiszorg"),
    ("ziekenhuis", "thuiszorg", "verzekeraar"),
    ("gemeente", "scholen", "welzijn"),
    ("gemeente", "ziekenhuis", "huisartsen"),
)
LIST_PARTNERS = ("gemeente", "ziekenhuis", "thuiszorg", "welzijn")
BLOCKS: tuple[BlockKind, ...] = ("all-day", "free", "alone", "alone")
REPLY_CHANCE = 0.52
STATUSES = ("Te doen", "Bezig", "Wacht op partner", "Gereed")
STEPS = {"week": 7, "fortnight": 14}


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
        (_plain([s for s in seats if s.team == team]), _plain(at(seats, organisation.slug)))
        for organisation in ORGANISATIONS
        for team, _ in organisation.teams
    ]


def _plain(seats: Sequence[Seat]) -> Pool:
    return Pool(tuple(seats), tuple(accumulate(seat.activity for seat in seats)))


# --- meetings ---------------------------------------------------------------------------------


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
            people = _across(rng, year.start, turned(sides, i % 2), rng.choice((2, 3, 3)), 3)
            yield series(rng, year, every, people, line=line)


def _tables(rng: Random, year: Year, seats: Sequence[Seat]) -> Iterator[Meeting]:
    for table in TABLES:
        people: list[Seat] = []
        for slug in table:
            people += _plain(at(seats, slug)).pick(rng, year.start, 2, *people)
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
        for day in _days(rng, year, LINES[line].meetings):
            counts = rng.choice((1, 1, 2, 3)), rng.choice((1, 2, 2, 3))
            people = _across(rng, day, turned(sides, rng.getrandbits(1)), *counts)
            if len(people) > 1:
                yield single(rng, day, people, line)
    for team, colleagues in teams(seats):
        for day in _days(rng, year, INSIDE_TEAM.meetings):
            side = team if rng.random() < 0.75 else colleagues
            people = team.pick(rng, day, 1)
            people += side.pick(rng, day, rng.choice((1, 1, 2, 3, 5)), *people)
            if len(people) > 1:
                yield single(rng, day, people)


def turned(sides: Sides, turn: int) -> Sides:
    """The sides the other way round, if `turn`: either may begin."""
    return (sides[1], sides[0]) if turn else sides


def _across(rng: Random, day: date, sides: Sides, here: int, there: int) -> list[Seat]:
    people = sides[0].pick(rng, day, here)
    return people + sides[1].pick(rng, day, there, *people)


def _days(rng: Random, year: Year, count: int) -> list[date]:
    return rng.choices(year.days, cum_weights=year.meeting_weights, k=count)


def base_blocks(rng: Random, year: Year, seats: Sequence[Seat]) -> tuple[Block, ...]:
    """All-day entries, free time and hours kept for oneself."""
    blocks = []
    for number, day in enumerate(_days(rng, year, 420), start=1):
        seat = _plain(seats).pick(rng, day, 1)[0]
        kind = rng.choice(BLOCKS)
        blocks.append(Block(number, seat, kind, meeting_moment(rng, day), rng.choice((60, 120))))
    return tuple(blocks)


# --- mail -------------------------------------------------------------------------------------


def base_mails(
    rng: Random,
    year: Year,
    seats: Sequence[Seat],
    outside: Sequence[Seat],
    lines: dict[LineName, Sides],
) -> tuple[Mail, ...]:
    """Every mail of the year; a mail's number is its place here, and an answer comes after."""
    mails: list[Mail] = []
    for line, sides in lines.items():
        for day in _mail_days(rng, year, LINES[line].threads):
            both = turned(sides, rng.getrandbits(1))
            mails += thread(rng, year, day, both, len(mails), line=line)
    for team, colleagues in teams(seats):
        for day in _mail_days(rng, year, INSIDE_TEAM.threads):
            there = team if rng.random() < 0.75 else colleagues
            mails += thread(rng, year, day, (team, there), len(mails))
    mails += _outside_threads(rng, year, seats, outside, len(mails))
    mails += _list_threads(rng, year, seats, len(mails))
    mails += _newsletters(rng, year, seats, len(mails))
    mails += _machines(rng, year, seats, len(mails))
    return tuple(mails)


def thread(
    rng: Random,
    year: Year,
    day: date,
    sides: Sides,
    number: int,
    *,
    line: LineName | None = None,
) -> list[Mail]:
    """One thread: somebody here writes to people there, who may answer, and so on."""
    here, there = sides
    sender = here.pick(rng, day, 1)
    to = there.pick(rng, day, rng.choice((1, 1, 1, 2, 3)), *sender)
    if not sender or not to:
        return []
    cc = here.pick(rng, day, rng.choice((0, 0, 0, 1, 2)), *sender, *to)
    opening = Mail(number, mail_moment(rng, day), sender[0], tuple(to), tuple(cc), line=line)
    return _answered(rng, year, opening)


def _answered(rng: Random, year: Year, opening: Mail) -> list[Mail]:
    mails = [opening]
    last = opening
    while len(mails) < 8 and rng.random() < REPLY_CHANCE:
        sent = reply_moment(rng, last.sent)
        sender = rng.choice(last.to)
        if sent.date() >= year.end or not sender.active(sent.date()):
            break
        to: tuple[Seat, ...] = (last.sender,)
        if rng.random() < 0.3:  # reply to all
            to += tuple(seat for seat in last.to if seat is not sender)
        last = replace(
            last, number=last.number + 1, sent=sent, sender=sender, to=to,
            cc=last.cc if rng.random() < 0.7 else (), thread=(*last.thread, last.number),
        )  # fmt: skip
        mails.append(last)
    return mails


def _outside_threads(
    rng: Random, year: Year, seats: Sequence[Seat], outside: Sequence[Seat], number: int
) -> list[Mail]:
    # One organisation a thread: an adviser's mail must not connect two by accident.
    advised = [(_plain(at(seats, o.slug)), _plain(outside)) for o in ORGANISATIONS]
    mails: list[Mail] = []
    for day in _mail_days(rng, year, 110):
        both = turned(rng.choice(advised), rng.getrandbits(1))
        drawn = thread(rng, year, day, both, number + len(mails))
        # What advisers write to each other is in nobody's mailbox here.
        mails += takewhile(lambda m: any(s.organisation for s in (m.sender, *m.to)), drawn)
    return mails


def _list_threads(rng: Random, year: Year, seats: Sequence[Seat], number: int) -> list[Mail]:
    """A discussion list: everything goes to the list's address, which is nobody."""
    address = Seat(-1, -1, "Regionetwerk", f"regionetwerk@{LIST_DOMAIN}", "")
    members = _plain([seat for slug in LIST_PARTNERS for seat in at(seats, slug)])
    mails: list[Mail] = []
    for day in _mail_days(rng, year, 70):
        sent, before = mail_moment(rng, day), tuple[int, ...]()
        while sent.date() < year.end:
            sender = members.pick(rng, sent.date(), 1)[0]
            mails.append(Mail(number + len(mails), sent, sender, (address,), thread=before,
                              kind="list", copies=LIST_PARTNERS))  # fmt: skip
            before = (*before, mails[-1].number)
            sent = reply_moment(rng, sent)
            if rng.random() > 0.6:
                break
    return mails


NEWSLETTERS = (("gemeente", 7, 30), ("welzijn", 14, 24), ("ziekenhuis", 28, 20))


def _newsletters(rng: Random, year: Year, seats: Sequence[Seat], number: int) -> list[Mail]:
    mails: list[Mail] = []
    for slug, step, readers in NEWSLETTERS:
        sender = account(slug, "nieuwsbrief", "Nieuwsbrief")
        for day in year.days[3::step]:
            to = rng.sample([seat for seat in seats if seat.active(day)], readers)
            mails.append(Mail(number + len(mails), mail_moment(rng, working_day(day)), sender,
                              tuple(to), kind="newsletter"))  # fmt: skip
    return [mail for mail in mails if mail.sent.date() < year.end]


def _machines(rng: Random, year: Year, seats: Sequence[Seat], number: int) -> list[Mail]:
    senders = [account(o.slug, "noreply", "Automatisch bericht") for o in ORGANISATIONS]
    everybody = _plain(seats)
    mails = []
    for i, day in enumerate(_mail_days(rng, year, 1100)):
        to = everybody.pick(rng, day, 1)
        sender = senders[rng.randrange(len(senders))]
        mails.append(Mail(number + i, mail_moment(rng, day), sender, tuple(to), kind="machine"))
    return [mail for mail in mails if mail.to]


def _mail_days(rng: Random, year: Year, count: int) -> list[date]:
    return rng.choices(year.days, cum_weights=year.mail_weights, k=count)


# --- work -------------------------------------------------------------------------------------


def base_issues(rng: Random, year: Year, lines: dict[LineName, Sides]) -> tuple[Issue, ...]:
    """The shared board: each issue is work of two organisations."""
    drawn = [
        found
        for line, sides in lines.items()
        for day in _days(rng, year, LINES[line].issues)
        if (found := issue(rng, year, day, sides, line))
    ]
    drawn.sort(key=lambda found: found.created)
    return tuple(replace(found, number=number) for number, found in enumerate(drawn, start=1))


def issue(rng: Random, year: Year, day: date, sides: Sides, line: LineName | None) -> Issue | None:
    """An issue with its comments, hand-overs and steps until it is done; None on an empty day."""
    people = _across(rng, day, turned(sides, rng.getrandbits(1)), 2, 2)
    if len(people) < 3:
        return None
    created = mail_moment(rng, day)
    actions: list[Action] = []
    when, reached = created, 0
    for _ in range(rng.choice((2, 3, 4, 6, 9))):
        when = reply_moment(rng, when + rng.choice((0, 1, 3, 8)) * DAY)
        author, other = rng.sample(people, 2)
        if when.date() >= year.end or not author.active(when.date()):
            break
        kind = rng.choice(("comment", "comment", "comment", "status", "assignee"))
        if kind == "status":
            reached = min(reached + 1, len(STATUSES) - 1)
            actions.append(Action(when, author, "status", status=STATUSES[reached]))
        elif kind == "assignee":
            actions.append(Action(when, author, "assignee", other))
        else:
            mentions = other if rng.random() < 0.3 else None
            actions.append(Action(when, author, "comment", mentions))
    assignee = people[1] if rng.random() < 0.8 else None
    return Issue(0, created, people[0], assignee, tuple(actions), line=line)
