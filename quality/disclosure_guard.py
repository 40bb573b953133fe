"""Before every publication: hide what would give hidden numbers away, month by month, and audit it.

A month is looked at again only when its numbers or the rules changed. What was withheld stays withheld,
so that releases of different days do not complete each other. Months that share no number are looked at
together, on as many processors as there are.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from quality.disclosure import IS_TOLD, KEY, Withheld, judged
from quality.disclosure_atoms import END, atoms_of_month, rows_of_months
from quality.disclosure_block import make_block
from quality.disclosure_choice import DisclosureError, protect
from quality.disclosure_structure import (
    ALIVE,
    ASSORTATIVITY,
    BEGUN,
    EFFECTIVE,
    FAMILIES,
    INTRODUCTIONS,
    OF_BEGUN,
    OF_LINES,
    OF_ONE_BOUNDARY,
    OF_TIES_AND_EVENTS,
    SHARE,
    SINCE_BEFORE,
    STARTED,
    STARTED_BY,
    TOTAL,
    Family,
    Name,
    among,
)
from warehouse.connection import open_readonly
from warehouse.schema import ALL, AUDITED, METRIC_VALUE, WITHHELD, one_of, quoted
from warehouse.serving.mart import NOT_OVER, PROTECTS
from warehouse.serving.releases import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from quality.disclosure_audit import Flags
    from quality.disclosure_block import Block

APART = 3  # months; so far apart no week and no quarter lies in both
# Months: the solver lets other threads of Python go on, and each takes 50 to 90 MB.
AT_ONCE = min(os.cpu_count() or 1, 4)
MUCH = 1 / 4  # of a network's weight
VERSION = 9  # one more when the structure or the way of hiding changes: everything is audited anew


@dataclass(frozen=True, slots=True)
class Rules:
    """What the audit holds numbers to.

    Attributes:
        k: Fewest people on a side.
        dominance: Largest part of one person.
        protection: Least width of a hidden number, as a part of it.
        rounding: Largest step of a rounded sum, as a part of it.
        boundary: The one whose lines' introductions are told.
    """

    k: int
    dominance: float
    protection: float
    rounding: float
    boundary: str

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
    rules: Rules,
    *,
    today: date,
    own: Collection[Name] = (),
    earlier: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Guarded:
    """Fill table WITHHELD. `own`: measures of the users' own; `earlier`: folders of releases that can still be read.

    Call inside a transaction. Raises DisclosureError if hidden numbers cannot be protected.
    """
    _hold_back_open_periods(con, today)
    _hold_back_initiatives(con, people_counts, rules)
    of_rules = f"{VERSION} {rules}"
    audited, withdraw = 0, False
    for name, family in FAMILIES.items():
        select = rows_of_months(family, people_counts, today, rules.rounding)
        con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {select}", rules.thresholds())
        marks = dict(con.execute(f"SELECT block, fingerprint FROM {AUDITED.name}").fetchall())
        due = [
            _Due(block, f"{of_rules} {numbers}", month)
            for month, numbers in con.execute(_FINGERPRINTS).fetchall()
            if marks.get(block := f"{name} {month:%Y-%m}") != f"{of_rules} {numbers}"
        ]
        for one in due:
            if not marks.get(one.block, "").startswith(of_rules):
                con.execute(f"DELETE FROM {WITHHELD.name} WHERE block = ?", [one.block])
        for together in _apart(due):
            cases = []
            for one in together:
                progress(one.block)
                cases.append(_case(con, family, one, rules, earlier))
            for one, (newly, tells) in zip(together, _chosen(cases), strict=True):
                _note(con, one, newly)
                withdraw |= tells
        audited += len(due)
    con.execute("DROP TABLE told")
    _hold_back_own(con, people_counts, own, rules)
    withheld = con.execute(
        f"SELECT count(*) FROM {WITHHELD.name} WHERE reason = ?", [PROTECTS]
    ).fetchall()[0][0]
    return Guarded(audited, int(withheld), withdraw)


def forget_withheld(con: duckdb.DuckDBPyConnection) -> None:
    """Without an audit nothing is withheld, and nothing was looked at."""
    con.execute(f"DELETE FROM {WITHHELD.name}")
    con.execute(f"DELETE FROM {AUDITED.name}")


_FINGERPRINTS = """
SELECT month, md5(concat(count(*), ' ', sum(hash(told)::HUGEINT % 1000000007)))
FROM told GROUP BY month ORDER BY month"""


# Where the share of inner weight is hidden it would tell that; where the total of a unit with much of the
# weight is, it would tell something of that one.
_ASSORTATIVITY = f"""
INSERT INTO {WITHHELD.name}
SELECT {", ".join(quoted(word) for word in ASSORTATIVITY)}, grain, period, channel, boundary,
  {quoted(ALL)}, {quoted(ALL)}, {quoted(PROTECTS)}, $block
