"""What is expected of a source, by hand and as invariants; then by Great Expectations on real tables."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.learnt import Learnt, Night, delivered, learn, rest, working_days
from quality.night import judge
from quality.usual import fewest
from tests.network import empty_warehouse
from warehouse.schema import QUALITY_RESULT, SOURCE_NIGHT, polars_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MONDAY = date(2026, 3, 2)
NOTHING_OFF: frozenset[date] = frozenset()


def nights(numbers: Sequence[int], first: date = MONDAY, lag: int = 1) -> list[Night]:
    """A night a day; what came is `lag` days old."""
    newest, found = None, []
    for number, events in enumerate(numbers):
        day = first + timedelta(days=number)
        newest = day - timedelta(days=lag) if events else newest
        found.append(Night(day, events, newest))
    return found


def alarms(
    past: Sequence[Night], tonight: Night, off: Collection[date] = NOTHING_OFF
) -> dict[str, Learnt]:
    """What tonight does not live up to."""
    observed = {
        "events": tonight.events,
        "delivered_days": working_days(delivered([*past, tonight])[-1][1], tonight.day, off)
        if any(one.events for one in [*past, tonight])
        else 0,
        "newest_days": working_days(tonight.newest, tonight.day, off) if tonight.newest else 0,
    }
    return {
        rule.name: rule
        for rule in learn({"mail": past}, {"mail": tonight}, off)["mail"]
        if (rule.least is not None and observed[rule.column] < rule.least)
        or (rule.most is not None and observed[rule.column] > rule.most)
    }


def last(numbers: Sequence[int], off: Collection[date] = NOTHING_OFF) -> dict[str, Learnt]:
    *past, tonight = nights(numbers)
    return alarms(past, tonight, off)


WEEK = [1000, 1000, 1000, 1000, 1000, 0, 0]


@given(st.integers(0, 10**7), st.integers(1, 60))
def test_a_constant_history_never_alarms(events: int, days: int) -> None:
    assert last([events] * days) == {}


@given(st.integers(50, 10**7), st.integers(9, 60))
def test_a_source_that_halves_is_a_warning(events: int, days: int) -> None:
    found = last([*[events] * days, events // 2])
    assert {name: rule.severity for name, rule in found.items()} == {"volume": "warning"}


@given(st.integers(1, 10**6), st.integers(1, 70))
def test_a_quiet_weekend_never_alarms_from_the_first_on(events: int, days: int) -> None:
    week = [events] * 5 + [0, 0]
    assert last((week * 11)[:days]) == {}


@given(st.lists(st.integers(900, 1100), min_size=1, max_size=80))
def test_chance_alone_is_no_alarm(numbers: list[int]) -> None:
    assert last(numbers) == {}


@given(
    st.lists(st.integers(900, 1100), min_size=15, max_size=60),
    st.integers(0, 14),
    st.integers(0, 10**7),
)
def test_one_odd_night_hides_nothing(numbers: list[int], place: int, odd: int) -> None:
    numbers[place] = odd
    assert "volume" in last([*numbers, 0]) or len({n % 7 for n in (place, len(numbers))}) == 1


@given(st.lists(st.integers(0, 10**6), max_size=60), st.integers(0, 10**6))
def test_an_expectation_has_one_bound_and_its_usual_lies_within(
    numbers: list[int], tonight: int
) -> None:
    *past, now = nights([*numbers, tonight])
    for rule in learn({"mail": past}, {"mail": now}, NOTHING_OFF)["mail"]:
        assert (rule.least is None) != (rule.most is None)
        assert rule.most is None or rule.usual <= rule.most


def test_too_little_history_expects_nothing() -> None:
    assert learn({"mail": []}, {"mail": Night(MONDAY, 0)}, NOTHING_OFF) == {"mail": []}
    assert last([1000, 1000, 1000, 0]) == {}
    # Seven nights on, its weekday has been seen once: enough, with the other nights.
    assert last([*[1000] * 6, 0]) == {}
    assert set(last([*[1000] * 7, 0])) == {"volume"}


def test_volume_by_hand() -> None:
    """Median 1000, MAD 0: a fifth less is still usual. Of 100, chance makes 3.5 * 10 less."""
    assert fewest([1000] * 4) == 800
    assert fewest([100] * 4) == 65
    assert fewest([1000] * 3) is None
    [volume] = last([*[1000] * 28, 799]).values()
    assert (volume.least, volume.usual) == (800, 1000)
    assert last([*[1000] * 28, 800]) == {}


def test_a_surge_is_for_information() -> None:
    found = last([*WEEK * 5, 3001])
    assert {name: rule.severity for name, rule in found.items()} == {"surge": "info"}
    assert last([*WEEK * 5, 3000]) == {}


def test_a_lower_level_becomes_usual() -> None:
    assert last([*WEEK * 6, *[n // 2 for n in WEEK] * 7, 500]) == {}


def test_a_day_of_rest_is_neither_judged_nor_learnt_from() -> None:
    easter = MONDAY + timedelta(weeks=5)
    numbers = [*WEEK * 5, 0]
    assert set(last(numbers)) == {"volume"}
    assert last(numbers, {easter}) == {}
    past = nights(numbers + [0] * 6 + WEEK * 4)  # and a low Tuesday, which tells of the holiday
    for later in (35, 36):
        tonight = Night(easter + timedelta(days=later), 0)
        expected = learn({"mail": past}, {"mail": tonight}, {easter})["mail"]
        assert [rule.least for rule in expected if rule.name == "volume"] == [800]


def test_days_between_two_near_holidays_are_days_of_rest() -> None:
    christmas = [date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1), date(2027, 3, 28)]
    assert rest(christmas) == {
        *(date(2026, 12, n) for n in range(25, 32)), date(2027, 1, 1), date(2027, 3, 28),
    }  # fmt: skip
    assert rest([]) == set()


@pytest.mark.parametrize(
    ("after", "until", "days"),
    [(0, 0, 0), (0, 1, 1), (4, 7, 1), (4, 6, 0), (0, 14, 10), (7, 0, 0)],
)
def test_working_days(after: int, until: int, days: int) -> None:
    one, other = (MONDAY + timedelta(days=n) for n in (after, until))
    assert working_days(one, other, NOTHING_OFF) == days
    assert working_days(one, other, {MONDAY + timedelta(days=14)}) == days - (until == 14)


def test_silence_is_told_by_volume_then_by_waiting() -> None:
    silent = [set(last([*WEEK * 5, *[0] * n])) for n in range(1, 5)]
    # On Monday one working day has passed; that is nothing to speak of.
    assert silent == [{"volume"}, *[{"volume", "delivery", "newest"}] * 3]
    assert last([*WEEK * 5, *[0] * 4, 1000]) == {}


def test_a_weekly_export_may_wait_a_week() -> None:
    monthly = [500, 0, 0, 0, 0, 0, 0]
    assert all(last((monthly * 9)[:days]) == {} for days in range(1, 60))
    gone = [*monthly * 8, *[0] * 14]
    assert {"delivery", "newest"} <= set(last(gone))


def test_a_machine_that_was_off_is_no_fault_of_the_source() -> None:
    past = nights(WEEK * 5)[:-8]
    day = past[-1].day + timedelta(days=9)  # a week without any night, and it brings at once
    assert set(alarms(past, Night(day, 5000, day))) <= {"surge"}


def test_what_was_refused_is_no_history() -> None:
    past = nights(WEEK * 5)
    half = [Night(n.day, n.events // 10, n.newest, whole=False) for n in past[7:]]
    expected = learn({"m": past[:7] + half}, {"m": nights([1000] * 36)[-1]}, NOTHING_OFF)
    assert [rule.usual for rule in expected["m"] if rule.name == "volume"] == [1000]


def test_what_all_others_do_not_bring_either_is_a_vacation() -> None:
    *past, _ = nights([*WEEK * 5, 0])
    low = Night(past[-1].day + timedelta(days=1), 150)
    others = dict.fromkeys(("b", "c", "d"), low)
    histories = dict.fromkeys(("mail", *others), past)
    [volume, *_] = learn(histories, {"mail": low} | others, NOTHING_OFF)["mail"]
    assert volume.least == 0.15 * 800
    [volume, *_] = learn(
        histories, {"mail": low, "b": low, "c": low, "d": Night(low.day, 1000)}, NOTHING_OFF
    )["d"]
    assert volume.least == pytest.approx(0.15 * 800)
    silent = Night(low.day, 0)
    [volume, *_] = learn(histories, dict.fromkeys(histories, silent), NOTHING_OFF)["mail"]
    assert volume.least == 800, "nothing from anybody is no vacation"


# --- by Great Expectations -----------------------------------------------------------------------

HOSTILE = "it's :a {x} $k %s"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return empty_warehouse()


def row(source: str, events: int, newest_days: int | None = 1) -> tuple[object, ...]:
    return source, 1, events, events, 0, 0, MONDAY, newest_days, 0


def test_judged_by_great_expectations(con: duckdb.DuckDBPyConnection, tmp_path) -> None:
    volume = Learnt("volume", "events", "warning", 1000.0, least=800.0)
    newest = Learnt("newest", "newest_days", "warning", 1.0, most=2.0)
    tonight = pl.DataFrame(
        [row(HOSTILE, 300), row("board", 900, 7), row("new", 1, None)],
        schema=polars_schema(SOURCE_NIGHT),
        orient="row",
    )
    expected = {HOSTILE: [volume, newest], "board": [volume, newest], "new": []}
    found = judge(con, tonight, expected, data_docs=tmp_path, run_id="r1")
    assert found.schema == polars_schema(QUALITY_RESULT)
    columns = ("source", "suite", "expectation", "severity", "success", "observed", "expected")
    assert found.select(columns).rows() == [
        (HOSTILE, "learnt", "volume", "warning", False, 300, "at least 800, usually 1,000"),
        (HOSTILE, "learnt", "newest", "warning", True, 1, "at most 2, usually 1"),
        ("board", "learnt", "volume", "warning", True, 900, "at least 800, usually 1,000"),
        ("board", "learnt", "newest", "warning", False, 7, "at most 2, usually 1"),
    ]
    assert con.execute("SELECT count(*) FROM stage.source_night").fetchall() == [(0,)]
    page = (tmp_path / "runs/r1/0-source-2.html").read_text()
    assert "it&#39;s :a {x} $k %s" in page
    assert "volume (warning): events is at least 800, usually 1,000" in page


def test_nothing_expected_starts_nothing(con: duckdb.DuckDBPyConnection, tmp_path) -> None:
    tonight = pl.DataFrame([row("new", 1)], schema=polars_schema(SOURCE_NIGHT), orient="row")
    assert judge(con, tonight, {"new": []}, data_docs=tmp_path, run_id="r1").is_empty()
    assert list(tmp_path.iterdir()) == []
