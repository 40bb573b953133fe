"""A real Prefect server and a real worker: schedules fire, failures are told, missed nights caught up once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.flows.conftest import (
    ROOT,
    assert_same,
    environment,
    make_home,
    published,
    query,
    running_server,
    small_network,
    tables,
    tieline,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from prefect.client.schemas.objects import FlowRun

pytestmark = [pytest.mark.slow, pytest.mark.integration]

PATIENCE = 900  # seconds, on a busy machine
EVERY = 20  # seconds between scheduled runs: the shipped schedule is once a night
MISSED = 3
SERVER = {
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
    "PREFECT_SERVER_SERVICES_SCHEDULER_DEPLOYMENT_BATCH_SIZE": "100",
    # After worker and flow died together a slot stays taken for so long: 300 as shipped.
    "PREFECT_SERVER_CONCURRENCY_INITIAL_DEPLOYMENT_LEASE_DURATION": "30",
}


def until(what: str, found: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.5)


class Site:
    """A home, a server that knows its deployments, and a webhook."""

    def __init__(self, home: Path, env: dict[str, str], client: SyncPrefectClient) -> None:
        self.home, self.env, self.client = home, environment(home, env), client
        self.said: list[str] = []

    def prefect(self, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=self.home, env=self.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        with (self.home.parent / "worker.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", "worker", "start", "--pool", "tieline"],
                cwd=self.home, env=self.env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def deployment(self, name: str) -> UUID:
        return self.client.read_deployment_by_name(f"tieline-{name}/{name}").id

    def runs(self, name: str) -> list[FlowRun]:
        only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[self.deployment(name)]))
        return self.client.read_flow_runs(flow_run_filter=only)

    def begin(self, name: str, **parameters: object) -> UUID:
        return self.client.create_flow_run_from_deployment(
            self.deployment(name), parameters=parameters
        ).id

    def state(self, run: UUID) -> str:
        return self.client.read_flow_run(run).state_name or ""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    home = make_home(folder / "home", small_network(weeks=2))
    shipped = (ROOT / "prefect.yaml").read_text()
    often = shipped.replace(
        '      - cron: "15 2 * * *"\n        timezone: Europe/Amsterdam\n',
        f"      - interval: {EVERY}\n        active: false\n",
    )
    assert often != shipped
    (home / "prefect.yaml").write_text(often)
    with running_server(folder, SERVER) as quiet:
        told = ("PREFECT_LOGGING_LEVEL", "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL")
        env = {**quiet, **dict.fromkeys(told, "INFO")}
        url = env["PREFECT_API_URL"]
        with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
            one = Site(home, env, client)
            one.prefect("work-pool", "create", "tieline", "--type", "process")
            one.prefect("deploy", "--all")
            with webhook(one.said) as address:
                ran = tieline(home, "notify", env={**env, "TIELINE_WEBHOOK": address})
                assert ran.code == 0, ran
                assert one.said  # it was called once, to see that it works
                yield one


@contextmanager
def webhook(said: list[str]) -> Iterator[str]:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            said.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_port}/hook"
        finally:
            served.shutdown()
            thread.join()


def test_missed_nights_are_caught_up_exactly_once(site: Site) -> None:
    """A schedule fires while no worker is there; then one comes back. And the run is there to be read."""
    [schedule] = site.client.read_deployment(site.deployment("nightly")).schedules
    switch = partial(
        site.client.update_deployment_schedule, site.deployment("nightly"), schedule.id
    )
    switch(active=True)

    def due() -> list[FlowRun]:
        return [run for run in site.runs("nightly") if run.state_name == "Late"]

    until("nights are missed", lambda: len(due()) >= MISSED)
    switch(active=False)
    with site.worker():
        until(
            "all have run",
            lambda: all(r.state and r.state.is_final() for r in site.runs("nightly")),
        )
    runs = site.runs("nightly")
    assert all(run.state_type == "COMPLETED" for run in runs)
    assert len(runs) >= MISSED
    by_state = [run.state_name for run in runs]
    assert by_state.count("Completed") == 1
    assert by_state.count("Skipped") == len(runs) - 1
    assert query(site.home, "SELECT count(*) FROM run JOIN run_origin USING (run_id)"
                            " WHERE files > 0 AND scheduled_at IS NOT NULL") == [(1,)]  # fmt: skip
    assert published(site.home)

    [did] = [run for run in runs if run.state_name == "Completed"]
    assert did.name.startswith("nightly 20")
    assert {"tieline", "nightly"} <= set(did.tags)


def test_what_the_page_of_a_run_shows(site: Site) -> None:
    shown = site.client._client.post("/artifacts/filter", json={}).json()
    pages = [one["data"] for one in shown if one["key"] == "tieline-run"]
    assert any("## What changed in the lines" in page for page in pages)
    assert any("incoming/cura-mail.mbox" in page for page in pages)  # refused, and why
    [rows] = [json.loads(one["data"]) for one in shown if one["key"] == "tieline-sources"]
    assert {row["source"] for row in rows} >= {"aqua-mail", "board"}
    logs = site.client._client.post("/logs/filter", json={}).json()
    assert any(one["name"] == "tieline" and "board.json: " in one["message"] for one in logs)


def test_a_failing_run_is_told(site: Site) -> None:
    key = site.home / "secret/tieline.key"
    key.chmod(0o644)  # not transient: no second try
    try:
        with site.worker():
            run = site.begin("ingest")
            until("it fails", lambda: site.state(run) == "Failed")
        until("it is told", lambda: any(": Failed." in line for line in site.said), 60)
    finally:
        key.chmod(0o600)
    [told] = [line for line in site.said if ": Failed." in line]
    assert told.startswith("Tieline: ingest 20")
    assert "others can read the key" in told


def test_worker_and_flow_killed_together(site: Site) -> None:
    log = site.home.parent / "worker.log"
    with site.worker() as worker:
        whole = site.begin("nightly")
        until("a whole night is there", lambda: site.state(whole) == "Completed")
        before, seen = tables(site.home), log.stat().st_size
        first = site.begin("nightly", rebuild=True)
        until("it computes", lambda: b" transform " in log.read_bytes()[seen:])
        holder = site.home / "warehouse/tieline.duckdb.lock.json"
        flow = json.loads(holder.read_text())["pid"]
        os.kill(worker.pid, signal.SIGKILL)
        os.kill(flow, signal.SIGKILL)
    with site.worker():
        second = site.begin("nightly")
        until("the next one is done", lambda: site.state(second) == "Completed")
    assert site.state(first) != "Completed"
    states = query(site.home, "SELECT state FROM run ORDER BY run_id DESC LIMIT 2")
    assert states == [("succeeded",), ("killed",)]
    assert_same(tables(site.home), before)
