"""Which cells may be shown, as SQL over metric_value and trend: the disclosed tables.

A cell is shown when at least $k people stand on each side of it, nobody carries more than $dominance of
it, and it is not withheld: `withheld` names those that must go so that others cannot be computed (see
disclosure_guard). What is hidden keeps its row and its reason, and loses every number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality.disclosure_structure import NOT_OF_DAYS
from warehouse.schema import ALL, METRIC_VALUE, TREND, quoted
from warehouse.serving.mart import FEW_PEOPLE, LINE_NUMBERS, ONE_PERSON

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

KEY = METRIC_VALUE.names()[:8]
CELL_NUMBERS = [name for name in METRIC_VALUE.names()[8:] if name != "top_share"]
IS_TOLD = f"""NOT (grain = 'day' AND (unit <> {quoted(ALL)} OR other_unit <> {quoted(ALL)})
  AND (metric, measure) IN ({", ".join(f"({quoted(m)}, {quoted(n)})" for m, n in NOT_OF_DAYS)}))"""
STEP_NUMBERS = ["previous", "change", "change_share"]  # from this period and the one before
WINDOW_NUMBERS = ["rolling_median", "robust_z"]  # from this period and the four before


def disclosed_metric_value(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    withheld: str | None = None,
) -> str:
    """SELECT of every row of `source` (columns METRIC_VALUE), less the numbers that must be hidden.

    Columns: METRIC_VALUE less top_share, then hidden_reason. Parameters: $k, $dominance.
    `people_counts` names each (metric, measure) that counts people: fewer than $k are hidden too,
    whether it counts them itself or, as a ratio, in its numerator. `withheld`: table of WITHHELD.
    """
    numbers = ",\n  ".join(_when("hidden_reason IS NULL", name) for name in CELL_NUMBERS)
    return f"""
SELECT {", ".join(KEY)},
  {numbers},
  hidden_reason
FROM ({judged(people_counts, source, withheld)})
"""


def judged(
    people_counts: Collection[tuple[str, str]], source: str, withheld: str | None = None
) -> str:
    """SELECT of `source` with hidden_reason: NULL where the cell may be shown."""
    reason = _reason(people_counts)
    if withheld is None:
        return f"SELECT *, {reason} AS hidden_reason FROM {source}"
    source = f"(FROM {source} WHERE {IS_TOLD})"
    return f"""
SELECT told.* EXCLUDE (few), coalesce(told.few, withheld.reason) AS hidden_reason
FROM (SELECT *, {reason} AS few FROM {source}) AS told
LEFT JOIN (SELECT {", ".join(KEY)}, min(reason) AS reason FROM {withheld} GROUP BY ALL) AS withheld
  USING ({", ".join(KEY)})"""


def disclosed_trend(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    trend: str = TREND.name,
    withheld: str | None = None,
) -> str:
    """SELECT of every row of `trend` (columns TREND), less the numbers that must be hidden.

    Columns: TREND, then hidden_reason. Parameters: $k, $dominance. A row is shown when its own cell
    in `source` is; its change when the cell before is too; its rolling figures when the four before
    are. A row without a cell is hidden.
    """
    numbers = ",\n  ".join(
        [
            _when("cell.shown", "trend.value"),
            "trend.completeness",
            *(_when("cell.step_shown", f"trend.{name}") for name in STEP_NUMBERS),
            *(_when("cell.window_shown", f"trend.{name}") for name in WINDOW_NUMBERS),
        ]
    )
    same = " AND ".join(f"cell.{name} = trend.{name}" for name in KEY)
    return f"""
WITH {_cells(judged(people_counts, source, withheld), {"step_shown": 1, "window_shown": 4})}
SELECT {", ".join(f"trend.{name}" for name in KEY)},
  {numbers},
  CASE WHEN cell.shown IS NULL THEN {quoted(FEW_PEOPLE)} ELSE cell.hidden_reason END
    AS hidden_reason
FROM (FROM {trend} WHERE {IS_TOLD if withheld else "true"}) AS trend LEFT JOIN cell ON {same}
"""


def disclosed_direction(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    direction: str = "direction",
    withheld: str | None = None,
) -> str:
    """SELECT of the rows of model direction of which every cell that they rest on may be shown.

    These lie in the 24 periods up to the row's own. Parameters: $k, $dominance.
    """
    same = " AND ".join(f"cell.{name} = direction.{name}" for name in KEY if name != "period")
    first = "CAST(direction.period - " + _periods(23, "direction.grain") + " AS DATE)"
    return f"""
