"""Loading is a function of what the files say: order, repetition and overlap change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network import empty_warehouse
from transforms.people import EVERYBODY, Counted, nobody_pattern, pseudonymise
from transforms.sources.base import RAW_EVENT, RAW_PARTICIPATION, RAW_REJECT, Batch
from warehouse import load, schema

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEY = b"k" * 32
PEOPLE = ("a@x.example", "b@x.example", "c@y.example", "d@y.example")

record = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["m1", "m2", "m3", "m4"]),
        "day": st.integers(0, 5),
        "revision": st.integers(0, 3),
        "cancelled": st.booleans(),
        "reply": st.sampled_from([None, "m1", "m2"]),
        "people": st.dictionaries(
            st.sampled_from(PEOPLE),
            st.tuples(st.sampled_from(["to", "cc", "required"]), st.sampled_from(schema.RESPONSES), st.booleans()),
        ),
    }
)  # fmt: skip
exports = st.dictionaries(
    st.sampled_from(["f1", "f2", "f3"]), st.lists(record, max_size=4), min_size=1
)


def batch(records: list[dict]) -> Batch:
    events = [
        {
            "event_key": r["key"], "channel": "message", "kind": "mail",
            "started_at": START + timedelta(days=r["day"]), "ended_at": None, "initiator": PEOPLE[0],
            "thread_key": None, "reply_key": r["reply"], "container_key": None, "is_automated": False,
            "is_cancelled": r["cancelled"], "revision": r["revision"], "position": position,
        }
        for position, r in enumerate(records)
    ]  # fmt: skip
    seats = [
        {
            "event_key": r["key"],
            "address": address,
            "role": role,
            "response": response,
            "is_own": own,
        }
        for r in records
        for address, (role, response, own) in r["people"].items()
    ]
    return Batch(
        pl.DataFrame(events, schema=RAW_EVENT),
        pl.DataFrame(seats, schema=RAW_PARTICIPATION),
        pl.DataFrame(schema=RAW_REJECT),
        records=len(records),
    )


def load_file(
    con: duckdb.DuckDBPyConnection,
    name: str,
    records: list[dict],
    counted: Counted = EVERYBODY,
    key: bytes = KEY,
) -> load.Loaded:
    number = int.from_bytes(name.encode())
    staged = pseudonymise(
        batch(records),
        key=key,
        file_id=number,
        time_zone=ZoneInfo("Europe/Amsterdam"),
        nobody=nobody_pattern(["x@z"]),
        counted=counted,
    )
    load.stage(con, schema.OBSERVED_EVENT, staged.events)
    load.stage(con, schema.OBSERVED_PARTICIPATION, staged.participations)
    ledger = {
        c.name: 0 if c.type == "BIGINT" else ""
        for c in schema.SOURCE_FILE.columns
        if not c.nullable
    }
    ledger |= {"file_id": number, "first_day": None, "last_day": None}
    load.stage(
        con,
        schema.SOURCE_FILE,
        pl.DataFrame([ledger], schema=schema.polars_schema(schema.SOURCE_FILE)),
    )
    con.execute("BEGIN")
    loaded = load.load(con)
    con.execute("COMMIT")
    return loaded


def contents(con: duckdb.DuckDBPyConnection) -> tuple[list, list]:
    return con.execute("FROM event ORDER BY ALL").fetchall(), con.execute(
        "FROM participation ORDER BY ALL"
    ).fetchall()


@settings(deadline=None, max_examples=25)
@given(exports, st.randoms(use_true_random=False))
def test_order_and_repetition_of_files_change_nothing(
    files: dict[str, list[dict]], shuffled
) -> None:
    there, back = empty_warehouse(), empty_warehouse()
    for name in sorted(files):
        load_file(there, name, files[name])
    names = [*files, *files]
    shuffled.shuffle(names)
    for name in names:
        load_file(back, name, files[name])
    assert contents(there) == contents(back)
    there.execute("DELETE FROM stale_day")
    for name, records in files.items():
        assert load_file(there, name, records) == load.Loaded(0, 0)
    assert there.execute("SELECT count(*) FROM stale_day").fetchall() == [(0,)]


@settings(deadline=None, max_examples=25)
@given(exports)
def test_names_of_files_decide_nothing(files: dict[str, list[dict]]) -> None:
    """A file or a source may get another name, and its copy take over."""
    con, renamed = empty_warehouse(), empty_warehouse()
    for name, other in zip(sorted(files), sorted(files, reverse=True), strict=True):
        load_file(con, name, files[name])
        load_file(renamed, other, files[name])
    assert contents(con) == contents(renamed)


@settings(deadline=None, max_examples=25)
@given(exports, exports)
def test_a_changed_file_leaves_nothing_of_its_older_self(before: dict, after: dict) -> None:
    changed, fresh = empty_warehouse(), empty_warehouse()
    for name, records in before.items():
        load_file(changed, name, records)
    held = contents(changed)
    changed.execute("DELETE FROM stale_day")
    for name, records in (before | after).items():
        load_file(changed, name, records)
        load_file(fresh, name, records)
    assert contents(changed) == contents(fresh)
    differing = {row[3] for row in set(held[0]) ^ set(contents(fresh)[0])}
    differing |= {row[0] for row in set(held[1]) ^ set(contents(fresh)[1])}
    stale = {day for (day,) in changed.execute("FROM stale_day").fetchall()}
    assert differing <= stale


def test_highest_revision_wins_and_own_copy_decides_the_response() -> None:
    con = empty_warehouse()
    base = {"key": "m1", "day": 0, "cancelled": False, "reply": None}
    load_file(
        con, "f1", [{**base, "revision": 2, "people": {"b@x.example": ("required", "none", False)}}]
    )
    load_file(
        con,
        "f2",
        [
            {
                **base,
                "revision": 1,
                "day": 3,
                "people": {"b@x.example": ("required", "declined", True)},
            }
        ],
    )
    events, seats = contents(con)
    assert [row[3] for row in events] == [START.date()]
    assert [row[4] for row in seats] == ["declined"]


B = "b@x.example"


@pytest.mark.parametrize(
    ("copies", "expected"),
    [  # revision, day, B's answer, whether it is B's own copy; the newest copy comes last
        ([(1, 0, "declined", False), (2, 0, "none", False)], "declined"),
        ([(1, 0, "accepted", False), (2, 0, "declined", False), (3, 0, "none", False)], "declined"),
        ([(1, 3, "declined", False), (2, 0, "none", False)], "none"),  # moved since
        ([(1, 0, "declined", False), (1 << 40, 0, "none", False)], "none"),  # another SEQUENCE
        ([(1, 0, "declined", False), (2, 0, "none", True)], "declined"),
        ([(1, 0, "accepted", True), (2, 0, "declined", False)], "accepted"),
    ],
)
def test_what_one_copy_knows_of_an_answer_is_known(
    copies: list[tuple[int, int, str, bool]], expected: str
) -> None:
    """A guest's copy, however new, may not know what the others answered."""
    con = empty_warehouse()
    for number, (revision, day, response, own) in enumerate(copies):
        told = {"key": "m1", "day": day, "cancelled": False, "reply": None, "revision": revision}
        gone = {"gone@x.example": ("required", "accepted", False)} if number == 0 else {}
        load_file(con, f"f{number}", [{**told, "people": {B: ("required", response, own), **gone}}])
    assert [row[4] for row in contents(con)[1]] == [expected]  # and who is invited no more is not


