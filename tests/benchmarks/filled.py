"""A warehouse filled with an invented network, and what its models cost, one by one."""

from __future__ import annotations

from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from tests.benchmarks.network import make_network, participations
from tests.network import PARAMETERS, TODAY
from transforms.runner import transform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb

    from transforms.model import Model

COMMIT = "commit"


class Spent(NamedTuple):
    """Seconds of all processors together, and by the clock."""

    cpu: float
    wall: float


def fill(con: duckdb.DuckDBPyConnection, people: int, rows: int, first: date, days: int) -> None:
    """Events, participations and memberships of an invented network; every day of it is stale."""
    network = make_network(people)
    log = participations(network, rows, first, days).with_columns(
        pl.col("event").str.slice(1).cast(pl.Int64),
        pl.col("answers").str.slice(1).cast(pl.Int64),
        day=pl.col("time").dt.date(),
        container=pl.col("item").rank("dense").cast(pl.Int64),
    )
    con.register("log", log)
    con.register("members", network.people)
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
             any_value(answers) AS reply_to, any_value(container) AS container,
             false AS is_automated, 0 AS revision
           FROM log GROUP BY event ORDER BY started_at"""
    )
    con.execute(
        """INSERT INTO participation SELECT DISTINCT ON (event, person) day, event, person, role, 'none'
           FROM log ORDER BY day, event, person"""
    )
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
    con.unregister("log")


def timed(con: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> dict[str, Spent]:
    """Model → what bringing it up to date took, and under COMMIT what writing it all down did."""
    begun: list[tuple[str, float, float]] = []

    def now(name: str) -> None:
        begun.append((name, process_time(), perf_counter()))

    con.execute("BEGIN")
    transform(con, models, PARAMETERS, today=TODAY, progress=now)
    now(COMMIT)
    con.execute("COMMIT")
    now("")
    return {
        name: Spent(begun[n + 1][1] - cpu, begun[n + 1][2] - wall)
        for n, (name, cpu, wall) in enumerate(begun[:-1])
    }