FROM (
  SELECT grain, period, channel, boundary FROM told JOIN {WITHHELD.name} USING ({", ".join(KEY)})
  WHERE month = $month AND {among([SHARE])} AND unit = {quoted(ALL)}
  UNION
  SELECT grain, period, channel, boundary FROM told AS part
  JOIN (FROM told WHERE unit = {quoted(ALL)}) AS whole
    USING (metric, measure, grain, period, channel, boundary, month)
  WHERE month = $month AND {among([TOTAL])} AND part.unit <> {quoted(ALL)} AND part.is_secret
    AND part.value > {MUCH} * whole.value
)"""


# Who began things once each are as many as the acts: that there is no effective number says so.
_ONE_EACH = f"""
INSERT INTO {WITHHELD.name}
SELECT other.metric, other.measure, {", ".join(f"acts.{name}" for name in KEY[2:])}, {quoted(PROTECTS)}, $block
FROM (FROM {WITHHELD.name} WHERE block = $block AND {among([BEGUN])}) AS acts
SEMI JOIN (FROM {METRIC_VALUE.name} WHERE {among([EFFECTIVE])} AND low IS NOT NULL) USING ({", ".join(KEY[2:])})
CROSS JOIN (VALUES ({"), (".join(", ".join(map(quoted, name)) for name in OF_BEGUN)})) AS other(metric, measure)
ANTI JOIN {WITHHELD.name} AS known ON known.block = $block AND known.metric = other.metric
  AND known.measure = other.measure AND {" AND ".join(f"known.{name} = acts.{name}" for name in KEY[2:])}"""


@dataclass(frozen=True, slots=True)
class _Due:
    """A month of one family that is to be looked at, and what to remember it by."""

    block: str
    mark: str
    month: date


@dataclass(frozen=True, slots=True)
class _Case:
    """Rows of a month, which of them are `shown`, and which may be where there is nothing to choose (`made` None)."""

    block: str
    rows: pl.DataFrame
    shown: Flags
    after: Flags
    made: Block | None = None
    fixed: Flags | None = None


def _apart(due: Sequence[_Due]) -> Iterator[list[_Due]]:
    """First the first months of all quarters, which share no row, AT_ONCE of them together."""
    for place in range(APART):
        some = [one for one in due if (one.month.month - 1) % APART == place]
        for first in range(0, len(some), AT_ONCE):
            yield some[first : first + AT_ONCE]


def _case(
    con: duckdb.DuckDBPyConnection,
    family: Family,
    due: _Due,
    rules: Rules,
    earlier: Sequence[Path],
) -> _Case:
    """What has to be chosen of one month."""
    same = " AND ".join(f"w.{column} = told.{column}" for column in KEY)
    rows = con.execute(
        f"""SELECT told.* EXCLUDE (month),
          EXISTS (FROM {WITHHELD.name} AS w WHERE {same}) AS is_withheld
        FROM told WHERE month = ? ORDER BY ALL""",
        [due.month],
    ).pl()
    shown = ~(rows["is_secret"] | rows["is_withheld"]).to_numpy()
    if not rows["is_secret"].any():
        return _Case(due.block, rows, shown, shown)
    atoms, parts = atoms_of_month(con, due.month, family)
    if atoms.is_empty():  # the ties have expired: what was chosen while they were there stands
        return _Case(due.block, rows, shown, _without_atoms(con, family, due, shown))
    made = make_block(rows, atoms, parts, family, part=rules.rounding, protection=rules.protection)
    return _Case(due.block, rows, shown, shown, made, _told_before(rows, earlier))


def _chosen(cases: Sequence[_Case]) -> Iterator[tuple[pl.DataFrame, bool]]:
    """Of each case the rows to hide besides, and whether earlier releases tell too much."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for case, (after, withdraw) in zip(cases, pool.map(_choose, cases), strict=True):
            yield case.rows.filter(pl.Series(case.shown & ~after)).select(KEY), withdraw
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _choose(case: _Case) -> tuple[Flags, bool]:
    if case.made is None or case.fixed is None:
        return case.after, False
    try:
        return protect(case.made, case.shown, case.fixed), False
    except DisclosureError as error:
        if not case.fixed.any():
            raise DisclosureError(f"{case.block}: {error}") from error
        return protect(case.made, case.shown, np.zeros_like(case.fixed)), True