def test_the_largest_revision_fits() -> None:
    con = empty_warehouse()
    own = {"b@x.example": ("required", "tentative", True)}
    record = {"key": "m1", "day": 0, "cancelled": False, "reply": None, "people": own}
    load_file(con, "f1", [{**record, "revision": 2**63 - 1}])
    assert [row[4] for row in contents(con)[1]] == ["tentative"]


def test_a_later_cancellation_removes_the_event_and_an_older_one_does_not() -> None:
    con = empty_warehouse()
    seen = {"key": "m1", "day": 0, "reply": None, "people": {"b@x.example": ("to", "none", False)}}
    load_file(con, "f1", [{**seen, "revision": 1, "cancelled": False}])
    load_file(con, "f2", [{**seen, "revision": 0, "cancelled": True}])
    assert len(contents(con)[0]) == 1
    load_file(con, "f3", [{**seen, "revision": 2, "cancelled": True}])
    assert contents(con) == ([], [])


def test_an_answer_finds_the_author_of_a_parent_that_comes_later() -> None:
    con = empty_warehouse()
    answer = {"key": "m3", "day": 2, "revision": 0, "cancelled": False, "reply": "m1", "people": {}}
    parent = {"key": "m1", "day": 0, "revision": 0, "cancelled": False, "reply": None, "people": {}}
    load_file(con, "f1", [answer])
    assert con.execute("SELECT answers FROM event").fetchall() == [(None,)]
    con.execute("DELETE FROM stale_day")
    load_file(con, "f2", [parent])
    assert con.execute(
        "SELECT answers IS NOT NULL FROM event WHERE reply_to IS NOT NULL"
    ).fetchall() == [(True,)]
    assert con.execute("SELECT count(*) FROM stale_day").fetchall() == [(2,)]
