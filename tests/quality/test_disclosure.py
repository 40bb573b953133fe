"""Numbers that are hidden cannot be computed: the audit, the choice, and an attacker with its own algebra."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, milp
from scipy.sparse import csr_matrix

from quality import disclosure_guard
from quality.disclosure import KEY, Withheld, disclosed_metric_value
from quality.disclosure_atoms import atoms_of_month
from quality.disclosure_block import Block, Limits
from quality.disclosure_choice import DisclosureError, check, protect
from quality.disclosure_guard import withhold
from quality.disclosure_rounding import interval, rounded, rounded_share
from quality.disclosure_structure import FAMILIES
from tests.network import behind, build, empty_warehouse
from tests.quality import attacker, invented
from tests.quality.attacker import Attacker, Counter, both, read
from tests.quality.invented import MODELS, RULES, TEAMS, TODAY, network, release
from tests.serving import made_up
from warehouse import schema

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = RULES.protection
SECRET = ("few people", "one person carries most")


def system(matrix: Any, atoms: Any, secret: Any, *, cost: Any = None, part: float = 0.0) -> Block:
    """Rows that are sums of atoms, each told to within `part` of itself; some are secret."""
    matrix, atoms = csr_matrix(np.array(matrix, float)), np.array(atoms, float)
    value, number = matrix @ atoms, np.flatnonzero(secret)
    return Block(
        atoms, np.zeros(len(atoms), np.int64), np.zeros(len(atoms), np.int64),
        Limits(matrix, -part * value / 2, part * value / 2, np.arange(len(value))),
        matrix[number], WIDTH * value[number], number, value + 1 if cost is None else cost,
    )  # fmt: skip


# Lines AB, AC, BC, AD, BD, CD, and of these the totals of A, B, C and D.
SQUARE = np.vstack(
    [np.eye(6), [[1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 1, 0], [0, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 1]]]
)
WEIGHTS = [4.0, 6.0, 5.0, 7.0, 3.0, 8.0]


def flags(*rows: int) -> Any:
    return np.isin(np.arange(len(SQUARE)), rows)


def test_a_hidden_triangle_is_solved_though_each_row_hides_two() -> None:
    secret = flags(0, 1, 2)
    assert check(system(SQUARE, WEIGHTS, secret), ~secret).all()


def test_a_hidden_square_is_not() -> None:
    secret = flags(0, 2, 3, 5)  # A-B-C-D-A
    assert not check(system(SQUARE, WEIGHTS, secret), ~secret).any()


def test_nor_is_a_triangle_of_which_the_totals_are_rounded_enough() -> None:
    secret = flags(0, 1, 2)
    assert not check(system(SQUARE, WEIGHTS, secret, part=WIDTH), ~secret).any()


def width(block: Block, shown: Any, cell: int) -> float:
    """Of one secret number, by two programs over what is shown."""
    used, goal = shown[block.limits.row], block.secrets[[cell]].toarray().ravel()
    matrix = block.limits.matrix[used]
    ends = [
        linprog(
            sign * goal,
            A_ub=np.vstack([matrix.toarray(), -matrix.toarray()]),
            b_ub=np.concatenate([block.limits.high[used], -block.limits.low[used]]),
            bounds=np.column_stack([-block.atoms, np.full(len(block.atoms), np.inf)]),
            method="highs",
        )
        for sign in (1, -1)
    ]
    return float("inf") if ends[1].status else float(-ends[1].fun - ends[0].fun)


@st.composite
def systems(draw: st.DrawFn) -> tuple[Block, Any]:
    n = draw(st.integers(3, 8))
    sums = draw(st.lists(st.lists(st.sampled_from([0, 1]), min_size=n, max_size=n), min_size=1, max_size=5))  # fmt: skip
    matrix = np.vstack([np.eye(n), np.array(sums)])
    atoms = draw(st.lists(st.integers(1, 50), min_size=n, max_size=n))
    secret = np.array(draw(st.lists(st.booleans(), min_size=len(matrix), max_size=len(matrix))))
    return system(matrix, atoms, secret, part=draw(st.sampled_from([0.0, 0.02]))), ~secret


@given(systems())
@settings(max_examples=30, deadline=None)
def test_what_the_audit_lets_pass_is_as_wide_as_it_says(one: tuple[Block, Any]) -> None:
    """Against two programs per secret, one by one, instead of the audit's few for all together."""
    block, shown = one
    found, missed = check(block, shown), 0
    for cell, wanted in enumerate(block.wanted):
        true = width(block, shown, cell)
        if not found[cell]:
            assert true >= wanted * (1 - 1e-5)
        else:
            missed += true >= wanted * (1 + 1e-5)
    assert missed <= 1  # what is not proven safe counts as exposed, but that is rare


