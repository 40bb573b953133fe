"""The metadata beside exported CSV, judged by the validators of Frictionless and of CSV on the Web."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from flows.config_read import read_config
from flows.export import export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(
    world: Path, publish_next: Callable[[int], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    (world / "tieline.toml").write_text("", encoding="utf-8")
    out = tmp_path_factory.mktemp("export")
    list(export(read_config(world / "tieline.toml", world), out, ("csv",), (), None, "month"))
    return out / "csv"


def frictionless(clients: Path, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(clients.with_name("frictionless")), "validate", "datapackage.json", "--json"],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def csvw(clients: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(clients.with_name("csvwvalidate")), "csv-metadata.json"],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip


def test_frictionless_finds_every_table_valid(clients: Path, folder: Path) -> None:
    report = frictionless(clients, folder)
    wrong = [(task["name"], task["errors"][:2]) for task in report["tasks"] if not task["valid"]]
    assert wrong == []
    assert len(report["tasks"]) == len(list(folder.glob("*.csv")))
    assert report["valid"]


def test_csv_on_the_web_is_valid(clients: Path, folder: Path) -> None:
    done = csvw(clients, folder)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_see_a_cell_that_is_wrong(clients: Path, folder: Path) -> None:
    """So that the two above can fail."""
    path = folder / "calendar.csv"
    kept = path.read_text(encoding="utf-8")
    assert ",1.0," in kept
    path.write_text(kept.replace(",1.0,", ",whole,", 1), encoding="utf-8")
    try:
        assert not frictionless(clients, folder)["valid"]
        assert csvw(clients, folder).returncode != 0
    finally:
        path.write_text(kept, encoding="utf-8")
