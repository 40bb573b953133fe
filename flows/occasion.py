"""Which run this is: what Prefect calls it, and when a schedule wanted it."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect.runtime import flow_run


def run_name() -> str:
    """`nightly 2026-11-24 02:15`: the flow and the time it was due, in UTC; Prefect shows it."""
    kind = str(flow_run.flow_name or "tieline").removeprefix("tieline-")
    due = flow_run.scheduled_start_time or datetime.now(UTC)
    days = flow_run.parameters or {}
    if "since" in days and "until" in days:
        return f"{kind} {days['since']} to {days['until']}"
    return f"{kind} {due.astimezone(UTC):%Y-%m-%d %H:%M}"


def scheduled_at() -> datetime | None:
    """When a schedule wanted this run; None for one that a person or another program started."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or not run.auto_scheduled:
        return None
    return run.expected_start_time
