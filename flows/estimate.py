"""How long a run will take, judged by earlier runs of the same warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.stopwatch import STAGES
from quality.pace import expected_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

RUNS = 30  # the last ones


def estimate(
    con: duckdb.DuckDBPyConnection, work: Mapping[str, int], *, whole: bool
) -> Iterator[str]:
    """A line that says how long `work` (stage → amount, as RUN_STAGE counts it) will take."""
    seconds = {}
    for stage in STAGES:
        past = _history(con, stage)
        if not past:
            yield "How long it would take is not known: no earlier run of this warehouse has told."
            return
        seconds[stage] = expected_seconds(past, work[stage]) if work[stage] else 0.0
    read = (seconds["read"] or 0) + (seconds["load"] or 0)
    parts = f"read and check {read:,.0f}, transform {seconds['transform']:,.0f}, publish {seconds['publish']:,.0f}"
    total = sum(one or 0 for one in seconds.values())
    yield f"Would take about {total:,.0f} s ({parts}), judged by {_runs(con)} earlier."
    if whole:
        yield "More than that, rather: models that are computed whole take as long as when they were first built."


def _history(con: duckdb.DuckDBPyConnection, stage: str) -> list[tuple[float, float]]:
    """(amount, seconds) of the last runs that had something to do there."""
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'run_stage'").fetchall():
        return []  # a warehouse that no newer Tieline has opened yet
    return con.execute(
        "SELECT amount, seconds FROM run_stage WHERE stage = ? AND amount > 0"
        " ORDER BY run_id DESC LIMIT ?",
        [stage, RUNS],
    ).fetchall()


def _runs(con: duckdb.DuckDBPyConnection) -> str:
    count = con.execute("SELECT count(DISTINCT run_id) FROM run_stage").fetchall()[0][0]
    return f"{min(count, RUNS)} run{'s' * (count != 1)}"
