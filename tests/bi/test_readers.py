"""Real clients read on and on while a hundred nights publish: no error, no torn or mixed release."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.bi.conftest import PROGRAMS, ROOT
from tests.bi.world import ROWS, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
NIGHTS = 100


@pytest.fixture(scope="module")
def watched(
    clients: Path, node_folder: Path, world: Path, publish_next: Callable[[int], Path]
) -> dict[str, dict[str, Any]]:
    """Client → what it saw from before the first of the nights to after the last."""
    path, stop = str(world / "published" / "current" / "bi.duckdb"), world / "stop"
    read = [str(clients), str(PROGRAMS / "read.py")]
    commands = {
        name: [*read, name, path, str(stop), WHOLE]
        for name in ("sqlalchemy", "pandas", "polars", "adbc")
    }
    commands["node"] = ["node", str(PROGRAMS / "read.mjs"), path, str(stop), WHOLE]
    running = {
        name: subprocess.Popen(
            command, cwd=node_folder if name == "node" else world, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for name, command in commands.items()
    }  # fmt: skip
    nights = subprocess.run(
        [sys.executable, "-m", "tests.bi.world", str(world), "2", str(NIGHTS + 1)],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    stop.touch()
    found = {}
    for name, process in running.items():
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, f"{name}: {err}"
        found[name] = json.loads(out.splitlines()[-1])
    assert nights.stdout.split()[-1:] == [str(NIGHTS + 1)], nights.stderr
    return found


@pytest.mark.parametrize("client", ["sqlalchemy", "pandas", "polars", "adbc", "node"])
def test_no_error_and_no_mixed_release(watched: dict[str, dict[str, Any]], client: str) -> None:
    told = watched[client]
    assert told["errors"] == []
    runs = [row[0] for row in told["seen"]]
    assert told["seen"] == [[run, run, run, run, ROWS] for run in runs]  # all of it of one night
    assert runs == sorted(runs)  # never back
    assert runs[-1] == NIGHTS + 1  # and the newest without starting anew
    assert len(set(runs)) >= 10


def test_harlequin_lists_the_schema_and_shows_rows(
    clients: Path, world: Path, publish_next: Callable[[int], Path]
) -> None:
    path = publish_next(500)
    query = "SELECT label, boundary, weight FROM mart.monthly_network ORDER BY ALL LIMIT 2"
    done = subprocess.run(
        [str(clients), str(PROGRAMS / "harlequin_session.py"), str(path), query],
        cwd=world, check=False, capture_output=True, text=True, timeout=240,
        env={"HOME": str(world), "PATH": "/usr/bin:/bin", "TERM": "xterm-256color"},
    )  # fmt: skip
    assert "RESULT" in done.stdout, done.stderr[-2000:]
    told = json.loads(done.stdout.partition("RESULT")[2])
    assert {"mart", "monthly_lines", "weekly_network", "metric"} <= set(told["catalog"])
    assert told["rows"] == [["2026-01", "organisation", 500.0], ["2026-01", "team", 500.0]]
