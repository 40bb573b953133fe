"""The run log: which night did the work of another."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from warehouse import load, state


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 9, day, hour, tzinfo=UTC)


def test_a_night_that_was_skipped_covers_no_other() -> None:
    """By hand on Monday afternoon; on Tuesday the worker is back, and Monday's night and Tuesday's come at once."""
    con = duckdb.connect()
    load.create(con)

    def night(began: datetime, due: datetime | None) -> str | None:
        run = state.new_run_id(began)
        state.begin_run(con, run, began)
        state.note_origin(con, run, "nightly", scheduled_at=due)
        by = state.covered_by(con, due) if due else None
        if not by:
            state.note_costs(con, run, {"transform": (1.0, 1.0, 1.0, 1)}, {})
        state.end_run(con, run, "succeeded")
        return by

    assert night(at(21, 15), None) is None
    assert night(at(22, 9), at(21, 1)) == state.new_run_id(at(21, 15))
    assert night(at(22, 10), at(22, 1)) is None
