"""Events to ties, and one stale week of metrics: `python -m tests.benchmarks ties --participations 1000000`.

Ours against DuckDB's bare join of each week's seats, and against a merge in pandas; each in a process of its
own. Then the same network with three months and with three years of it: what one stale week costs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import pandas as pd  # type: ignore[import-untyped]

from tests.benchmarks.processes import Ran, run, table
from tests.network import PARAMETERS, all_models, behind
from transforms.runner import transform
from warehouse import load
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from transforms.model import Model

FIRST, DAYS = date(2023, 11, 6), 156 * 7  # three years of whole weeks
MONTHS_3 = 13 * 7
CAP = 15  # most people of an event that makes ties, for all alike
PANDAS_ROWS = 500_000  # of so many the merge is timed; its cost follows the rows

_EVENTS = """
INSERT INTO event BY NAME
SELECT (DATE $week - DATE '2000-01-01') * 10000000 + n AS event_id,
  CASE WHEN r < 0.35 THEN 'meeting' WHEN r < 0.75 THEN 'message' ELSE 'work' END AS channel,
  CASE WHEN r < 0.35 THEN 'meeting' WHEN r < 0.75 THEN 'mail' ELSE 'comment' END AS kind,
  day, day + INTERVAL 9 HOUR + to_minutes(n % 480) AS started_at,
  day + INTERVAL 10 HOUR + to_minutes(n % 480) AS ended_at,
  floor($people * random() ** 2)::BIGINT AS initiator, false AS is_automated, 0 AS revision,
  CASE WHEN r >= 0.75 THEN n % 1000 END AS container
