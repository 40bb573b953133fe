"""Introductions among 20,000 people with 4 million pair events: `python -m tests.benchmarks.introductions`.

CPU and wall seconds of the models that introductions need, first for the whole history, then for a night with
one new day. Nothing here fails for being slow.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from time import perf_counter, process_time

import duckdb
import polars as pl

from tests.benchmarks.bench import heading, machine, table
from tests.benchmarks.network import make_network, participations
from tests.network import PARAMETERS, empty_warehouse
from transforms.model import Model, read_models
from transforms.runner import transform

PEOPLE = 20_000
ROWS = 4_500_000
FIRST, DAYS = date(2025, 11, 1), 365
NEEDED = ("attendance", "contact_day", "introduction", "introductions")


def fill(con: duckdb.DuckDBPyConnection, people: int, rows: int) -> None:
    """Events, participations and memberships of an invented network."""
    network = make_network(people)
    log = participations(network, rows, FIRST, DAYS).with_columns(
        pl.col("event").str.slice(1).cast(pl.Int64),
        pl.col("answers").str.slice(1).cast(pl.Int64),
        day=pl.col("time").dt.date(),
    )
    members = network.people.with_columns(pl.lit(None).alias("nothing"))
    con.register("log", log)
    con.register("members", members)
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.execute(
        """INSERT INTO membership SELECT person, 'organisation', organisation,
             DATE '0001-01-01', DATE '9999-12-31', 1, 'directory' FROM members"""
    )
    con.execute(
        """INSERT INTO event BY NAME
           SELECT event AS event_id, any_value(channel) AS channel, any_value(kind) AS kind,
             min(day) AS day, min(time) AS started_at, max("end") AS ended_at,
             arg_min(person, role NOT IN ('organiser', 'from', 'author')) AS initiator,
             any_value(answers) AS reply_to, false AS is_automated, 0 AS revision
           FROM log GROUP BY event ORDER BY started_at"""
    )
    con.execute(
        """INSERT INTO participation SELECT DISTINCT ON (event, person) day, event, person, role, 'none'
           FROM log ORDER BY day, event, person"""
    )
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")


def timed(con: duckdb.DuckDBPyConnection, models: list[Model]) -> dict[str, tuple[float, float]]:
    """Model → CPU and wall seconds of bringing it up to date."""
    begun: list[tuple[str, float, float]] = []
    con.execute("BEGIN")
    transform(
        con,
        models,
        PARAMETERS,
        today=date(2030, 1, 1),
        progress=lambda name: begun.append((name, process_time(), perf_counter())),
    )
    con.execute("COMMIT")
    ends = [*begun[1:], ("", process_time(), perf_counter())]
    return {
        name: (after[1] - cpu, after[2] - wall)
        for (name, cpu, wall), after in zip(begun, ends, strict=True)
    }


def main(people: int = PEOPLE, rows: int = ROWS) -> None:
    """Print everything."""
    print(machine())
    con = empty_warehouse()
    fill(con, people, rows)
    models = [model for model in read_models() if model.name in NEEDED]
    whole = timed(con, models)
    con.execute("INSERT INTO stale_day VALUES (?)", [FIRST + timedelta(days=DAYS - 40)])
    night = timed(con, models)
    (pairs,) = con.sql(
        "SELECT sum(size * (size - 1) // 2 / size) FROM attendance WHERE NOT is_broadcast"
    ).fetchall()[0]
    found = con.sql("SELECT count(*), count(*) FILTER (is_converted) FROM introduction")
    introductions, converted = found.fetchall()[0]
    print(heading(f"{people:,} people, {pairs:,.0f} pair events in {DAYS} days"))
    print(
        table(
            [
                ["model", "whole, CPU s", "wall s", "one day, CPU s", "wall s"],
                *(
                    [name, *(f"{s:.2f}" for s in (*whole[name], *night.get(name, (0.0, 0.0))))]
                    for name in whole
                ),
                [
                    "all",
                    *(
                        f"{sum(s[n] for s in t.values()):.2f}"
                        for t in (whole, night)
                        for n in (0, 1)
                    ),
                ],
            ]
        )
    )
    print(f"\n{introductions:,} introductions, of which {converted:,} took root.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
