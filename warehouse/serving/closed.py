"""Closed periods: their published rows, in a file of its own that a release begins with as a copy.

A night changes the last periods. The rows of all others need not be judged, sorted and written once
more: they wait in `published/.closed.duckdb`. Rows are added to it and never taken out, so that no
release holds bytes of a row that it does not show. Whatever is in doubt makes the file void; the
release is then made from empty.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING

import duckdb

from warehouse.connection import open_readonly
from warehouse.schema import one_of, quoted
from warehouse.serving import mart
from warehouse.serving.filling import attached, insert, used
from warehouse.serving.releases import make_folder

if TYPE_CHECKING:
    from pathlib import Path

FILE = ".closed.duckdb"
REPORT = ".closed.report.jsonl"  # what the report tells of the same rows
TABLES = (
    mart.CELL, mart.SERIES, mart.DIRECTION, mart.LINE, mart.COMPLETENESS, mart.DELIVERY, mart.SIGHT, mart.UNIT,
)  # fmt: skip
FOLLOW_NO_METRIC = ("line_state", "completeness", "delivery", "sight")
# Days before the first change that stay open, for what comes late should not void the file; and so does their
# whole month, since the audit of what is hidden looks at it as one.
MARGIN = 14
LOOK, NEAR = (
    24,
    4,
)  # periods before its own that decide whether a direction, or a trend, may be shown
WORTH = 0.5  # part of all cells that the file must hold to be worth its copy

Rows = Mapping[str, Sequence[str]]  # table → SELECTs of what table publishing says
Windows = Mapping[str, Mapping[str, date]]  # first, near or look → grain → day


@dataclass(frozen=True, slots=True)
class Begin:
    """What a release begins with: a file, its name and rows of each table, and what these were a release ago."""

    path: Path
    token: str
    holds: Mapping[str, int]
    was: str = ""
    checked: Mapping[str, int] = field(default_factory=dict)

    @property
    def report(self) -> Path:
        """What the report tells of the rows in the file."""
        return self.path.with_name(REPORT)


def bring_up(
    con: duckdb.DuckDBPyConnection,
    published: Path,
    *,
    metrics: Sequence[str],
    mark: str,
    rows: Callable[[], Rows],
    sums: Callable[[], Sequence[str]],
    parameters: Mapping[str, object],
) -> Begin | None:
    """Add what has closed since to the file; let the rest be published. None: nothing is closed.

    `rows` and `sums` (of CLOSED_SHARE) give the SELECTs of what table publishing says.
    """
    path = published / FILE
    make_folder(published)  # gone, or not there yet after a backup was restored
    con.execute(
        """CREATE OR REPLACE TEMP TABLE cell_count AS
           SELECT metric, measure, grain, period, count(*) AS cells FROM metric_value GROUP BY ALL"""
    )
    before = _begin(con, path, mark)
    if before is None or _is_touched(con, metrics):
        void(con, published)
        before = None
    con.execute("BEGIN")
    moved = _advance(con, metrics)
    if not _is_worth_it(con):
        con.execute("COMMIT")
        void(con, published)
        _open_to_publishing(con, metrics)
        return None
    if moved or before is None:
        con.execute("DELETE FROM closed_file")  # killed before it is named again, the file is void
        for select in sums():
            con.execute(f"INSERT INTO closed_share {select}", used(select, parameters))
        con.execute("COMMIT")
        now = _append(con, path, rows(), parameters)
        con.execute("INSERT INTO closed_file VALUES (?, ?, ?)", [now.token, mark, _witness(con)])
    else:
        con.execute("COMMIT")
        now = before
    _open_to_publishing(con, metrics)
    return replace(now, was=before.token, checked=before.holds) if before else now


def _append(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    rows: Rows,
    parameters: Mapping[str, object],
) -> Begin:
    """Write the rows, and give the file another name."""
    token = secrets.token_hex(8)
    with attached(con, path) as cursor:
        cursor.execute("BEGIN")
        for table in TABLES:
            for select in rows.get(table.name, ()):
                insert(cursor, table, select, parameters)
        cursor.execute(f"COMMENT ON TABLE {_PUBLICATION} IS {quoted(token)}")
        cursor.execute("COMMIT")
        holds = rows_there(cursor)
    path.chmod(0o600)
    return Begin(path, token, holds)


def sizes(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Metric, measure and cells of what table publishing says; call after `bring_up`, or in its calls."""
    return con.execute(
        """SELECT metric, measure, sum(cells) FROM cell_count JOIN publishing USING (metric, grain)
           WHERE period >= first AND period < until GROUP BY metric, measure ORDER BY metric, measure"""
    ).fetchall()


