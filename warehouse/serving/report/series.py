"""Series and states of lines in short form: names as numbers, a letter per period, values in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from warehouse.schema import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import duckdb

    Added = Callable[[str], str]  # table of `mart` → those of its rows that a block tells of

DIGITS: Final = 4  # significant ones
STATES: Final = {
    "growing": "g", "steady": "s", "weakening": "w", "quiet": "q", "lost": "l", "closed": "c",
    "revived": "r", "new": "n", "early": "e",
}  # fmt: skip
ABSENT, SHOWN, EMPTY, NOT_TOLD = ".", "s", "n", "-"
KEY_LENGTH = 3  # what a series begins with, before its numbers


def cells(
    con: duckdb.DuckDBPyConnection,
    content: dict[str, Any],
    added: Added,
    grain: str,
    statuses: dict[str, int],
) -> dict[str, list[list[Any]]]:
    """Series of one grain, by "boundary/channel/metric".

    Rows of [unit, other, status, values, medians, lows, highs, expected, people, other people], empty ones
    at the end left out. `status` numbers a text with a letter per period, in `statuses`: s shown, n shown
    but without meaning, . not there, a digit the reason why it is hidden. The lists hold what stands at
    the letters s.
    """
    reasons = " ".join(
        f"WHEN {quoted(reason)} THEN '{number}'" for number, reason in enumerate(content["reasons"])
    )
    rows = con.execute(
        f"""
WITH period AS (
  SELECT period, row_number() OVER (ORDER BY period) - 1 AS idx
  FROM mart.calendar WHERE grain = $grain
), cell AS (
  SELECT v.boundary, v.channel, m.n AS metric, u.n AS unit, o.n AS other, p.idx,
    CASE WHEN v.hidden_reason IS NOT NULL THEN CASE v.hidden_reason {reasons} WHEN NULL THEN '' ELSE '?' END
      WHEN v.value IS NULL THEN '{EMPTY}' ELSE '{SHOWN}' END AS status,
    v.value, t.rolling_median, v.low, v.high, v.expected, v.metric = 'flow' AS is_flow,
    v.people, v.other_people
  FROM {added("metric_value")} AS v
  JOIN period p USING (period)
  JOIN metric_number m ON m.a = v.metric AND m.b = v.measure
  JOIN unit_number u ON u.a = v.boundary AND u.b = v.unit
  JOIN unit_number o ON o.a = v.boundary AND o.b = v.other_unit
  LEFT JOIN {added("trend")} AS t
    USING (metric, measure, grain, period, channel, boundary, unit, other_unit)
  WHERE v.grain = $grain
)
SELECT boundary, channel, metric, unit, other,
  list(idx ORDER BY idx), string_agg(status, '' ORDER BY idx),
  {", ".join(f"list({name} ORDER BY idx) FILTER (status = '{SHOWN}')" for name in _NUMBERS)}
FROM cell GROUP BY ALL ORDER BY ALL""",
        {"grain": grain},
    ).fetchall()
    found: dict[str, list[list[Any]]] = {}
    for boundary, channel, metric, unit, other, places, status, *numbers in rows:
        key = (
            f"{content['boundaries'].index(boundary)}/{content['channels'].index(channel)}/{metric}"
        )
        whole = _spread(status, places)
        series = [unit, other, statuses.setdefault(whole, len(statuses))]
        found.setdefault(key, []).append(_trimmed(series, numbers))
    return found


_NUMBERS: Final = (
    "value", "rolling_median", "low", "high", "expected",
    "(CASE WHEN is_flow THEN people END)", "(CASE WHEN is_flow THEN other_people END)",
)  # fmt: skip


def _spread(status: str, places: Sequence[int]) -> str:
    """Letters at their places up to the last, and dots where nothing is."""
    letters = [ABSENT] * (max(places) + 1)
    for place, letter in zip(places, status, strict=True):
        letters[place] = letter
    return "".join(letters)


def _trimmed(series: list[Any], numbers: Iterable[Sequence[float | None] | None]) -> list[Any]:
    """`series` with the lists of numbers behind it; 0 for an empty one, none at the end."""
    for values in numbers:
        empty = not values or all(value is None for value in values)
        series.append(0 if empty else [short(value) for value in values or ()])
    while series[-1] == 0 and len(series) > KEY_LENGTH:
        series.pop()
    return series


def short(value: float | None) -> float | int | None:
    """At most so many significant digits."""
    if value is None:
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded


def lines(
    con: duckdb.DuckDBPyConnection, content: dict[str, Any], added: Added, grain: str
) -> dict[str, Any]:
    """By "boundary/channel": [unit, other, letter per period, [place, ratio, last day] of odd ones]."""
    states = " ".join(f"WHEN '{name}' THEN '{letter}'" for name, letter in STATES.items())
    rows = con.execute(
        f"""
WITH period AS (
  SELECT period, row_number() OVER (ORDER BY period) - 1 AS idx
  FROM mart.calendar WHERE grain = $grain
)
SELECT l.boundary, l.channel, u.n, o.n,
  list(idx ORDER BY idx),
  string_agg(CASE WHEN hidden_reason IS NOT NULL THEN '{NOT_TOLD}'
    ELSE CASE state {states} WHEN NULL THEN '' ELSE '?' END END, '' ORDER BY idx),
  list([idx::VARCHAR, ratio::VARCHAR, l.last_day::VARCHAR] ORDER BY idx)
    FILTER (state NOT IN ('steady', 'early'))
FROM {added("line")} AS l
JOIN period p USING (period)
JOIN unit_number u ON u.a = l.boundary AND u.b = l.unit
JOIN unit_number o ON o.a = l.boundary AND o.b = l.other_unit
WHERE l.grain = $grain
GROUP BY ALL ORDER BY ALL""",
        {"grain": grain},
    ).fetchall()
    found: dict[str, list[list[Any]]] = {}
    for boundary, channel, unit, other, places, letters, odd in rows:
        key = f"{content['boundaries'].index(boundary)}/{content['channels'].index(channel)}"
        told = [
            [int(place), short(float(ratio)) if ratio else None, last_day]
            for place, ratio, last_day in odd or ()
        ]
        found.setdefault(key, []).append([unit, other, _spread(letters, places), told])
    return found
