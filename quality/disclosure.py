"""Which cells may be shown, as SQL over metric_value and trend: the disclosed tables.

A cell is shown when at least $k people stand on each side of it, nobody carries more than $dominance of
it, and it is not withheld: `withheld` names those that must go so that others cannot be computed (see
disclosure_guard). What is hidden keeps its row and its reason, and loses every number. Sums that the audit
looks at are told rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality.disclosure_rounding import rounded, rounded_share
from quality.disclosure_structure import (
    ASSORTATIVITY,
    NOT_OF_DAYS,
    RATIOS,
    SUMS,
    WITHOUT_PARTS,
    among,
)  # fmt: skip
from warehouse.schema import ALL, METRIC_VALUE, TREND, quoted
from warehouse.serving.mart import FEW_PEOPLE, ONE_PERSON

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

KEY = METRIC_VALUE.names()[:8]
CELL_NUMBERS = [name for name in METRIC_VALUE.names()[8:] if name != "top_share"]
IS_TOLD = f"NOT (grain = 'day' AND {among(NOT_OF_DAYS)})"
HIDDEN_SHARE_STEP = 0.05  # what part of all value is hidden says what it is, if it is told finely


@dataclass(frozen=True, slots=True)
class Withheld:
    """What was withheld by the audit: the table that names it, and how far sums are rounded."""

    table: str
    rounding: float


def disclosed_metric_value(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    withheld: Withheld | None = None,
) -> str:
    """SELECT of every row of `source` (columns METRIC_VALUE), less the numbers that must be hidden.

    Columns: METRIC_VALUE less top_share, then hidden_reason. Parameters: $k, $dominance.
    `people_counts` names each (metric, measure) that counts people: fewer than $k are hidden too,
    whether it counts them itself or, as a ratio, in its numerator.
    """
    told = {name: name for name in CELL_NUMBERS}
    if withheld:
        told["value"] = told_number("value", withheld.rounding)
        told["numerator"], told["denominator"] = (
            f"CASE WHEN NOT {among(WITHOUT_PARTS)} THEN {part} END"
            for part in ("numerator", "denominator")
        )
        # From the number that is told: with its bounds the exact one would follow from it.
        told["z"] = f"""CASE WHEN {among(RATIOS)} AND value <> expected
          THEN z * (({told["value"]}) - expected) / (value - expected) ELSE z END"""
    numbers = ",\n  ".join(
        f"CASE WHEN hidden_reason IS NULL THEN {number} END AS {name}"
        for name, number in told.items()
    )
    return f"""
SELECT {", ".join(KEY)},
  {numbers},
  hidden_reason
FROM ({judged(people_counts, source, withheld)})
"""


def told_number(number: str, rounding: float) -> str:
    """SQL of a row's number as it is told: rounded if the audit looks at it."""
    if not rounding:
        return number
    return (
        f"CASE WHEN {among(SUMS)} THEN {rounded(number, rounding)}"
        f" WHEN {among((*RATIOS, ASSORTATIVITY))} THEN {rounded_share(number, rounding)}"
        f" ELSE {number} END"
    )


def judged(
    people_counts: Collection[tuple[str, str]], source: str, withheld: Withheld | None = None
) -> str:
    """SELECT of `source` with hidden_reason: NULL where the cell may be shown."""
    reason = _reason(people_counts)
    if withheld is None:
        return f"SELECT *, {reason} AS hidden_reason FROM {source}"
    source = f"(FROM {source} WHERE {IS_TOLD})"
    return f"""
SELECT told.* EXCLUDE (few), coalesce(told.few, withheld.reason) AS hidden_reason
FROM (SELECT *, {reason} AS few FROM {source}) AS told
LEFT JOIN (SELECT {", ".join(KEY)}, min(reason) AS reason FROM {withheld.table} GROUP BY ALL) AS withheld
  USING ({", ".join(KEY)})"""


def disclosed_trend(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    trend: str = TREND.name,
    withheld: Withheld | None = None,
) -> str:
    """SELECT of every row of `trend` (columns TREND), less the numbers that must be hidden.

    Columns: TREND, then hidden_reason. Parameters: $k, $dominance. A row is shown when its own cell
    in `source` is; its change when the cell before is too; its rolling figures when the four before
    are. A row without a cell is hidden.
    """
    is_told, part = (IS_TOLD, withheld.rounding) if withheld else ("true", 0.0)
    told = f"(FROM {trend} WHERE {is_told})"
    if part:
        rounded_ones = among((*SUMS, *RATIOS, ASSORTATIVITY))
        told = f"""(
  FROM {told} WHERE NOT {rounded_ones}
  UNION ALL BY NAME
  SELECT * EXCLUDE (x, y) REPLACE (x AS value, y AS previous, {told_number("rolling_median", part)} AS rolling_median,
    CASE WHEN change IS NOT NULL THEN x - y END AS change,
    CASE WHEN change_share IS NOT NULL THEN (x - y) / nullif(abs(y), 0) END AS change_share,
    round(robust_z, 1) AS robust_z)
  FROM (SELECT *, {told_number("value", part)} AS x, {told_number("previous", part)} AS y
    FROM {told} WHERE {rounded_ones}))"""
    shown = {
        "value": "shown",
        **dict.fromkeys(("previous", "change", "change_share"), "step_shown"),
        **dict.fromkeys(("rolling_median", "robust_z"), "window_shown"),
    }
    numbers = ",\n  ".join(
        f"CASE WHEN cell.{shown[name]} THEN trend.{name} END AS {name}" if name in shown else f"trend.{name}"
        for name in TREND.names()[8:]
    )  # fmt: skip
    same = " AND ".join(f"cell.{name} = trend.{name}" for name in KEY)
    return f"""
WITH {_cells(judged(people_counts, source, withheld), {"step_shown": 1, "window_shown": 4})}
SELECT {", ".join(f"trend.{name}" for name in KEY)},
  {numbers},
  CASE WHEN cell.shown IS NULL THEN {quoted(FEW_PEOPLE)} ELSE cell.hidden_reason END
    AS hidden_reason
FROM {told} AS trend LEFT JOIN cell ON {same}
"""