@given(systems())
@settings(max_examples=20, deadline=None)
def test_after_the_choice_nothing_is_exposed(one: tuple[Block, Any]) -> None:
    block, shown = one
    after = protect(block, shown, np.zeros(len(shown), dtype=bool))
    assert not (after & ~shown).any()
    for cell, wanted in enumerate(block.wanted):
        assert width(block, after, cell) >= wanted * (1 - 1e-5)


def test_a_number_that_can_be_read_elsewhere_protects_nothing() -> None:
    """Everything else was shown by an earlier release: there is no choice left."""
    secret = flags(0, 1, 2)
    with pytest.raises(DisclosureError, match="could be computed from what would be shown"):
        protect(system(SQUARE, WEIGHTS, secret), ~secret, ~secret)


def test_hiding_costs_little_more_than_the_least() -> None:
    """Against integer programming, on tables small enough for it: information lost, on average."""
    ratios = []
    for seed in range(10):
        dice = np.random.default_rng(seed)
        atoms = dice.integers(2, 30, 6).astype(float)
        secret = flags(*dice.choice(6, 2, replace=False))
        block = system(SQUARE, atoms, secret)
        shown = protect(block, ~secret, np.zeros(10, dtype=bool))
        ours, least = block.cost[~shown & ~secret].sum(), _least(block, secret)
        assert ours >= least - 1e-6
        ratios.append((ours + 1) / (least + 1))
    assert np.mean(ratios) <= 1.5, ratios


def _least(block: Block, secret: Any) -> float:
    """Least cost of hiding: two worlds for each secret, that differ from the true one in hidden rows only."""
    n, rows, pairs = len(block.atoms), len(secret), len(block.wanted)
    matrix, big = block.limits.matrix.toarray(), 4 * block.atoms.sum()
    size = rows + 2 * n * pairs
    left, most = [], []
    for w in range(2 * pairs):
        here = np.zeros((rows, size))
        here[:, rows + w * n : rows + (w + 1) * n] = matrix
        bound = -big * np.eye(rows, size)
        left += [here + bound, -here + bound]
        most += [np.zeros(2 * rows)]
    for cell in range(pairs):
        apart = np.zeros((1, size))
        goal = block.secrets[[cell]].toarray()
        apart[:, rows + 2 * cell * n : rows + (2 * cell + 1) * n] = -goal
        apart[:, rows + (2 * cell + 1) * n : rows + (2 * cell + 2) * n] = goal
        left.append(apart)
        most.append(np.array([-block.wanted[cell]]))
    found = milp(
        np.concatenate([np.where(secret, 0.0, block.cost), np.zeros(size - rows)]),
        constraints=(np.vstack(left), -np.inf, np.concatenate(most)),
        bounds=(
            np.concatenate([np.zeros(rows), np.tile(-block.atoms, 2 * pairs)]),
            np.concatenate([np.ones(rows), np.full(size - rows, big)]),
        ),
        integrality=np.concatenate([np.ones(rows), np.zeros(size - rows)]),
    )
    return float(found.fun)


@given(st.floats(1e-3, 1e6), st.sampled_from([0.01, 0.02, 0.05, 0.1]))
@settings(max_examples=60, deadline=None)
def test_rounding(x: float, part: float) -> None:
    told = duckdb.sql(f"SELECT {rounded(f'{x!r}::DOUBLE', part)}").fetchall()[0][0]
    low, high = interval(np.array([told]), part)
    assert low[0] * (1 - 1e-9) <= x <= high[0] * (1 + 1e-9)
    assert high[0] - low[0] >= part * x / 4  # wide enough to be of use
    assert abs(told - x) <= part * x / 2 * (1 + 1e-6)  # and no wider
    assert told == pytest.approx(attacker.rounded(x, part), rel=1e-9)
    assert attacker.preimage(told, part) == pytest.approx((low[0], high[0]), rel=1e-6)


