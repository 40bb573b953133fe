"""What may be shown of how series go, as SQL over trend and direction.

Figures of a series of rounded numbers are worked out anew from these as they are told: whoever knows the
told numbers learns nothing more from their medians, deviations and slopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality.disclosure import IS_TOLD, KEY, judged, settled
from quality.disclosure_structure import among
from warehouse.schema import METRIC_VALUE, TREND, quoted
from warehouse.serving.mart import FEW_PEOPLE, seen_part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from quality.disclosure import Withheld

LINE = ", ".join(name for name in KEY if name != "period")
# Consecutive within a grain, as calendar.idx.
NUMBER = """CASE grain WHEN 'day' THEN period - DATE '0001-01-01'
    WHEN 'week' THEN (period - DATE '0001-01-01') // 7
    WHEN 'month' THEN 12 * year(period) + month(period) ELSE 4 * year(period) + quarter(period) END"""


def disclosed_trend(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    trend: str = TREND.name,
    withheld: Withheld | None = None,
) -> str:
    """SELECT of every row of `trend` (columns TREND), less the numbers that must be hidden.

    Columns: TREND, then hidden_reason. Parameters: $k, $dominance. A row is shown when its own cell
    in `source` is; its change when the cell before is too; its rolling figures when the four before
    are: both must reach back four periods before the first row that is to be used. A row without a cell
    is hidden.
    """
    told = trend
    if withheld:
        told = f"(FROM {trend} WHERE {IS_TOLD})"
        told = f"""(FROM {told} WHERE NOT {among(withheld.rounded)}
  UNION ALL BY NAME {_of_told_numbers(told, withheld)})"""
    shown = {
        "value": "shown",
        **dict.fromkeys(("previous", "change", "change_share"), "step_shown"),
        **dict.fromkeys(("rolling_median", "robust_z"), "window_shown"),
    }
    numbers = ",\n  ".join(
        f"CASE WHEN cell.{shown[name]} THEN {settled(f'trend.{name}')} END AS {name}" if name in shown
        else f"{seen_part(f'trend.{name}')} AS {name}"
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
    trend: str = TREND.name,
    withheld: Withheld | None = None,
) -> str:
    """SELECT of the rows of model direction of which every cell that they rest on may be shown.

    These lie in the 24 periods up to the row's own; `source` and `trend` must reach back so far. Parameters:
    $k, $dominance. Of rounded numbers p and the direction are those of the exact ones: they follow from
    the order of these alone. Of S and p only the order of the numbers is known, so they stay as they are.
    """
    same = " AND ".join(f"cell.{name} = direction.{name}" for name in KEY if name != "period")
    first = "CAST(direction.period - " + _periods(23, "direction.grain") + " AS DATE)"
    select = f"""
SELECT direction.* REPLACE ({settled("slope")} AS slope) FROM {direction} AS direction
WHERE {IS_TOLD if withheld else "true"} AND NOT EXISTS (
  FROM ({judged(people_counts, source, withheld)}) AS cell
  WHERE hidden_reason IS NOT NULL AND value IS NOT NULL AND {same}
    AND cell.period BETWEEN {first} AND direction.period)
"""
    if withheld is None:
        return select
    return f"""
WITH rested AS MATERIALIZED ({select})
FROM rested WHERE NOT {among(withheld.rounded)}
UNION ALL BY NAME {_slopes_of_told_numbers("rested", trend, withheld)}"""


def _of_told_numbers(trend: str, withheld: Withheld) -> str:
    """SELECT of the rounded measures' rows of trend, as model trend would make them of the told numbers."""
    return f"""
SELECT * EXCLUDE (x, y, whole, recent, deviation) REPLACE (x AS value, y AS previous,
  CASE WHEN change IS NOT NULL THEN x - y END AS change,
  CASE WHEN change IS NOT NULL AND abs(y) >= {withheld.change_base} THEN (x - y) / nullif(abs(y), 0) END
    AS change_share,
  CASE WHEN len(recent) >= 3 THEN list_median(recent) END AS rolling_median,
  CASE WHEN len(recent) >= 3 AND deviation > 1e-9 * greatest(abs(list_median(recent)), 1)
    THEN (whole - list_median(recent)) / (1.4826 * deviation) END AS robust_z)
FROM (
  SELECT *, list_median(list_transform(recent, lambda x: abs(x - list_median(recent)))) AS deviation
  FROM (
    SELECT *, list(whole) FILTER (whole IS NOT NULL) OVER (
      PARTITION BY {LINE} ORDER BY {NUMBER} RANGE BETWEEN 4 PRECEDING AND CURRENT ROW) AS recent
    FROM ({_told(trend, withheld)})))"""


def _slopes_of_told_numbers(direction: str, trend: str, withheld: Withheld) -> str:
    """SELECT of the rounded measures' rows of direction, with S and the Theil-Sen slope of the told numbers."""
    pairs = """flatten(list_transform(seen, lambda a: list_transform(
    list_filter(seen, lambda b: b.n > a.n), lambda b: (b.x - a.x) / (b.n - a.n))))"""
    return f"""
SELECT one.* REPLACE ({settled(f"list_median({pairs})")} AS slope, round(p_value, 2) AS p_value,
  list_sum(list_transform({pairs}, lambda x: sign(x)))::BIGINT AS mann_kendall)
FROM {direction} AS one JOIN (
  SELECT {", ".join(KEY)}, list({{n: {NUMBER}, x: whole}}) FILTER (whole IS NOT NULL) OVER (
    PARTITION BY {LINE} ORDER BY {NUMBER} RANGE BETWEEN 23 PRECEDING AND CURRENT ROW) AS seen
  FROM ({_told(trend, withheld)}) WHERE ({LINE}) IN (SELECT ({LINE}) FROM {direction})
) AS told USING ({", ".join(KEY)})"""


def _told(trend: str, withheld: Withheld) -> str:
    """SELECT of the rounded measures' rows of trend; x, y: value and previous as told, whole: x if complete."""
    return f"""
SELECT *, CASE WHEN completeness >= {withheld.complete_enough} THEN x END AS whole
FROM (SELECT *, {withheld.told("value")} AS x, {withheld.told("previous")} AS y
  FROM {trend} WHERE {among(withheld.rounded)})"""


def _cells(verdicts: str, windows: Mapping[str, int]) -> str:
    """CTEs judged and cell: which cells are shown, and which together with those of so many periods before."""
    together = ",\n    ".join(
        f"""value IS NOT NULL AND bool_and(hidden_reason IS NULL) OVER (
      line RANGE BETWEEN {before} PRECEDING AND CURRENT ROW) AS {name}"""
        for name, before in windows.items()
    )
    return f"""judged AS (
  SELECT {", ".join(KEY)}, value, hidden_reason, {NUMBER} AS number FROM ({verdicts})
), cell AS (
  SELECT {", ".join(KEY)}, hidden_reason,
    hidden_reason IS NULL AS shown,
    {together}
  FROM judged
  WINDOW line AS (PARTITION BY {LINE}, value IS NULL ORDER BY number)
)"""


def _periods(count: int, grain: str) -> str:
    """So many periods of a grain, as an interval."""
    return (
        f"CASE {grain} WHEN 'day' THEN to_days({count}) WHEN 'week' THEN to_days({7 * count})"
        f" WHEN 'month' THEN to_months({count}) ELSE to_months({3 * count}) END"
    )
