"""One stale week of metrics 1-9, 11 and 12, with three months of history, with six, and with three years.

    python -m tests.benchmarks history --participations 4200000

Three months are computed by the models. Longer histories are the same quarter again and again: the rows of every
table, moved back in time within DuckDB, because to compute 50 million participations takes hours and copying
them minutes. People, ties and series of meetings are the same ones in every quarter, so the past has something
to tell of each tie; events have numbers of their own.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.filled import fill, timed
from tests.benchmarks.processes import run, table
from tests.network import behind
from warehouse import load
from warehouse.connection import open_warehouse
from warehouse.schema import one_of

if TYPE_CHECKING:
    import duckdb

FIRST, DAYS = date(2024, 1, 1), 91  # a quarter of thirteen whole weeks: every grain moves by itself
LONGER = (2, 12)  # quarters: half a year, so that each period has one before it, and three years
WEEK = date(2024, 3, 18)  # the last but one: late files touch no more than that
METRICS = (
    "interaction_volume", "cross_boundary_share", "flow", "ei_index", "boundary_coverage", "threads",
    "tie_turnover", "reciprocity", "response", "initiators", "convening", "joint_initiatives",
    "connector_dependence",
)  # fmt: skip
AGAIN = {"tie_turnover", "joint_initiatives"}  # what the past decides, it may change

_IN_PERIODS = "CASE grain WHEN 'day' THEN {days} WHEN 'week' THEN {weeks} WHEN 'month' THEN {months} ELSE {quarters} END"
_EVENTS = 1_000_000_000_000  # numbers further of an event in the quarter before


def measure(rows: int) -> str:
    """CPU seconds of each model with each history, and how many times as many."""
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        short = Path(folder) / "quarter-1.duckdb"
        built = run("tests.benchmarks.history", "make", str(short), str(rows))
        weeks, copied = [run("tests.benchmarks.history", "week", str(_copied(short)))], []
        for quarters in LONGER:
            path = short.with_stem(f"quarter-{quarters}")
            copied.append(
                run("tests.benchmarks.history", "lengthen", str(path), str(short), str(quarters))
            )
            size = path.stat().st_size / 1e9
            weeks.append(run("tests.benchmarks.history", "week", str(path)))
    if any(ran.told["unlike"] for ran in weeks):
        raise SystemExit("computing the week again gave other numbers")
    lines = [
        ["model", *(f"{n * 3} months, s" for n in (1, *LONGER)), "last : first", "last : second"]
    ]
    spent = [{name: cpu for name, (cpu, _) in ran.told["spent"].items()} for ran in weeks]
    lines += [
        _line(name, [one.get(name, 0.0) for one in spent])
        for name in sorted(spent[-1], key=lambda name: -spent[-1][name])
    ]
    lines.append(_line("all", [sum(one.values()) for one in spent]))
    lines.append(["peak MB", *(f"{ran.peak_mb:.0f}" for ran in weeks), "", ""])
    return (
        f"{built.told['rows']:,} participations of {built.told['people']:,} people in {DAYS // 7} weeks, built in "
        f"{built.cpu:.0f} CPU s; {copied[-1].told['rows']:,} in {LONGER[-1]} quarters ({size:.1f} GB), copied in "
        f"{copied[-1].cpu:.0f} CPU s\n\n{table(lines)}"
    )


def _copied(path: Path) -> Path:
    return Path(shutil.copy(path, path.with_stem("week-1")))


def _line(name: str, spent: list[float]) -> list[str]:
    first, second, *_, last = spent
    ratios = [f"{last / one:.2f}" if one else "" for one in (first, second)]
    return [name, *(f"{one:.2f}" for one in spent), *ratios]


def make(con: duckdb.DuckDBPyConnection, rows: int) -> dict[str, Any]:
    """Three months, by the models."""
    people = max(400, rows // 420)
    load.create(con)
    fill(con, people, rows, FIRST, DAYS)
    spent = timed(con, behind(*METRICS))
    return {"people": people, "rows": _rows(con), "spent": spent}


def lengthen(con: duckdb.DuckDBPyConnection, short: Path, quarters: int) -> dict[str, Any]:
    """The quarter in the database `short`, and itself again and again before it, oldest first."""
    load.create(con)
    con.execute(f"ATTACH '{short}' AS short (READ_ONLY)")
    fixed = {"calendar", "scope", "layout"}  # written by load.create
    tables = con.execute(
        """SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
           WHERE database_name = 'short' AND schema_name = 'main' GROUP BY ALL"""
    ).fetchall()
    for name, columns in tables:
        if name in fixed:
            continue
        con.execute(f"CREATE TABLE IF NOT EXISTS {name} AS FROM short.main.{name} LIMIT 0")
        for back in range(quarters - 1, -1, -1) if {"day", "period"} & set(columns) else [0]:
            told = ", ".join(_moved(column, back) for column in columns)
            rows = _with_past(name, f"short.main.{name}", quarters - 1 - back)
            con.execute(f"INSERT INTO {name} SELECT {told} FROM {rows}")
    con.execute("DETACH short")
    con.execute("CHECKPOINT")
    return {"rows": _rows(con)}


def _with_past(name: str, rows: str, before: int) -> str:
    """The rows of a table as they are with the same quarter `before` times before."""
    if not before or name not in {"tie_previous", "tie_gap"}:
        return rows
    if name == "tie_previous":
        told = f"""coalesce(previous, max(day) OVER (PARTITION BY channel, s, t) - {DAYS}) AS previous,
          opened - {DAYS * before} AS opened"""
    else:
        steps = _IN_PERIODS.format(days=DAYS, weeks=13, months=3, quarters=1)
        told = f"""coalesce(gap, idx - max(idx) OVER (PARTITION BY grain, channel, s, t) + {steps}) AS gap,
          false AS is_opening"""
    return f"(SELECT * REPLACE ({told}) FROM {rows})"


def _moved(column: str, back: int) -> str:
    """A column's value in a row of `back` quarters before."""
    days = 13 * 7 * back
    match column:
        case "day" | "last_day" | "previous" | "opened":
            return f"{column} - {days}"
        case "started_at" | "ended_at":
            return f"{column} - to_days({days})"
        case "event_id" | "reply_to":
            return f"{column} - {back * _EVENTS}"
        case "period":
            steps = _IN_PERIODS.format(
                days=f"to_days({days})", weeks=f"to_days({days})", months=f"to_months({3 * back})",
                quarters=f"to_months({3 * back})",
            )  # fmt: skip
            return f"(period - {steps})::DATE"
        case "idx":
            return "idx - " + _IN_PERIODS.format(
                days=days, weeks=13 * back, months=3 * back, quarters=back
            )
    return column


