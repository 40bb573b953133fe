from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.quality.staging import good_file, stage_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Staging tables, empty, in a warehouse file."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        stage_schema(connection)
        yield connection


@pytest.fixture
def clean(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The same with one file that obeys every rule."""
    good_file(con)
    return con