@given(st.integers(50, 5000), st.sampled_from([0.01, 0.02, 0.05, 0.1]))
@settings(max_examples=30, deadline=None)
def test_what_is_told_does_not_depend_on_the_order_of_a_sum(halves: int, part: float) -> None:
    """A weight in the middle of two told numbers, as sums in other orders give it."""
    sums = [halves / 2 * (1 + noise) for noise in (-4e-13, 0, 4e-13)]
    told = {duckdb.sql(f"SELECT {rounded(f'{x!r}::DOUBLE', part)}").fetchall()[0][0] for x in sums}
    assert len(told) == 1
    shares = [(halves % 50 + 0.5) * 0.02 * (1 + noise) for noise in (-4e-13, 0, 4e-13)]
    told = {
        duckdb.sql(f"SELECT {rounded_share(f'{x!r}::DOUBLE', part)}").fetchall()[0][0]
        for x in shares
    }
    assert len(told) == 1


def narrow(
    con: duckdb.DuckDBPyConnection, attack: Attacker, sample: int, today: date = TODAY
) -> int:
    """How many of the secret numbers the attacker narrows down to less than the protection range."""
    hidden = con.sql(f"""
        SELECT told.*, metric_value.value AS truth FROM mart.metric_value AS told
        JOIN metric_value USING ({", ".join(KEY)})
        WHERE told.hidden_reason IN {SECRET} AND measure = 'weight' AND grain <> 'day' AND metric_value.value > 0
          AND period + CASE grain WHEN 'week' THEN INTERVAL 7 DAY WHEN 'month' THEN INTERVAL 1 MONTH
            ELSE INTERVAL 3 MONTH END <= DATE '{today}'
        ORDER BY ALL""").pl().to_dicts()  # fmt: skip
    assert len(hidden) > 20, "nothing to find"
    found = 0
    for row in random.Random(0).sample(hidden, min(sample, len(hidden))):
        low, high = attack.range(row)
        assert low - 1e-4 <= row["truth"] <= high + 1e-4, "the attacker's equations are wrong"
        found += high - low < WIDTH * row["truth"] * (1 - 1e-3)
    return found


@pytest.fixture(scope="module")
def small() -> duckdb.DuckDBPyConnection:
    """A network that the fast tests share; each makes its own releases of it."""
    return network(1, events=90)


def counted(
    con: duckdb.DuckDBPyConnection, metric: str, measure: str, rounding: float, sample: int
) -> int:
    """How many of the secret counts the attacker finds, or narrows down too much."""
    name = f"metric = '{metric}' AND measure = '{measure}' AND grain <> 'day'"
    rows = con.sql(f"FROM mart.metric_value WHERE {name}").pl().to_dicts()
    attack = Counter(
        rows, rounding, TEAMS, finest=(metric, measure),
        adds=metric != "interaction_volume", nests=metric != "convening",
    )  # fmt: skip
    exact = {row[:8]: row[8] for row in con.sql(f"SELECT {', '.join(KEY)}, value FROM metric_value WHERE {name}").fetchall()}  # fmt: skip
    secret = [row for row in rows if row["hidden_reason"] in SECRET]
    assert len(secret) > 20, "nothing to find"
    found = 0
    for row in random.Random(0).sample(secret, min(sample, len(secret))):
        true = exact[tuple(row[part] for part in KEY)]
        low, high = attack.range(row)
        assert low - 1e-3 <= true <= high + 1e-3, "the attacker's equations are wrong"
        alone = high < true + 1 - 1e-3 and low > true - 1 + 1e-3  # no other whole number
        found += alone or high - low < WIDTH * true * (1 - 1e-3)
    return found


@pytest.mark.parametrize(
    "name", [("interaction_volume", "events"), ("initiators", "acts"), ("convening", "events")]
)
def test_an_attacker_finds_no_hidden_count(
    small: duckdb.DuckDBPyConnection, name: tuple[str, str]
) -> None:
    release(small, None)
    assert counted(small, *name, 0.0, 40) > 2
    release(small)
    assert counted(small, *name, RULES.rounding, 60) == 0