SELECT direction.* FROM {direction} AS direction WHERE NOT EXISTS (
  FROM ({judged(people_counts, source, withheld)}) AS cell
  WHERE hidden_reason IS NOT NULL AND value IS NOT NULL AND {same}
    AND cell.period BETWEEN {first} AND direction.period)
"""


def disclosed_line(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    lines: str = "line_state",
    withheld: str | None = None,
) -> str:
    """SELECT of every row of model line_state, less what must be hidden, with `hidden_reason`.

    A state rests on up to nine periods; people are the most in one of them, so a silent line is
    judged by those who carried it. Each weight is told where all the cells that it rests on are.
    `unknown_share` is the network's, where that may be shown. Parameters: $k, $dominance.
    """
    reason = f"""CASE
    WHEN coalesce(people, 0) < $k OR coalesce(other_people, 0) < $k THEN {quoted(FEW_PEOPLE)}
    WHEN top_share > $dominance THEN {quoted(ONE_PERSON)} END"""
    key = KEY[2:]
    rests_on = {
        "weight": "now_told", "recent": "recent_told", "base": "base_told",
        "ratio": "recent_told AND base_told", "z": "recent_told AND base_told",
    }  # fmt: skip
    shown = ",\n  ".join(
        _when(f"hidden_reason IS NULL AND {rests_on.get(name, 'true')}", name)
        for name in LINE_NUMBERS
    )
    series = ", ".join(name for name in key if name != "period")
    flow = f"(FROM {source} WHERE metric = 'flow' AND measure = 'weight')"
    unknown = (
        f"(FROM {source} WHERE metric = 'cross_boundary_share' AND measure = 'unknown_share'"
        f" AND unit = {quoted(ALL)})"
    )
    whole = [name for name in key if name not in {"unit", "other_unit"}]
    return f"""
WITH unknown AS (
  SELECT {", ".join(whole)}, value AS unknown_share
  FROM ({judged(people_counts, unknown, withheld)}) WHERE hidden_reason IS NULL
), silent AS (
  SELECT {", ".join(key)} FROM ({judged(people_counts, flow, withheld)})
  WHERE hidden_reason IS NOT NULL
), state AS (
  SELECT one.*, w AS weight, {reason} AS hidden_reason,
    silent.period IS NULL AS now_told, unknown_share
  FROM {lines} AS one LEFT JOIN silent USING ({", ".join(key)}) LEFT JOIN unknown USING ({", ".join(whole)})
)
SELECT {", ".join(key)},
  {shown},
  hidden_reason,
  unknown_share
FROM (
  SELECT *, bool_and(now_told) OVER (line ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS recent_told,
    coalesce(bool_and(now_told) OVER (line ROWS BETWEEN 8 PRECEDING AND 3 PRECEDING), true) AS base_told
  FROM state WINDOW line AS (PARTITION BY {series} ORDER BY period)
)
"""


def disclosure_sums(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    withheld: str | None = None,
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
SELECT metric, measure, grain, boundary, hidden_reason, cells,
  cells / sum(cells) OVER whole AS cell_share, total / nullif(sum(total) OVER whole, 0) AS value_share
FROM (
  SELECT metric, measure, grain, boundary, hidden_reason, sum(cells) AS cells, sum(total) AS total
  FROM ({sums}) GROUP BY metric, measure, grain, boundary, hidden_reason
) WINDOW whole AS (PARTITION BY metric, measure, grain, boundary)
"""


def disclosed_sight(withheld: str) -> str:
    """SELECT of which sources showed the lines whose weight is shown. Parameters: $k, $dominance."""
    same = " AND ".join(f"line.{name} = one.{name}" for name in KEY[2:])
    key = ", ".join(f"one.{name}" for name in KEY[2:])
    return f"""
SELECT {key}, one.source, told.partner, one.events / every.events AS share
FROM sight AS one
JOIN sight AS every USING ({", ".join(KEY[2:])})
JOIN (SELECT source, any_value(partner) AS partner FROM source_file GROUP BY source) AS told
  ON told.source = one.source
JOIN line ON {same}
WHERE one.source <> {quoted(ALL)} AND every.source = {quoted(ALL)} AND one.unit <> one.other_unit
  AND line.people >= $k AND line.other_people >= $k AND line.top_share <= $dominance
  AND NOT EXISTS (FROM {withheld} AS w WHERE w.metric = 'flow' AND w.measure = 'weight'
    AND {" AND ".join(f"w.{name} = line.{name}" for name in KEY[2:])})
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
