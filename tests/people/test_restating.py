"""Another directory restates what it touches and no more: the rows are those of a full build."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.config import Dated
from tests.network import behind, build, empty_warehouse
from tests.people.told import KEY, person, seen, told
from tests.transform.test_incremental import START, put
from transforms.people import memberships
from warehouse.memberships import find_stale, load_memberships

if TYPE_CHECKING:
    from datetime import date

    from transforms.people import People


MODELS = behind("frame", "unit_event_day", "flow", "cross_boundary_share")
ADDRESSES = [f"p{n}@{'x' if n < 4 else 'y'}.example" for n in range(1, 7)]
BOUNDARIES = ["organisation", "team"]
OFFSETS = [None, 0, 2, 8, 10, 31, 41, 60, 75, 90, 100, 130, 140, 200, 220]


def on(offset: int | None) -> date | None:
    return None if offset is None else type(START).fromordinal(START.toordinal() + offset)


span = st.tuples(st.sampled_from(OFFSETS), st.sampled_from(OFFSETS)).filter(
    lambda s: None in s or s[0] <= s[1]
)
member = st.tuples(
    st.sampled_from(ADDRESSES[:5]), st.sampled_from(BOUNDARIES), st.sampled_from("ABC"), span,
    st.sampled_from([None, 0.3, 0.5]),
)  # fmt: skip
society = st.fixed_dictionaries(
    {
        "members": st.lists(member, max_size=5),
        "aliases": st.lists(st.sampled_from([(ADDRESSES[5], ADDRESSES[0]), (ADDRESSES[5], ADDRESSES[3])]), max_size=1),
        "hands over": st.none() | st.sampled_from([1, 9, 50, 75, 100, 131]),
    }
)  # fmt: skip
event = st.fixed_dictionaries(
    {
        "day": st.sampled_from([0, 3, 8, 40, 75, 130, 200]),
        "channel": st.sampled_from(["meeting", "message"]),
        "container": st.just(None),
        "automated": st.just(value=False),
        "people": st.lists(st.sampled_from([*map(person, ADDRESSES)]), min_size=2, max_size=4, unique=True),
    }
)  # fmt: skip


@cache
def one_warehouse() -> duckdb.DuckDBPyConnection:
    return empty_warehouse()


def emptied() -> duckdb.DuckDBPyConnection:
    con = one_warehouse()
    for table in ("event", "participation", "membership", "address_alias", "boundary", "stale_day"):
        con.execute(f"DELETE FROM {table}")
    return con


def people(one: dict) -> People:
    rows = [(a, b, u, on(s[0]), on(s[1]), share) for a, b, u, s, share in one["members"]]
    domain = "X" if one["hands over"] is None else [Dated("X", on(one["hands over"])), Dated("Z")]
    return memberships(
        [told(rows, one["aliases"])], seen(*ADDRESSES), {"x.example": domain}, key=KEY
    )


def loaded(con: duckdb.DuckDBPyConnection, found: People) -> int:
    con.execute("BEGIN")
    try:
        days = load_memberships(con, found.membership, found.alias, BOUNDARIES)
        con.execute("COMMIT")
    except duckdb.Error:
        # The next example has the same warehouse: its error would be told, and not this one.
        con.execute("ROLLBACK")
        raise
    return days


def warehouse(events: list[dict], found: People) -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    for number, one in enumerate(events, 1):
        put(con, number, one)
    loaded(con, found)
    build(con, MODELS)
    return con


def assert_same(left: duckdb.DuckDBPyConnection, right: duckdb.DuckDBPyConnection) -> None:
    for table in sorted({model.table for model in MODELS}):
        frames = [con.sql(f"FROM {table}").pl() for con in (left, right)]
        keys = [c for c, kind in frames[0].schema.items() if kind != pl.Float64]
        # Sums of floats depend on their order.
        assert_frame_equal(
            *(f.sort(keys, nulls_last=True) for f in frames), rel_tol=1e-9, abs_tol=1e-12
        )


def units(found: People, offset: int) -> dict:
    day = on(offset)
    rows = found.membership.filter((pl.col("valid_from") <= day) & (pl.col("valid_to") >= day))
    told_of: dict = {}
    for who, boundary, unit, _, _, share, origin in rows.rows():
        told_of.setdefault(who, set()).add((boundary, unit, round(share, 9), origin))
    return told_of


@settings(max_examples=6)
@given(st.lists(event, min_size=1, max_size=4), society, society)
def test_another_directory_gives_what_a_full_build_gives(
    events: list, first: dict, then: dict
) -> None:
    nightly = warehouse(events, people(first))
    loaded(nightly, people(then))
    built = build(nightly, MODELS)
    assert built.rebuilt == ()
    assert_same(nightly, warehouse(events, people(then)))


@settings(max_examples=50)
@given(st.lists(event, min_size=1, max_size=4), society, society)
def test_stale_are_days_on_which_somebody_belongs_elsewhere(
    events: list, first: dict, then: dict
) -> None:
    con = emptied()
    for number, one in enumerate(events, 1):
        put(con, number, one)
    before, after = people(first), people({**then, "aliases": first["aliases"]})
    loaded(con, before)
    con.execute("DELETE FROM stale_day")
    days = loaded(con, after)
    stale = {(d - START).days for (d,) in con.execute("FROM stale_day").fetchall()}
    assert days == len(stale)
    changed = {n for n in range(-10, 300) if units(before, n) != units(after, n)}
    assert stale <= changed
    # Nobody who is active belongs elsewhere on a day that is left alone.
    whose = dict(before.alias.rows())
    for one in events:
        acting = {whose.get(p, p) for p in one["people"]}
        elsewhere = {
            p for p in acting if units(before, one["day"]).get(p) != units(after, one["day"]).get(p)
        }
        assert not elsewhere or one["day"] in stale


def test_the_author_of_what_is_answered_is_there_too() -> None:
    """Who answers a post on a list names nobody but the list."""
    con = emptied()
    asked, answered = map(person, (ADDRESSES[5], ADDRESSES[4]))
    one = {"channel": "message", "container": None, "automated": False}
    put(con, 1, {**one, "day": 0, "people": [asked]})
    put(con, 2, {**one, "day": 40, "people": [answered]})
    con.execute("UPDATE event SET answers = ? WHERE event_id = 2", [asked])
    here = {"members": [], "hands over": None, "aliases": []}
    loaded(con, people(here))
    con.execute("DELETE FROM stale_day")
    loaded(con, people({**here, "aliases": [(ADDRESSES[5], ADDRESSES[0])]}))
    assert on(40) in {day for (day,) in con.execute("FROM stale_day").fetchall()}


def test_what_is_compared_with_what_was_loaded_takes_any_filter() -> None:
    """DuckDB may push a Bloom filter into a frame in a union, and pyarrow ended the run over it."""
    con = emptied()
    aliases = [(f"{n}@y.example", ADDRESSES[0]) for n in range(60)]
    found = people({"members": [], "aliases": aliases, "hands over": None})
    loaded(con, found)
    con.execute("BEGIN")
    find_stale(con, found.membership, found.alias)
    rows = con.execute(
        """FROM (FROM new_alias UNION ALL FROM address_alias)
           JOIN (SELECT address_id FROM address_alias WHERE address_id % 3 <> 0) USING (address_id)"""
    ).fetchall()
    con.execute("ROLLBACK")
    assert len(rows) == 2 * sum(person(alias) % 3 != 0 for alias, _ in aliases)


def test_a_move_restates_from_its_day_on() -> None:
    events = [
        {"day": n, "channel": "meeting", "container": None, "automated": False, "people": [person(ADDRESSES[0]), person(ADDRESSES[1])]}
        for n in (0, 40, 75, 130)
    ]  # fmt: skip
    stays = [(a, "organisation", "A", (None, None), None) for a in ADDRESSES[:5]]
    moves = [
        (ADDRESSES[0], "organisation", "A", (None, 74), None), (ADDRESSES[0], "organisation", "B", (75, None), None),
        *stays[1:],
    ]  # fmt: skip
    one, other = ({"members": m, "aliases": [], "hands over": None} for m in (stays, moves))
    con = warehouse(events, people(one))
    loaded(con, people(other))
    stale = {(d - START).days for (d,) in con.execute("FROM stale_day").fetchall()}
    assert min(stale) == 75
    assert {75, 130} <= stale
    built = build(con, MODELS)
    assert built.rebuilt == ()
    assert 0 < built.periods < 131  # of which 34 are the empty days before the move, beside it
    assert loaded(con, people(other)) == 0


def spans(*rows: tuple) -> list[tuple]:
    return [(ADDRESSES[0], "team", unit, span, share) for unit, span, share in rows]


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (spans(("A", (None, None), None)), spans(("A", (None, 40), None), ("A", (41, None), None))),
        # 0.3 / (0.3 + 0.3 + 0.3) is not 1 / 3 in floats.
        (spans(*((u, (None, None), 0.3) for u in "ABC")), spans(*((u, (None, None), None) for u in "ABC"))),
    ],
    ids=["halves", "parts"],
)  # fmt: skip
def test_a_row_written_otherwise_restates_nothing(one: list, other: list, turn: bool) -> None:
    before, after = (
        people({"members": m, "aliases": [], "hands over": None}) for m in (one, other)
    )
    if turn:
        before, after = after, before
    events = [
        {
            "day": 3,
            "channel": "meeting",
            "container": None,
            "automated": False,
            "people": [person(ADDRESSES[0])],
        }
    ]
    con = warehouse(events, before)
    assert loaded(con, after) == 0
