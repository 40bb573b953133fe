from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quality.disclosure import Withheld, disclosed_metric_value
from quality.disclosure_line import disclosed_line
from quality.disclosure_trend import disclosed_direction, disclosed_trend
from tests.quality.attacker import preimage
from tests.serving.made_up import MONDAY, cell, fill, step
from transforms.trends import direction
from warehouse import schema
from warehouse.serving import mart

if TYPE_CHECKING:
    from collections.abc import Iterator

K, DOMINANCE = 5, 0.75
THRESHOLDS = {"k": K, "dominance": DOMINANCE}
SPANNERS = {"metric": "spanners", "measure": "people"}
COUNTS = [("spanners", "people"), ("spanners", "share")]

# As model trend reads it: "the period before" is that of the calendar.
TREND_BY_WEEK = """
  SELECT *,
    (SELECT any_value(b.value) FROM metric_value b WHERE {same} AND b.period = m.period - 7),
    (SELECT median(b.value) FROM metric_value b
     WHERE {same} AND b.period BETWEEN m.period - 28 AND m.period)
  FROM metric_value m"""


@pytest.fixture(scope="module")
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def disclosed(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    fill(con, schema.METRIC_VALUE, rows)
    found = con.sql(f"{disclosed_metric_value(COUNTS)} ORDER BY ALL", params=THRESHOLDS).pl()
    assert found.columns == mart.CELL.names()
    return found.to_dicts()


def disclosed_steps(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> Any:
    """Trends of `rows`, disclosed."""
    same = " AND ".join(f"b.{key} = m.{key}" for key in mart.KEY if key != "period")
    fill(con, schema.METRIC_VALUE, rows)
    fill(con, schema.TREND, [])
    con.execute(f"""
        INSERT INTO trend WITH t({", ".join(schema.METRIC_VALUE.names())}, previous, median) AS (
          {TREND_BY_WEEK.format(same=same)})
        SELECT {", ".join(mart.KEY)}, value, 1, previous, value - previous,
          (value - previous) / nullif(previous, 0), median, value - median FROM t""")
    found = con.sql(f"{disclosed_trend(COUNTS)} ORDER BY ALL", params=THRESHOLDS).pl()
    assert found.columns == mart.SERIES.names()
    assert len(found) == con.execute("SELECT count(*) FROM trend").fetchall()[0][0]
    return found.to_dicts()


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in mart.KEY)


def counts_few(row: dict[str, Any]) -> bool:
    """Whether the row is a count of fewer than K people, or a share with so few above the line."""
    counted = row["numerator"] if row["numerator"] is not None else row["value"]
    return (row["metric"], row["measure"]) in COUNTS and counted is not None and counted < K


def may_be_shown(row: dict[str, Any]) -> bool:
    """The rule of METRICS.md E, written again without SQL."""
    return (
        (row["people"] or 0) >= K
        and (row["other_unit"] == "(all)" or (row["other_people"] or 0) >= K)
        and not counts_few(row)
        and (row["top_share"] is None or row["top_share"] <= DOMINANCE + 1e-9)
    )


numbers = st.none() | st.integers(-8, 20).map(float)
cells = st.lists(
    st.builds(
        cell,
        metric=st.sampled_from(["flow", "spanners"]),
        measure=st.sampled_from(["people", "share"]),
        period=st.integers(0, 9).map(lambda week: MONDAY + timedelta(weeks=week)),
        unit=st.just("North"),
        other_unit=st.sampled_from(["South", "(all)"]),
        value=numbers,
        numerator=numbers,
        people=st.none() | st.sampled_from([0, 4, 5, 9, 9, 9]),
        other_people=st.none() | st.sampled_from([0, 4, 5, 9, 9, 9]),
        top_share=st.none()
        | st.sampled_from([0.1, 0.75, 0.75 + 4e-13, 0.7500001, 1.0, float("nan")]),
    ),
    max_size=40,
    unique_by=key,
)
cells_and_other_cells = cells.flatmap(
    lambda rows: st.tuples(
        st.just(rows), st.lists(st.floats(-1e6, 1e6), min_size=len(rows), max_size=len(rows))
    )
)
often = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@often
@given(rows=cells)
def test_a_cell_is_shown_exactly_when_the_rule_allows(
    memory: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]
) -> None:
    before = {key(row): row for row in rows}
    after = disclosed(memory, rows)
    assert {key(row) for row in after} == before.keys()
    assert len(after) == len(rows)
    for row in after:
        original = before[key(row)]
        if may_be_shown(original):
            assert row == {name: original.get(name) for name in row}
        else:
            assert row["hidden_reason"] in {"few people", "one person carries most"}
            assert [row[name] for name in mart.CELL_NUMBERS] == [None] * len(mart.CELL_NUMBERS)