def few_of(metric: str, periods: str, **values: Any) -> list[dict[str, Any]]:
    """Rows of each measure, one a month from January on, and what the quarter has; '-': of few people."""
    months = [date(2026, n + 1, 1) for n in range(3)]
    return [
        made_up.cell(
            metric=metric, measure=measure, grain=grain, period=month, boundary="organisation", unit="(all)", other_unit="(all)",
            value=float(value), numerator=None, denominator=None, people=2 if few else 9, top_share=None,
            expected=None, z=None, low=None, high=None,
        )
        for measure, numbers in values.items()
        for value, (grain, month, few) in zip(
            numbers,
            [*(("month", m, p == "-") for m, p in zip(months, periods, strict=False)), ("quarter", months[0], False)],
            strict=False,
        )
    ]  # fmt: skip


def told_of(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[float | None]]:
    """What a release tells of each measure and grain, period after period."""
    con = empty_warehouse()
    made_up.fill(con, schema.METRIC_VALUE, rows)
    con.execute("BEGIN")
    withhold(con, (), RULES, today=TODAY)
    con.execute("COMMIT")
    found: dict[tuple[str, str], list[float | None]] = {}
    select = disclosed_metric_value(withheld=Withheld("withheld", RULES.rounding))
    told = con.execute(
        f"SELECT measure, grain, value FROM ({select}) ORDER BY measure, grain, period, other_unit",
        RULES.thresholds(),
    )
    for measure, grain, value in told.fetchall():
        found.setdefault((measure, grain), []).append(value)
    return found


def test_a_metric_of_ones_own_tells_no_hidden_weight() -> None:
    """It may be the weight itself, or divide by what is told: on a hidden line it is hidden, else in the same steps."""
    con, own = network(1), [("ours", "weight")]
    con.execute(
        """INSERT INTO metric_value SELECT * REPLACE ('ours' AS metric, value AS numerator, 1 AS denominator,
          value AS expected, value AS low, value AS high, NULL AS top_share) FROM metric_value
        WHERE (metric, measure) = ('flow', 'weight')"""
    )
    con.execute("BEGIN")
    withhold(con, (), RULES, today=TODAY, own=own)
    con.execute("COMMIT")
    select = disclosed_metric_value(withheld=Withheld("withheld", RULES.rounding, own=own))
    told = con.execute(f"FROM ({select})", RULES.thresholds()).pl().filter(measure="weight")
    ours, flow = told.filter(metric="ours"), told.filter(metric="flow")
    both = ours.filter(pl.col("grain") != "day").join(flow, on=KEY[2:])
    assert {None, *SECRET, "protects another number"} <= set(both["hidden_reason_right"])
    assert both.filter(pl.col("value_right").is_null())["value"].is_null().all()
    shown = both.filter(pl.col("value").is_not_null())
    assert shown.height > both["value_right"].count() / 2  # the others' hours or events are hidden
    assert (shown["value"] == shown["value_right"]).all()
    for name in ("numerator", "denominator", "expected", "low", "high"):
        assert ours[name].is_null().all(), name
    days = ours.filter(grain="day")
    assert days.height > 20
    assert days["value"].is_null().all()


@pytest.mark.parametrize(
    ("periods", "quarter"),
    [("+++", 9.0), ("+-+", None), ("--+", 9.0)],
)
def test_a_quarter_of_starts_is_not_told_where_one_hidden_month_would_be_the_rest(
    periods: str, quarter: float | None
) -> None:
    told = told_of(few_of("joint_initiatives", periods, started=[4, 3, 2, 9]))
    assert told["started", "quarter"] == [quarter]
    assert told["started", "month"] == [
        value if p == "+" else None for value, p in zip([4, 3, 2], periods, strict=True)
    ]


def test_what_lives_on_tells_no_hidden_number_before() -> None:
    """February is of few people: 3 alive, of which in March 1 ended; all of 2 may have lived on, or none."""
    told = told_of(
        few_of("joint_initiatives", "+-+", alive=[4, 3, 2], started=[1, 0, 0], ended=[0, 2, 1], survival=[1, 0.5, 2 / 3])
    )  # fmt: skip
    assert told["alive", "month"] == [4, None, 2]
    assert told["ended", "month"] == [0, None, 1]
    assert told["survival", "month"] == [1, None, None]
    new = few_of("joint_initiatives", "+-+", alive=[4, 3, 2], started=[1, 0, 2], ended=[0, 2, 3])
    assert told_of(new)["ended", "month"] == [0, None, None]  # none lives on: 3 ended, 3 there were