FROM (SELECT range AS n, random() AS r, DATE $week + (range * 5 // $events)::INTEGER AS day FROM range($events))"""
_SEATS = """
INSERT INTO participation BY NAME
SELECT DISTINCT ON (event_id, address_id) day, event_id, address_id,
  CASE WHEN place = 0 THEN CASE channel WHEN 'meeting' THEN 'organiser' WHEN 'message' THEN 'from' ELSE 'author' END
    ELSE CASE channel WHEN 'meeting' THEN 'required' WHEN 'message' THEN 'to' ELSE 'commenter' END END AS role,
  'none' AS response
FROM (
  SELECT day, event_id, channel, place, CASE WHEN place = 0 THEN initiator
    WHEN random() < 0.8 THEN initiator // 50 * 50 + floor(50 * random())::BIGINT
    ELSE floor($people * random() ** 2)::BIGINT END AS address_id
  FROM (SELECT *, unnest(range(least(12, 2 + floor(random() ** -0.6)::BIGINT - 1))) AS place
        FROM event WHERE day BETWEEN DATE $week AND DATE $week + 6)
) ORDER BY event_id, address_id, place"""  # events of a week are numbered by day
_SEATS_PER_EVENT = 3.5
_BARE = """
INSERT INTO bare
SELECT DATE $week AS week, a.address_id AS s, b.address_id AS t, sum(1.0 / (size - 1)) AS w, count(*) AS n
FROM (SELECT *, count(*) OVER (PARTITION BY event_id) AS size FROM participation
      WHERE day BETWEEN DATE $week AND DATE $week + 6) AS a
JOIN participation AS b ON b.event_id = a.event_id AND b.day = a.day AND a.address_id < b.address_id
WHERE size BETWEEN 2 AND $cap GROUP BY ALL"""


def measure(rows: int) -> str:
    """A table of CPU seconds, rows a second, peak memory and ratios."""
    people = max(200, rows // 5000)
    lines = [["what", "participations", "CPU s", "rows/s", "peak MB", "ratio", "to"]]
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        home = Path(folder)
        whole, short = home / "years.duckdb", home / "months.duckdb"
        told = _make(whole, people, rows, DAYS)
        few = _make(short, people, rows * MONTHS_3 // DAYS, MONTHS_3)
        bare = _ran("bare", whole)
        pandas = _ran("pandas", short)
        ties = _ran("ties", whole)
        lines += [
            _line("bare join, week by week", told, bare),
            _line(
                "ours: attendance, acts, ties per day and period",
                told,
                ties,
                bare,
                told,
                "the bare join",
            ),
            _line(
                "pandas: merge and groupby, week by week",
                pandas.told["rows"],
                pandas,
                ties,
                told,
                "ours",
            ),
        ]
        _ran("ties", short)
        week = [_ran("week", path) for path in (short, whole)]
        lines += [
            _line("ties, one stale week in three months", few, week[0]),
            _line(
                "ties, one stale week in three years", told, week[1], week[0], told, "three months"
            ),
        ]
    return table(lines)


def _make(path: Path, people: int, rows: int, days: int) -> int:
    return int(
        run("tests.benchmarks.ties", "make", str(path), str(people), str(rows), str(days)).told[
            "rows"
        ]
    )


def _ran(what: str, path: Path) -> Ran:
    return run("tests.benchmarks.ties", what, str(path))


def _line(
    name: str, rows: int, ran: Ran, to: Ran | None = None, of: int = 0, word: str = ""
) -> list[str]:
    """Ratio per row, where both did another number of them; of a stale week, as it is."""
    spent = ran.told["seconds"]
    each = 1 if "stale" in name or to is None else of / rows
    ratio = f"{spent * each / to.told['seconds']:.2f}" if to else ""
    return [
        name,
        f"{rows:,}",
        f"{spent:.2f}",
        f"{rows / spent:,.0f}",
        f"{ran.peak_mb:.0f}",
        ratio,
        word,
    ]


def make(con: duckdb.DuckDBPyConnection, people: int, rows: int, days: int) -> int:
    """Fill a warehouse week by week, straight into its tables; return the participations."""
    load.create(con)
    con.execute("SELECT setseed(0.5)")
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.execute(
        """INSERT INTO membership SELECT range, 'organisation', 'Organisation ' || range * 8 // $people,
             DATE '0001-01-01', DATE '9999-12-31', 1, 'directory' FROM range($people)""",
        {"people": people},
    )
    events = int(rows / _SEATS_PER_EVENT / (days // 7))
    for week in (FIRST + timedelta(days=n) for n in range(0, days, 7)):
        for query, told in ((_EVENTS, {"events": events}), (_SEATS, {})):
            con.execute(query.replace("$week", f"'{week}'"), {"people": people, **told})
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
    return int(con.execute("SELECT count(*) FROM participation").fetchall()[0][0])


def bare(con: duckdb.DuckDBPyConnection) -> None:
    """The least that any such work must do."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bare (week DATE, s BIGINT, t BIGINT, w DOUBLE, n BIGINT)"
    )
    weeks = con.execute("SELECT DISTINCT date_trunc('week', day)::DATE FROM event ORDER BY 1")
    for (week,) in weeks.fetchall():
        con.execute(_BARE.replace("$week", f"'{week}'"), {"cap": CAP})


def in_pandas(con: duckdb.DuckDBPyConnection) -> tuple[float, int]:
    """What one would write without Tieline; CPU seconds without reading, and the rows."""
    seats = con.execute(
        "SELECT day, event_id, address_id FROM participation LIMIT $n", {"n": PANDAS_ROWS}
    ).df()
    begun = process_time()
    seats["week"] = seats["day"].dt.to_period("W")
    seats["size"] = seats.groupby("event_id")["address_id"].transform("size")
    seats = seats[seats["size"].between(2, CAP)]
    for _, week in seats.groupby("week"):
        pairs = week.merge(week, on="event_id")
        pairs = pairs[pairs["address_id_x"] < pairs["address_id_y"]]
        pairs["w"] = 1.0 / (pairs["size_x"] - 1)
        ties = pairs.groupby(["address_id_x", "address_id_y"], as_index=False).agg(
            w=("w", "sum"), n=("w", "size")
        )
        assert isinstance(ties, pd.DataFrame)
    return process_time() - begun, len(seats)


def build(con: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> None:
    con.execute("BEGIN")
    transform(con, models, PARAMETERS, today=date(2030, 1, 1))
    con.execute("COMMIT")


def main(what: str, path: Path, *numbers: int) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    all_models()
    with closing(open_warehouse(path)) as con:
        if what == "make":
            return {"rows": make(con, *numbers)}
        if what == "pandas":
            seconds, rows = in_pandas(con)
            return {"seconds": seconds, "rows": rows}
        if what == "week":
            con.execute("INSERT INTO stale_day SELECT max(day) - 7 FROM event")
        begun = process_time()
        if what == "bare":
            bare(con)
        else:
            build(con, behind("tie"))
        return {"seconds": process_time() - begun}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))))