@often
@given(both=cells_and_other_cells)
def test_nothing_published_depends_on_a_hidden_number(
    memory: duckdb.DuckDBPyConnection,
    both: tuple[list[dict[str, Any]], list[float]],
) -> None:
    """Other numbers in the hidden cells, hidden for the same reason: the same publication."""
    rows, others = both
    changed = [
        row if may_be_shown(row) or counts_few(row) != counts_few(other) else other
        for row, number in zip(rows, others, strict=True)
        for other in [
            row
            | {"z": number, "expected": number}
            | {"value": None if row["value"] is None else number}
        ]
    ]
    assert disclosed(memory, rows) == disclosed(memory, changed)
    assert disclosed_steps(memory, rows) == disclosed_steps(memory, changed)


def told(con: duckdb.DuckDBPyConnection, weeks: list[float], sd: float = 0.1) -> list[Any]:
    """What is published of a line's weight and of an index, week after week, with the audit on."""
    rows = [
        row
        for n, x in enumerate(weeks)
        for row in (
            cell(period=MONDAY + timedelta(weeks=n), value=x),
            cell(period=MONDAY + timedelta(weeks=n), metric="ei_index", measure="index", unit="(all)",
                 other_unit="(all)", value=x / 100, expected=0.5, z=(x / 100 - 0.5) / sd,
                 low=0.5 - 1.959963984540054 * sd, high=0.5 + 1.959963984540054 * sd),
        )
    ]  # fmt: skip
    disclosed_steps(con, rows)
    calendar = con.sql(
        "SELECT DISTINCT grain, period, (period - DATE '2026-01-05') // 7 AS idx FROM trend"
    )
    found = direction.compute(
        con.sql("FROM trend").pl(), calendar.pl(), complete_enough=0.9, direction_p=0.05
    )
    con.register("found", found)
    con.execute("CREATE OR REPLACE TABLE direction AS FROM found")
    con.execute(
        f"CREATE OR REPLACE TABLE withheld AS SELECT {', '.join(mart.KEY)}, '' AS reason FROM trend LIMIT 0"
    )
    withheld = Withheld("withheld", 0.05)
    selects = (
        disclosed_metric_value(COUNTS, withheld=withheld),
        disclosed_trend(COUNTS, withheld=withheld),
        f"SELECT * EXCLUDE (p_value, direction) FROM ({disclosed_direction(COUNTS, withheld=withheld)})",
    )
    return [con.sql(f"{one} ORDER BY ALL", params=THRESHOLDS).fetchall() for one in selects]


