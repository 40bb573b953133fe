"""Real inputs, run once as a user runs them: `tieline run` on the committed example settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"


@dataclass(frozen=True)
class Example:
    """An example's settings, the folder that its run filled, and how a second run ended."""

    settings: dict[str, Any]
    home: Path
    data: Path
    first: dict[str, tuple[int, int]]  # table → rows and a hash of them, after the first run
    second: dict[str, tuple[int, int]]
    releases: tuple[Path, Path]
    said: str  # what the second run printed

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse" / "tieline.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published" / "current" / "bi.duckdb"

    def ask(self, query: str, *, published: bool = False) -> pd.DataFrame:
        path = self.published if published else self.warehouse
        with duckdb.connect(path, read_only=True) as con:
            return con.execute(query).df()

    def one(self, query: str) -> Any:
        return self.ask(query).iloc[0, 0]

    def values(
        self, metric: str, measure: str, grain: str, channel: str, **columns: str
    ) -> pd.Series:
        """A measure of the boundary organisation by period and units, as told by `metric_value`."""
        rows = self.ask(
            f"""SELECT period, unit, other_unit, {columns.get("column", "value")} AS value
                FROM metric_value
                WHERE metric = '{metric}' AND measure = '{measure}' AND grain = '{grain}'
                  AND channel = '{channel}' AND boundary = 'organisation'"""
        )
        rows["period"] = pd.to_datetime(rows["period"])
        return rows.set_index(["period", "unit", "other_unit"])["value"].astype(float)


def run(settings: Path, home: Path, data: Path) -> str:
    """The command in a process of its own, with nothing of this one's settings."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("TIELINE_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "-m", "flows", "run", "-s", str(settings), "--home", str(home)],
        cwd=ROOT,
        env={**known, "TIELINE_SHARED_DATA": str(data), "TIELINE_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=3000,  # fourteen years of days, on a machine that others use too
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def state(warehouse: Path) -> dict[str, tuple[int, int]]:
    """Rows of every table but the run log, and a hash of them that no order changes."""
    with duckdb.connect(warehouse, read_only=True) as con:
        names = [
            row[0]
            for row in con.execute(
                """SELECT table_name FROM duckdb_tables()
                   WHERE schema_name = 'main'
                   AND table_name NOT IN ('run', 'run_origin', 'run_stage', 'run_source')"""
            ).fetchall()
        ]
        return {
            name: con.execute(
                f"SELECT count(*), coalesce(sum(hash(t)), 0) FROM {name} t"
            ).fetchone()
            for name in names
        }


def example(name: str, home: Path, data: Path) -> Example:
    path = EXAMPLES / f"{name}.toml"
    run(path, home, data)
    current = home / "published" / "current"
    first, before = state(home / "warehouse" / "tieline.duckdb"), current.resolve()
    said = run(path, home, data)
    return Example(
        settings=tomllib.loads(path.read_text(encoding="utf-8")),
        home=home,
        data=data,
        first=first,
        second=state(home / "warehouse" / "tieline.duckdb"),
        releases=(before, current.resolve()),
        said=said,
    )


@pytest.fixture(scope="session")
def openbmc(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    home = tmp_path_factory.mktemp("openbmc")
    yield example("openbmc", home, shared_data)
    shutil.rmtree(home)  # it holds the addresses of real people


@pytest.fixture(scope="session")
def tc39(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    home = tmp_path_factory.mktemp("tc39")
    yield example("tc39", home, shared_data)
    shutil.rmtree(home)  # it holds the addresses of real people
