"""A source that stops delivering is told as that, and not as less collaboration."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb
import pytest

from quality.disclosure_trend import disclosed_trend
from tests.network import PARAMETERS, build, empty_warehouse
from transforms.people import ALWAYS, OPEN
from warehouse.ends import load_ends
from warehouse.serving import mart

START = date(2025, 1, 6)  # a Monday
MEMBERS = {1: "A", 2: "A", 3: "B", 4: "B", 5: "C", 6: "C"}
PARAMETERS_HERE = {**PARAMETERS, "source_least": 5}


def network(
    weeks: int,
    sources: dict[str, tuple[int, int]],
    missing: dict[str, set[int]],
    holiday: set[int] = frozenset(),  # type: ignore[assignment]
) -> duckdb.DuckDBPyConnection:
    """Ten meetings a week of each source's two people; what lies in nobody's export is not seen."""
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.executemany(
        "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, 1, 'directory')",
        [(person, unit, ALWAYS, OPEN) for person, unit in MEMBERS.items()],
    )
    pairs = sorted(set(sources.values()))
    events, seats, seen, number = [], [], [], 0
    for week in range(weeks):
        for pair in pairs:
            for n in range(1 if week in holiday else 10):
                number += 1
                day = START + timedelta(weeks=week, days=n % 5)
                start = datetime.combine(day, datetime.min.time()) + timedelta(hours=9)
                showing = [
                    s for s, p in sources.items() if p == pair and week not in missing.get(s, set())
                ]
                if not showing:
                    continue
                events.append((number, "meeting", "meeting", day, start, start + timedelta(hours=1),
                               pair[0], None, None, None, False, 0, None))  # fmt: skip
                seats += [
                    (day, number, pair[0], "organiser", "none"),
                    (day, number, pair[1], "required", "none"),
                ]
                seen += [(day, number, source, source) for source in showing]
    con.executemany("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", events)
    con.executemany("INSERT INTO participation VALUES (?,?,?,?,?)", seats)
    con.executemany("INSERT INTO observation VALUES (?,?,?,?)", seen)
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
    build(con, parameters=PARAMETERS_HERE)
    return con


def week(n: int) -> date:
    return START + timedelta(weeks=n)


SOURCES = {"a": (1, 2), "b": (3, 4), "c": (5, 6), "ab": (1, 3), "ba": (1, 3)}


@pytest.fixture(scope="module")
def silent() -> duckdb.DuckDBPyConnection:
    """Source b delivers nothing in weeks 8 and 9; ba neither, but ab shows the same meetings."""
    return network(12, SOURCES, {"b": {8, 9}, "ba": {8, 9}})


def test_the_silent_source_is_missing_in_just_these_weeks(
    silent: duckdb.DuckDBPyConnection,
) -> None:
    found = silent.sql(
        "SELECT source, period, events, share FROM delivery"
        " WHERE grain = 'week' AND channel = '(all)' AND is_missing ORDER BY ALL"
    ).fetchall()
    assert found == [(s, week(n), 0, 0.0) for s in ("b", "ba") for n in (8, 9)]


def test_only_what_nobody_else_shows_is_incomplete(silent: duckdb.DuckDBPyConnection) -> None:
    found = silent.sql(
        "SELECT unit, other_unit, completeness, missing_sources FROM completeness"
        " WHERE grain = 'week' AND channel = '(all)' AND period = ? ORDER BY ALL",
        params=[week(8)],
    ).fetchall()
    # B with itself is wholly gone, half of what B does is; A-B is whole: ab shows it too.
    assert found == [
        ("(all)", "(all)", pytest.approx(3 / 4), 1), ("B", "(all)", pytest.approx(1 / 2), 1),
        ("B", "B", 0.0, 1),
    ]  # fmt: skip


def test_no_part_says_of_how_many_events_it_is(silent: duckdb.DuckDBPyConnection) -> None:
    """Of a line of few, and of what one source delivered: 114 of 175 would say both."""
    parts = silent.execute(
        f"""WITH source_file AS (SELECT DISTINCT source, 'P' AS partner FROM delivery)
        SELECT completeness, {mart.SEEN_STEP}::DOUBLE AS step FROM ({mart.COMPLETENESS_ROWS})
        UNION ALL SELECT share, {mart.DELIVERED_STEP} FROM ({mart.DELIVERY_ROWS}) WHERE share IS NOT NULL
        UNION ALL SELECT completeness, {mart.SEEN_STEP} FROM ({disclosed_trend()})""",
        {"k": 1, "dominance": 1},
    ).fetchall()
    exact = silent.sql("SELECT completeness FROM completeness").fetchall()
    assert any(
        abs(part / mart.SEEN_STEP - round(part / mart.SEEN_STEP)) > 0.01 for (part,) in exact
    )
    assert all(abs(part / step - round(part / step)) < 1e-6 for part, step in parts)
    told = silent.sql(
        f"SELECT {mart.seen_part('n')} FROM (VALUES (114 / 175), (1.0), (0.9)) AS t (n)"
    )
    assert told.fetchall() == [(0.64,), (1.0,), (0.9,)]


def test_trends_skip_the_hole(silent: duckdb.DuckDBPyConnection) -> None:
    rows = silent.sql(
        "SELECT period, completeness, previous, change FROM trend WHERE metric = 'flow'"
        " AND measure = 'weight' AND grain = 'week' AND channel = '(all)' AND unit = 'A'"
        " AND other_unit = 'B' ORDER BY period"
    ).fetchall()
    assert {change for _, _, _, change in rows} == {0.0, None}
    assert [share for _, share, _, _ in rows] == [1.0] * 11 + [0.0]
    network = silent.sql(
        "SELECT period, completeness, change, rolling_median FROM trend WHERE metric = 'interaction_volume'"
        " AND measure = 'weight' AND grain = 'week' AND channel = '(all)' AND boundary = 'organisation'"
        " AND unit = '(all)' ORDER BY period"
    ).fetchall()
    told = {period: (share, change) for period, share, change, _ in network}
    assert told[week(8)] == (pytest.approx(3 / 4), None)
    assert told[week(10)] == (1.0, None)  # nothing whole to compare with
    assert {median for _, _, _, median in network[4:11]} == {40.0}


def test_the_week_that_is_not_over_is_compared_with_nothing(
    silent: duckdb.DuckDBPyConnection,
) -> None:
    last = silent.sql(
        "SELECT DISTINCT completeness, change FROM trend WHERE grain = 'week' AND period = ?",
        params=[week(11)],
    ).fetchall()
    assert last == [(0.0, None)]  # data end on its Friday


SWAP = {"a": (1, 2), "b": (3, 4), "old": (5, 6), "new": (5, 6)}
SWAPPED = {
    "old": set(range(8, 16)),
    "new": set(range(8)),
}  # from week 8 on the one shows what the other did


def ended(con: duckdb.DuckDBPyConnection, ends: dict[str, date]) -> list[tuple[object, ...]]:
    """What is missing, and what trends compare, with these ends of sources."""
    load_ends(con, ends)
    build(con, parameters=PARAMETERS_HERE)
    return told(con)


def told(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return con.sql(
        """SELECT 'delivery', grain, period, channel, source, '', share FROM delivery WHERE is_missing
           UNION ALL SELECT 'completeness', grain, period, channel, unit, other_unit, completeness FROM completeness
           UNION ALL SELECT 'trend', grain, period, channel, unit, other_unit, completeness FROM trend ORDER BY ALL"""
    ).fetchall()


def test_a_source_that_another_replaces_is_missing_until_its_end_is_told() -> None:
    con = network(16, SWAP, SWAPPED)
    assert {row[4] for row in told(con) if row[0] == "delivery"} == {"old"}
    found = ended(con, {"old": week(8) - timedelta(days=1)})
    assert {row[0] for row in found} == {"trend"}
    assert {row[6] for row in found if row[2] < week(15) and row[1] == "week"} == {1.0}


def test_nothing_is_expected_of_the_week_in_which_a_source_ends() -> None:
    con = network(16, SWAP, SWAPPED)
    assert ("delivery", "week", week(8)) in {row[:3] for row in told(con)}
    found = ended(con, {"old": week(8) + timedelta(days=2)})
    assert not [row for row in found if row[0] == "delivery"]


# The last one after the last event, in its week.
@pytest.mark.parametrize(
    "end",
    [week(3), week(8) - timedelta(days=1), week(9), week(40), week(15) + timedelta(days=5)],
)
def test_an_end_told_later_moved_or_taken_back_gives_what_a_rebuild_gives(end: date) -> None:
    con = network(16, SWAP, SWAPPED)
    none = told(con)
    for ends in ({"old": end}, {"old": end + timedelta(days=2), "a": end}, {}):
        found = ended(con, ends)
        con.execute("DELETE FROM model_state")
        build(con, parameters=PARAMETERS_HERE)
        assert found == told(con)
    assert found == none


def test_an_end_that_stays_makes_nothing_stale() -> None:
    con = network(2, SWAP, {})
    assert load_ends(con, {"old": week(1)}) > 0
    assert load_ends(con, {"old": week(1)}) == 0


def test_a_holiday_is_no_missing_source() -> None:
    con = network(12, SOURCES, {}, holiday={8})
    assert con.sql("SELECT count(*) FROM delivery WHERE is_missing").fetchall() == [(0,)]


def test_a_source_on_its_own_is_held_against_itself() -> None:
    con = network(12, {"a": (1, 2)}, {}, holiday={8})
    found = con.sql(
        "SELECT DISTINCT period FROM delivery WHERE is_missing AND grain = 'week'"
    ).fetchall()
    assert found == [(week(8),)]


# In July 2025, and the Monday before it, nothing of the only source of A-B.
LONE, JULY = {"a": (1, 2), "b": (3, 4), "c": (5, 6), "ab": (1, 3)}, {"ab": set(range(25, 30))}
QUARTER = "grain = 'quarter' AND channel = '(all)'"
LINE = "channel = '(all)' AND unit = 'A' AND other_unit = 'B'"


@pytest.fixture(scope="module")
def gap() -> duckdb.DuckDBPyConnection:
    return network(70, LONE, JULY)


def test_a_quarter_lacks_a_third_of_what_a_source_shows_that_is_missing_for_a_month(
    gap: duckdb.DuckDBPyConnection,
) -> None:
    assert gap.sql(f"FROM delivery WHERE is_missing AND {QUARTER}").fetchall() == []
    found = gap.sql(
        f"SELECT period, unit, other_unit, completeness, missing_sources FROM completeness WHERE {QUARTER} ORDER BY ALL"
    ).fetchall()
    third = date(2025, 7, 1)
    # ab shows a quarter of the network's meetings, half of A's and of B's, and all of A-B; of June a Monday less.
    assert found == [
        (third, "(all)", "(all)", pytest.approx(1 - 1 / 4 / 3, abs=0.002), 1),
        (third, "A", "(all)", pytest.approx(1 - 1 / 2 / 3, abs=0.002), 1),
        (third, "A", "B", pytest.approx(1 - 1 / 3), 1),
        (third, "B", "(all)", pytest.approx(1 - 1 / 2 / 3, abs=0.002), 1),
        (third, "B", "A", pytest.approx(1 - 1 / 3), 1),
    ]


def test_a_quarter_without_the_source_in_two_of_its_months_lacks_them_once() -> None:
    """Then the quarter as a whole is below the floor; in both ways it would be counted twice."""
    con = network(60, LONE, {"ab": set(range(38, 47))})  # 29 September to 30 November
    found = con.sql(
        f"SELECT period, completeness FROM completeness WHERE grain = 'quarter' AND {LINE}"
    ).fetchall()
    ((period, completeness),) = found
    assert period == date(2025, 10, 1)
    assert completeness == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_of_a_period_without_the_source_nothing_is_told(
    gap: duckdb.DuckDBPyConnection, grain: str
) -> None:
    there = gap.sql(
        "SELECT change, change_share, robust_z FROM trend WHERE metric = 'flow' AND measure = 'weight'"
        f" AND grain = '{grain}' AND {LINE} AND period = '2025-07-01'"
    ).fetchall()
    # Of the month there is no row at all.
    assert there == ([] if grain == "month" else [(None, None, None)])
    (after,) = gap.sql(
        "SELECT previous, change FROM trend WHERE metric = 'flow' AND measure = 'weight'"
        f" AND grain = '{grain}' AND {LINE} AND period = '2025-07-01'::DATE + INTERVAL 1 {grain}"
    ).fetchall()
    assert after == (None, None)
    states = gap.sql(
        f"SELECT state, w IS NULL FROM line_state WHERE grain = '{grain}' AND {LINE} AND period >= '2025-07-01'"
    ).fetchall()
    assert {state for state, _ in states} == {"steady" if grain == "month" else "early"}
    assert [unseen for _, unseen in states].count(True) == 1


def test_no_direction_rests_on_a_month_without_the_source(gap: duckdb.DuckDBPyConnection) -> None:
    ((last, periods),) = gap.sql(
        "SELECT period, periods FROM direction WHERE metric = 'flow' AND measure = 'weight' AND grain = 'month'"
        f" AND {LINE} ORDER BY period DESC LIMIT 1"
    ).fetchall()
    assert last == date(2026, 4, 1)
    assert periods == 14  # February 2025 to April 2026, without July


def test_a_month_that_goes_or_comes_later_gives_what_a_rebuild_gives() -> None:
    con = network(45, LONE, {})
    none = told(con)
    july = "day BETWEEN '2025-07-01' AND '2025-07-31'"
    of_ab = f"{july} AND event_id IN (SELECT event_id FROM observation WHERE source = 'ab')"
    tables = ("participation", "event", "observation")
    for table in tables:
        con.execute(f"CREATE TABLE {table}_kept AS FROM {table} WHERE {of_ab}")
    for table in tables:
        con.execute(f"DELETE FROM {table} WHERE {of_ab.replace('observation', 'observation_kept')}")
    for come in (False, True):
        con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event_kept")
        if come:
            for table in tables:
                con.execute(f"INSERT INTO {table} FROM {table}_kept")
        build(con, parameters=PARAMETERS_HERE)
        found = told(con)
        assert (("completeness", "quarter", date(2025, 7, 1)) in {r[:3] for r in found}) is not come
        con.execute("DELETE FROM model_state")
        build(con, parameters=PARAMETERS_HERE)
        assert found == told(con)
    assert found == none
