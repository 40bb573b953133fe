"""Whole nights with a lake: each run writes it, and a lost warehouse comes back from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import tieline
from flows.config import ConfigError
from flows.config_read import read_config
from flows.lakes import rebuild_warehouse
from tests.flows.conftest import assert_same, make_home, published, small_network, tables
from tests.plain_night import night

OF_RUNS = (
    "run",
    "run_origin",
    "run_stage",
    "run_source",
    "quality_result",
    "lake_state",
    "lake_day",
)


def with_lake(home: Path, more: str = "") -> Path:
    settings = home / "tieline.toml"
    settings.write_text(settings.read_text() + f'\n[lake]\npath = "lake"\n{more}')
    return settings


@pytest.mark.slow
def test_a_lost_warehouse_comes_back_and_computes_the_same(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=2))
    settings = with_lake(home)
    night(home)
    before, told = tables(home), published(home)
    config = read_config(settings)
    config.warehouse.unlink()
    done = CliRunner().invoke(tieline, ["lake", "rebuild", "-s", str(settings)])
    assert done.exit_code == 0, done.output
    night(home)
    mine = {name: rows for name, rows in before.items() if name.split(".")[-1] not in OF_RUNS}
    assert_same({name: rows for name, rows in tables(home).items() if name in mine}, mine)
    assert_same(published(home), told)


def test_rebuilding_never_overwrites_unasked(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    config = read_config(with_lake(home))
    config.warehouse.parent.mkdir(parents=True)
    config.warehouse.write_bytes(b"precious")
    with pytest.raises(ConfigError, match="--replace"):
        rebuild_warehouse(config, replace=False, wait=0)
    with pytest.raises(ConfigError, match="no commit"):
        rebuild_warehouse(config, replace=True, wait=0)
    assert config.warehouse.read_bytes() == b"precious"


def test_without_a_lake_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    done = CliRunner().invoke(tieline, ["lake", "status", "-s", str(home / "tieline.toml")])
    assert isinstance(done.exception, ConfigError)
    assert "lake.path" in str(done.exception)


def test_a_filesystem_that_is_not_installed_is_one_line(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    settings = home / "tieline.toml"
    settings.write_text(settings.read_text() + '\n[lake]\npath = "nowhere://bucket/x"\n')
    done = CliRunner().invoke(tieline, ["lake", "status", "-s", str(settings)])
    assert isinstance(done.exception, ConfigError)
    assert "nowhere" in str(done.exception)


def test_an_empty_lake_says_so(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    done = CliRunner().invoke(tieline, ["lake", "status", "-s", str(with_lake(home))])
    assert done.exit_code == 0
    assert "empty" in done.output
