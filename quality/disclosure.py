"""Which cells may be shown, as SQL over metric_value: the disclosed table.

A cell is shown when at least $k people stand on each side of it, nobody carries more than $dominance of
it, and it is not withheld: `withheld` names those that must go so that others cannot be computed (see
disclosure_guard). What is hidden keeps its row and its reason, and loses every number. Sums that the audit
looks at are told rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality.disclosure_rounding import COUNT_STEP, rounded, rounded_count, rounded_share
from quality.disclosure_structure import (
    ASSORTATIVITY,
    COUNTS,
    NOT_OF_DAYS,
    OF_ALL_CHANNELS,
    OF_FEW,
    OF_LINES,
    OF_MONTHS,
    OF_NETWORK,
    OF_SQUARES,
    RATES,
    RATIOS,
    ROUNDED,
    SUMS,
    WITHOUT_PARTS,
    Name,
    among,
)  # fmt: skip
from warehouse.schema import ALL, METRIC_VALUE, quoted
from warehouse.serving.mart import FEW_PEOPLE, ONE_PERSON

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

KEY = METRIC_VALUE.names()[:8]
FLOATS = frozenset(one.name for one in METRIC_VALUE.columns if one.type == "DOUBLE")
DIGITS = 9
CELL_NUMBERS = [name for name in METRIC_VALUE.names()[8:] if name != "top_share"]
IS_TOLD = f"""NOT (grain = 'day' AND {among(NOT_OF_DAYS)})
  AND NOT (channel <> {quoted(ALL)} AND {among((*OF_ALL_CHANNELS, *OF_MONTHS, *OF_NETWORK))})
  AND NOT (grain <> 'month' AND {among(OF_MONTHS)})
  AND NOT ({among(OF_NETWORK)} AND grain = 'week')
  AND NOT ({among(OF_NETWORK)} AND unit <> {quoted(ALL)}
    AND NOT ({among(OF_LINES)} AND other_unit <> {quoted(ALL)} AND grain = 'quarter'))"""
MOST = "($dominance + 1e-9)"  # of one person; a share of sums depends on their order
# Largest steps, as a part of the number: who is told the rest must not find one person's weight from it.
OF_FEW_PART = 0.2
OF_SQUARES_PART = 0.05
SD_PART = 0.5
NORMAL = 1.959963984540054  # standard deviations of an interval of 95 %
INTERVAL_STEP = 0.05  # an exact interval of a rate says of how many it is
HIDDEN_SHARE_STEP = 0.05  # what part of all value is hidden says what it is, if it is told finely


@dataclass(frozen=True, slots=True)
class Withheld:
    """What was withheld by the audit, and how the rest is told.

    Attributes:
        table: Names what was withheld.
        rounding: Largest step of a rounded sum, as a part of it.
        complete_enough, change_base: As model trend has them.
        own: Measures of the users' own, of which nobody knows what they are made of.
    """

    table: str
    rounding: float
    complete_enough: float = 0.9
    change_base: float = 10
    own: Sequence[Name] = ()

    @property
    def rounded(self) -> tuple[Name, ...]:
        """Measures that are told in steps."""
        return (*ROUNDED, *self.own)

    def told(self, number: str) -> str:
        """SQL of a row's number as it is told."""
        return (
            f"CASE WHEN {among(self.own)} THEN {settled(rounded(number, self.rounding))}"
            f" ELSE {told_number(number, self.rounding)} END"
        )


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
    told = {name: settled(name) if name in FLOATS else name for name in CELL_NUMBERS}
    if withheld:
        told["value"] = withheld.told("value")
        told["numerator"], told["denominator"] = (
            f"CASE WHEN NOT {among((*WITHOUT_PARTS, *withheld.own))} THEN {settled(part)} END"
            for part in ("numerator", "denominator")
        )
        # Of a count it says, by what chance gives each, how many there are of all kinds.
        told["expected"] = (
            f"CASE WHEN {among(COUNTS)} THEN {rounded_count('expected', withheld.rounding)}"
            f" ELSE {settled('expected')} END"
        )
        told |= _chance(told["value"])
        told |= {
            name: f"CASE WHEN NOT {among(withheld.own)} THEN {told[name]} END"
            for name in ("expected", "z", "low", "high")
        }
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
    """SQL of a row's number as it is told where the audit is on."""
    steps = {
        SUMS: rounded(number, rounding),
        OF_SQUARES: rounded(number, OF_SQUARES_PART),
        (*RATIOS, ASSORTATIVITY): rounded_share(number, rounding),
        RATES: rounded_share(number, OF_FEW_PART),
        COUNTS: rounded_count(number, rounding),
        OF_FEW: rounded(number, OF_FEW_PART),
    }
    told = " ".join(f"WHEN {among(names)} THEN {step}" for names, step in steps.items())
    return f"CASE {told} ELSE {settled(number)} END"


def settled(number: str) -> str:
    """SQL of a number without the digits that depend on the order of sums."""
    return f"round({number}, {DIGITS})"


def _chance(told: str) -> dict[str, str]:
    """SQL of an index's z, low and high, from the index as it is told and a rough standard deviation.

    The interval of a rate becomes wider, to whole steps, and so does that of an effective number.
    """
    exact = f"""CASE WHEN value <> expected THEN (value - expected) / z
      ELSE greatest(high - expected, expected - low) / {NORMAL} END"""
    sd = rounded(f"({exact})", SD_PART)
    rough = {
        "z": f"round((({told}) - expected) / ({sd}), 1)",
        "low": f"greatest(-1, expected - {NORMAL} * ({sd}))",
        "high": f"least(1, expected + {NORMAL} * ({sd}))",
    }
    wide = {
        "z": "z",
        "low": f"round(floor(low / {INTERVAL_STEP} + 1e-9) * {INTERVAL_STEP}, 9)",
        "high": f"round(ceil(high / {INTERVAL_STEP} - 1e-9) * {INTERVAL_STEP}, 9)",
    }
    wider = {
        "z": "z",
        "low": f"floor(low / {COUNT_STEP}) * {COUNT_STEP}",
        "high": f"ceil(high / {COUNT_STEP}) * {COUNT_STEP}",
    }
    return {
        name: f"""CASE WHEN {among(RATIOS)} AND z IS NOT NULL THEN {number}
          WHEN {among(RATES)} THEN {wide[name]} WHEN {among(OF_SQUARES)} THEN {wider[name]} ELSE {settled(name)} END"""
        for name, number in rough.items()
    }


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
    WHEN top_share > {MOST} THEN {quoted(ONE_PERSON)} END"""