@settings(often, max_examples=15)
@given(weeks=st.lists(st.tuples(st.floats(1, 90), st.floats(0.02, 0.98)), min_size=14, max_size=14))
def test_what_follows_of_told_numbers_follows_of_them_alone(
    memory: duckdb.DuckDBPyConnection, weeks: list[tuple[float, float]]
) -> None:
    """Other numbers, told as the same ones: the same changes, medians, deviations, slopes and chance."""

    exact = [x for x, _ in weeks]
    first = told(memory, exact)
    shown = {row[3]: row[8] for row in first[0] if row[0] == "flow"}
    index = {row[3]: row[8] for row in first[0] if row[0] == "ei_index"}
    others = []
    for n, (_, at) in enumerate(weeks):
        day = MONDAY + timedelta(weeks=n)
        low, high = preimage(shown[day], 0.05)
        low, high = max(low, 100 * (index[day] - 0.01)), min(high, 100 * (index[day] + 0.01))
        others.append(low + at * (high - low))
    again = told(memory, others)
    assert first[1]
    assert first[2]
    assert again == first


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"people": 5, "other_people": 5}, None),
        ({"people": 4}, "few people"),
        ({"people": None}, "few people"),
        ({"other_people": 4}, "few people"),
        ({"other_people": None}, "few people"),
        ({"other_people": None, "other_unit": "(all)"}, None),
        ({"top_share": 0.75}, None),
        ({"top_share": 0.76}, "one person carries most"),
        ({"top_share": None}, None),
        ({"top_share": 1.0, "people": 1}, "few people"),
        ({"value": None}, None),
        (SPANNERS | {"value": 4.0, "numerator": None}, "few people"),
        (SPANNERS | {"value": 5.0, "numerator": None}, None),
        (SPANNERS | {"value": 0.1, "numerator": 2.0}, "few people"),
        (SPANNERS | {"value": 0.5, "numerator": 6.0}, None),
    ],
)
def test_reasons(
    memory: duckdb.DuckDBPyConnection, changes: dict[str, Any], reason: str | None
) -> None:
    assert [row["hidden_reason"] for row in disclosed(memory, [cell(**changes)])] == [reason]


def test_a_rate_is_told_without_what_it_is_made_of(memory: duckdb.DuckDBPyConnection) -> None:
    """7 of 11, with Wilson's interval: neither these nor other numbers that say how many there were."""
    row = cell(metric="response", measure="rate", value=7 / 11, numerator=7.0, denominator=11.0,
               expected=None, z=None, low=0.354, high=0.848)  # fmt: skip
    fill(memory, schema.METRIC_VALUE, [row])
    memory.execute(
        f"CREATE OR REPLACE TABLE withheld AS SELECT {', '.join(mart.KEY)}, '' AS reason FROM metric_value LIMIT 0"
    )
    select = disclosed_metric_value(withheld=Withheld("withheld", 0.05))
    found = memory.sql(select, params=THRESHOLDS).pl().to_dicts()[0]
    assert [found[name] for name in ("value", "numerator", "denominator", "low", "high")] == [
        0.64, None, None, 0.35, 0.85,
    ]  # fmt: skip


def test_trend_around_one_hidden_week(memory: duckdb.DuckDBPyConnection) -> None:
    """Week 2 of 0..8 is hidden: its change and the next one's, and five rolling figures."""
    weeks = [MONDAY + timedelta(weeks=n) for n in range(9)]
    fill(
        memory,
        schema.METRIC_VALUE,
        [cell(period=day, people=4 if day == weeks[2] else 9) for day in weeks],
    )
    fill(memory, schema.TREND, [step(period=day) for day in weeks])
    rows = memory.sql(f"{disclosed_trend()} ORDER BY period", params=THRESHOLDS).pl()
    assert rows["value"].is_null().to_list() == [n == 2 for n in range(9)]
    for name in ("previous", "change", "change_share"):
        assert rows[name].is_null().to_list() == [n in {2, 3} for n in range(9)]
    for name in ("rolling_median", "robust_z"):
        assert rows[name].is_null().to_list() == [2 <= n <= 6 for n in range(9)]
    assert rows["hidden_reason"].to_list() == [None, None, "few people", *[None] * 6]


def test_an_undefined_week_does_not_part_a_hidden_one_from_the_next(
    memory: duckdb.DuckDBPyConnection,
) -> None:
    """The rolling figures of week 2 reach back over an undefined week to week 0, which is hidden."""
    weeks = [MONDAY + timedelta(weeks=n) for n in range(3)]
    rows = [
        cell(period=weeks[0], people=4),
        cell(period=weeks[1], value=None),
        cell(period=weeks[2]),
    ]
    fill(memory, schema.METRIC_VALUE, rows)
    fill(memory, schema.TREND, [step(period=day) for day in weeks])
    found = memory.sql(f"{disclosed_trend()} ORDER BY period", params=THRESHOLDS).pl()
    assert found["hidden_reason"].to_list() == ["few people", None, None]
    for name in ("rolling_median", "robust_z"):
        assert found[name].to_list() == [None, None, None]


