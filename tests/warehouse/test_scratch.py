"""A database in memory spills where it is told to, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from warehouse.connection import open_scratch

if TYPE_CHECKING:
    from pathlib import Path

SORTED = "SELECT count(*) FROM (SELECT random()::VARCHAR AS x FROM range(3_000_000) ORDER BY x LIMIT 2_900_000)"


def _small(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET memory_limit = '60MB'")
    con.execute("SET threads = 1")


def test_into_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, spill = tmp_path / "here", tmp_path / "spill"
    here.mkdir()
    monkeypatch.chdir(here)
    with open_scratch(spill) as con:
        _small(con)
        assert con.execute(SORTED).fetchall() == [(2_900_000,)]
        assert spill.exists()
    assert list(here.iterdir()) == []


def test_without_a_folder_it_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_scratch() as con:
        _small(con)
        with pytest.raises(duckdb.OutOfMemoryException):
            con.execute(SORTED)
    assert list(tmp_path.iterdir()) == []
