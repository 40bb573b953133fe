"""A small invented network with two boundaries, its metrics computed by the real models, and a release of it."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from quality.disclosure import Withheld, disclosed_metric_value
from quality.disclosure_guard import Guarded, Rules, forget_withheld, withhold
from quality.disclosure_line import disclosed_line
from tests.network import behind, build, empty_warehouse
from transforms.people import ALWAYS, OPEN

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

FIRST, TODAY = date(2026, 6, 1), date(2026, 8, 1)
RULES = Rules(k=3, dominance=0.75, protection=0.1, rounding=0.05, boundary="organisation")
TEAMS = {"a1": "A", "a2": "A", "b1": "B", "b2": "B", "c1": "C"}
MODELS = (
    "convening",
    "flow",
    "initiators",
    "interaction_volume",
    "cross_boundary_share",
    "silo",
    "ei_index",
    "line_state",
)


def network(seed: int, *, events: int = 220, people: int = 24) -> duckdb.DuckDBPyConnection:
    """Two months of meetings and mails of people in five teams of three organisations."""
    dice = random.Random(seed)
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation'), ('team')")
    teams = [*TEAMS, ""]  # some are in no directory
    of = {person: dice.choices(teams, [5, 4, 4, 3, 4, 1])[0] for person in range(1, people + 1)}
    con.executemany(
        "INSERT INTO membership VALUES (?, ?, ?, ?, ?, 1, 'directory')",
        [
            (person, boundary, unit, ALWAYS, OPEN)
            for person, team in of.items() if team
            for boundary, unit in (("team", team), ("organisation", TEAMS[team]))
        ],
    )  # fmt: skip
    add(con, dice, events, FIRST, TODAY - timedelta(days=1), people)
    return con


def add(
    con: duckdb.DuckDBPyConnection,
    dice: random.Random,
    events: int,
    first: date,
    last: date,
    people: int = 24,
) -> None:
    """More events between two days, and everything computed anew."""
    (number,) = con.execute("SELECT coalesce(max(event_id), 0) FROM event").fetchall()[0]
    found, seats = [], []
    for event in range(number + 1, number + events + 1):
        day = first + timedelta(days=dice.randrange((last - first).days + 1))
        here = dice.sample(range(1, people + 1), dice.choice((2, 2, 2, 3, 4, 5)))
        channel, kind = dice.choice((("meeting", "meeting"), ("message", "mail")))
        start = datetime.combine(day, datetime.min.time()) + timedelta(hours=10)
        end = start + timedelta(hours=1) if channel == "meeting" else None
        found.append(
            (event, channel, kind, day, start, end, here[0], None, None, None, False, 0, None)
        )
        roles = ("organiser", "required") if channel == "meeting" else ("from", "to")
        seats += [(day, event, p, roles[p != here[0]], "none") for p in here]
    con.executemany("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", found)
    con.executemany("INSERT INTO participation VALUES (?,?,?,?,?)", seats)
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event EXCEPT FROM stale_day")
    build(con, behind(*MODELS))


def release(
    con: duckdb.DuckDBPyConnection, rules: Rules | None = RULES, *, today: date = TODAY,
    earlier: tuple[Path, ...] = (),
) -> Guarded:  # fmt: skip
    """Tables mart.metric_value and mart.line as they would be published; without rules by thresholds only."""
    con.execute("BEGIN")
    if rules:
        done = withhold(con, (), rules, today=today, earlier=earlier)
    else:
        forget_withheld(con)
        done = Guarded()
    con.execute("COMMIT")
    withheld = Withheld("withheld", rules.rounding) if rules else None
    limits = (rules or RULES).thresholds()
    con.execute("CREATE SCHEMA IF NOT EXISTS mart")
    for table, select in (
        ("metric_value", disclosed_metric_value(withheld=withheld)),
        ("line", disclosed_line(withheld=withheld)),
    ):
        con.execute(f"CREATE OR REPLACE TABLE mart.{table} AS {select}", limits)
    return done