def _note(con: duckdb.DuckDBPyConnection, due: _Due, newly: pl.DataFrame) -> None:
    """Write down what is withheld of one month, and that it was looked at."""
    con.register("newly_withheld", newly)
    con.execute(
        f"INSERT INTO {WITHHELD.name} SELECT *, ?, ? FROM newly_withheld", [PROTECTS, due.block]
    )
    con.unregister("newly_withheld")
    con.execute(_ASSORTATIVITY, {"block": due.block, "month": due.month})
    con.execute(_ONE_EACH, {"block": due.block})
    con.execute(f"DELETE FROM {AUDITED.name} WHERE block = ?", [due.block])
    con.execute(f"INSERT INTO {AUDITED.name} VALUES (?, ?)", [due.block, due.mark])


def _without_atoms(
    con: duckdb.DuckDBPyConnection, family: Family, due: _Due, shown: Flags
) -> Flags:
    """All of it goes if there was something that expired before it was ever audited."""
    expired = con.execute(
        f"""FROM {METRIC_VALUE.name} WHERE {among(family.sums)} AND grain = 'month'
          AND period = ? AND value > 0 LIMIT 1""",
        [due.month],
    ).fetchall()
    known = con.execute(f"FROM {AUDITED.name} WHERE block = ?", [due.block]).fetchall()
    return np.zeros_like(shown) if expired and not known else shown


def _told_before(rows: pl.DataFrame, earlier: Sequence[Path]) -> Flags:
    """Rows that an earlier release shows."""
    found = np.zeros(rows.height, dtype=bool)
    names = rows["metric"].unique().to_list()
    first, last = rows["period"].min(), rows["period"].max()
    for folder in earlier:
        with open_readonly(folder / FILE) as con:
            told = con.execute(
                f"""SELECT {", ".join(KEY)}, true AS told_before FROM mart.metric_value
                WHERE hidden_reason IS NULL AND metric IN {one_of(tuple(names))}
                  AND period BETWEEN ? AND ?""",
                [first, last],
            ).pl()
        joined = rows.join(told, on=KEY, how="left", maintain_order="left")
        found |= joined["told_before"].fill_null(value=False).to_numpy()
    return found


def _hold_back_open_periods(con: duckdb.DuckDBPyConnection, today: date) -> None:
    """A week, month or quarter is told when it is over: its growth from night to night is of one day."""
    con.execute(f"DELETE FROM {WITHHELD.name} WHERE block = 'open'")
    con.execute(
        f"""INSERT INTO {WITHHELD.name}
        SELECT {", ".join(KEY)}, {quoted(NOT_OVER)}, 'open' FROM {METRIC_VALUE.name}
        WHERE grain <> 'day' AND {END} > DATE '{today}'"""
    )


def _hold_back_initiatives(
    con: duckdb.DuckDBPyConnection, people_counts: Collection[tuple[str, str]], rules: Rules
) -> None:
    """Initiatives and introductions that would tell the hidden number of another period."""
    names = (ALIVE, STARTED, *SINCE_BEFORE, *INTRODUCTIONS, *STARTED_BY)
    cells = f"(FROM {METRIC_VALUE.name} WHERE {among(names)} AND {IS_TOLD})"
    con.execute(f"DELETE FROM {WITHHELD.name} WHERE block = 'initiatives'")
    con.execute(
        f"""INSERT INTO {WITHHELD.name}
        WITH cell AS MATERIALIZED (FROM ({judged(people_counts, cells)})),
          gone AS ({_SINCE_HIDDEN} UNION {_QUARTERS_OF_HIDDEN_MONTHS}
            UNION {_LINES_BUT_ONE} UNION {_lines_of_others(rules.boundary)})
        SELECT *, {quoted(PROTECTS)}, 'initiatives' FROM gone""",
        rules.thresholds(),
    )


