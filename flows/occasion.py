"""Which run this is: what Prefect calls it, and when a schedule wanted it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from prefect.runtime import flow_run

if TYPE_CHECKING:
    from flows.session import Done


def run_name() -> str:
    """`nightly 2026-11-24 02:15`: the flow and the time it was due, in UTC; Prefect shows it."""
    kind = str(flow_run.flow_name or "tieline").removeprefix("tieline-")
    due = flow_run.scheduled_start_time or datetime.now(UTC)
    days = flow_run.parameters or {}
    if "since" in days and "until" in days:
        return f"{kind} {days['since']} to {days['until']}"
    return f"{kind} {due.astimezone(UTC):%Y-%m-%d %H:%M}"


def ended(done: Done) -> Done:
    """`done`, and in a flow run a state whose name tells more than that it has completed."""
    from prefect.context import FlowRunContext
    from prefect.states import Completed

    if not FlowRunContext.get():
        return done
    if done.covered_by:
        told: object = Completed(name="Skipped", message=f"run {done.covered_by} did it", data=done)
    elif done.refused:
        words = "; ".join(done.refused)
        told = Completed(name="Refused", message=f"done, but refused: {words}", data=done)
    else:
        return done
    return cast("Done", told)  # Prefect takes a state and gives its data to whoever called the flow


def scheduled_at() -> datetime | None:
    """When a schedule wanted this run; None for one that a person or another program started."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or not run.auto_scheduled:
        return None
    return run.expected_start_time
