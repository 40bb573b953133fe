"""The stories planted in the demo network: what, between whom, from when; and how each is told.

A story takes happenings away (a silence, somebody who leaves) or adds some (a joint initiative); a
merger changes the directory alone, an outage the exports alone. See docs/demo.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Literal

from flows.demo_network.happenings import (
    Guest,
    Happenings,
    Issue,
    LineName,
    Mail,
    Meeting,
    Occurrence,
)
from flows.demo_network.lines import Pool, Sides, turned
from flows.demo_network.mails import thread
from flows.demo_network.meetings import series, single, split
from flows.demo_network.people import ALWAYS, BY_SLUG, OPEN, Seat, at
from flows.demo_network.rhythm import (
    DAY,
    Year,
    liveliness,
    mail_moment,
    reply_moment,
    working_day,
)
from flows.demo_network.work import issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from random import Random

    Present = Callable[[LineName | None, Seat, date], bool]

Kind = Literal["quiet", "revived", "initiative", "connector", "merger", "outage"]


@dataclass(frozen=True, slots=True)
class Story:
    """What can be found, where and when.

    `since` is the first day it shows, `until` the first day it no longer does (None: to the end).
    """

    kind: Kind
    slugs: tuple[str, ...]
    since: date
    until: date | None = None

    @property
    def organisations(self) -> tuple[str, ...]:
        """Names as the directory spells them."""
        return tuple(BY_SLUG[slug].name for slug in self.slugs)


# kind, organisations, (whole month, days into it) at which it starts, and ends.
PLAN: tuple[tuple[Kind, tuple[str, ...], tuple[int, int], tuple[int, int] | None], ...] = (
    ("quiet", ("scholen", "politie"), (5, 0), None),
    ("revived", ("welzijn", "verzekeraar"), (2, 0), (6, 0)),
    ("initiative", ("huisartsen", "scholen", "gemeente"), (6, 10), None),
    ("connector", ("huisartsen", "welzijn"), (4, 0), None),
    ("merger", ("thuiszorg", "ziekenhuis"), (8, 0), None),
    ("outage", ("politie",), (10, 0), (11, 0)),
)
COUPLES = 6  # introductions that lead to the initiative
KICK_OFF = 35 * DAY  # from the first introduction to the initiative
NEW_NUMBERS = 1_000_000  # what a story adds is numbered from here


def planted(year: Year) -> tuple[Story, ...]:
    """The plan on the calendar of `year`."""

    def on(month: int, days: int) -> date:
        return year.months[month] + days * DAY

    return tuple(
        Story(kind, slugs, on(*since), on(*until) if until else None)
        for kind, slugs, since, until in PLAN
    )


def tell(
    rng: Random,
    year: Year,
    base: Happenings,
    stories: Sequence[Story],
    seats: Sequence[Seat],
    *,
    lines: dict[LineName, Sides],
) -> Happenings:
    """`base` with the stories that change what happens."""
    told = base
    for story in stories:
        if story.kind in ("quiet", "revived"):
            told = silence(told, (story.slugs[0], story.slugs[1]), story.since, story.until or OPEN)
        elif story.kind == "connector":
            told = leave(told, connector(seats, story), story.since)
        elif story.kind == "initiative":
            told = joined(told, initiative(rng, year, story, seats, lines))
    return told


def connector(seats: Sequence[Seat], story: Story) -> Seat:
    """Who carries most of the story's line, until they leave."""
    return at(seats, story.slugs[1])[0]


def with_leavers(seats: Sequence[Seat], stories: Sequence[Story]) -> tuple[Seat, ...]:
    """`seats` as the directory knows them: who leaves in a story is no longer in it."""
    last = {connector(seats, s).number: s.since - DAY for s in stories if s.kind == "connector"}
    return tuple(replace(seat, last=last.get(seat.number, seat.last)) for seat in seats)


# --- taking away ------------------------------------------------------------------------------


def silence(base: Happenings, line: LineName, since: date, until: date) -> Happenings:
    """Nothing on `line` from `since` until `until` (excluded)."""
    return attended(
        base, (since, until), lambda on, _seat, day: on != line or not since <= day < until
    )


def leave(base: Happenings, gone: Seat, since: date) -> Happenings:
    """The person in the seat `gone` is in nothing from `since` on, and nobody takes over."""
    return attended(
        base, (since,), lambda _on, seat, day: seat.person != gone.person or day < since
    )


def attended(base: Happenings, days: tuple[date, ...], present: Present) -> Happenings:
    """`base` with only those who are `present`, which changes on `days` alone."""
    return Happenings(
        tuple(chain.from_iterable(_meeting(m, days, present) for m in base.meetings)),
        tuple(b for b in base.blocks if present(None, b.seat, b.start.date())),
        tuple(_mails(base.mails, present)),
        tuple(chain.from_iterable(_issue(i, present) for i in base.issues)),
    )


def _meeting(meeting: Meeting, days: tuple[date, ...], present: Present) -> Iterator[Meeting]:
    return split(meeting, days, lambda seat, day: present(meeting.line, seat, day))


def _mails(mails: Sequence[Mail], present: Present) -> Iterator[Mail]:
    gone: set[int] = set()
    for mail in mails:  # an answer stands after what it answers, and goes with it
        day = mail.sent.date()
        to = tuple(seat for seat in mail.to if present(mail.line, seat, day))
        cc = tuple(seat for seat in mail.cc if present(mail.line, seat, day))
        if to and present(mail.line, mail.sender, day) and gone.isdisjoint(mail.thread):
            yield mail if to == mail.to and cc == mail.cc else replace(mail, to=to, cc=cc)
        else:
            gone.add(mail.number)


