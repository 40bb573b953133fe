"""Whole nights through `tieline run` on a Spark of its own process, over Spark Connect: what is published is equal."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.flows.conftest import (
    FIRST,
    assert_same,
    make_home,
    published,
    query,
    small_network,
    start,
    write_exports,
)  # fmt: skip

pytestmark = pytest.mark.slow
STARTING = 180  # seconds


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Spark Connect server, as a cluster runs it."""
    spec = find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations or shutil.which("java") is None:
        pytest.skip("no pyspark, or no Java")
    folder = tmp_path_factory.mktemp("cluster")
    port = free_port()
    options = {
        "spark.connect.grpc.binding.port": port, "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 2, "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1", "spark.local.dir": folder, "spark.log.level": "ERROR",
        "spark.sql.warehouse.dir": folder / "warehouse",
    }  # fmt: skip
    told = [word for name, value in options.items() for word in ("--conf", f"{name}={value}")]
    submit = Path(spec.submodule_search_locations[0]) / "bin" / "spark-submit"
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [submit, "--class", server, "--master", "local[2]", "--driver-memory", "2g", *told],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        answers(port, running)
        yield f"sc://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int, running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTING
    while time.monotonic() < end:
        assert running.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(port)


def test_nights_on_a_remote_spark(address: str, tmp_path: Path) -> None:
    """The first night, and one that brings days."""
    network = small_network(weeks=2)
    early = network.until(FIRST + timedelta(days=9))
    homes = [make_home(tmp_path / name, early) for name in ("here", "there")]
    settings = homes[1] / "tieline.toml"
    settings.write_text(
        f'{settings.read_text()}\n[run]\nengine = "spark"\n[lake]\npath = "lake"\n[spark]\nremote = "{address}"\n'
    )
    for brought in (early, network):
        for home in homes:
            write_exports(home, brought)
            with start(home, "run") as process:
                _, error = process.communicate(timeout=1200)
            assert process.returncode == 0, error
        assert_same(published(homes[1]), published(homes[0]))
    assert query(homes[1], "SELECT count(*) > 0 FROM lake_model") == [(True,)]
    assert query(homes[0], "SELECT count(*) FROM lake_model") == [(0,)]
