"""The run log, and what was published last. Kept here because Prefect's own may lose records at exit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb


def new_run_id(now: datetime) -> str:
    """A name that sorts by time: 20261124T021500Z."""
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


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


def published(con: duckdb.DuckDBPyConnection) -> str | None:
    """Fingerprint of what was published last; None if the warehouse has moved on since."""
    row = con.execute("SELECT fingerprint FROM published").fetchall()
    return str(row[0][0]) if row else None


def mark_published(con: duckdb.DuckDBPyConnection, fingerprint: str | None) -> None:
    """Remember, or with None forget, what was published."""
    con.execute("DELETE FROM published")
    if fingerprint is not None:
        con.execute("INSERT INTO published VALUES (?)", [fingerprint])