def test_introductions_are_told_of_the_network_and_no_quarter_gives_a_hidden_month_away() -> None:
    rows = few_of(
        "introductions",
        "+-+",
        introductions=[9, 2, 7, 18],
        converted=[3, 1, 2, 6],
        rate=[0.3, 0.5, 0.3, 0.3],
    )
    told = told_of([*rows, *({**row, "unit": "North"} for row in rows), *({**row, "channel": "meeting"} for row in rows)])  # fmt: skip
    assert told == {
        ("introductions", "month"): [9, None, 7], ("introductions", "quarter"): [None],
        ("converted", "month"): [3, None, 2], ("converted", "quarter"): [None],
        ("rate", "month"): [0.3, None, 0.3], ("rate", "quarter"): [None],
    }  # fmt: skip


@pytest.mark.parametrize(("hidden", "told"), [("-", [None, None]), ("--", [9, None, None])])
def test_the_last_hidden_line_is_not_what_others_leave_of_the_network(
    hidden: str, told: list[float | None]
) -> None:
    (whole,) = few_of("introductions", "", converted=[12])
    lines = [
        {**whole, "unit": "A", "other_unit": f"{n}", "other_people": 9 if shown == "+" else 2, "value": value}
        for n, (shown, value) in enumerate(zip("+" + hidden, [9, 3, 1], strict=False))
    ]  # fmt: skip
    assert told_of([whole, *lines])["converted", "quarter"] == [12, *told]


def test_lines_of_teams_do_not_tell_what_took_root_on_a_line_of_organisations() -> None:
    (whole,) = few_of("introductions", "", converted=[12])
    line = {**whole, "unit": "A", "other_unit": "B", "other_people": 9, "boundary": "organisation"}
    parts = [
        {**line, "boundary": "team", "unit": "A", "other_unit": f"B{n}", "value": 6.0}
        for n in range(2)
    ]
    assert told_of([whole, line, *parts])["converted", "quarter"] == [12, 12, None, None]


def test_starts_of_lines_and_broadcasts_are_told_of_months_and_all_channels_only() -> None:
    rows = few_of("initiative_balance", "+++", started_by_unit=[9, 8, 7, 24])
    rows += few_of("interaction_volume", "+++", broadcasts=[3, 2, 1, 6])
    assert told_of([*rows, *({**row, "channel": "meeting"} for row in rows)]) == {
        ("started_by_unit", "month"): [9, 8, 7], ("broadcasts", "month"): [3, 2, 1],
    }  # fmt: skip


def test_starts_of_lines_of_teams_are_not_told_for_they_make_up_those_of_organisations() -> None:
    (line,) = few_of("initiative_balance", "", started_by_unit=[9])
    line |= {"grain": "month", "unit": "A", "other_unit": "B", "other_people": 9}
    parts = [
        {**line, "boundary": "team", "other_unit": f"B{n}", "value": value, "people": people}
        for n, (value, people) in enumerate([(6.0, 9), (3.0, 2)])
    ]
    assert told_of([line, *parts])["started_by_unit", "month"] == [9, None, None]


def test_an_effective_number_that_is_not_there_does_not_tell_acts_that_are_withheld() -> None:
    """Nobody began twice: there are as many acts as people who began."""
    begun = few_of("initiators", "++", effective=[0, 0], top_share=[0.1, 0.1], acts=[13, 13])
    begun = [row for row in begun if row["grain"] == "month"]
    for row in begun:
        if row["measure"] == "effective":
            row |= {"value": None, "low": 13.0 if row["period"].month == 1 else None}
    con = empty_warehouse()
    made_up.fill(con, schema.METRIC_VALUE, begun)
    for month in (1, 2):
        con.execute(
            f"""INSERT INTO withheld SELECT {", ".join(KEY)}, 'protects another number', 'acts' FROM metric_value
            WHERE measure = 'acts' AND month(period) = {month}"""
        )
    for _ in range(2):
        con.execute(disclosure_guard._ONE_EACH, {"block": "acts"})
    told = con.sql("SELECT month(period), measure FROM withheld ORDER BY ALL").fetchall()
    assert told == [(1, "acts"), (1, "effective"), (1, "top_share"), (2, "acts")]