def week(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """One week is stale: what that costs, and how many numbers are others than before."""
    con.execute("CREATE TEMP TABLE told AS FROM metric_value WHERE period >= ?", [FIRST])
    con.execute("INSERT INTO stale_day SELECT ?::DATE + n::INTEGER FROM range(7) days(n)", [WEEK])
    spent = timed(con, behind(*METRICS))
    names = one_of(sorted({*METRICS} - AGAIN))
    # To nine digits: weights are added in another order. Rounding would tell apart what lies at its edge.
    (unlike,) = con.execute(
        f"""SELECT count(*) FROM (SELECT * FROM metric_value WHERE period >= DATE '{FIRST}') AS now
              FULL JOIN told USING (metric, measure, grain, period, channel, boundary, unit, other_unit)
            WHERE metric IN {names} AND (now.people IS DISTINCT FROM told.people
              OR abs(coalesce(now.value, -9) - coalesce(told.value, -9)) > 1e-9 * greatest(1, abs(now.value)))"""
    ).fetchall()[0]
    return {"spent": spent, "unlike": unlike}


def _rows(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("SELECT count(*) FROM participation").fetchall()[0][0])


def main(what: str, path: Path, argument: str = "", quarters: str = "") -> dict[str, Any]:
    """One step, in a process of its own."""
    behind(*METRICS)
    reach = [Path(argument).parent] if what == "lengthen" else []
    with closing(open_warehouse(path, reach=reach)) as con:
        if what == "make":
            return make(con, int(argument))
        if what == "lengthen":
            return lengthen(con, Path(argument), int(quarters))
        return week(con)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])))
