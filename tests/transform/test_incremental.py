"""Restating what is stale gives the same rows as building everything anew, for any history."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.network import PARAMETERS, build, empty_warehouse
from transforms.model import read_models
from transforms.people import ALWAYS, OPEN

MODELS = read_models()
TABLES = sorted({model.table for model in MODELS})
START = date(2026, 1, 1)
MEMBERS = {1: "A", 2: "A", 3: "B", 4: "B", 5: "C"}

event = st.fixed_dictionaries(
    {
        # Gaps between the three stretches make empty periods of every grain.
        "day": st.sampled_from([0, 1, 3, 8, 9, 40, 41, 75, 130, 131, 200]),
        "channel": st.sampled_from(["meeting", "message", "work"]),
        "container": st.sampled_from([None, 7, 8]),
        "automated": st.booleans(),
        "people": st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True),
    }
)
history = st.dictionaries(st.integers(1, 12), event, max_size=8)


def put(con: duckdb.DuckDBPyConnection, number: int, one: dict | None) -> None:
    """Replace an event, or with None remove it, and mark its old and new day stale."""
    con.execute(
        "INSERT INTO stale_day SELECT day FROM event WHERE event_id = ? EXCEPT FROM stale_day",
        [number],
    )
    con.execute("DELETE FROM event WHERE event_id = ?", [number])
    con.execute("DELETE FROM participation WHERE event_id = ?", [number])
    if one is None:
        return
    day = START + timedelta(days=one["day"])
    start = datetime.combine(day, datetime.min.time())
    kind = {"meeting": "meeting", "message": "mail", "work": "comment"}[one["channel"]]
    con.execute(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, 0, NULL)",
        [number, one["channel"], kind, day, start, start + timedelta(hours=1), one["people"][0],
         one["container"], one["automated"]],
    )  # fmt: skip
    roles = {
        "meeting": ("organiser", "required"),
        "message": ("from", "to"),
        "work": ("author", "commenter"),
    }
    first, other = roles[one["channel"]]
    for place, person in enumerate(one["people"]):
        con.execute(
            "INSERT INTO participation VALUES (?, ?, ?, ?, 'none')",
            [day, number, person, other if place else first],
        )
    con.execute("INSERT INTO stale_day SELECT ? WHERE ? NOT IN (FROM stale_day)", [day, day])


def with_members() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    for person, unit in MEMBERS.items():
        con.execute(
            "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, 1, 'directory')",
            [person, unit, ALWAYS, OPEN],
        )
    return con


def assert_same(left: duckdb.DuckDBPyConnection, right: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        frames = []
        for con in (left, right):
            frame = con.sql(f"FROM {table}").pl()
            keys = [c for c, kind in frame.schema.items() if kind != pl.Float64]
            frames.append(frame.sort(keys, nulls_last=True))
        # Sums of floats depend on their order.
        assert_frame_equal(*frames, rel_tol=1e-9, abs_tol=1e-12)


@settings(deadline=None, max_examples=12)
@given(history, st.lists(st.tuples(st.integers(1, 12), st.none() | event), min_size=1, max_size=4))
def test_incremental_equals_full(first: dict, changes: list) -> None:
    nightly = with_members()
    for number, one in first.items():
        put(nightly, number, one)
    build(nightly, MODELS)
    final = dict(first)
    for number, one in changes:
        put(nightly, number, one)
        build(nightly, MODELS)
        final[number] = one
    fresh = with_members()
    for number, one in final.items():
        put(fresh, number, one)
    build(fresh, MODELS)
    assert_same(nightly, fresh)
    assert nightly.execute("SELECT count(*) FROM stale_day").fetchall() == [(0,)]


@pytest.mark.parametrize("gone", [1, 3])
def test_the_network_shrinks_with_its_first_or_last_event(gone: int) -> None:
    meeting = {"channel": "meeting", "container": None, "automated": False, "people": [1, 3]}
    days = {1: 0, 2: 75, 3: 200}
    con, fresh = with_members(), with_members()
    for number, day in days.items():
        put(con, number, {**meeting, "day": day})
    build(con, MODELS)
    put(con, gone, None)
    build(con, MODELS)
    for number, day in days.items():
        if number != gone:
            put(fresh, number, {**meeting, "day": day})
    build(fresh, MODELS)
    assert_same(con, fresh)


def test_days_to_come_wait_for_their_turn() -> None:
    con, fresh = with_members(), with_members()
    people = {"channel": "meeting", "container": None, "automated": False, "people": [1, 3]}
    for number, day in ((1, 0), (2, 5)):
        put(con, number, {**people, "day": day})
        put(fresh, number, {**people, "day": day})
    build(con, MODELS, today=START + timedelta(days=5))
    assert con.execute("SELECT count(*) FROM tie_day").fetchall() == [(1,)]
    assert con.execute("FROM stale_day").fetchall() == [(START + timedelta(days=5),)]
    build(con, MODELS, today=START + timedelta(days=6))
    build(fresh, MODELS, today=START + timedelta(days=6))
    assert_same(con, fresh)


def test_nothing_stale_computes_nothing_and_a_changed_parameter_rebuilds_what_uses_it() -> None:
    con = with_members()
    put(
        con,
        1,
        {
            "day": 0,
            "channel": "meeting",
            "container": None,
            "automated": False,
            "people": [1, 2, 3],
        },
    )
    assert build(con, MODELS).rebuilt
    assert build(con, MODELS).rebuilt == ()
    assert set(build(con, MODELS, {**PARAMETERS, "resumed_within": 2}).rebuilt) == {
        "tie_turnover",
        "trend",
    }
    rebuilt = build(con, MODELS, {**PARAMETERS, "size_cap_meeting": 2}).rebuilt
    assert "attendance" in rebuilt
    assert "flow" in rebuilt
    assert con.execute("SELECT count(*) FROM tie_day").fetchall() == [(0,)]
