"""Metrics on directed acts and on what is begun, against networkx and sums by hand over the acts."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from math import nan
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.oracle_directed import ORACLES, WHOLE, Act, Units
from tests.network import PARAMETERS, behind, build, empty_warehouse
from tests.real.oracle_mail import answered, mail, messages, united
from tests.real.oracle_people import UNKNOWN, Society
from transforms.people import ALWAYS, OPEN, split

CAP = 5
CC = 0.5
GRAINS = ("day", "week", "month", "quarter")
MODELS = behind(*ORACLES)
TEST_PARAMETERS = PARAMETERS | {
    "size_cap_meeting": CAP, "size_cap_message": CAP, "size_cap_work": CAP, "cc_weight": CC,
    "initiator_acts": 3, "participation_containers": 1,
}  # fmt: skip
Cell = tuple[str, str, str, date, str, str, str]


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
        for row in oracle(listed, units, TEST_PARAMETERS)
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
