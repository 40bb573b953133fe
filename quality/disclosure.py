"""Thresholds: which cells may be shown, as SQL over metric_value and trend.

A cell is shown when at least $k people stand on each side of it and nobody carries more than
$dominance of it. What is hidden keeps its row and its reason, and loses every number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.schema import ALL, METRIC_VALUE, TREND, quoted
from warehouse.serving.mart import FEW_PEOPLE, ONE_PERSON

if TYPE_CHECKING:
    from collections.abc import Collection

KEY = METRIC_VALUE.names()[:8]
CELL_NUMBERS = [name for name in METRIC_VALUE.names()[8:] if name != "top_share"]
STEP_NUMBERS = ["previous", "change", "change_share"]  # from this period and the one before
WINDOW_NUMBERS = ["rolling_median", "robust_z"]  # from this period and the four before


def disclosed_metric_value(
    people_counts: Collection[tuple[str, str]] = (), source: str = METRIC_VALUE.name
) -> str:
    """SELECT of every row of `source` (columns METRIC_VALUE), less the numbers that must be hidden.

    Columns: METRIC_VALUE less top_share, then hidden_reason. Parameters: $k, $dominance.
    `people_counts` names each (metric, measure) that counts people: fewer than $k are hidden too,
    whether it counts them itself or, as a ratio, in its numerator.
    """
    numbers = ",\n  ".join(_when("hidden_reason IS NULL", name) for name in CELL_NUMBERS)
    return f"""
SELECT {", ".join(KEY)},
  {numbers},
  hidden_reason
FROM (SELECT *, {_reason(people_counts)} AS hidden_reason FROM {source})
"""


def disclosed_trend(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    trend: str = TREND.name,
) -> str:
    """SELECT of every row of `trend` (columns TREND), less the numbers that must be hidden.

    Columns: TREND, then hidden_reason. Parameters: $k, $dominance. A row is shown when its own cell
    in `source` is; its change when the cell before is too; its rolling figures when the four before
    are. "Before" skips periods without a value, so the cells looked at hold at least those used.
    A row without a cell is hidden.
    """
    numbers = ",\n  ".join(
        [
            _when("cell.shown", "trend.value"),
            *(_when("cell.step_shown", f"trend.{name}") for name in STEP_NUMBERS),
            *(_when("cell.window_shown", f"trend.{name}") for name in WINDOW_NUMBERS),
        ]
    )
    line = ", ".join(name for name in KEY if name != "period")
    same = " AND ".join(f"cell.{name} = trend.{name}" for name in KEY)
    return f"""
WITH judged AS (
  SELECT {", ".join(KEY)}, value, {_reason(people_counts)} AS hidden_reason FROM {source}
), cell AS (
  SELECT {", ".join(KEY)}, hidden_reason,
    hidden_reason IS NULL AS shown,
    value IS NOT NULL AND bool_and(hidden_reason IS NULL) OVER (
      line ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS step_shown,
    value IS NOT NULL AND bool_and(hidden_reason IS NULL) OVER (
      line ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS window_shown
  FROM judged
  WINDOW line AS (PARTITION BY {line}, value IS NULL ORDER BY period)
)
SELECT {", ".join(f"trend.{name}" for name in KEY)},
  {numbers},
  CASE WHEN cell.shown IS NULL THEN {quoted(FEW_PEOPLE)} ELSE cell.hidden_reason END
    AS hidden_reason
FROM {trend} AS trend LEFT JOIN cell ON {same}
"""


def _reason(people_counts: Collection[tuple[str, str]]) -> str:
    """Why a cell is hidden; NULL when it may be shown. People that nobody counted are nobody."""
    counts = ", ".join(
        f"({quoted(metric)}, {quoted(measure)})" for metric, measure in people_counts
    )
    few_counted = (
        f"\n    OR ((metric, measure) IN ({counts}) AND coalesce(numerator, value) < $k)"
        if counts
        else ""
    )
    return f"""CASE
    WHEN coalesce(people, 0) < $k
    OR (other_unit <> {quoted(ALL)} AND coalesce(other_people, 0) < $k){few_counted}
    THEN {quoted(FEW_PEOPLE)}
    WHEN top_share > $dominance THEN {quoted(ONE_PERSON)} END"""


def _when(condition: str, column: str) -> str:
    return f"CASE WHEN {condition} THEN {column} END AS {column.rpartition('.')[2]}"
