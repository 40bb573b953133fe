"""Staged tables and rows for the tests: one good row of each, and how to stage others like it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from quality.suites import Limits, Rule
from warehouse.schema import (
    MEMBERSHIP,
    OBSERVED_EVENT,
    OBSERVED_PARTICIPATION,
    QUARANTINE,
    SOURCE_FILE,
    STAGE,
    Table,
    ddl,
    polars_schema,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

TODAY = date(2026, 11, 24)
LIMITS = Limits(TODAY)
EVENT: dict[str, Any] = {
    "file_id": 1, "event_id": 1, "channel": "message", "kind": "mail", "day": date(2026, 3, 2),
    "started_at": datetime.fromisoformat("2026-03-02T09:00"), "is_automated": False, "revision": 0,
    "is_cancelled": False, "position": 1,
}  # fmt: skip
PARTICIPATION: dict[str, Any] = {
    "file_id": 1, "day": date(2026, 3, 2), "event_id": 1, "address_id": 7, "role": "to",
    "response": "none", "is_own": False,
}  # fmt: skip
FILE: dict[str, Any] = {
    "file_id": 1, "source": "mail", "partner": "North", "format": "mbox", "path": "in/one.mbox",
    "content": "c", "settings": "s", "bytes": 10, "records": 1, "events": 1, "participations": 1,
    "rejected": 0, "duplicates": 0, "skipped": 0, "automated": 0, "run_id": "r",
}  # fmt: skip
MEMBER: dict[str, Any] = {
    "person_id": 7, "boundary": "organisation", "unit": "North", "valid_from": date(1, 1, 1),
    "valid_to": date(9999, 12, 31), "share": 1.0, "origin": "directory",
}  # fmt: skip


def stage_schema(con: duckdb.DuckDBPyConnection, *, membership: bool = True) -> None:
    """Staging tables as in the schema, but they let an empty value in, so that rules see it."""
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {STAGE}")
    tables = (OBSERVED_EVENT, OBSERVED_PARTICIPATION, SOURCE_FILE, QUARANTINE)
    for table in (*tables, *((MEMBERSHIP,) if membership else ())):
        con.execute(re.sub(" NOT NULL", "", ddl(table, f"{STAGE}.{table.name}")))


def put(con: duckdb.DuckDBPyConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    frame = pl.DataFrame(rows, schema=polars_schema(table), orient="row")
    con.register("rows_to_put", frame)
    con.execute(f"INSERT INTO {STAGE}.{table.name} SELECT * FROM rows_to_put")
    con.unregister("rows_to_put")


def events(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    put(con, OBSERVED_EVENT, [EVENT | row for row in rows])


def participations(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    put(con, OBSERVED_PARTICIPATION, [PARTICIPATION | row for row in rows])


def files(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    put(con, SOURCE_FILE, [FILE | row for row in rows])


def members(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    put(con, MEMBERSHIP, [MEMBER | row for row in rows])


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {STAGE}.{table}").fetchone()
    assert row is not None
    return int(row[0])


def broken(con: duckdb.DuckDBPyConnection, rules: Iterable[Rule]) -> set[str]:
    """Names of the rules that some staged row or file breaks, by plain SQL."""
    return {
        rule.name
        for rule in rules
        if con.execute(f"SELECT 1 FROM {STAGE}.{rule.table} WHERE {rule.broken} LIMIT 1").fetchall()
    }


def good_file(con: duckdb.DuckDBPyConnection) -> None:
    """One file of 40 good mails with two recipients each, and the two people's units."""
    days = {n: EVENT["day"] + timedelta(days=n) for n in range(1, 41)}
    events(con, *({"event_id": n, "position": n, "day": day} for n, day in days.items()))
    participations(
        con,
        *({"event_id": n, "address_id": a, "day": d} for n, d in days.items() for a in (7, 8)),
    )
    files(con, {"records": 40, "events": 40, "participations": 80})
    members(con, {}, {"person_id": 8, "share": 0.5}, {"person_id": 8, "share": 0.5, "unit": "B"})
