from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def con(tmp_path: Path, published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty private warehouse that can publish."""
    with open_warehouse(tmp_path / "private" / "tieline.duckdb", reach=[published]) as connection:
        yield connection
