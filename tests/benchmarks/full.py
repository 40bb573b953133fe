"""The full build of metrics 1-9, 11 and 12 against a script in pandas and networkx, and against bare ties.

    python -m tests.benchmarks full --participations 100000

Three months, from the rows of events to those of the metrics, each in a process of its own. Script and models
must tell the same numbers: of the network, of every unit and of every line, to 1e-9, and none that the other does
not tell. The bare aggregation is a join of each period's seats in DuckDB, for each grain and without channels.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import closing
from math import isclose, isnan
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from tests.benchmarks import history, script
from tests.benchmarks.processes import Ran, run, table
from tests.network import PARAMETERS
from warehouse.connection import open_warehouse
from warehouse.schema import GRAINS, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

Cell = tuple[Any, ...]  # the columns script.CELL
Values = dict[Cell, float | None]

_UNTOLD = "not told"

_BARE = """
CREATE OR REPLACE TEMP TABLE bare AS
SELECT c.period, a.address_id AS s, b.address_id AS t, sum(1.0 / (a.size - 1)) AS w, count(*) AS n
FROM (SELECT *, count(*) OVER (PARTITION BY event_id) AS size FROM participation) AS a
JOIN participation AS b ON b.event_id = a.event_id AND b.day = a.day AND a.address_id < b.address_id
JOIN calendar c ON c.day = a.day AND c.grain = $grain
WHERE a.size BETWEEN 2 AND $cap GROUP BY ALL"""
_OURS = f"""
SELECT metric, measure, grain, period, channel, unit, other_unit, value
FROM metric_value WHERE metric IN {one_of(history.METRICS)} AND boundary = 'organisation'
UNION ALL
SELECT metric, 'z', grain, period, channel, unit, other_unit, z
FROM metric_value WHERE metric = 'ei_index' AND boundary = 'organisation'"""


def measure(rows: int) -> str:
    """A table of CPU seconds and ratios."""
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        path = str(Path(folder) / "months.duckdb")
        ours = run("tests.benchmarks.history", "make", path, str(rows))
        theirs, bare = (run("tests.benchmarks.full", what, path) for what in ("script", "bare"))
    if theirs.told["unlike"]:
        raise SystemExit(
            f"script and models do not agree on {theirs.told['unlike']:,} numbers: {theirs.told['first']}"
        )
    spent = sum(cpu for cpu, _ in ours.told["spent"].values())
    return (
        f"{ours.told['rows']:,} participations of {ours.told['people']:,} people in 13 weeks; "
        f"script and models tell the same {theirs.told['same']:,} numbers\n\n"
        + table([
            ["what", "CPU s", "peak MB", "ours to it"],
            ["models of metrics 1-9, 11, 12", f"{spent:.2f}", f"{ours.peak_mb:.0f}", ""],
            _line("pandas and networkx", spent, theirs, theirs.told["seconds"]),
            _line("bare ties per week", spent, bare, bare.told["week"]),
            _line("bare ties of four grains", spent, bare, sum(bare.told.values())),
        ])
    )  # fmt: skip


def _line(name: str, ours: float, ran: Ran, seconds: float) -> list[str]:
    return [name, f"{seconds:.2f}", f"{ran.peak_mb:.0f}", f"{ours / seconds:.2f}"]


def in_script(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Seconds of the script without reading its frames; how many numbers are the same, and the first that are not."""
    events, seats = con.execute("FROM event").df(), con.execute("FROM participation").df()
    unit = dict(con.execute("SELECT person_id, unit FROM membership").fetchall())
    begun = process_time()
    told = script.measured(script.read(events, seats, unit, PARAMETERS))
    spent = process_time() - begun
    ours = by_cell(con.execute(_OURS).fetchall())
    theirs = by_cell(told[[*script.CELL, "value"]].itertuples(index=False))
    apart = unlike(theirs, ours)
    first = [(*map(str, cell), *values) for cell, values in apart.items()]
    return {
        "seconds": spent, "same": len(theirs | ours) - len(apart), "unlike": len(first), "first": first[:3],
    }  # fmt: skip


def by_cell(rows: Iterable[tuple[Any, ...]]) -> Values:
    """Rows of a cell's columns and its value → value of each cell, None where it has none."""
    values: Values = {}
    for *columns, value in rows:
        cell = tuple(columns)
        if cell in values:
            raise ValueError(f"told twice: {cell}")
        values[cell] = None if value is None or isnan(value) else float(value)
    return values


def unlike(theirs: Values, ours: Values) -> dict[Cell, tuple[Any, Any]]:
    """Cells that both tell and not the same, and those that one of the two does not tell."""
    both = ((cell, theirs.get(cell, _UNTOLD), ours.get(cell, _UNTOLD)) for cell in theirs | ours)
    return {cell: (one, other) for cell, one, other in both if not _alike(one, other)}


def _alike(one: float | str | None, other: float | str | None) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one is other


def bare(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Grain → seconds of the least that any such work must do."""
    spent = {}
    for grain in GRAINS:
        begun = process_time()
        con.execute(_BARE, {"grain": grain, "cap": PARAMETERS["size_cap_meeting"]})
        spent[grain] = process_time() - begun
    return spent


def main(what: str, path: Path) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    with closing(open_warehouse(path)) as con:
        return bare(con) if what == "bare" else in_script(con)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2])), default=float))
