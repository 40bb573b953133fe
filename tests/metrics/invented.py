"""An invented network with what real ones have: people who move or are in two units, people nobody knows,
several addresses of one person, declined meetings, copies, answers to a list, machines, crowds, acts on items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import duckdb
import polars as pl

from transforms.people import ALWAYS, OPEN, split
from transforms.people.singles import merged
from warehouse import schema

FIRST, DAYS, PEOPLE = date(2025, 11, 3), 130, 84
ZONE = timedelta(hours=1)  # ahead of UTC: an event late in the evening is of the next day
HOLIDAY = (date(2025, 12, 22), date(2026, 1, 2))
ALIASES = {1000 + person: person for person in range(3, PEOPLE, 6)}
ORGANISATIONS = {  # people who stay where they are
    "Academy": range(1, 13), "Borough": range(13, 25), "Clinic": range(25, 35), "Dairy": range(35, 44),
    "Estate": range(44, 50), **{f"Freelance {n}": [n] for n in range(62, 72)},
}  # fmt: skip
BY_DOMAIN = {"Borough": range(72, 75), "Guild": range(75, 77)}
TEAMS = {"left": range(1, 70, 4), "middle": range(2, 70, 4), "right": range(3, 70, 5)}


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def spans() -> Iterator[tuple[Any, ...]]:
    """Who is where, from when to when, for which share; 77 and higher are nowhere."""
    for unit, people in ORGANISATIONS.items():
        for person in people:
            yield person, "organisation", unit, ALWAYS, OPEN, None, "directory"
    for unit, people in BY_DOMAIN.items():
        for person in people:
            yield person, "organisation", unit, ALWAYS, OPEN, None, "domain"
    told: dict[int, list[tuple[str, date, date, float | None]]] = {
        50: [("Academy", ALWAYS, on(40), None), ("Clinic", on(41), OPEN, None)],
        51: [("Estate", ALWAYS, on(9), None), ("Borough", on(10), on(63), None), ("Dairy", on(64), OPEN, None)],
        52: [("Academy", ALWAYS, OPEN, 0.5), ("Borough", ALWAYS, OPEN, 0.5)],
        53: [("Academy", ALWAYS, OPEN, 0.2), ("Borough", ALWAYS, OPEN, 0.8)],
        54: [("Clinic", ALWAYS, on(70), 0.6), ("Dairy", ALWAYS, OPEN, 0.4), ("Estate", on(71), OPEN, 0.6)],
        55: [("Dairy", ALWAYS, on(30), None), ("Dairy", on(60), OPEN, None)],  # away, and back
        56: [("Clinic", on(20), OPEN, None)],
        57: [("Borough", ALWAYS, on(69), None), ("Freelance 57", on(70), OPEN, None)],
        58: [("Estate", ALWAYS, OPEN, 0.7), ("Freelance 58", ALWAYS, OPEN, 0.3)],
        59: [("Heath", ALWAYS, on(50), None), ("Academy", on(51), OPEN, None)],
        60: [("Heath", ALWAYS, on(44), None), ("Freelance 60", on(45), OPEN, None)],
        61: [("Freelance 61", ALWAYS, OPEN, None), ("Freelance 61b", ALWAYS, OPEN, None)],
    }  # fmt: skip
    for person, times in told.items():
        for unit, start, end, share in times:
            yield person, "organisation", unit, start, end, share, "directory"
    for unit, people in TEAMS.items():
        for person in people:
            yield person, "team", unit, ALWAYS if person % 7 else on(person), OPEN, None, "directory"  # fmt: skip
    yield 70, "team", "Freelance team", ALWAYS, OPEN, None, "directory"
    yield 71, "team", "Freelancers", ALWAYS, OPEN, None, "directory"


def membership() -> pl.DataFrame:
    types = {
        "person_id": pl.Int64, "boundary": pl.String, "unit": pl.String, "valid_from": pl.Date,
        "valid_to": pl.Date, "share": pl.Float64, "origin": pl.String,
    }  # fmt: skip
    return merged(split(pl.DataFrame(list(spans()), schema=types, orient="row")))


class Log:
    """Events and their participations, made one by one."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.events: dict[int, dict[str, Any]] = {}
        self.seats: list[tuple[Any, ...]] = []
        self.observations: set[tuple[Any, ...]] = set()
        self.mails: list[tuple[int, int, list[int]]] = []  # of late: number, sender, addressees

    def address(self, person: int) -> int:
        other = 1000 + person
        return other if other in ALIASES and self.draw.random() < 0.4 else person

    def near(self, person: int, count: int) -> list[int]:
        """Others, mostly those whom the person has to do with more often."""
        found: dict[int, None] = {}
        while len(found) < count:
            if self.draw.random() < 0.8:
                other = (person + self.draw.choice([1, 2, 3, -1, -2, 11, -11, 25, 40, 41])) % PEOPLE + 1  # fmt: skip
            else:
                other = self.draw.randint(1, PEOPLE)
            if other != person:
                found[other] = None
        return list(found)

    def add(self, channel: str, kind: str, at: datetime, initiator: int | None, seats: Sequence[tuple[Any, ...]], **more: Any) -> int:  # fmt: skip
        """Seats: address, role, and the response where there is one."""
        number, day = len(self.events) + 1, (at + ZONE).date()
        self.events[number] = {
            "event_id": number, "channel": channel, "kind": kind, "day": day, "started_at": at, "ended_at": None,
            "initiator": initiator, "thread": None, "reply_to": None, "container": None,
            "is_automated": self.draw.random() < 0.02, "revision": 0, "answers": None, **more,
        }  # fmt: skip
        for address, (role, *response) in {seat[0]: seat[1:] for seat in reversed(seats)}.items():
            self.seats.append((day, number, address, role, response[0] if response else "none"))
        partners = self.draw.choice([["P"], ["P", "Q"], ["P", "Q"], ["R"], ["Q"], []])
        self.observations |= {(day, number, f"{p}:{self.draw.randint(0, 1)}", p) for p in partners}
        return number

    def meet(self, at: datetime, organiser: int, others: list[int], series: int | None) -> None:
        answer = ["accepted", "accepted", "tentative", "none", "declined"]
        seats = [(self.address(organiser), "organiser", self.draw.choice(["none", "none", "declined"]))]  # fmt: skip
        seats += [(self.address(p), self.draw.choice(["required", "optional"]), self.draw.choice(answer)) for p in others]  # fmt: skip
        if self.draw.random() < 0.05:  # invited too, under the main address
            seats.append((organiser, "required", "none"))
        length = self.draw.choice([None, 15, 30, 60, 60, 90, 600])
        self.add(
            "meeting", "meeting", at, seats[0][0], seats, container=series,
            ended_at=at + timedelta(minutes=length) if length else None,
        )  # fmt: skip

    def mail(self, at: datetime) -> None:
        sender, others = self.draw.randint(1, PEOPLE), None
        parent = self.draw.choice(self.mails[-25:]) if self.mails and self.draw.random() < 0.45 else None  # fmt: skip
        more: dict[str, Any] = {}
        if parent is not None:
            number, author, asked = parent
            before = self.events[number]
            sender = self.draw.choice(asked or [sender])
            more = {"reply_to": number, "thread": before["thread"]}
            more["answers"] = None if before["is_automated"] else before["initiator"]
            others = self.draw.choice([[author], [author], [author, *self.near(sender, 1)], []])
            if self.draw.random() < 0.1:  # a machine's haste, or two clocks
                at = before["started_at"]
        if others is None:
            count = self.draw.choice([1, 1, 1, 2, 2, 3, 4, 12])
            others = self.near(sender, count)
        seats = [(self.address(sender), "from")]
        for place, person in enumerate(others):
            is_copied = place > 1 or self.draw.random() < 0.15
            seats.append((self.address(person), "cc" if is_copied else "to"))
            if 1000 + person in ALIASES and self.draw.random() < 0.4:  # a copy elsewhere
                seats.append((2 * person + 1000 - seats[-1][0], "cc"))
        if sender + 1000 in ALIASES and self.draw.random() < 0.3:  # to oneself, elsewhere
            seats.append((sender if seats[0][0] != sender else sender + 1000, self.draw.choice(["to", "cc"])))  # fmt: skip
        number = self.add("message", "mail", at, seats[0][0], seats, **more)
        if parent is None and self.draw.random() < 0.8:  # not every export tells of threads
            self.events[number]["thread"] = number
        if parent is None or self.events[number]["thread"] is not None:
            self.mails.append((number, sender, [p for p in others if p != sender]))

    def work(self, at: datetime, author: int) -> None:
        kind = self.draw.choice(["comment", "comment", "commit", "assignment", "mention"])
        item = self.draw.choice([None, *range(5001, 5013), *range(5001, 5005)])
        initiator = None if self.draw.random() < 0.03 else self.address(author)
        seats = [(initiator or self.address(author), "author")]
        role = {"comment": "commenter", "commit": "reviewer", "assignment": "assignee", "mention": "mentioned"}[kind]  # fmt: skip
        others = self.near(author, self.draw.choice([0, 1, 1, 2, 5]))
        if kind == "assignment" and self.draw.random() < 0.2:
            others = [author]
        seats += [(self.address(person), role) for person in others]
        self.add("work", kind, at, initiator, seats, container=item)


