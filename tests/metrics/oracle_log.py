"""What happened, as plain objects made from the tables event, participation, address_alias and membership,
and what the metrics of one period and channel are made of. By the definitions, without SQL models."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import combinations
from typing import Any

import duckdb
import networkx as nx

from tests.metrics.oracle_directed import Act
from tests.metrics.oracle_time import Moment, introductions
from transforms.model import Parameters

CHANNELS = ("meeting", "message", "work")
GRAINS = ("day", "week", "month", "quarter")
WHOLE, UNKNOWN, OTHER = "(all)", "(unknown)", "(other)"
HOUR = timedelta(hours=1)
Line = tuple[str, str]  # two units in alphabetical order, or one with itself


@dataclass(eq=False)
class Happening:
    """An event that people made; all undirected work on one item on one day is one."""

    number: int  # of the event, of the item, or of work on no item
    channel: str
    is_directed: bool
    day: date
    at: datetime
    container: int | None
    is_opening: bool  # answers nothing
    cap: int
    conversation: int | None = None
    reply_to: int | None = None
    hours: float = 0.0
    weight: dict[int, float] = field(default_factory=dict)  # of each person in it
    starters: set[int] = field(default_factory=set)
    addressed: set[int] = field(default_factory=set)

    @property
    def people(self) -> set[int]:
        return set(self.weight)

    @property
    def is_broadcast(self) -> bool:
        return len(self.weight) > self.cap

    @property
    def is_event_of_few(self) -> bool:
        return 1 < len(self.weight) <= self.cap

    @property
    def introducer(self) -> int | None:
        """Who alone began it."""
        return min(self.starters) if len(self.starters) == 1 else None

    def ties(self, one: int, other: int) -> bool:
        is_of_two = not self.is_directed or len(self.starters & {one, other}) == 1
        return is_of_two and {one, other} <= self.people

    @cached_property
    def acts(self) -> list[tuple[int, int, float]]:
        """(from, to, weight), where it is directed and of few."""
        if not (self.is_directed and self.is_event_of_few):
            return []
        towards = {p: w for p, w in self.weight.items() if p not in self.starters}
        whole = sum(towards.values()) if self.channel == "message" else 1.0
        return [(s, t, w / whole) for s in self.starters for t, w in towards.items()]

    @cached_property
    def pairs(self) -> list[tuple[int, int, float, float]]:
        """(one, other, weight, hours) of everything that makes a tie."""
        if self.is_directed:
            return [(s, t, w, 0.0) for s, t, w in self.acts]
        if not self.is_event_of_few:
            return []
        n = len(self.weight) - 1
        return [(s, t, 1 / n, self.hours / n) for s, t in combinations(sorted(self.weight), 2)]


def happenings(
    con: duckdb.DuckDBPyConnection, parameters: Parameters, *, act_by_act: bool = False
) -> list[Happening]:
    """In order of time; `act_by_act`: also of work on one item each act by itself."""
    person = dict(con.execute("FROM address_alias").fetchall())
    seats = defaultdict(list)
    for number, *seat in con.execute(
        "SELECT event_id, address_id, role, response FROM participation"
    ).fetchall():
        seats[number].append(seat)
    events = con.execute(
        """SELECT event_id, channel, kind, day, started_at, ended_at, initiator, thread, reply_to, container,
             answers
           FROM event WHERE NOT is_automated ORDER BY started_at, event_id"""
    ).fetchall()
    made: dict[tuple[Any, ...], Happening] = {}
    for number, channel, kind, day, at, end, initiator, thread, reply_to, container, answers in events:  # fmt: skip
        is_act = kind in ("assignment", "mention")
        is_joint = channel == "work" and not is_act and container is not None and not act_by_act
        key = (channel, day, container) if is_joint else (number,)
        one = made.setdefault(
            key,
            Happening(
                container if is_joint else number, channel, is_act or channel == "message", day, at, container,
                reply_to is None and (channel != "work" or is_act), parameters[f"size_cap_{channel}"],
                next((n for n in (thread, reply_to) if n is not None), number), reply_to,
            ),
        )  # fmt: skip
        if channel == "meeting" and end is not None:
            one.hours = (end - at) / HOUR
        there = [seat for seat in seats[number] if seat[1] == "organiser" or seat[2] != "declined"]
        for address, role, _ in there:
            who = person.get(address, address)
            weight = parameters["cc_weight"] if role == "cc" else 1.0
            one.weight[who] = max(one.weight.get(who, 0.0), weight)
            if role in ("organiser", "from") or (channel == "work" and address == initiator):
                one.starters.add(who)
            if role == "to":
                one.addressed.add(who)
        if answers is not None and one.people <= one.starters:  # names nobody but a list
            one.weight[person.get(answers, answers)] = 1.0
    return [one for one in made.values() if one.weight]


@dataclass
class Cell:
    """What happened in one period on one channel or on all, seen with the units of one boundary."""

    grain: str
    period: date
    index: int  # periods of a grain are numbered one by one
    channel: str
    boundary: str
    network: Network
    happened: list[Happening]

    @cached_property
    def few(self) -> list[Happening]:
        return [one for one in self.happened if one.is_event_of_few]

    @cached_property
    def ties(self) -> dict[tuple[int, int], tuple[float, float]]:
        """Two people → their weight and hours."""
        found: dict[tuple[int, int], tuple[float, float]] = {}
        for one in self.few:
            for s, t, w, h in one.pairs:
                pair = (min(s, t), max(s, t))
                before = found.get(pair, (0.0, 0.0))
                found[pair] = (before[0] + w, before[1] + h)
        return found

    @cached_property
    def lines(self) -> dict[Line, dict[tuple[int, int], tuple[float, float]]]:
        """Line → two people, the first of its first unit, → their weight and hours there."""
        found: dict[Line, dict[tuple[int, int], tuple[float, float]]] = defaultdict(dict)
        for one in self.few:
            for line, pair, w, h in self.network.placed(self.boundary, one):
                before = found[line].get(pair, (0.0, 0.0))
                found[line][pair] = (before[0] + w, before[1] + h)
        return found

    def seats_of(self, pair: tuple[int, int]) -> list[tuple[Line, tuple[int, int]]]:
        """Where two people have a tie: line, and the two in the order of its units."""
        both = (pair, pair[::-1])
        return [
            (line, seats) for line, ties in self.lines.items() for seats in both if seats in ties
        ]

    @cached_property
    def across(self) -> dict[Line, dict[tuple[int, int], float]]:
        """Lines of which the two ends are different units, also if these have no name, → weights."""
        return {
            line: {pair: w for pair, (w, _) in ties.items()}
            for line, ties in self.lines.items()
            if UNKNOWN not in line and (line[0] != line[1] or line[0] == OTHER)
        }

    @cached_property
    def acts(self) -> list[Act]:
        found = []
        for one in self.happened:
            is_begun = one.introducer is not None and (one.is_directed or one.channel == "meeting")
            others = tuple((p, w) for p, w in one.weight.items() if p not in one.starters)
            if not one.is_broadcast:
                found.append(
                    Act(
                        one.day, one.channel, frozenset(one.people), one.introducer if is_begun else None,
                        others if is_begun else (), one.is_directed, one.is_opening, one.container,
                    )
                )  # fmt: skip
        return found

    @cached_property
    def sizes(self) -> Counter[str]:
        """People on the books of each unit."""
        return self.network.frame(self.grain, self.index, self.boundary)

    def units(self, person: int, day: date) -> Mapping[str, float]:
        return self.network.units(self.boundary, person, day)

    def names(self, person: int, day: date) -> list[str]:
        return list(self.units(person, day)) or [UNKNOWN]

    @property
    def whole(self) -> Cell:
        """The same of all channels."""
        return self.network.cell(self.grain, self.index, WHOLE, self.boundary) or self

    def around(self, step: int) -> Cell | None:
        """The same of so many periods later."""
        return self.network.cell(self.grain, self.index + step, self.channel, self.boundary)


def index_of(day: date, grain: str) -> int:
    months = day.year * 12 + day.month - 1
    monday = day.toordinal() - day.weekday()
    return {"day": day.toordinal(), "week": monday // 7, "month": months, "quarter": months // 3}[grain]  # fmt: skip


def first_day(index: int, grain: str) -> date:
    if grain in ("day", "week"):
        return date.fromordinal(index if grain == "day" else index * 7 + 1)
    months = index * (1 if grain == "month" else 3)
    return date(months // 12, months % 12 + 1, 1)


class Network:
    """All that happened and where people belonged."""

    def __init__(self, con: duckdb.DuckDBPyConnection, parameters: Parameters) -> None:
        self.parameters = parameters
        self.happened = happenings(con, parameters)
        partners = defaultdict(set)
        for number, partner in con.execute("SELECT event_id, partner FROM observation").fetchall():
            partners[number].add(partner)
        self.seen = [
            (one, partners[one.number]) for one in happenings(con, parameters, act_by_act=True)
        ]
        self.boundaries = [name for (name,) in con.execute("FROM boundary").fetchall()]
        self.spans = defaultdict(list)
        for boundary, person, *span in con.execute(
            "SELECT boundary, person_id, valid_from, valid_to, unit, share, origin FROM membership"
        ).fetchall():
            self.spans[boundary, person].append(span)
        days = con.execute("SELECT min(day), max(day) FROM event").fetchall()[0]
        self.first, self.last = days
        self._units: dict[tuple[str, int, date], dict[str, float]] = {}
        self._placed: dict[tuple[str, Happening], list[Any]] = {}
        self._frame: dict[tuple[str, int, str], Counter[str]] = {}
        self.conversations = defaultdict(list)
        for one in self.happened:
            if one.channel == "message":
                for name in {one.conversation, one.reply_to} - {None}:
                    self.conversations[name].append(one)
        self._heard: dict[str, dict[Moment, set[tuple[str, str]]]] = {}
        self._joint: dict[str, dict[tuple[str, int], list[Any]]] = {}
        by_day = sorted(self.happened, key=lambda one: one.day)
        dates = [one.day for one in by_day]
        self._cells: dict[tuple[str, int, str, str], Cell] = {}
        for grain in GRAINS:
            for index in range(index_of(self.first, grain), index_of(self.last, grain) + 1):
                start, end = first_day(index, grain), first_day(index + 1, grain)
                there = by_day[bisect_left(dates, start) : bisect_left(dates, end)]
                for channel in (*CHANNELS, WHOLE):
                    listed = [one for one in there if channel in (one.channel, WHOLE)]
                    for boundary in self.boundaries:
                        self._cells[grain, index, channel, boundary] = Cell(
                            grain, start, index, channel, boundary, self, listed
                        )

    def cells(self, grain: str) -> Iterator[Cell]:
        return (cell for cell in self._cells.values() if cell.grain == grain)

    def cell(self, grain: str, index: int, channel: str, boundary: str) -> Cell | None:
        return self._cells.get((grain, index, channel, boundary))

    def units(self, boundary: str, person: int, day: date) -> dict[str, float]:
        """Unit → share, of a day; empty: unknown."""
        key = (boundary, person, day)
        if key not in self._units:
            self._units[key] = {
                unit: share
                for start, end, unit, share, _ in self.spans.get(key[:2], ())
                if start <= day <= end
            }
        return self._units[key]

    def placed(self, boundary: str, one: Happening) -> list[tuple[Line, tuple[int, int], float, float]]:  # fmt: skip
        """Its ties on their lines, with the share that each person has in a unit."""
        key = (boundary, one)
        if key not in self._placed:
            self._placed[key] = [
                ((g, h), (s, t), w * part * other, hours * part * other)
                if (g, s) <= (h, t)
                else ((h, g), (t, s), w * part * other, hours * part * other)
                for s, t, w, hours in one.pairs
                for g, part in (self.units(boundary, s, one.day) or {UNKNOWN: 1.0}).items()
                for h, other in (self.units(boundary, t, one.day) or {UNKNOWN: 1.0}).items()
            ]
        return self._placed[key]

    def frame(self, grain: str, index: int, boundary: str) -> Counter[str]:
        """Unit → people: each once, where most of the person belongs on the last day that tells."""
        key = (grain, index, boundary)
        if key in self._frame:
            return self._frame[key]
        start, end = first_day(index, grain), first_day(index + 1, grain) - timedelta(days=1)
        active = {p for one in self._cells[grain, index, WHOLE, boundary].happened for p in one.people}  # fmt: skip
        sizes: Counter[str] = Counter()
        for (of, person), spans in self.spans.items():
            told = [
                (min(until, end), share, unit)
                for since, until, unit, share, origin in spans
                if of == boundary and since <= end and until >= start
                and (origin == "directory" or person in active)
            ]  # fmt: skip
            if told:
                last = max(day for day, _, _ in told)
                sizes[min((-share, unit) for day, share, unit in told if day == last)[1]] += 1
        self._frame[key] = sizes
        return sizes

    def until(
        self, cell: Cell, grain: str | None = None, end: date | None = None
    ) -> Iterator[Cell]:
        """From the first of the data until this one: it and those before, or their days before `end`."""
        grain = grain or cell.grain
        for index in range(index_of(self.first, grain), index_of(self.last, grain) + 1):
            before = self._cells[grain, index, cell.channel, cell.boundary]
            if before.period < end if end else index <= cell.index:
                yield before

    @cached_property
    def introductions(self) -> list[tuple[Happening, int, int, int, bool, bool]]:
        return [*introductions(self.happened, self.parameters)]

    def heard(self, boundary: str) -> dict[Moment, set[tuple[str, str]]]:
        """Moment → which units tell and which hear."""
        if boundary not in self._heard:
            told = self._heard[boundary] = defaultdict(set)
            for one in self.happened:
                if one.is_event_of_few:
                    there, begun = (
                        {u for p in people for u in self.units(boundary, p, one.day)} - {OTHER}
                        for people in (one.people, one.starters)
                    )
                    others = {
                        u for p in one.people - one.starters for u in self.units(boundary, p, one.day)
                    } - {OTHER}  # fmt: skip
                    told[one.day, one.at] |= {
                        (g, h)
                        for g in (begun if one.is_directed else there)
                        for h in (others if one.is_directed else there)
                        if g != h
                    }
        return self._heard[boundary]

    def joint(self, boundary: str) -> dict[tuple[str, int], list[tuple[date, dict[str, set[int]]]]]:
        """Channel and container → when several units met in it, and who of each unit."""
        if boundary in self._joint:
            return self._joint[boundary]
        there: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        for one in self.happened:
            if one.container is not None and one.channel != "message" and one.is_event_of_few:
                number = one.number if one.channel == "meeting" else one.container
                there[one.day, one.channel, one.container, number] |= one.people
        self._joint[boundary] = found = defaultdict(list)
        for (day, channel, container, _), people in sorted(there.items()):
            units: dict[str, set[int]] = defaultdict(set)
            for person in people:
                for unit in self.units(boundary, person, day):
                    units[unit].add(person)
            if len(units.keys() - {OTHER}) + len(units.get(OTHER, ())) > 1:
                found[channel, container].append((day, dict(units)))
        return found


def graph_of(ties: Iterable[tuple[tuple[int, int], float]]) -> nx.Graph:
    """Ties with their weights; those of the same two add up."""
    graph = nx.Graph()
    for (s, t), w in ties:
        before = graph.get_edge_data(s, t, {"w": 0.0})["w"]
        graph.add_edge(s, t, w=before + w)
    return graph
