"""The mails of the demo network's year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import takewhile
from random import Random

from flows.demo_network.happenings import LineName, Mail
from flows.demo_network.lines import INSIDE_TEAM, LINES, Sides, everybody, teams, turned
from flows.demo_network.people import LIST_DOMAIN, ORGANISATIONS, Seat, account, at
from flows.demo_network.rhythm import Year, mail_moment, reply_moment, working_day

LIST_PARTNERS = ("gemeente", "ziekenhuis", "thuiszorg", "welzijn")
REPLY_CHANCE = 0.52


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
    advised = [(everybody(at(seats, o.slug)), everybody(outside)) for o in ORGANISATIONS]
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
    members = everybody([seat for slug in LIST_PARTNERS for seat in at(seats, slug)])
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
    readers = everybody(seats)
    mails = []
    for i, day in enumerate(_mail_days(rng, year, 1100)):
        to = readers.pick(rng, day, 1)
        sender = senders[rng.randrange(len(senders))]
        mails.append(Mail(number + i, mail_moment(rng, day), sender, tuple(to), kind="machine"))
    return [mail for mail in mails if mail.to]


def _mail_days(rng: Random, year: Year, count: int) -> list[date]:
    return rng.choices(year.days, cum_weights=year.mail_weights, k=count)
