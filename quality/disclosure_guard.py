"""Before every publication: hide what would give hidden numbers away, month by month, and audit it.

A month is looked at again only when its numbers or the rules changed. What was withheld stays withheld,
so that releases of different days do not complete each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from quality.disclosure import KEY, judged
from quality.disclosure_choice import DisclosureError, Rows, protect
from quality.disclosure_equations import Block, list_block, matrix_block
from quality.disclosure_structure import FAMILIES, LINE, Family
from warehouse.connection import open_readonly
from warehouse.schema import AUDITED, METRIC_VALUE, WITHHELD, one_of, quoted
from warehouse.serving.mart import NOT_OVER, PROTECTS
from warehouse.serving.releases import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from quality.disclosure_audit import Flags

RULES = 1  # one more when the structure or the way of hiding changes: everything is audited anew
_END = """(period + CASE grain WHEN 'day' THEN INTERVAL 1 DAY WHEN 'week' THEN INTERVAL 7 DAY
  WHEN 'month' THEN INTERVAL 1 MONTH ELSE INTERVAL 3 MONTH END)"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Fewest people on a side, largest part of one person, least width as a part of a hidden number."""

    k: int
    dominance: float
    protection: float

    def thresholds(self) -> dict[str, float]:
        """The parameters of the disclosed tables."""
        return {"k": self.k, "dominance": self.dominance}


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the audit did.

    Attributes:
        audited: Months looked at.
        withheld: Cells hidden to protect others.
        withdraw: Earlier releases tell what this one must hide: they must go.
    """

    audited: int = 0
    withheld: int = 0
    withdraw: bool = False


def withhold(
    con: duckdb.DuckDBPyConnection,
    people_counts: Collection[tuple[str, str]],
    limits: Limits,
    *,
    today: date,
    earlier: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Guarded:
    """Fill table WITHHELD. `earlier`: folders of the releases that can still be read.

    Call inside a transaction. Raises DisclosureError if hidden numbers cannot be protected.
    """
    verdicts = judged(people_counts, METRIC_VALUE.name)
    _hold_back_open_periods(con, today)
    audited, withdraw = 0, False
    for name, family in FAMILIES.items():
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE told AS {_rows(family, verdicts, today)}",
            limits.thresholds(),
        )
        marks = dict(con.execute(f"SELECT block, fingerprint FROM {AUDITED.name}").fetchall())
        for month, mark in con.execute(_fingerprints(limits)).fetchall():
            block = f"{name} {month:%Y-%m}"
            if marks.get(block) != mark:
                progress(block)
                withdraw |= _audit(con, family, block, month, limits, earlier)
                con.execute(f"DELETE FROM {AUDITED.name} WHERE block = ?", [block])
                con.execute(f"INSERT INTO {AUDITED.name} VALUES (?, ?)", [block, mark])
                audited += 1
    con.execute("DROP TABLE told")
    for rule, select in _following(people_counts).items():
        _replace(con, rule, select, limits)
    withheld = con.execute(
        f"SELECT count(*) FROM {WITHHELD.name} WHERE reason = ?", [PROTECTS]
    ).fetchall()[0][0]
    return Guarded(audited, int(withheld), withdraw)


def _rows(family: Family, verdicts: str, today: date) -> str:
    """SELECT of the rows of a family, below quarters, with `month` and whether they are secret."""
    names = one_of(tuple(family.metrics()))
    only = " OR ".join(
        f"(metric = {quoted(metric)} AND measure <> {quoted(measure)})"
        for metric, measure in family.alone()
    )
    return f"""
SELECT metric, measure, {", ".join(LINE)}, value, numerator, denominator,
  hidden_reason IS NOT NULL AS is_secret,
  unnest(list_distinct([date_trunc('month', period)::DATE, date_trunc('month', period
    + CASE grain WHEN 'week' THEN 6 ELSE 0 END)::DATE])) AS month
FROM ({verdicts})
WHERE metric IN {names} AND NOT ({only}) AND grain <> 'quarter' AND {_END} <= DATE '{today}'
  AND (grain <> 'day' OR {family.days()})"""


def _fingerprints(limits: Limits) -> str:
    """SELECT of each month of which anything is told, and its fingerprint."""
    rules = quoted(f"{RULES} {limits}")
    return f"""
