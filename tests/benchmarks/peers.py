"""Beside what people could pick instead: `python -m tests.benchmarks peers --participations 100000`.

Meetings of three weeks, by turns through our models and through

- pm4py's organisational mining: in how many cases each two resources worked together. A case is an event.
- vivainsights' network between groups: which part of a group's collaboration goes to which other. It takes
  a query that is summed already, so pandas makes that, as its users do.

Each runs in a Python of its own, which TIELINE_PM4PY (pm4py is AGPL) and TIELINE_VIVAINSIGHTS name; who is
not named is left out. Both must find the numbers that we find.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

from tests.benchmarks import ties
from tests.benchmarks.processes import run, table
from tests.network import PARAMETERS, behind
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    import duckdb

DAYS = 3 * 7  # within one month
CAP = int(PARAMETERS["size_cap_meeting"])
TOGETHER = "events that each two people shared"
BETWEEN = "each organisation's part for each other one"
PM4PY = """
import json, sys, time
import pandas as pd
import pm4py
log = pd.read_csv(sys.argv[1], dtype={"event": str, "person": str}, parse_dates=["day"])
begun = time.process_time()
found = pm4py.discover_working_together_network(
    log, resource_key="person", timestamp_key="day", case_id_key="event").connections
seconds = time.process_time() - begun
told = {f"{s} {t}": part * len(log) for (s, t), part in found.items() if int(s) < int(t)}
print(json.dumps([seconds, told]))
"""
VIVAINSIGHTS = """
import json, sys, time
import pandas as pd
import vivainsights
seats = pd.read_csv(sys.argv[1])
begun = time.process_time()
seats["size"] = seats.groupby("event")["person"].transform("size")
pairs = seats.merge(seats, on="event")
pairs = pairs[pairs["person_x"] != pairs["person_y"]]
pairs["weight"] = 1.0 / (pairs["size_x"] - 1)
sums = pairs.groupby(["organisation_x", "organisation_y"], as_index=False)["weight"].sum()
sums.columns = ["PrimaryCollaborator_Organization", "SecondaryCollaborator_Organization", "weight"]
query = sums[sums.iloc[:, 0] != sums.iloc[:, 1]]
parts = vivainsights.network_g2g(query, *query.columns, return_type="data")
seconds = time.process_time() - begun
told = {f"{one} - {other}": part for one, other, part in parts.itertuples(index=False)}
print(json.dumps([seconds, told]))
"""
PEERS = (
    (TOGETHER, "tie", "pm4py", "TIELINE_PM4PY", PM4PY),
    (BETWEEN, "line", "vivainsights", "TIELINE_VIVAINSIGHTS", VIVAINSIGHTS),
)


def measure(rows: int) -> str:
    """A table of CPU seconds and ratios; who is not there is named."""
    lines = [["what", "participations", "numbers", "ours, s", "theirs, s", "ratio", "peer"]]
    absent = []
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as name:
        folder = Path(name)
        seats = run(
            "tests.benchmarks.peers", "make", str(folder / "weeks.duckdb"), str(rows)
        ).told["rows"]  # fmt: skip
        for what, model, peer, variable, script in PEERS:
            if not os.environ.get(variable):
                absent.append(f"{peer} ({variable})")
                continue
            home = shutil.copy(folder / "weeks.duckdb", folder / f"{model}.duckdb")
            ours = run("tests.benchmarks.peers", model, str(home)).told
            theirs = _theirs(os.environ[variable], script, folder / "seats.csv")
            _assert_same(ours["told"], theirs["told"])
            lines.append([
                what, f"{seats:,}", f"{len(ours['told']):,}", f"{ours['seconds']:.2f}",
                f"{theirs['seconds']:.2f}", f"{theirs['seconds'] / ours['seconds']:.1f}", peer,
            ])  # fmt: skip
    left_out = f"\nNot there: {', '.join(absent)}." if absent else ""
    return f"{table(lines)}{left_out}"


def _theirs(python: str, script: str, seats: Path) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-W", "ignore", "-c", script, str(seats)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, told = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": seconds, "told": told}


def _assert_same(ours: dict[str, float], theirs: dict[str, float]) -> None:
    assert ours.keys() == theirs.keys(), sorted(ours.keys() ^ theirs.keys())[:5]
    odd = [name for name in ours if abs(ours[name] - theirs[name]) > 1e-6]
    assert not odd, [(name, ours[name], theirs[name]) for name in odd[:5]]


def make(con: duckdb.DuckDBPyConnection, rows: int, seats: Path) -> int:
    """Meetings of people few enough to make ties, in the warehouse and as a file for the others."""
    ties.make(con, max(200, rows // 500), 3 * rows, DAYS)  # a third are meetings
    con.execute("DELETE FROM event WHERE channel <> 'meeting'")
    con.execute(
        f"""DELETE FROM event WHERE event_id IN (
              SELECT event_id FROM participation GROUP BY event_id HAVING count(*) NOT BETWEEN 2 AND {CAP})"""
    )
    con.execute("DELETE FROM participation WHERE event_id NOT IN (SELECT event_id FROM event)")
    told = con.sql(
        """SELECT p.event_id AS event, p.address_id AS person, m.unit AS organisation, p.day
           FROM participation AS p JOIN membership AS m ON m.person_id = p.address_id"""
    ).pl()
    told.write_csv(seats)
    return told.height


def together(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Persons of a pair → events."""
    rows = con.execute("SELECT s, t, n FROM tie WHERE grain = 'month' AND channel = 'meeting'")
    return {f"{s} {t}": n for s, t, n in rows.fetchall()}


def between(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Organisation and other one → part of its weight with all others."""
    rows = con.execute(
        """WITH side AS (
             SELECT unit, other_unit, w FROM line
             WHERE grain = 'month' AND channel = 'meeting' AND unit <> other_unit
           ), both_ways AS (FROM side UNION ALL SELECT other_unit, unit, w FROM side)
           SELECT unit, other_unit, w / sum(w) OVER (PARTITION BY unit) FROM both_ways"""
    )
    return {f"{unit} - {other}": part for unit, other, part in rows.fetchall()}


def main(what: str, path: Path, *numbers: int) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    with closing(open_warehouse(path)) as con:
        if what == "make":
            return {"rows": make(con, *numbers, path.with_name("seats.csv"))}
        begun = process_time()
        ties.build(con, behind(what))
        told = together(con) if what == "tie" else between(con)
        return {"seconds": process_time() - begun, "told": told}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))))
