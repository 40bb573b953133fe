"""Metric 10 and threads among 20,000 people with 4 million pair events: `python -m tests.benchmarks introductions`.

CPU and wall seconds of the models that they need, first for the whole year, then for a night with one day
that is stale. Nothing here fails for being slow.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.filled import fill, timed
from tests.benchmarks.processes import run, table
from tests.network import behind
from warehouse import load
from warehouse.connection import open_warehouse

PEOPLE = 20_000
ROWS = 4_500_000
FIRST, DAYS = date(2025, 11, 1), 365
METRICS = ("introductions", "threads")


def measure(people: int = PEOPLE, rows: int = ROWS) -> str:
    """A table of seconds per model, and what was found."""
    ran = run("tests.benchmarks.introductions", str(people), str(rows))
    told = ran.told
    whole, night = told["whole"], told["night"]
    lines = [["model", "whole, CPU s", "wall s", "one day, CPU s", "wall s"]]
    for name, spent in whole.items():
        lines.append([name, *(f"{s:.2f}" for s in (*spent, *night.get(name, (0.0, 0.0))))])
    sums = [sum(spent[n] for spent in one.values()) for one in (whole, night) for n in (0, 1)]
    lines.append(["all", *(f"{s:.2f}" for s in sums)])
    return (
        f"{people:,} people, {told['rows']:,} participations, {told['pairs']:,.0f} pair events in {DAYS} days; "
        f"peak {ran.peak_mb:.0f} MB\n\n{table(lines)}\n\n"
        f"{told['introductions']:,} introductions, of which {told['converted']:,} took root; "
        f"threads of {told['lines']:,} lines and periods."
    )


def main(people: int, rows: int) -> dict[str, Any]:
    """Both measurements, in a process of their own."""
    models = behind(*METRICS)
    with (
        tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder,
        closing(open_warehouse(Path(folder) / "year.duckdb")) as con,
    ):
        load.create(con)
        fill(con, people, rows, FIRST, DAYS)
        whole = timed(con, models)
        con.execute("INSERT INTO stale_day VALUES (?)", [FIRST + timedelta(days=DAYS - 40)])
        night = timed(con, models)
        counts = {
            "rows": "SELECT count(*) FROM participation",
            "pairs": "SELECT sum((size - 1) / 2) FROM attendance WHERE NOT is_broadcast",
            "introductions": "SELECT count(*) FROM introduction",
            "converted": "SELECT count(*) FROM introduction WHERE is_converted",
            "lines": "SELECT count(*) FROM metric_value WHERE metric = 'threads'",
        }
        found = {name: con.execute(query).fetchall()[0][0] for name, query in counts.items()}
    return {"whole": whole, "night": night, **found}


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:]))))