def log(seed: int) -> Log:
    made = Log(seed)
    series = {6000 + n: (made.draw.randint(1, PEOPLE), made.draw.choice([3, 7, 14, 28])) for n in range(24)}  # fmt: skip
    circle = {number: made.near(owner, made.draw.randint(1, 8)) for number, (owner, _) in series.items()}  # fmt: skip
    for day in range(DAYS):
        morning = datetime.combine(on(day), datetime.min.time()) + timedelta(hours=7)
        is_quiet = on(day).weekday() > 4 or HOLIDAY[0] <= on(day) <= HOLIDAY[1]
        if on(day) in HOLIDAY or (is_quiet and made.draw.random() < 0.6):
            continue
        hours = sorted(made.draw.randrange(66) for _ in range(made.draw.randint(0, 2) if is_quiet else made.draw.randint(9, 15)))  # fmt: skip
        for number, (owner, every) in series.items():
            if (day + number) % every == 0 and not is_quiet and made.draw.random() < 0.5:
                there = made.draw.sample(circle[number], made.draw.randint(1, len(circle[number])))
                made.meet(morning + timedelta(hours=number % 5), owner, there, number)
        for quarter in hours:
            at, person = morning + timedelta(minutes=15 * quarter), made.draw.randint(1, PEOPLE)
            what = made.draw.random()
            if what < 0.55:
                made.mail(at)
            elif what < 0.8:
                made.work(at, person)
            else:
                size = made.draw.choice([0, 1, 1, 2, 3, 5, 11])
                made.meet(at, person, made.near(person, size), None)
    return made


def fill(con: duckdb.DuckDBPyConnection, seed: int = 1) -> None:
    made = log(seed)
    tables = {
        "event": pl.DataFrame(list(made.events.values()), infer_schema_length=None),
        "participation": pl.DataFrame(made.seats, schema=schema.PARTICIPATION.names(), orient="row"),
        "observation": pl.DataFrame(sorted(made.observations), schema=schema.OBSERVATION.names(), orient="row"),
        "membership": membership(),
        "address_alias": pl.DataFrame({"address_id": list(ALIASES), "person_id": list(ALIASES.values())}),
        "boundary": pl.DataFrame({"boundary": ["organisation", "team"]}),
    }  # fmt: skip
    for name, frame in tables.items():
        con.register("frame", frame)
        con.execute(f"INSERT INTO {name} BY NAME FROM frame")
        con.unregister("frame")
