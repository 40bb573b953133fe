"""Two builds of the same events publish the same numbers to the last digit: two that differ tell more than one.

Sums of floats depend on the order in which rows lie; what is told of them must not.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from polars.testing import assert_frame_equal

from quality.disclosure import Withheld, disclosed_metric_value
from quality.disclosure_guard import Rules, withhold
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


def test_the_order_of_rows_changes_no_number() -> None:
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
        first, second = told(one), told(other)
    for name, frame in first.items():
        assert frame.height > 1000
        assert_frame_equal(frame, second[name], check_exact=True)