@pytest.mark.parametrize("merged", [False, True], ids=["", "units of one person"])
def test_sums_of_atoms_are_what_the_metrics_say(merged: bool) -> None:
    con = network(3, events=150)
    if merged:
        con.execute("UPDATE membership SET unit = '(other)' WHERE unit IN ('c1', 'C')")
        con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
        build(con, behind(*MODELS))
    month, family = date(2026, 6, 1), FAMILIES["weight"]
    atoms, parts = atoms_of_month(con, month, family)
    sums: dict[tuple, float] = {
        tuple(place): value
        for *place, value in atoms.join(parts, on="pair")
        .group_by("what", "boundary", "unit", "other_unit")
        .agg((pl.col("value") * pl.col("part")).sum())
        .iter_rows()
    }
    rows = con.execute(
        "SELECT metric, measure, boundary, unit, other_unit, value FROM metric_value"
        " WHERE grain = 'month' AND period = ? AND channel = '(all)' AND value IS NOT NULL",
        [month],
    ).fetchall()
    compared = set()
    for metric, measure, *place, value in rows:
        name = (metric, measure)
        if name in family.sums:
            assert sums[family.sums[name], *place] == pytest.approx(value), (name, place)
        elif name in family.ratios:
            ratio = family.ratios[name]
            above, below = (
                sum(times * sums.get((what, *place), 0.0) for what, times in side.items())
                for side in (ratio.above, ratio.below)
            )
            assert above / below == pytest.approx(value), (name, place)
        else:
            continue
        compared.add((name, "(other)" in place))
    assert {name for name, _ in compared} == {*family.names()}
    assert any(is_other for _, is_other in compared) == merged


def attacked(con: duckdb.DuckDBPyConnection) -> None:
    release(con, None)
    assert narrow(con, Attacker(read(con), 0.0, TEAMS), 8) > 2
    assert release(con).audited
    assert narrow(con, Attacker(read(con), RULES.rounding, TEAMS), 12) == 0


def test_an_attacker_finds_nothing_with_the_audit_and_much_without(
    small: duckdb.DuckDBPyConnection,
) -> None:
    attacked(small)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_an_attacker_finds_nothing_in_other_networks(seed: int) -> None:
    attacked(network(seed, events=150))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_two_releases_tell_no_more_than_one(seed: int, tmp_path: Path) -> None:
    """A night later a week and a month are over, and events that came late changed earlier ones."""
    con, yesterday = network(seed, events=150), TODAY - timedelta(days=1)
    release(con, today=yesterday)
    first = Attacker(read(con), RULES.rounding, TEAMS)
    con.execute(f"ATTACH '{tmp_path / 'bi.duckdb'}' AS earlier")
    con.execute("CREATE SCHEMA earlier.mart")
    con.execute("CREATE TABLE earlier.mart.metric_value AS FROM mart.metric_value")
    con.execute("DETACH earlier")
    invented.add(con, random.Random(seed), 3, invented.FIRST, yesterday)
    release(con, earlier=(tmp_path,))
    assert narrow(con, both(first, Attacker(read(con), RULES.rounding, TEAMS)), 25) == 0


def test_what_was_withheld_stays_so_and_an_unchanged_month_costs_nothing(
    small: duckdb.DuckDBPyConnection,
) -> None:
    con = small
    release(con, None)
    first = release(con)
    before = con.sql("FROM withheld ORDER BY ALL").fetchall()
    assert first.audited
    assert first.withheld
    again = release(con)
    assert again.audited == 0
    assert con.sql("FROM withheld ORDER BY ALL").fetchall() == before
    release(con, None)  # switched off: nothing of it is left
    assert con.sql("FROM withheld UNION ALL BY NAME FROM audited").fetchall() == []


def test_months_looked_at_together_hide_what_they_hide_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    con = network(3, events=120)
    invented.add(con, random.Random(3), 60, date(2026, 3, 1), date(2026, 3, 31))
    found = []
    for processors in (1, 3):
        monkeypatch.setattr(disclosure_guard, "AT_ONCE", processors)
        release(con, None)
        release(con)
        found.append(con.sql("FROM withheld ORDER BY ALL").fetchall())
    assert {"weight 2026-03", "weight 2026-06"} <= {row[-1] for row in found[0]}
    assert found[0] == found[1]


