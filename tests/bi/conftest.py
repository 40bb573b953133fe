"""Where the clients are: `make test-bi` builds an environment for each, beside the project's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bi.world import publish_generation
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
pytestmark = pytest.mark.slow


def needed(path: Path) -> Path:
    """`path`, or a skip that says how to get it; under `make test-bi` a failure."""
    if not path.exists():
        words = f"{path.relative_to(ROOT)} is not there; run: make test-bi"
        if os.environ.get("TIELINE_BI"):
            pytest.fail(words)
        pytest.skip(words)
    return path


@pytest.fixture(scope="session")
def clients() -> Path:
    """Python with SQLAlchemy, pandas, polars, ADBC, Harlequin, frictionless and csvw."""
    return needed(ROOT / ".venv-bi-clients" / "bin" / "python")


@pytest.fixture(scope="session")
def superset_bin() -> Path:
    """The command superset."""
    return needed(ROOT / ".venv-bi-superset" / "bin" / "superset")


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """A folder in which node finds @duckdb/node-api."""
    return needed(ROOT / ".venv-bi-node" / "node_modules").parent


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with generation 1 published."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def publish_next(world: Path) -> Iterator[Callable[[int], Path]]:
    """Publish a generation, as a night does."""

    def publish(generation: int) -> Path:
        with open_warehouse(
            world / "private" / "tieline.duckdb", reach=[world / "published"]
        ) as con:
            return publish_generation(con, world / "published", generation)

    publish(1)
    return publish
