"""The run log, and what was published last. Kept here because Prefect's own may lose records at exit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import duckdb


_ID = "%Y%m%dT%H%M%SZ"


def new_run_id(now: datetime) -> str:
    """A name that sorts by time: 20261124T021500Z."""
    return now.astimezone(UTC).strftime(_ID)


def next_run_id(con: duckdb.DuckDBPyConnection, now: datetime) -> str:
    """The name of a run that begins now; just after the newest one where the clock has gone back."""
    named = new_run_id(now)
    newest = con.execute("SELECT max(run_id) FROM run").fetchall()[0][0]
    if newest is None or named > newest:
        return named
    try:
        return new_run_id(datetime.strptime(f"{newest}+0000", f"{_ID}%z") + timedelta(seconds=1))
    except ValueError:  # named by hand
        return named


def begin_run(con: duckdb.DuckDBPyConnection, run_id: str, now: datetime) -> None:
    """Write the run down; runs that never ended were killed and are marked so."""
    con.execute("BEGIN")
    con.execute(
        "UPDATE run SET state = 'killed', message = 'ended without a word; the next run took over'"
        " WHERE state = 'running'"
    )
    con.execute(
        "INSERT INTO run VALUES (?, ?, NULL, 'running', 0, 0, 0, 0, 0, 0, 0, NULL)",
        [run_id, now.astimezone(UTC).replace(tzinfo=None)],
    )
    con.execute("COMMIT")


def note_origin(
    con: duckdb.DuckDBPyConnection,
    run_id: str,
    flow: str,
    *,
    scheduled_at: datetime | None = None,
    window: tuple[date, date] | None = None,
) -> None:
    """Write down which flow the run is, for when, and for a backfill its first and last day."""
    when = None if scheduled_at is None else scheduled_at.astimezone(UTC).replace(tzinfo=None)
    con.execute(
        "INSERT INTO run_origin VALUES (?, ?, ?, ?, ?)",
        [run_id, flow, when, *(window or (None, None))],
    )


def note_costs(
    con: duckdb.DuckDBPyConnection,
    run_id: str,
    stages: Mapping[str, tuple[object, ...]],
    sources: Mapping[str, tuple[object, ...]],
) -> None:
    """Write down what the run cost: rows of RUN_STAGE and RUN_SOURCE by their second column."""
    for table, rows in (("run_stage", stages), ("run_source", sources)):
        for name, facts in rows.items():
            marks = ", ".join("?" for _ in facts)
            con.execute(f"INSERT INTO {table} VALUES (?, ?, {marks})", [run_id, name, *facts])


def covered_by(con: duckdb.DuckDBPyConnection, scheduled_at: datetime) -> str | None:
    """The last whole night that began at or after `scheduled_at` and succeeded; None if none did.

    A night of a clock that ran ahead, and seems to lie in the future, covers nothing.
    """
    rows = con.execute(
        "SELECT max(run_id) FROM run JOIN run_origin USING (run_id)"
        " WHERE flow = 'nightly' AND state = 'succeeded' AND started_at BETWEEN ? AND ?"
        " AND run_id IN (SELECT run_id FROM run_stage)",  # a night that was skipped has no stages
        [when.astimezone(UTC).replace(tzinfo=None) for when in (scheduled_at, datetime.now(UTC))],
    ).fetchall()
    return None if rows[0][0] is None else str(rows[0][0])


def broken_off(con: duckdb.DuckDBPyConnection, since: datetime) -> dict[str, int]:
    """Source → events that runs since then loaded before they broke off, after the last one that succeeded."""
    rows = con.execute(
        """SELECT source, sum(source_file.events)::BIGINT
           FROM source_file JOIN run USING (run_id) JOIN run_origin USING (run_id)
           WHERE flow IN ('nightly', 'ingest') AND state IN ('failed', 'killed') AND started_at >= ?
             AND run_id > coalesce((SELECT max(run_id) FROM run JOIN run_origin USING (run_id)
               WHERE flow IN ('nightly', 'ingest') AND state = 'succeeded'), '')
           GROUP BY source""",
        [since.astimezone(UTC).replace(tzinfo=None)],
    ).fetchall()
    return dict(rows)


def note_run(con: duckdb.DuckDBPyConnection, run_id: str, facts: Mapping[str, object]) -> None:
    """Set columns of the run's row."""
    columns = ", ".join(f"{name} = ?" for name in facts)
    con.execute(f"UPDATE run SET {columns} WHERE run_id = ?", [*facts.values(), run_id])


def end_run(
    con: duckdb.DuckDBPyConnection, run_id: str, state: str, message: str | None = None
) -> None:
    """Close the run as succeeded or failed."""
    ended = datetime.now(UTC).replace(tzinfo=None)
    note_run(con, run_id, {"ended_at": ended, "state": state, "message": message})


def compute_until(con: duckdb.DuckDBPyConnection, today: date) -> bool:
    """Remember that models leave out `today` and what follows; tell whether all must be computed anew.

    It must where an earlier run went further, because its clock or this one's was wrong: days that
    are not over then wait for their turn again. Call inside the transaction that computes.
    """
    before = con.execute("SELECT day FROM computed_until").fetchall()
    if before == [(today,)]:
        return False
    con.execute("DELETE FROM computed_until")
    con.execute("INSERT INTO computed_until VALUES (?)", [today])
    if not before or before[0][0] < today:
        return False
    con.execute(
        "INSERT INTO stale_day SELECT DISTINCT day FROM event WHERE day >= ? EXCEPT FROM stale_day",
        [today],
    )
    return True


def published(con: duckdb.DuckDBPyConnection) -> str | None:
    """Fingerprint of what was published last; None if the warehouse has moved on since."""
    row = con.execute("SELECT fingerprint FROM published").fetchall()
    return str(row[0][0]) if row else None


def mark_published(con: duckdb.DuckDBPyConnection, fingerprint: str | None) -> None:
    """Remember, or with None forget, what was published."""
    con.execute("DELETE FROM published")
    if fingerprint is not None:
        con.execute("DELETE FROM changed")
        con.execute("INSERT INTO published VALUES (?)", [fingerprint])


def note_changed(con: duckdb.DuckDBPyConnection, first: Mapping[str, Mapping[str, int]]) -> None:
    """Remember from which period on each model's rows changed, per grain, by number; 0: all of them.

    Call inside the transaction that changes them.
    """
    rows = [(model, grain, n) for model, grains in first.items() for grain, n in grains.items()]
    if rows:
        names, grains, numbers = zip(*rows, strict=True)
        con.execute(
            """INSERT INTO changed
               SELECT DISTINCT model, grain, CASE idx WHEN 0 THEN DATE '0001-01-01' ELSE period END
               FROM (SELECT unnest(?::VARCHAR[]) AS model, unnest(?::VARCHAR[]) AS grain, unnest(?::INTEGER[]) AS idx)
               LEFT JOIN (SELECT DISTINCT grain, idx, period FROM calendar) USING (grain, idx)""",
            [list(names), list(grains), list(numbers)],
        )