def test_a_month_without_ties_hides_nothing_and_one_whose_ties_expired_unaudited_all(
    small: duckdb.DuckDBPyConnection,
) -> None:
    """The quarter that is over in July has no ties in April and May."""
    release(small, None)
    release(small)
    april = small.sql("FROM withheld WHERE block LIKE '% 2026-04'").fetchall()
    shown = small.sql("FROM mart.metric_value WHERE grain = 'month' AND value > 0").fetchall()
    assert april == []
    assert shown
    release(small, None)
    small.execute("BEGIN")
    small.execute("CREATE TABLE kept AS FROM tie")
    small.execute("DELETE FROM tie")
    small.execute("COMMIT")
    release(small)
    told = small.sql(
        "FROM mart.metric_value WHERE metric = 'flow' AND grain = 'month' AND value > 0"
    ).fetchall()
    small.execute("INSERT INTO tie FROM kept")
    small.execute("DROP TABLE kept")
    release(small, None)
    assert told == []


def test_no_cell_that_one_table_hides_is_told_by_another(small: duckdb.DuckDBPyConnection) -> None:
    con = small
    release(con)
    assert con.sql("""
        FROM mart.line AS standing JOIN mart.metric_value AS cell
          USING (grain, period, channel, boundary, unit, other_unit)
        WHERE metric = 'flow' AND measure = 'weight' AND cell.hidden_reason IS NOT NULL
          AND standing.weight IS NOT NULL""").fetchall() == []  # fmt: skip
    told = con.sql("""
        SELECT standing.weight, cell.value
        FROM mart.line AS standing JOIN mart.metric_value AS cell
          USING (grain, period, channel, boundary, unit, other_unit)
        WHERE metric = 'flow' AND measure = 'weight' AND cell.hidden_reason IS NULL
          AND standing.weight IS NOT NULL""").fetchall()
    assert told
    assert all(a == b for a, b in told)


def test_assortativity_is_hidden_where_it_would_tell_much(small: duckdb.DuckDBPyConnection) -> None:
    """Where the share that it is made of is hidden, or the total of a unit with a quarter of all weight."""
    con = small
    rules = replace(RULES, dominance=0.3)  # so that large units are hidden too
    release(con, None)
    release(con, rules)
    place = "grain, period, channel, boundary"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE much AS
        SELECT {place} FROM mart.metric_value
        WHERE (metric, measure, unit) = ('cross_boundary_share', 'share', '(all)') AND hidden_reason IS NOT NULL
        UNION
        SELECT {place} FROM mart.metric_value AS told JOIN metric_value AS exact USING ({", ".join(KEY)})
        JOIN (SELECT {place}, value FROM metric_value WHERE (metric, measure, unit)
          = ('interaction_volume', 'weight', '(all)')) AS whole USING ({place})
        WHERE (metric, measure) = ('interaction_volume', 'weight') AND unit <> '(all)'
          AND told.hidden_reason IN {SECRET} AND exact.value > whole.value / 4""")
    told = con.sql(f"""
        SELECT hidden_reason IS NULL, count(much.grain) FROM mart.metric_value LEFT JOIN much USING ({place})
        WHERE measure = 'assortativity' AND value IS NOT NULL = (hidden_reason IS NULL) GROUP BY ALL ORDER BY ALL
        """).fetchall()  # fmt: skip
    release(con, None)
    assert [is_told for is_told, _ in told] == [False, True], told
    assert told[0][1] > 0
    assert told[1][1] == 0


def test_a_quarter_of_the_weight_is_not_found_from_assortativity() -> None:
    """Even by whom knows how all other units share the rest, and the inner share as it is told."""
    for part in np.linspace(0.02, 0.25, 12):
        for rest, inner in ((0.15, 0.3), (0.3, 0.5), (0.5, 0.7), (1.0, 0.8)):
            squares = part**2 + (1 - part) ** 2 * rest
            r = (inner - squares) / (1 - squares)
            told = [(inner + x - r - y) / (1 - r - y) for x in (-0.01, 0.01) for y in (-0.01, 0.01)]
            may = np.linspace(0, 1, 4001)
            found = may**2 + (1 - may) ** 2 * rest
            may = may[(found >= min(told)) & (found <= max(told))]
            assert may.max() - may.min() >= WIDTH * part