def windows(con: duckdb.DuckDBPyConnection) -> Windows:
    """Since when each grain is looked at, of what table publishing says; for all metrics that have cells."""
    rows = con.execute(
        """SELECT grain, min(first), min(near), min(look) FROM publishing
           SEMI JOIN cell_count USING (metric, grain) GROUP BY grain ORDER BY grain"""
    ).fetchall()
    return {
        name: {grain: days[place] for grain, *days in rows}
        for place, name in enumerate(("first", "near", "look"))
    }


def void(con: duckdb.DuckDBPyConnection, published: Path) -> None:
    """Remove the file, and forget what is closed."""
    for name in (FILE, f"{FILE}.wal", REPORT):
        (published / name).unlink(missing_ok=True)
    for table in ("closed_file", "closed_period", "closed_share"):
        con.execute(f"DELETE FROM {table}")


def fresh_mark(*parts: object) -> str:
    """Hash over all that decides what a closed row looks like, but the data."""
    declared = [(mart.create(item), mart.comments(item)) for item in mart.RELATIONS]
    text = repr((parts, declared, duckdb.__version__))
    return blake2b(text.encode(), digest_size=16).hexdigest()


_PUBLICATION = f"{mart.CATALOG}.{mart.MART}.publication"
NAMED_ANEW = f"COMMENT ON TABLE {_PUBLICATION} IS {quoted(mart.PUBLICATION.description)}"