SELECT month, md5(concat({rules}, count(*), sum(hash(told)::HUGEINT % 1000000007)))
FROM told GROUP BY month ORDER BY month"""


def _audit(
    con: duckdb.DuckDBPyConnection,
    family: Family,
    block: str,
    month: date,
    limits: Limits,
    earlier: Sequence[Path],
) -> bool:
    """Choose and audit what is withheld of one month; True where earlier releases tell too much."""
    rows = (
        con.execute(
            f"""SELECT told.* EXCLUDE (month), withheld.block IS NOT NULL AS is_withheld
        FROM told LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY {", ".join(KEY)}) AS place
          FROM {WITHHELD.name}) AS withheld
        ON {" AND ".join(f"withheld.{c} = told.{c}" for c in KEY)} AND withheld.place = 1
        WHERE month = ? ORDER BY ALL""",
            [month],
        )
        .pl()
        .with_row_index("row")
    )
    if rows.is_empty():
        return False
    built = _built(con, family, rows, month)
    secret = rows["is_secret"].to_numpy()
    shown = ~secret & ~rows["is_withheld"].to_numpy()
    fixed = _told_before(rows, earlier)
    withdraw = False
    try:
        after = protect(
            built, Rows(shown, np.where(secret & ~fixed, limits.protection, 0.0), fixed)
        )
    except DisclosureError:
        if not fixed.any():
            raise
        none = np.zeros(len(fixed), dtype=bool)
        after = protect(built, Rows(shown, np.where(secret, limits.protection, 0.0), none))
        withdraw = True
    hidden = rows.filter(pl.Series(shown & ~after))
    con.register("newly_withheld", hidden.select(KEY))
    con.execute(
        f"INSERT INTO {WITHHELD.name} SELECT *, ?, ? FROM newly_withheld", [PROTECTS, block]
    )
    con.unregister("newly_withheld")
    return withdraw


def _built(
    con: duckdb.DuckDBPyConnection, family: Family, rows: pl.DataFrame, month: date
) -> Block:
    if family.matrix is None:
        return list_block(rows, family.lists)
    metric, measure = family.matrix.line
    parts = con.execute(
        f"""SELECT 'part' AS grain, max(period_start) AS period, channel, boundary, unit, other_unit,
          sum(value) AS value
        FROM (SELECT *, greatest(date_trunc('week', period), date_trunc('month', period))::DATE
            AS period_start FROM {METRIC_VALUE.name}
          WHERE metric = ? AND measure = ? AND grain = 'day' AND date_trunc('month', period) = ?
            AND date_trunc('month', date_trunc('week', period))
              <> date_trunc('month', date_trunc('week', period) + INTERVAL 6 DAY))
        GROUP BY period_start, channel, boundary, unit, other_unit ORDER BY ALL""",
        [metric, measure, month],
    ).pl()
    nesting = con.execute(_NESTING, {"month": month}).pl()
    return matrix_block(rows, family.matrix, parts.select(*LINE, "value"), nesting)


_NESTING = """
WITH here AS (
  SELECT * FROM membership
  WHERE valid_from < $month::DATE + INTERVAL 1 MONTH AND valid_to >= $month
)
SELECT n.boundary, n.unit, w.boundary AS parent, any_value(w.unit) AS parent_unit
FROM here AS n JOIN here AS w ON n.person_id = w.person_id AND n.boundary <> w.boundary
  AND n.valid_from <= w.valid_to AND w.valid_from <= n.valid_to
GROUP BY n.boundary, n.unit, w.boundary HAVING count(DISTINCT w.unit) = 1
ORDER BY ALL"""


def _told_before(rows: pl.DataFrame, earlier: Sequence[Path]) -> Flags:
    """Rows that an earlier release shows."""
    found = np.zeros(rows.height, dtype=bool)
    names = rows["metric"].unique().to_list()
    first, last = rows["period"].min(), rows["period"].max()
    for folder in earlier:
        with open_readonly(folder / FILE) as con:
            told = con.execute(
                f"""SELECT {", ".join(KEY)}, true AS told FROM mart.metric_value
                WHERE hidden_reason IS NULL AND metric IN {one_of(tuple(names))}
                  AND period BETWEEN ? AND ?""",
                [first, last],
            ).pl()
        joined = rows.join(told, on=KEY, how="left", maintain_order="left")
        found |= joined["told"].fill_null(value=False).to_numpy()
    return found


def _hold_back_open_periods(con: duckdb.DuckDBPyConnection, today: date) -> None:
    """A week, month or quarter is told when it is over: its growth from night to night is of one day."""
    con.execute(f"DELETE FROM {WITHHELD.name} WHERE block = 'open'")
    con.execute(
        f"""INSERT INTO {WITHHELD.name}
        SELECT {", ".join(KEY)}, ?, 'open' FROM {METRIC_VALUE.name}
        WHERE grain <> 'day' AND {_END} > ?""",
        [NOT_OVER, today],
    )


def _replace(con: duckdb.DuckDBPyConnection, block: str, select: str, limits: Limits) -> None:
    con.execute(f"DELETE FROM {WITHHELD.name} WHERE block = ?", [block])
    used = {name: value for name, value in limits.thresholds().items() if f"${name}" in select}
    con.execute(
        f"INSERT INTO {WITHHELD.name} SELECT {', '.join(KEY)}, {quoted(PROTECTS)},"
        f" {quoted(block)} FROM ({select})",
        used,
    )


# Counts that add up over months: a quarter of them tells a hidden month.
SUMS = ("convening", "initiators", "introductions", "response", "joint_initiatives")


def _following(people_counts: Collection[tuple[str, str]]) -> dict[str, str]:
    """Rules for what needs no program: name → SELECT of the cells that go too."""
    verdicts = judged(people_counts, METRIC_VALUE.name, WITHHELD.name)
    beside = [name for name in KEY if name not in ("grain", "period")]
    sums = (*SUMS, *(name for family in FAMILIES.values() for name in family.metrics()))
    return {
        # A quarter is the sum of its months: it tells no more than they do, or is silent.
        "quarters": f"""
WITH cell AS (
  SELECT * FROM ({verdicts}) WHERE grain IN ('month', 'quarter') AND metric IN {one_of(sums)}
),
silent AS (
  SELECT DISTINCT {", ".join(beside)}, date_trunc('quarter', period)::DATE AS period
  FROM cell WHERE grain = 'month' AND hidden_reason IS NOT NULL
)
SELECT cell.* FROM cell JOIN silent USING ({", ".join(beside)}, period)
WHERE cell.grain = 'quarter' AND cell.hidden_reason IS NULL""",
    }