def _issue(found: Issue, present: Present) -> Iterator[Issue]:
    def here(seat: Seat | None, day: date) -> bool:
        return seat is None or present(found.line, seat, day)

    day = found.created.date()
    if here(found.reporter, day):
        yield replace(
            found,
            assignee=found.assignee if here(found.assignee, day) else None,
            actions=tuple(
                a
                for a in found.actions
                if here(a.author, a.when.date()) and here(a.target, a.when.date())
            ),
        )


# --- adding -----------------------------------------------------------------------------------


def joined(one: Happenings, other: Happenings) -> Happenings:
    return Happenings(
        one.meetings + other.meetings,
        one.blocks + other.blocks,
        one.mails + other.mails,
        one.issues + other.issues,
    )


def initiative(
    rng: Random,
    year: Year,
    story: Story,
    seats: Sequence[Seat],
    lines: dict[LineName, Sides],
) -> Happenings:
    """A third party introduces people of two organisations, who then start something together."""
    here, there, third = story.slugs
    introducer = at(seats, third)[0]
    couples = list(zip(
        _known(seats, lines[third, here], here), _known(seats, lines[third, there], there),
        strict=True,
    ))  # fmt: skip
    start = story.since + KICK_OFF
    line = (here, there)
    sides = (_even([a for a, _ in couples]), _even([b for _, b in couples]))
    days = [day for day in year.days if day >= start]
    lively = [liveliness(day) for day in days]

    meetings = [
        *_introductions(rng, story.since, introducer, couples),
        series(rng, year, "fortnight", _mixed(couples[:3]), line=line, first=start),
        series(rng, year, "month", _mixed(couples[3:]), line=line, first=start),
        *(single(rng, day, [*sides[0].pick(rng, day, 1), *sides[1].pick(rng, day, 2)], line)
          for day in rng.choices(days, lively, k=10)),
    ]  # fmt: skip
    mails = _acquaintance(rng, year, story.since, introducer, couples)
    for day in rng.choices(days, lively, k=70):
        both = turned(sides, rng.getrandbits(1))
        mails += thread(rng, year, day, both, NEW_NUMBERS + len(mails), line=line)
    return Happenings(
        tuple(replace(m, number=NEW_NUMBERS + i) for i, m in enumerate(meetings)),
        (),
        tuple(mails),
        tuple(_epic(rng, year, days, sides, line)),
    )


def _known(seats: Sequence[Seat], sides: Sides, slug: str) -> list[Seat]:
    """People of `slug` whom the third party works with first, then colleagues; all here to stay."""
    ranked = dict.fromkeys((*sides[0].seats, *sides[1].seats, *seats))
    steady = [s for s in ranked if (s.first, s.last, s.share) == (ALWAYS, OPEN, 1.0)]
    return at(steady, slug)[:COUPLES]


def _even(seats: Sequence[Seat]) -> Pool:
    return Pool(tuple(seats), tuple(range(1, len(seats) + 1)))


def _mixed(couples: Sequence[tuple[Seat, Seat]]) -> list[Seat]:
    return [seat for couple in couples for seat in couple]


def _introductions(
    rng: Random, first: date, introducer: Seat, couples: Sequence[tuple[Seat, Seat]]
) -> Iterator[Meeting]:
    for i, couple in enumerate(couples):
        meeting = single(rng, working_day(first + 4 * i * DAY), [introducer, *couple])
        yield replace(
            meeting,
            guests=tuple(Guest(seat, "REQ-PARTICIPANT", "ACCEPTED") for seat in couple),
            occurrences=(Occurrence(meeting.occurrences[0].start),),
            stale_copy=False,
        )


def _acquaintance(
    rng: Random, year: Year, first: date, introducer: Seat, couples: Sequence[tuple[Seat, Seat]]
) -> list[Mail]:
    """The third party writes to each of them in the months before; each couple writes after."""
    mails: list[Mail] = []
    for i, couple in enumerate(couples):
        for seat in couple:
            day = working_day(first - rng.randrange(30, 100) * DAY)
            sent = mail_moment(rng, day)
            mails.append(Mail(NEW_NUMBERS + len(mails), sent, introducer, (seat,)))
        day = working_day(working_day(first + 4 * i * DAY) + rng.randrange(3, 8) * DAY)
        sent = mail_moment(rng, day)
        opening = Mail(NEW_NUMBERS + len(mails), sent, couple[0], (couple[1],))
        answer = replace(
            opening, number=opening.number + 1, sent=reply_moment(rng, opening.sent),
            sender=couple[1], to=(couple[0],), thread=(opening.number,),
        )  # fmt: skip
        mails += [opening, answer] if answer.sent.date() < year.end else [opening]
    return mails


def _epic(
    rng: Random, year: Year, days: Sequence[date], sides: Sides, line: LineName
) -> Iterator[Issue]:
    """An epic and its children, as they come up over the months."""
    begun = working_day(days[0])
    reporter, assignee = sides[0].seats[0], sides[1].seats[0]
    yield Issue(
        NEW_NUMBERS, mail_moment(rng, begun), reporter, assignee, (), is_epic=True, line=line
    )
    for i in range(1, 13):
        day = working_day(begun + i * 9 * DAY)
        child = issue(rng, year, day, sides, line) if day < year.end else None
        if child:
            yield replace(child, number=NEW_NUMBERS + i, epic=NEW_NUMBERS)