def rows_there(cursor: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each table in the attached file."""
    return _rows(cursor, f"{mart.CATALOG}.{mart.MART}")


def _rows(con: duckdb.DuckDBPyConnection, where: str) -> dict[str, int]:
    return {
        table.name: int(con.execute(f"SELECT count(*) FROM {where}.{table.name}").fetchall()[0][0])
        for table in TABLES
    }


def _begin(con: duckdb.DuckDBPyConnection, path: Path, mark: str) -> Begin | None:
    """The file as it is, if it is the one that the warehouse knows, and still holds."""
    known = con.execute("SELECT token, mark, witness FROM closed_file").fetchall()
    if not known or not path.is_file() or path.with_name(f"{FILE}.wal").exists():
        return None
    try:
        with open_readonly(path) as file:
            told = file.execute(
                "SELECT comment FROM duckdb_tables() WHERE table_name = 'publication'"
            ).fetchall()
            holds = _rows(file, mart.MART)
    except duckdb.Error:
        return None
    token = told[0][0]
    return Begin(path, token, holds) if known == [(token, mark, _witness(con))] else None


def _changed(metrics: Sequence[str]) -> str:
    """SELECT of metric, grain and the first period that changed since the last release."""
    listed = ", ".join(f"({quoted(name)})" for name in metrics)
    return f"""
SELECT metric, grain, min(period) AS period FROM changed JOIN (VALUES {listed}) AS m (metric)
  ON model IN (metric, 'completeness') GROUP BY metric, grain
UNION ALL SELECT '', grain, min(period) FROM changed
WHERE model IN {one_of((*metrics, *FOLLOW_NO_METRIC))} GROUP BY grain"""


def _is_touched(con: duckdb.DuckDBPyConnection, metrics: Sequence[str]) -> bool:
    """Whether something changed in a closed period."""
    found = con.execute(
        f"""SELECT count(*) FROM ({_changed(metrics)}) AS changed
            JOIN closed_period AS closed USING (metric, grain) WHERE changed.period < closed.first"""
    ).fetchall()
    return bool(found[0][0])


def _advance(con: duckdb.DuckDBPyConnection, metrics: Sequence[str]) -> bool:
    """Close what lies well before the change, and let that be written; tell whether there is anything."""
    con.execute("DELETE FROM publishing")
    con.execute(
        f"""INSERT INTO publishing
            SELECT metric, grain, {_before(LOOK, "coalesce(old.first, DATE '0001-01-01')")},
              {_before(NEAR, "coalesce(old.first, DATE '0001-01-01')")},
              coalesce(old.first, DATE '0001-01-01'), new.first
            FROM (SELECT metric, changed.grain, max(c.period) AS first
                  FROM ({_changed(metrics)}) AS changed
                  JOIN (SELECT DISTINCT grain, period FROM calendar) AS c
                    ON c.grain = changed.grain AND c.period <= date_trunc('month', changed.period - {MARGIN})
                  GROUP BY metric, changed.grain) AS new
            LEFT JOIN closed_period AS old USING (metric, grain)
            WHERE old.first IS NULL OR old.first < new.first"""
    )
    con.execute(
        "DELETE FROM closed_period WHERE (metric, grain) IN (SELECT (metric, grain) FROM publishing)"
    )
    con.execute("INSERT INTO closed_period SELECT metric, grain, until FROM publishing")
    return bool(con.execute("FROM publishing LIMIT 1").fetchall())


def _is_worth_it(con: duckdb.DuckDBPyConnection) -> bool:
    closed, whole = con.execute(
        """SELECT coalesce(sum(cells) FILTER (period < first), 0), coalesce(sum(cells), 0)
           FROM cell_count LEFT JOIN closed_period USING (metric, grain)"""
    ).fetchall()[0]
    return bool(closed > WORTH * whole)


def _open_to_publishing(con: duckdb.DuckDBPyConnection, metrics: Sequence[str]) -> None:
    """Let all that is not closed be published."""
    names = ", ".join(f"({quoted(name)})" for name in (*metrics, ""))
    con.execute("DELETE FROM publishing")
    con.execute(
        f"""INSERT INTO publishing
            SELECT metric, grain, {_before(LOOK, "first")}, {_before(NEAR, "first")}, first, DATE '9999-12-31'
            FROM (SELECT metric, grain, coalesce(first, DATE '0001-01-01') AS first
                  FROM (VALUES {names}) AS m (metric) CROSS JOIN (SELECT DISTINCT grain FROM calendar)
                  LEFT JOIN closed_period USING (metric, grain))"""
    )


def _before(periods: int, first: str) -> str:
    return f"""CAST(CASE WHEN {first} = DATE '0001-01-01' THEN {first} ELSE {first} - CASE grain
      WHEN 'day' THEN to_days({periods}) WHEN 'week' THEN to_days({7 * periods})
      WHEN 'month' THEN to_months({periods}) ELSE to_months({3 * periods}) END END AS DATE)"""


def _witness(con: duckdb.DuckDBPyConnection) -> str:
    """What closed rows are made of besides the models' rows, and how many of these there are."""
    told = [
        con.execute(query).fetchall()
        for query in (
            """SELECT sum(cells) FROM cell_count JOIN closed_period USING (metric, grain)
               WHERE period < first""",
            """SELECT count(*), sum(hash(w)) FROM withheld AS w JOIN closed_period USING (metric, grain)
               WHERE period < first""",
            "SELECT source, min(partner), max(partner) FROM source_file GROUP BY source ORDER BY source",
        )
    ]
    return blake2b(repr(told).encode(), digest_size=16).hexdigest()