def test_trend_without_its_cell_is_hidden(memory: duckdb.DuckDBPyConnection) -> None:
    fill(memory, schema.METRIC_VALUE, [])
    fill(memory, schema.TREND, [step()])
    row = memory.sql(disclosed_trend(), params=THRESHOLDS).pl().to_dicts()[0]
    assert row["hidden_reason"] == "few people"
    assert [row[name] for name in mart.TREND_NUMBERS] == [None] * len(mart.TREND_NUMBERS)


def test_a_line_tells_no_weight_that_its_flow_hides(memory: duckdb.DuckDBPyConnection) -> None:
    """Weeks 2 and 3 of 0..11 have few people in their flow, but enough over the nine of the line's state."""
    weeks, silent = [MONDAY + timedelta(weeks=n) for n in range(12)], (2, 3)

    def told(hidden_weight: float) -> Any:
        weight = [hidden_weight if n in silent else 10.0 + n for n in range(12)]
        fill(
            memory,
            schema.METRIC_VALUE,
            [
                cell(period=day, value=weight[n], people=4 if n in silent else 9)
                for n, day in enumerate(weeks)
            ],
        )
        memory.execute("""
            CREATE OR REPLACE TABLE line_state AS
            SELECT grain, period, channel, boundary, unit, other_unit, 'steady' AS state, value AS w,
              value AS recent, value AS base, value AS ratio, value AS z, 0 AS silent,
              period AS last_day, 9 AS people, 9 AS other_people, 0.2 AS top_share
            FROM metric_value""")
        return memory.sql(f"{disclosed_line()} ORDER BY period", params=THRESHOLDS).pl()

    rows = told(1.0)
    assert rows.equals(told(1e6))
    assert [n for n in range(12) if rows["weight"][n] is None] == [2, 3]
    assert rows["recent"].to_list() == [
        10.0, 10.5, 10.5, None, None, *(pytest.approx(sum(range(n, n - 3, -1)) / 3 + 10) if n > 5 else
        pytest.approx(14.5) for n in range(5, 12)),
    ]  # fmt: skip
    assert rows["base"][8] == pytest.approx((10 + 11 + 14 + 15) / 4)
    assert rows["ratio"][8] == pytest.approx(17 / 12.5)


def test_beside_a_line_stands_the_networks_unknown_share_where_that_is_shown(
    memory: duckdb.DuckDBPyConnection,
) -> None:
    whole = {
        "metric": "cross_boundary_share", "measure": "unknown_share", "unit": "(all)",
        "other_unit": "(all)", "other_people": None, "people": 30,
    }  # fmt: skip
    fill(
        memory,
        schema.METRIC_VALUE,
        [
            cell(**whole, value=0.2),
            cell(**whole, value=0.3, channel="work"),
            cell(**whole | {"people": K - 1}, value=0.4, channel="meeting"),
            cell(**whole, value=0.5, boundary="organisation"),
            cell(**whole, value=0.6, period=MONDAY + timedelta(weeks=1)),
            cell(**whole | {"unit": "North"}, value=0.7),
        ],
    )
    memory.execute(f"""CREATE OR REPLACE TABLE line_state AS
        SELECT 'week' AS grain, DATE '{MONDAY}' AS period, channel, 'team' AS boundary, 'North' AS unit,
          'South' AS other_unit, 'steady' AS state, 1.0 AS w, 1.0 AS recent, 1.0 AS base, 1.0 AS ratio,
          0.0 AS z, 0 AS silent, DATE '{MONDAY}' AS last_day, people, 9 AS other_people, 0.2 AS top_share
        FROM (VALUES ('(all)', 9), ('work', {K - 1}), ('meeting', 9), ('message', 9)) AS t(channel, people)""")
    found = memory.sql(disclosed_line(), params=THRESHOLDS).pl()
    assert set(found.columns) == {*mart.LINE.names()}
    told = found.sort("channel").select("channel", "unknown_share", "hidden_reason").rows()
    assert told == [
        ("(all)", 0.2, None), ("meeting", None, None), ("message", None, None),
        ("work", 0.3, "few people"),
    ]  # fmt: skip
