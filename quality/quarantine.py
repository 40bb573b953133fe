"""Rows and files that broke a rule leave the staging tables, with their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quality.suites import (
    EVENT,
    FILE,
    PARTICIPATION,
    SUITES,
    TOO_FAR_AHEAD,
    Limits,
    RowRule,
)
from warehouse.schema import MEMBERSHIP, QUARANTINE, STAGE, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from quality.checkpoint import Report

_COLUMNS = ", ".join(QUARANTINE.names())

_POSITION = {  # staged table → SQL of file_id and position of a row `t`
    EVENT: "coalesce(t.file_id, 0), coalesce(t.position, 0)",
    PARTICIPATION: (
        "coalesce(t.file_id, 0), coalesce((SELECT min(e.position)"
        f" FROM {STAGE}.{EVENT} e WHERE e.file_id = t.file_id AND e.event_id = t.event_id), 0)"
    ),
    MEMBERSHIP.name: "0, t.rowid",
}


def quarantine(con: duckdb.DuckDBPyConnection, rules: Iterable[RowRule], report: Report) -> None:
    """Move what `report` found broken from the staging tables to `stage.quarantine`.

    Works inside the caller's transaction. A refused event takes its participations with it; a
    refused participation goes alone; of a refused file one quarantine row remains, and its ledger
    row goes, so that it is tried again. Rows of no file (memberships) get file_id 0.
    """
    _refuse_files(con, report)
    failed = report.outcomes.filter(pl.col("failed") > 0)
    names = set(failed.select("suite", "expectation").iter_rows())
    broken = [rule for rule in rules if (SUITES[rule.table], rule.name) in names]
    # Participations first: while their events are still there, only real orphans look like one.
    for table in (PARTICIPATION, EVENT, MEMBERSHIP.name):
        _move(con, table, [rule for rule in broken if rule.table == table])
    con.execute(
        f"DELETE FROM {STAGE}.{PARTICIPATION} WHERE (file_id, event_id) NOT IN"
        f" (SELECT (file_id, event_id) FROM {STAGE}.{EVENT})"
    )


def now_in_reach(con: duckdb.DuckDBPyConnection, limits: Limits) -> set[int]:
    """Files of which a row was refused as too far ahead, by a clock that was slow or long ago, and is no more."""
    return {
        number
        for (number,) in con.execute(
            f"""SELECT DISTINCT file_id FROM quarantine
            WHERE stage = 'validate' AND contains(reason, {quoted(TOO_FAR_AHEAD)})
              AND try_cast(json_extract_string(record, '$.day') AS DATE) <= CASE
                WHEN json_extract_string(record, '$.channel') = 'meeting'
                THEN DATE '{limits.last_meeting}' ELSE DATE '{limits.last_other}' END"""
        ).fetchall()
    }


def _refuse_files(con: duckdb.DuckDBPyConnection, report: Report) -> None:
    if not report.refused:
        return
    files = {"files": [refused.file_id for refused in report.refused]}
    for table in (QUARANTINE.name, PARTICIPATION, EVENT, FILE):
        con.execute(
            f"DELETE FROM {STAGE}.{table} WHERE file_id IN (SELECT unnest($files))",
            files,
        )
    con.execute(
        f"INSERT INTO {STAGE}.{QUARANTINE.name} ({_COLUMNS})"
        " SELECT unnest($files), 0, 'file', 'batch', unnest($reasons), NULL",
        files | {"reasons": [refused.reason for refused in report.refused]},
    )


def _move(con: duckdb.DuckDBPyConnection, table: str, rules: list[RowRule]) -> None:
    if not rules:
        return
    broken = " OR ".join(rule.broken for rule in rules)
    reasons = ", ".join(f"CASE WHEN {rule.broken} THEN {quoted(rule.words)} END" for rule in rules)
    con.execute(
        f"INSERT INTO {STAGE}.{QUARANTINE.name} ({_COLUMNS})"
        f" SELECT {_POSITION[table]}, 'position', 'validate', concat_ws('; ', {reasons}),"
        f" to_json(t) FROM {STAGE}.{table} t WHERE {broken}"
    )
    con.execute(
        f"DELETE FROM {STAGE}.{table} WHERE rowid IN"
        f" (SELECT rowid FROM {STAGE}.{table} WHERE {broken})"
    )
