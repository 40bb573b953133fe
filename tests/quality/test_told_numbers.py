"""What is told of a network with all complications: the same to the last digit whatever the order of its events,
for two numbers that differ tell more than one; and counts in steps.

Sums of floats depend on the order in which rows lie; what is told of them must not.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quality.disclosure import Withheld, disclosed_metric_value
from quality.disclosure_guard import Rules, withhold
from quality.disclosure_rounding import COUNT_STEP, rounded_count
from quality.disclosure_structure import COUNTS
from quality.disclosure_trend import disclosed_direction, disclosed_trend
from tests.metrics import invented
from tests.network import all_models, build, empty_warehouse
from warehouse.schema import WITHHELD

if TYPE_CHECKING:
    import duckdb

RULES = Rules(3, 0.75, 0.1, 0.05, "organisation")
TODAY = date(2026, 7, 1)
INPUTS = ("event", "participation", "observation", "membership")


def told(con: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """What would be published of cells and series, in one order."""
    build(con)
    people = [
        (model.name, measure)
        for model in all_models()
        for measure, words in (model.header or {"measures": {}})["measures"].items()
        if "people" in (words["unit"], words.get("counts"))
    ]
    con.execute("BEGIN")
    withhold(con, people, RULES, today=TODAY)
    con.execute("COMMIT")
    hidden = Withheld(WITHHELD.name, RULES.rounding)
    selects = {
        "cells": disclosed_metric_value(people, withheld=hidden),
        "trend": disclosed_trend(people, withheld=hidden),
        "direction": disclosed_direction(people, withheld=hidden),
    }
    return {
        name: con.execute(f"FROM ({select}) ORDER BY ALL", RULES.thresholds()).pl()
        for name, select in selects.items()
    }


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """What is told of a network, and of the same one whose rows lie in another order."""
    with empty_warehouse() as one, empty_warehouse() as other:
        for con in (one, other):
            invented.fill(con)
        for name in INPUTS:
            rows = other.sql(f"FROM {name}").pl()
            other.execute(f"DELETE FROM {name}")
            other.register("shuffled", rows.sample(fraction=1, shuffle=True, seed=7))
            other.execute(f"INSERT INTO {name} FROM shuffled")
        for con in (one, other):
            con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
        return told(one), told(other)


def test_the_order_of_rows_changes_no_number(
    both: tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]],
) -> None:
    first, second = both
    for name, frame in first.items():
        assert frame.height > 1000
        assert_frame_equal(frame, second[name], check_exact=True)


def test_counts_that_add_up_to_the_networks_are_told_in_steps(
    both: tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]],
) -> None:
    """Else the only hidden line would be what the others leave of the network."""
    cells = both[0]["cells"].filter(pl.col("value").is_not_null(), pl.col("value") > 0)
    found = {
        (model.name, measure)
        for model in all_models()
        for measure, words in (model.header or {"measures": {}})["measures"].items()
        if words["unit"] in {"ties", "pairs"}
    }
    of_parts = cells.filter(pl.col("unit") != "(all)").select("metric", "measure").unique().rows()
    of_whole = cells.filter(pl.col("unit") == "(all)").select("metric", "measure").unique().rows()
    adding = (
        found & set(of_parts) & set(of_whole) - {("interaction_volume", "ties")}
    )  # a tie counts in both units
    assert adding <= set(COUNTS)
    counted = cells.filter(
        pl.struct("metric", "measure").is_in([{"metric": a, "measure": b} for a, b in COUNTS])
    )
    assert {("tie_turnover", "new"), ("brokerage", "liaison")} <= set(
        counted.select("metric", "measure").rows()
    )
    assert (counted["value"] % COUNT_STEP == 0).all()
    assert counted["expected"].count() > 10
    assert (counted["expected"].drop_nulls() % COUNT_STEP == 0).all()
    assert counted["numerator"].is_null().all()


def test_the_balance_of_one_channel_is_not_what_all_less_the_other_is(
    both: tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]],
) -> None:
    """A series or an item has one channel."""
    cells = both[0]["cells"].filter(
        pl.col("hidden_reason").is_null(), metric="participation_balance"
    )
    assert set(cells.filter(measure="containers")["channel"]) == {"(all)"}
    balance = cells.filter(pl.col("value").is_not_null(), measure="balance")
    assert len(set(balance["channel"])) > 1
    assert balance["numerator"].is_null().all()
    assert balance["denominator"].is_null().all()
    assert (balance["value"] - balance["value"].round(2)).abs().max() < 1e-9  # type: ignore[operator]


def test_a_lower_end_of_an_effective_number_is_told_in_fives(
    both: tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]],
) -> None:
    low = both[0]["cells"].filter(measure="effective")["low"].drop_nulls()
    assert len(low) > 2
    assert (low % COUNT_STEP == 0).all()


def test_a_count_is_told_in_fives_or_coarser() -> None:
    counts = {0: 0, 2: 0, 3: 5, 37: 35, 99: 100, 102: 100, 103: 105, 1234: 1250}
    with empty_warehouse() as con:
        for count, shown in counts.items():
            select = f"SELECT {rounded_count('n', 0.05)}, {rounded_count('n', 0.0)} FROM (VALUES ({count}.0)) AS t (n)"
            assert con.execute(select).fetchall() == [(shown, count)]
