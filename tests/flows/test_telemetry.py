"""A run under OpenTelemetry's own starter, and a collector that keeps what it gets."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.flows.conftest import STAFF, environment, make_home, small_network

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.integration]

BIN = Path(sys.executable).parent


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Address of a receiver of OTLP over HTTP, and (path, body) of what it got."""
    got: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the standard error of tests is read."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", got
        http.shutdown()
        thread.join()


def test_spans_of_a_run_arrive_only_where_its_starter_is_used(
    server: dict[str, str], tmp_path: Path
) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=2))
    with collector() as (address, got):
        env = environment(home, server) | {
            "PATH": f"{BIN}:{os.environ['PATH']}", "OTEL_SERVICE_NAME": "tieline",
            "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }  # fmt: skip
        for words in (["tieline", "check"], ["opentelemetry-instrument", "tieline", "run"]):
            assert got == [], "without the starter nothing is sent"
            ran = subprocess.run(
                words, cwd=home, env=env, capture_output=True, text=True, timeout=600, check=False
            )
            assert ran.returncode == 0, ran
    told = [
        ExportTraceServiceRequest.FromString(body) for path, body in got if path == "/v1/traces"
    ]
    of = {
        attribute.value.string_value
        for one in told
        for part in one.resource_spans
        for attribute in part.resource.attributes
        if attribute.key == "service.name"
    }
    assert of == {"tieline"}
    spans = {
        span.name
        for one in told
        for part in one.resource_spans
        for scope in part.scope_spans
        for span in scope.spans
    }
    exports = {f"read incoming/{path.name}" for path in (home / "incoming").iterdir()}
    assert exports | {"check and load batch 1", "transform", "publish"} <= spans
    people = [address.encode() for staff in STAFF.values() for address in staff]
    assert not [one for one in people if any(one in body for _, body in got)]
