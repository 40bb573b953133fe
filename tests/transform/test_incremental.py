"""Restating what is stale gives the same rows as building everything anew, for any history."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.metrics import invented
from tests.network import PARAMETERS, all_models, build, empty_warehouse
from transforms.people import ALWAYS, OPEN
from warehouse.memberships import load_memberships

MODELS = all_models()
TABLES = sorted({model.table for model in MODELS})
START = date(2026, 1, 1)
MEMBERS = {1: "A", 2: "A", 3: "B", 4: "B", 5: "C"}
# Windows that reach from one stretch of days to the next, so that a change is felt far from its day.
WINDOWS = PARAMETERS | {
    "introduction_days": 50,
    "introduction_history": 5,
    "conversion_days": 40,
    "answer_days": 8,
    "initiator_acts": 2,
    "resumed_within": 1,
}

event = st.fixed_dictionaries(
    {
        # Gaps between the three stretches make empty periods of every grain.
        "day": st.sampled_from([0, 1, 3, 8, 9, 40, 41, 75, 130, 131, 200]),
        "channel": st.sampled_from(["meeting", "message", "work"]),
        "container": st.sampled_from([None, 7, 8]),
        "automated": st.sampled_from([False, False, False, True]),
        "people": st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True),
        "hour": st.integers(0, 23),
        "reply_to": st.none() | st.integers(1, 12),
    }
)
history = st.dictionaries(st.integers(1, 12), event, max_size=10)
# A past in which 1 knows 3 and 5, asks them, and brings them together; they meet; with the answers to 20.
PAST = {
    20: {"day": 0, "channel": "message", "people": [1, 3, 5]},
    21: {"day": 8, "channel": "message", "people": [3, 1], "reply_to": 20},
    22: {"day": 9, "channel": "message", "people": [5, 1, 2], "reply_to": 20},
    23: {"day": 1, "channel": "meeting", "people": [1, 2], "container": 7},
    24: {"day": 3, "channel": "meeting", "people": [1, 4], "container": 7},
    25: {"day": 9, "channel": "meeting", "people": [1, 2, 4], "container": 7},
    26: {"day": 41, "channel": "work", "people": [2, 4], "container": 8},
    27: {"day": 75, "channel": "meeting", "people": [1, 3], "container": 8},
    28: {"day": 75, "channel": "meeting", "people": [4, 2], "hour": 4},
}
moved = st.integers(20, 28).flatmap(
    lambda number: st.tuples(
        st.just(number),
        st.none() | st.builds(lambda day: {**PAST[number], "day": day}, st.integers(0, 90)),
    )
)


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
    start = datetime.combine(day, datetime.min.time()) + timedelta(hours=one.get("hour", 10))
    kind = {"meeting": "meeting", "message": "mail", "work": "comment"}[one["channel"]]
    con.execute(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, 0, NULL)",
        [number, one["channel"], kind, day, start, start + timedelta(hours=1), one["people"][0],
         one.get("reply_to"), one.get("container"), one.get("automated", False)],
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


@settings(deadline=None, max_examples=6)
@given(
    history,
    st.lists(
        st.tuples(st.integers(1, 12), st.none() | event) | moved | moved, min_size=1, max_size=3
    ),
)
def test_incremental_equals_full(first: dict, changes: list) -> None:
    nightly = with_members()
    final = PAST | first
    for number, one in final.items():
        put(nightly, number, one)
    build(nightly, MODELS, WINDOWS)
    for number, one in changes:
        put(nightly, number, one)
        build(nightly, MODELS, WINDOWS)
        final[number] = one
    fresh = with_members()
    for number, one in final.items():
        put(fresh, number, one)
    build(fresh, MODELS, WINDOWS)
    assert_same(nightly, fresh)
    assert nightly.execute("SELECT count(*) FROM stale_day").fetchall() == [(0,)]


def test_nights_of_a_network_with_all_complications_give_what_a_rebuild_gives() -> None:
    """The first months at once, then weeks, one that came late, one taken back, and single days.

    In between a directory that names fewer people, other units and one boundary, and the right one again.
    """
    days = [invented.on(n) for n in range(invented.DAYS)]
    late, away = days[24:29], days[50:53]
    steps = [
        set(days[:70]) - set(late), {*days[70:84]}, {*late, *days[84:91]}, {*days[91:128]}, *({day} for day in days[128:]),
    ]  # fmt: skip
    with empty_warehouse() as fresh, empty_warehouse() as nightly:
        invented.fill(fresh)
        for table in ("event", "participation", "observation"):
            fresh.execute(f"DELETE FROM {table} WHERE day BETWEEN ? AND ?", [away[0], away[-1]])
        fresh.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
        build(fresh, MODELS, WINDOWS)
        invented.fill(nightly)
        whole = {
            name: nightly.sql(f"FROM {name}").pl()
            for name in ("event", "participation", "observation")
        }
        for name in whole:
            nightly.execute(f"DELETE FROM {name}")
        of_now, alias = (
            nightly.sql(f"FROM {name}").pl() for name in ("membership", "address_alias")
        )
        unit = pl.col("unit").replace({"Clinic": "Dairy", "Heath": "Moor"})
        of_then = of_now.filter(pl.col("person_id") % 10 != 3).with_columns(unit=unit)
        for step in steps:
            for name, rows in whole.items():
                nightly.register("arriving", rows.filter(pl.col("day").is_in(step)))
                nightly.execute(f"INSERT INTO {name} FROM arriving")
            nightly.register("arriving", pl.DataFrame({"day": sorted(step)}))
            nightly.execute("INSERT INTO stale_day FROM arriving")
            build(nightly, MODELS, WINDOWS)
            if step == steps[1]:
                load_memberships(nightly, of_then, alias, ["organisation"])
            if step == steps[3]:
                load_memberships(nightly, of_now, alias, ["organisation", "team"])
            if step == steps[2]:
                for name in whole:
                    nightly.execute(
                        f"DELETE FROM {name} WHERE day BETWEEN ? AND ?", [away[0], away[-1]]
                    )
                nightly.execute("INSERT INTO stale_day SELECT unnest(?::DATE[])", [away])
        assert_same(nightly, fresh)


def test_the_past_holds_what_looks_back_and_ahead() -> None:
    con = with_members()
    for number, one in PAST.items():
        put(con, number, one)
    build(con, MODELS, WINDOWS)
    found = con.execute("SELECT s, t, is_converted, is_mature FROM introduction").fetchall()
    assert found == [(2, 4, True, True)]
    answered = con.execute(
        "SELECT t, answered_after, is_observed FROM opportunity WHERE s = 1 ORDER BY t"
    ).fetchall()
    assert answered == [(3, 192.0, True), (5, None, True)]
    assert con.execute("SELECT count(*) FROM joint_initiative WHERE is_birth").fetchall() == [(1,)]


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
    using = {model.name for model in MODELS if "resumed_within" in model.parameters}
    assert {"tie_turnover", "revived", "tie_half_life"} <= using
    for model in MODELS:  # each after those that it reads
        if {one.table for one in MODELS if one.name in using - {model.name}} & set(model.reads):
            using.add(model.name)
    assert set(build(con, MODELS, {**PARAMETERS, "resumed_within": 2}).rebuilt) == using
    rebuilt = build(con, MODELS, {**PARAMETERS, "size_cap_meeting": 2}).rebuilt
    assert "attendance" in rebuilt
    assert "flow" in rebuilt
    assert con.execute("SELECT count(*) FROM tie_day").fetchall() == [(0,)]
