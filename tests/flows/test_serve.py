"""`tieline serve` as a process of its own beside a real Prefect server: the schedule fires, and outlives it."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.flows.conftest import make_home, query, running_server, small_network, start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.integration]

PATIENCE = 600  # seconds, on a busy machine
SERVER = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3"}


def until(what: str, found: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
        time.sleep(1)


def test_a_served_schedule_fires_and_stays_active(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=2))
    with running_server(tmp_path, SERVER) as env:
        url = env["PREFECT_API_URL"]
        with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
            process = start(home, "serve", "--cron", "* * * * *", env=env)
            try:
                until("run", (home / "published/current/bi.duckdb").exists)
                deployment = client.read_deployment_by_name("tieline-nightly/nightly")
                only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]))

                def states() -> set[str]:
                    return {
                        str(run.state_name) for run in client.read_flow_runs(flow_run_filter=only)
                    }

                until("end", lambda: "Completed" in states())
                assert not states() & {"Failed", "Crashed"}
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                out, err = process.communicate(timeout=120)
            deployment = client.read_deployment_by_name("tieline-nightly/nightly")
            assert [one.active for one in deployment.schedules] == [True], out + err
            assert deployment.paused is False
    flow = query(home, "SELECT DISTINCT flow, scheduled_at IS NOT NULL FROM run_origin")
    assert flow == [("nightly", True)]
