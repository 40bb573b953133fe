"""What may be shown of how lines fare, and of who saw them, as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quality.disclosure import KEY, MOST, Withheld, judged, told_number
from quality.disclosure_rounding import SHARE_STEP, rounded, rounded_share
from quality.disclosure_structure import LINE_WEIGHT, UNKNOWN_SHARE, among
from warehouse.schema import ALL, METRIC_VALUE, quoted
from warehouse.serving.mart import FEW_PEOPLE, ONE_PERSON

if TYPE_CHECKING:
    from collections.abc import Collection


def disclosed_line(
    people_counts: Collection[tuple[str, str]] = (),
    source: str = METRIC_VALUE.name,
    lines: str = "line_state",
    withheld: Withheld | None = None,
) -> str:
    """SELECT of every row of model line_state, less what must be hidden, with `hidden_reason`.

    A state rests on up to nine periods; people are the most in one of them, so a silent line is
    judged by those who carried it. Weights are those that metric_value tells, and what follows is worked
    out anew from these, where at least half of them are told. Parameters: $k, $dominance.
    `unknown_share` is the network's, where that may be shown.
    """
    key = KEY[2:]
    series = ", ".join(name for name in key if name != "period")
    flow = f"(FROM {source} WHERE {among([LINE_WEIGHT])})"
    part = withheld.rounding if withheld else 0.0
    weight = rounded("w", part)
    unknown = f"(FROM {source} WHERE {among([UNKNOWN_SHARE])} AND unit = {quoted(ALL)})"
    whole = [name for name in key if name not in {"unit", "other_unit"}]
    return f"""
WITH unknown AS (
  SELECT {", ".join(whole)}, {told_number("value", part)} AS unknown_share
  FROM ({judged(people_counts, unknown, withheld)}) WHERE hidden_reason IS NULL
), silent AS (
  SELECT {", ".join(key)} FROM ({judged(people_counts, flow, withheld)})
  WHERE hidden_reason IS NOT NULL
), state AS (
  SELECT one.* EXCLUDE (w), {weight} AS weight, unknown_share, silent.period IS NULL AS now_told, CASE
    WHEN coalesce(people, 0) < $k OR coalesce(other_people, 0) < $k THEN {quoted(FEW_PEOPLE)}
    WHEN top_share > {MOST} THEN {quoted(ONE_PERSON)} END AS hidden_reason
  FROM {lines} AS one LEFT JOIN silent USING ({", ".join(key)}) LEFT JOIN unknown USING ({", ".join(whole)})
), summed AS (
  SELECT *,
    sum(w) OVER near AS w_near, count(w) OVER near AS n_near, count(weight) OVER near AS of_near,
    sum(w) OVER far AS w_far, nullif(count(w) OVER far, 0) AS n_far, count(weight) OVER far AS of_far
  FROM (SELECT *, CASE WHEN now_told THEN weight END AS w FROM state)
  WINDOW near AS (PARTITION BY {series} ORDER BY period ROWS BETWEEN 2 PRECEDING AND CURRENT ROW),
    far AS (PARTITION BY {series} ORDER BY period ROWS BETWEEN 8 PRECEDING AND 3 PRECEDING)
), told AS (
  SELECT * EXCLUDE (weight, recent, base),
    hidden_reason IS NULL AS is_shown, w AS weight,
    CASE WHEN 2 * n_near >= of_near THEN w_near / nullif(n_near, 0) END AS recent,
    CASE WHEN 2 * n_far >= of_far THEN w_far / n_far END AS base
  FROM summed
)
SELECT {", ".join(key)},
  CASE WHEN is_shown THEN state END AS state,
  CASE WHEN is_shown THEN weight END AS weight,
  CASE WHEN is_shown THEN recent END AS recent,
  CASE WHEN is_shown THEN base END AS base,
  CASE WHEN is_shown THEN recent / nullif(base, 0) END AS ratio,
  CASE WHEN is_shown AND recent IS NOT NULL AND base IS NOT NULL
    THEN (recent - base) / nullif(sqrt(recent / n_near + base / n_far), 0) END AS z,
  CASE WHEN is_shown THEN silent END AS silent,
  CASE WHEN is_shown THEN last_day END AS last_day,
  CASE WHEN is_shown THEN people END AS people,
  CASE WHEN is_shown THEN other_people END AS other_people,
  hidden_reason,
  unknown_share
FROM told
"""


def disclosed_sight(withheld: str, rounding: float = 0.0) -> str:
    """SELECT of which sources showed the lines whose weight is shown. Parameters: $k, $dominance.

    With `rounding` the share is told in steps: exact, it says of how many events it is a part.
    """
    same = " AND ".join(f"line.{name} = one.{name}" for name in KEY[2:])
    key = ", ".join(f"one.{name}" for name in KEY[2:])
    exact = "one.events / every.events"
    share = f"greatest({SHARE_STEP}, {rounded_share(exact, rounding)})" if rounding else exact
    return f"""
SELECT {key}, one.source, told.partner, {share} AS share
FROM sight AS one
JOIN sight AS every USING ({", ".join(KEY[2:])})
JOIN (SELECT source, any_value(partner) AS partner FROM source_file GROUP BY source) AS told
  ON told.source = one.source
JOIN line ON {same}
WHERE one.source <> {quoted(ALL)} AND every.source = {quoted(ALL)} AND one.unit <> one.other_unit
  AND line.people >= $k AND line.other_people >= $k AND line.top_share <= {MOST}
  AND NOT EXISTS (FROM {withheld} AS w WHERE {among([LINE_WEIGHT])}
    AND {" AND ".join(f"w.{name} = line.{name}" for name in KEY[2:])})
"""
