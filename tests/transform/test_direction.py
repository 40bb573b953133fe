"""Direction of a series, held to pymannkendall, scipy and every order of its blocks."""

from __future__ import annotations

import functools
import operator
from datetime import date, timedelta
from itertools import permutations

import numpy as np
import polars as pl
import pymannkendall
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from tests.network import all_models

DIRECTION = next(model for model in all_models() if model.name == "direction")
MONDAY = date(2024, 1, 1)
SERIES = {"metric": "m", "measure": "n", "grain": "week", "channel": "(all)", "boundary": "team",
          "unit": "A", "other_unit": "(all)"}  # fmt: skip
CALENDAR = pl.DataFrame(
    {"grain": "week", "period": MONDAY + timedelta(weeks=n), "idx": n} for n in range(60)
)
values = st.lists(st.none() | st.integers(0, 9).map(float), min_size=24, max_size=24)


def told(series: list[float | None], incomplete: tuple[int, ...] = ()) -> pl.DataFrame:
    """Direction of a series that starts on MONDAY and is known in full but for `incomplete`."""
    rows = [
        SERIES | {"period": MONDAY + timedelta(weeks=n), "value": value,
                  "completeness": 0.0 if n in incomplete else 1.0}
        for n, value in enumerate(series)
    ]  # fmt: skip
    schema = {**dict.fromkeys(SERIES, pl.String), "period": pl.Date, "value": pl.Float64,
              "completeness": pl.Float64}  # fmt: skip
    assert DIRECTION.compute
    found = DIRECTION.compute(
        pl.DataFrame(rows, schema=schema), CALENDAR, complete_enough=0.9, direction_p=0.05
    )
    return found.sort("period")


def test_worked_example() -> None:
    found = told([5, 7, 9, 9, 8, 11, 12, 11, 14, 13, 15, 16]).row(-1, named=True)
    assert (found["mann_kendall"], found["slope"], found["periods"]) == (
        56,
        pytest.approx(0.95),
        12,
    )
    # Three blocks have six orders: too few to call anything a trend.
    assert (found["p_value"], found["direction"]) == (pytest.approx(1 / 6), "steady")


@given(series=values)
def test_agrees_with_pymannkendall_scipy_and_every_order(series: list[float | None]) -> None:
    last = told(series).filter(pl.col("period") == MONDAY + timedelta(weeks=23))
    there = [(n, value) for n, value in enumerate(series) if value is not None]
    if len(there) < 12 or series[-1] is None:
        assert last.is_empty()
        return
    found = last.row(0, named=True)
    at, seen = zip(*there, strict=True)
    assert found["periods"] == len(there)
    assert found["mann_kendall"] == pymannkendall.original_test(seen).s
    assert found["slope"] == pytest.approx(theilslopes(seen, at).slope, abs=1e-12)
    blocks = [series[n : n + 4] for n in range(0, 24, 4)]
    orders = [
        abs(mann_kendall(functools.reduce(operator.iadd, order, [])))
        for order in permutations(blocks)
    ]
    assert found["p_value"] == pytest.approx(np.mean(np.array(orders) >= abs(mann_kendall(series))))


def mann_kendall(series: list[float | None]) -> int:
    seen = [value for value in series if value is not None]
    return sum(
        (later > early) - (later < early) for n, early in enumerate(seen) for later in seen[n + 1 :]
    )


def test_a_rise_is_told_and_a_series_without_one_is_not() -> None:
    assert told([float(n) for n in range(24)])["direction"][-1] == "rising"
    assert told([float(-n) for n in range(24)])["direction"][-1] == "falling"
    assert told([3.0] * 24)["direction"][-1] == "steady"
    # Rounding is no rise.
    assert told([1 + n * 1e-14 for n in range(24)])["mann_kendall"][-1] == 0


def test_incomplete_periods_are_left_out() -> None:
    series = [5.0 + n % 3 for n in range(30)]
    spoilt = series.copy()
    for gone in (20, 21, 29):
        spoilt[gone] = 0.0
    assert (
        told(spoilt, (20, 21, 29)).rows()
        == told([None if n in (20, 21, 29) else value for n, value in enumerate(series)]).rows()
    )


def test_chance_is_seldom_called_a_trend() -> None:
    """Autocorrelated noise: the plain test calls a trend in a third of such series, this one in few."""
    rng = np.random.default_rng(7)
    noise = np.zeros((400, 24))
    for n in range(1, 24):
        noise[:, n] = 0.6 * noise[:, n - 1] + rng.normal(size=400)
    ours = np.mean([told(list(one))["direction"][-1] != "steady" for one in noise[:100]])
    plain = np.mean([pymannkendall.original_test(one).p < 0.05 for one in noise])
    assert plain > 0.2
    assert ours < 0.6 * plain
