"""Metrics on directed acts and on what is begun, against networkx and sums by hand over the acts."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import log, nan
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network import PARAMETERS, behind, build, empty_warehouse
from tests.real.oracle_mail import answered, mail, messages, united
from tests.real.oracle_people import UNKNOWN, Society
from transforms.people import ALWAYS, OPEN, split

WHOLE = "(all)"
CAP = 5
CC = 0.5
GRAINS = ("day", "week", "month", "quarter")
METRICS = ("reciprocity", "net_flow", "initiative_balance", "initiators", "participation_balance")


MODELS = behind(*METRICS)
TEST_PARAMETERS = PARAMETERS | {
    "size_cap_meeting": CAP, "size_cap_message": CAP, "size_cap_work": CAP, "cc_weight": CC,
    "initiator_acts": 3, "participation_containers": 1,
}  # fmt: skip
Units = Callable[[object, date], Mapping[str, float]]  # a person's units that day and their shares
Cell = tuple[str, str, str, date, str, str, str]


@dataclass(frozen=True)
class Act:
    """What one person did towards others, or several did together."""

    day: date
    channel: str
    people: frozenset
    starter: object = None
    towards: tuple[tuple[object, float], ...] = ()  # others, and what they count for
    is_directed: bool = True
    is_opening: bool = True  # answers nothing
    container: object = None

    @property
    def weights(self) -> dict:
        total = sum(weight for _, weight in self.towards)
        divisor = total if self.channel == "message" else 1.0
        return {person: weight / divisor for person, weight in self.towards}


# --- what the metrics should say of acts of one period and channel ------------------------------


def reciprocity(acts: list[Act], units: Units) -> Iterator[tuple]:
    graphs: dict[tuple[str, str], nx.DiGraph] = defaultdict(nx.DiGraph)

    def add(cell: tuple[str, str], s: object, t: object, w: float) -> None:
        before = graphs[cell].get_edge_data(s, t, {"w": 0.0})["w"]
        graphs[cell].add_edge(s, t, w=before + w)

    for act in acts:
        if not act.is_directed:
            continue
        for t, w in act.weights.items():
            add((WHOLE, WHOLE), (act.starter, WHOLE), (t, WHOLE), w)
            for g, part in units(act.starter, act.day).items():
                for h, other in units(t, act.day).items():
                    add((min(g, h), max(g, h)), (act.starter, g), (t, h), w * part * other)
    for (unit, other), graph in graphs.items():
        total = sum(w for *_, w in graph.edges(data="w"))
        both = sum(
            min(w, graph.get_edge_data(t, s, {"w": 0})["w"]) for s, t, w in graph.edges(data="w")
        )
        side = Counter(where for _, where in graph)
        behind = (side[unit], None if unit == WHOLE else side[other])
        arcs = graph.number_of_edges()
        people = {person for person, _ in graph}
        touched = [
            [w for s, t, w in graph.edges(data="w") if person in (s[0], t[0])] for person in people
        ]
        yield "weighted", unit, other, both / total, *behind, max(map(sum, touched)) / total
        yield (
            "unweighted", unit, other, nx.overall_reciprocity(graph), *behind,
            max(map(len, touched)) / arcs,
        )  # fmt: skip


def net_flow(acts: list[Act], units: Units) -> Iterator[tuple]:
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    touched: dict[str, Counter] = defaultdict(Counter)
    own: dict[str, set] = defaultdict(set)
    for act in acts:
        for t, w in act.weights.items() if act.is_directed else ():
            for g, part in units(act.starter, act.day).items():
                for h, other in units(t, act.day).items():
                    if g != h:
                        sent[g] += w * part * other
                        received[h] += w * part * other
                        own[g].add(act.starter)
                        own[h].add(t)
                        for unit in (g, h):
                            touched[unit] += Counter({act.starter: w * part * other})
                            touched[unit] += Counter({t: w * part * other})
    for unit in sent.keys() | received.keys():
        total = sent[unit] + received[unit]
        top = max(touched[unit].values()) / total
        yield "net", unit, WHOLE, (sent[unit] - received[unit]) / total, len(own[unit]), None, top


def initiative_balance(acts: list[Act], units: Units) -> Iterator[tuple]:
    starts: Counter[tuple[str, str]] = Counter()  # of the first towards the second
    starters: dict[tuple[str, str], set] = defaultdict(set)
    addressed: dict[tuple[str, str], set] = defaultdict(set)
    touched: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for act in acts:
        for g, part in (
            units(act.starter, act.day).items() if act.is_opening and act.towards else ()
        ):
            presence: dict[str, dict[object, float]] = defaultdict(dict)
            for t, weight in act.towards:
                for h, share in units(t, act.day).items():
                    if g != h:
                        presence[h][t] = weight * share
            for h, shares in presence.items():
                begun = part * max(shares.values())
                starts[g, h] += begun
                starters[g, h].add(act.starter)
                addressed[g, h] |= shares.keys()
                touched[g, h][act.starter] += begun
                for t, share in shares.items():
                    touched[g, h][t] += begun * share / sum(shares.values())
    for g, h in {(min(line), max(line)) for line in starts}:
        there, back, ways = starts[g, h], starts[h, g], [(g, h), (h, g)]
        behind = [len(starters[g, h] | addressed[h, g]), len(starters[h, g] | addressed[g, h])]
        top = max((touched[g, h] + touched[h, g]).values()) / (there + back)
        yield "balance", g, h, 2 * min(there, back) / (there + back), *behind, top
        fewest = [
            min(len(side) for side in sides if side)
            for sides in ((starters[g, h], addressed[h, g]), (starters[h, g], addressed[g, h]))
        ]
        top = max(max(touched[way].values()) / starts[way] for way in ways if starts[way])
        yield "started_by_unit", g, h, there, *fewest, top
        yield "started_by_other", g, h, back, *fewest, top


def initiators(acts: list[Act], units: Units) -> Iterator[tuple]:
    begun: dict[str, list] = defaultdict(list)
    for act in acts:
        if act.is_opening and act.starter is not None and len(act.people) > 1:
            for unit in [WHOLE, *units(act.starter, act.day)]:
                begun[unit].append(act.starter)
    for unit, starters in begun.items():
        counts, total = Counter(starters), len(starters)
        behind = (len(counts), None, max(counts.values()) / total)
        yield "acts", unit, WHOLE, total, *behind
        if total >= TEST_PARAMETERS["initiator_acts"]:
            # The chance that two acts drawn without putting back are one person's.
            pairs = [(a, b) for n, a in enumerate(starters) for b in starters[:n]]
            same = sum(a == b for a, b in pairs)
            yield "effective", unit, WHOLE, len(pairs) / same if same else None, *behind
            yield "top_share", unit, WHOLE, behind[-1], *behind
        elif unit == WHOLE:
            yield "effective", unit, WHOLE, None, *behind


def participation_balance(acts: list[Act], units: Units) -> Iterator[tuple]:
    parts: dict[object, Counter[tuple]] = defaultdict(Counter)
    for act in acts:
        acting = [act.starter] if act.is_directed else act.people
        for person in acting if act.container is not None else ():
            for unit, share in units(person, act.day).items():
                parts[act.container][unit, person] += share
    shared: dict[str, list[Counter[tuple]]] = defaultdict(list)
    for part in parts.values():
        present = {unit for unit, _ in part}
        for unit in [WHOLE, *present] if len(present) > 1 else ():
            shared[unit].append(part)
    for unit, held in shared.items():
        mean, people = 0.0, Counter()
        for part in held:
            by_unit, total = Counter(), sum(part.values())
            for (of, person), n in part.items():
                by_unit[of] += n
                people[person] += n
            entropy = -sum(n / total * log(n / total) for n in by_unit.values())
            mean += total * entropy / log(len(by_unit)) / sum(sum(p.values()) for p in held)
        own = {person for part in held for of, person in part if unit in (WHOLE, of)}
        behind = (len(own), None, max(people.values()) / people.total())
        yield "balance", unit, WHOLE, mean, *behind
        yield "containers", unit, WHOLE, len(held), *behind


ORACLES = {f.__name__: f for f in (reciprocity, net_flow, initiative_balance, initiators, participation_balance)}  # fmt: skip


def first_day(day: date, grain: str) -> date:
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=day.month if grain == "month" else (day.month - 1) // 3 * 3 + 1)


def assert_told(con: duckdb.DuckDBPyConnection, acts: Iterable[Act], units: Units) -> int:
    """Every row of these metrics is what the oracles say, and nothing else is there."""
    of_cell: dict[tuple[str, date, str], list[Act]] = defaultdict(list)
    for act in acts:
        if len(act.people) <= CAP:
            for grain in GRAINS:
                for channel in (act.channel, WHOLE):
                    of_cell[grain, first_day(act.day, grain), channel].append(act)
    wanted = {
        (metric, row[0], *cell, row[1], row[2]): row[3:]
        for metric, oracle in ORACLES.items()
        for cell, listed in of_cell.items()
        for row in oracle(listed, units)
        if cell[0] != "day" or metric == "net_flow" or (metric == "reciprocity" and row[1] == WHOLE)
    }
    found = {
        tuple(row[:7]): row[7:]
        for row in con.execute(
            """SELECT metric, measure, grain, period, channel, unit, other_unit, value, people, other_people,
                 top_share
               FROM metric_value"""
        ).fetchall()
    }
    assert found.keys() == wanted.keys()
    for cell, numbers in wanted.items():
        told = [nan if n is None else n for n in found[cell][: len(numbers)]]
        expected = [nan if n is None else n for n in numbers]
        assert told == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), cell
    return len(wanted)


# --- any small network --------------------------------------------------------------------------

START = date(2026, 1, 5)
PEOPLE = st.integers(1, 8)
# Few people and days, so that they meet again; day 90 lies in the next quarter.
event = st.fixed_dictionaries(
    {
        "day": st.sampled_from([0, 1, 2, 8, 30, 31, 90]),
        "kind": st.sampled_from(["meeting", "mail", "mail", "assignment", "mention", "comment"]),
        "starter": PEOPLE,
        "to": st.lists(PEOPLE, max_size=5, unique=True),
        "cc": st.lists(PEOPLE, max_size=2, unique=True),
        "answers": st.sampled_from([None, None, 1, 2, 3]),
        "container": st.sampled_from([None, 101, 102]),
    }
)
histories = st.lists(event, min_size=1, max_size=24)
memberships = st.lists(
    st.tuples(PEOPLE, st.sampled_from("ABC"), st.sampled_from([0, 2, 31]), st.sampled_from([0, 8, 120]),
              st.sampled_from([None, 0.25, 0.5, 1.0])),
    max_size=14,
)  # fmt: skip
ROLES = {
    "meeting": ("organiser", "required"), "mail": ("from", "to"), "assignment": ("author", "assignee"),
    "mention": ("author", "mentioned"), "comment": ("author", "commenter"),
}  # fmt: skip
CHANNELS = {"meeting": "meeting", "mail": "message"}


def put(
    con: duckdb.DuckDBPyConnection,
    events: list[tuple],
    seats: list[tuple],
) -> None:
    """Events: number, channel, kind, day, starter, parent, container, author of the parent."""
    con.executemany(
        """INSERT INTO event
           SELECT $1, $2, $3, $4, $4::TIMESTAMP, NULL, $5, NULL, $6, $7, false, 0, $8""",
        events,
    )
    con.executemany("INSERT INTO participation VALUES (?, ?, ?, ?, 'none')", seats)


def acts_of(history: list[dict], authors: dict[int, int]) -> Iterator[Act]:
    together: dict[tuple[date, object], set[int]] = defaultdict(set)
    for number, one in enumerate(history, 1):
        day, starter, kind = START + timedelta(days=one["day"]), one["starter"], one["kind"]
        to = {person: 1.0 for person in one["to"] if person != starter}
        if kind == "mail":
            to = {person: CC for person in one["cc"] if person != starter} | to
            parent = authors.get(one["answers"])
            if not to and parent is not None and parent != starter:
                to = {parent: 1.0}
        people = frozenset({starter, *to})
        if kind == "comment":
            together[day, one["container"] or number] |= people
            continue
        yield Act(
            day, CHANNELS.get(kind, "work"), people, starter, tuple(to.items()), kind != "meeting",
            kind != "mail" or one["answers"] is None, one["container"],
        )  # fmt: skip
    for (day, item), people in together.items():
        container = item if item in (101, 102) else None
        yield Act(day, "work", frozenset(people), None, (), False, False, container)


@settings(max_examples=15)
@given(histories, memberships)
def test_small_networks(history: list[dict], spans: list[tuple]) -> None:
    members = split(
        pl.DataFrame(
            [
                {"person_id": p, "boundary": "organisation", "unit": unit, "valid_from": START + timedelta(days=first),
                 "valid_to": START + timedelta(days=first + length), "share": share, "origin": "directory"}
                for p, unit, first, length, share in spans
            ],
            schema={"person_id": pl.Int64, "boundary": pl.String, "unit": pl.String, "valid_from": pl.Date,
                    "valid_to": pl.Date, "share": pl.Float64, "origin": pl.String},
        )
    )  # fmt: skip
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.register("members", members)
    con.execute("INSERT INTO membership BY NAME FROM members")
    # Event 3 is outside the data where there are fewer: its author is not known.
    authors = {n: one["starter"] for n, one in enumerate(history, 1) if one["kind"] == "mail"}
    events, seats = [], []
    for number, one in enumerate(history, 1):
        day, kind, parent = START + timedelta(days=one["day"]), one["kind"], None
        first, other = ROLES[kind]
        roles = dict.fromkeys(one["to"], other) | {one["starter"]: first}
        if kind == "mail":
            roles = dict.fromkeys(one["cc"], "cc") | roles
            parent = one["answers"]
        events.append(
            (number, CHANNELS.get(kind, "work"), kind, day, one["starter"], parent, one["container"],
             authors.get(parent))
        )  # fmt: skip
        seats += [(day, number, person, role) for person, role in roles.items()]
    put(con, events, seats)
    build(con, MODELS, TEST_PARAMETERS)

    def units(person: object, day: date) -> dict[str, float]:
        return {
            row["unit"]: row["share"]
            for row in members.iter_rows(named=True)
            if row["person_id"] == person and row["valid_from"] <= day <= row["valid_to"]
        }

    assert_told(con, acts_of(history, authors), units)


# --- a real mailing list ------------------------------------------------------------------------


def test_a_month_of_a_real_list(shared_data: Path) -> None:
    settings_path = Path(__file__).resolve().parents[2] / "docs" / "examples" / "openbmc.toml"
    example = tomllib.loads(settings_path.read_text(encoding="utf-8"))
    society, zone = Society(example), ZoneInfo(example["network"]["time_zone"])
    read = messages(shared_data / "openbmc-mail" / "openbmc-2020-03.mbox.gz")
    mails = united(mail(one, zone, society.is_nobody) for one in read)
    numbers: dict[str | None, int] = defaultdict(lambda: len(numbers) + 1)
    people: dict[str, int] = defaultdict(lambda: len(people) + 1)
    events, seats = [], []
    for one in mails.values():
        if one.is_automated or one.sender is None:
            continue
        parent = mails.get(one.parent or "")
        is_known = parent is not None and parent.sender is not None and not parent.is_automated
        events.append(
            (numbers[one.id], "message", "mail", one.day, people[one.sender],
             numbers[one.parent] if one.parent else None, None,
             people[parent.sender] if is_known else None)
        )  # fmt: skip
        roles = dict.fromkeys(one.cc, "cc") | dict.fromkeys(one.to, "to") | {one.sender: "from"}
        seats += [(one.day, numbers[one.id], people[p], role) for p, role in roles.items()]
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    placed = {number: society.organisation(person) for person, number in people.items()}
    con.executemany(
        "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, 1, 'domain')",
        [(p, unit, ALWAYS, OPEN) for p, unit in placed.items() if unit != UNKNOWN],
    )
    put(con, events, seats)
    build(con, MODELS, TEST_PARAMETERS)
    acts = [
        Act(one.day, "message", frozenset(people[p] for p in one.people), people[one.sender],
            tuple((people[p], w) for p, w in one.weights.items()), is_opening=one.parent is None)
        for one in answered(mails)
        if one.sender is not None
    ]  # fmt: skip

    def units(person: object, day: date) -> dict[str, float]:
        return {} if placed[person] == UNKNOWN else {placed[person]: 1.0}

    assert len(acts) > 200
    assert assert_told(con, acts, units) > 500