def disclosed_direction(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    direction: str = "direction",
    withheld: Withheld | None = None,
) -> str:
    """SELECT of the rows of model direction of which every cell that they rest on may be shown.

    These lie in the 24 periods up to the row's own. Parameters: $k, $dominance.
    """
    same = " AND ".join(f"cell.{name} = direction.{name}" for name in KEY if name != "period")
    first = "CAST(direction.period - " + _periods(23, "direction.grain") + " AS DATE)"
    part = withheld.rounding if withheld else 0.0
    slope = f"CASE WHEN {among((*SUMS, *RATIOS, ASSORTATIVITY))} THEN {rounded('slope', part)} ELSE slope END"
    return f"""
SELECT direction.* FROM (SELECT * REPLACE ({slope} AS slope) FROM {direction}) AS direction WHERE NOT EXISTS (
  FROM ({judged(people_counts, source, withheld)}) AS cell
  WHERE hidden_reason IS NOT NULL AND value IS NOT NULL AND {same}
    AND cell.period BETWEEN {first} AND direction.period)
"""


def disclosure_sums(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    withheld: Withheld | None = None,
) -> str:
    """SELECT of CLOSED_SHARE: how many cells of `source` are shown or hidden for each reason, and their sum."""
    return f"""
SELECT metric, measure, grain, boundary, hidden_reason, count(*) AS cells, sum(abs(value)) AS total
FROM ({judged(people_counts, source, withheld)})
GROUP BY metric, measure, grain, boundary, hidden_reason
"""


def disclosure_rows(sums: str) -> str:
    """SELECT of mart.DISCLOSURE from rows of `disclosure_sums`, which may tell of one thing in parts."""
    return f"""
SELECT metric, measure, grain, boundary, hidden_reason, cells, cells / sum(cells) OVER whole AS cell_share,
  round(round(total / nullif(sum(total) OVER whole, 0) / {HIDDEN_SHARE_STEP}) * {HIDDEN_SHARE_STEP}, 9)
    AS value_share
FROM (
  SELECT metric, measure, grain, boundary, hidden_reason, sum(cells) AS cells, sum(total) AS total
  FROM ({sums}) GROUP BY metric, measure, grain, boundary, hidden_reason
) WINDOW whole AS (PARTITION BY metric, measure, grain, boundary)
"""


def _cells(verdicts: str, windows: Mapping[str, int]) -> str:
    """CTEs judged and cell: which cells are shown, and which together with those of so many periods before."""
    line = ", ".join(name for name in KEY if name != "period")
    together = ",\n    ".join(
        f"""value IS NOT NULL AND bool_and(hidden_reason IS NULL) OVER (
      line RANGE BETWEEN {before} PRECEDING AND CURRENT ROW) AS {name}"""
        for name, before in windows.items()
    )
    return f"""judged AS (
  SELECT {", ".join(KEY)}, value, hidden_reason, {_NUMBER} AS number FROM ({verdicts})
), cell AS (
  SELECT {", ".join(KEY)}, hidden_reason,
    hidden_reason IS NULL AS shown,
    {together}
  FROM judged
  WINDOW line AS (PARTITION BY {line}, value IS NULL ORDER BY number)
)"""


# Consecutive within a grain, as calendar.idx.
_NUMBER = """CASE grain WHEN 'day' THEN period - DATE '0001-01-01'
    WHEN 'week' THEN (period - DATE '0001-01-01') // 7
    WHEN 'month' THEN 12 * year(period) + month(period) ELSE 4 * year(period) + quarter(period) END"""


def _periods(count: int, grain: str) -> str:
    """So many periods of a grain, as an interval."""
    return (
        f"CASE {grain} WHEN 'day' THEN to_days({count}) WHEN 'week' THEN to_days({7 * count})"
        f" WHEN 'month' THEN to_months({count}) ELSE to_months({3 * count}) END"
    )


def _reason(people_counts: Collection[tuple[str, str]]) -> str:
    """Why a cell is hidden; NULL when it may be shown. People that nobody counted are nobody."""
    few_counted = (
        f"\n    OR ({among(people_counts)} AND coalesce(numerator, value) < $k)"
        if people_counts
        else ""
    )
    return f"""CASE
    WHEN coalesce(people, 0) < $k
    OR (other_unit <> {quoted(ALL)} AND coalesce(other_people, 0) < $k){few_counted}
    THEN {quoted(FEW_PEOPLE)}
    WHEN top_share > $dominance THEN {quoted(ONE_PERSON)} END"""