def _hold_back_own(
    con: duckdb.DuckDBPyConnection,
    people_counts: Collection[tuple[str, str]],
    own: Collection[Name],
    rules: Rules,
) -> None:
    """What users compute of a hidden line or unit may be its weight; and of a day, that of a meeting or two."""
    cells = f"(FROM {METRIC_VALUE.name} WHERE {among(OF_TIES_AND_EVENTS)})"
    hidden = judged(people_counts, cells, Withheld(WITHHELD.name, rules.rounding))
    con.execute(f"DELETE FROM {WITHHELD.name} WHERE block = 'own'")
    con.execute(
        f"""INSERT INTO {WITHHELD.name}
        SELECT {", ".join(KEY)}, {quoted(PROTECTS)}, 'own' FROM {METRIC_VALUE.name}
        WHERE {among(own)} AND (grain = 'day' OR ({", ".join(KEY[2:])}) IN (
          SELECT ({", ".join(KEY[2:])}) FROM ({hidden}) WHERE hidden_reason IS NOT NULL))""",
        rules.thresholds(),
    )


_PLACE = ", ".join(KEY[4:])
_CELL = ", ".join(f"cell.{name}" for name in KEY)
# How many ended, with those that may live on, say how many there were; what part lives on says it alone.
_SINCE_HIDDEN = f"""
SELECT {_CELL}
FROM (FROM cell WHERE {among(SINCE_BEFORE)}) AS cell
JOIN (
  SELECT grain, {_PLACE}, value, {END} AS until FROM cell
  WHERE {among([ALIVE])} AND hidden_reason IS NOT NULL AND value > 0
) AS before ON before.grain = cell.grain AND until = cell.period
  AND {" AND ".join(f"before.{name} = cell.{name}" for name in KEY[4:])}
JOIN (
  SELECT grain, period, {_PLACE}, sum(CASE WHEN {among([ALIVE])} THEN value ELSE -value END) AS kept_at_most
  FROM cell WHERE {among([ALIVE, STARTED])} GROUP BY ALL
) AS now ON now.grain = cell.grain AND now.period = cell.period
  AND {" AND ".join(f"now.{name} = cell.{name}" for name in KEY[4:])}
WHERE cell.measure = {quoted(SINCE_BEFORE[1][1])} OR kept_at_most < greatest(1, before.value / 10)"""
# Of two months with hidden starts the quarter tells neither, for one of them may be none.
_QUARTERS_OF_HIDDEN_MONTHS = f"""
SELECT {_CELL}
FROM (FROM cell WHERE {among([STARTED, *INTRODUCTIONS])} AND grain = 'quarter') AS cell
JOIN (
  SELECT metric, date_trunc('quarter', period)::DATE AS quarter, {_PLACE}
  FROM cell
  WHERE {among([STARTED, INTRODUCTIONS[0]])} AND grain = 'month' AND hidden_reason IS NOT NULL
  GROUP BY ALL HAVING max(value) > 0 AND (count(*) = 1 OR metric = {quoted(INTRODUCTIONS[0][0])})
) AS part ON part.metric = cell.metric AND quarter = cell.period
  AND {" AND ".join(f"part.{name} = cell.{name}" for name in KEY[4:])}"""
# The last hidden line would be what the others leave of the network.
_LINES_BUT_ONE = f"""
SELECT {_CELL}
FROM (FROM cell WHERE {among(OF_LINES)} AND other_unit <> {quoted(ALL)}) AS cell
JOIN (
  SELECT grain, period, boundary FROM cell
  WHERE {among(OF_LINES)} AND other_unit <> {quoted(ALL)} AND hidden_reason IS NOT NULL AND value IS NOT NULL
  GROUP BY ALL HAVING count(*) = 1 AND max(value) > 0
) AS last ON last.grain = cell.grain AND last.period = cell.period AND last.boundary = cell.boundary"""


def _lines_of_others(boundary: str) -> str:
    """Lines of teams make up those of organisations: they are told of one boundary alone."""
    return f"""
SELECT {_CELL}
FROM cell
WHERE {among(OF_ONE_BOUNDARY)} AND other_unit <> {quoted(ALL)} AND boundary <> {quoted(boundary)}"""
