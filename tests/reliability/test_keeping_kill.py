"""Upgrade, backup and restore killed at any moment: old or new, whole, and nothing private left behind."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from flows.backup import restore
from flows.config import SETTINGS
from flows.config_read import read_config
from tests.flows.conftest import Tables, assert_same, make_home, small_network, tables
from tests.warehouse.layouts import FILES, build, released
from warehouse import layout
from warehouse.connection import open_readonly

if TYPE_CHECKING:
    from tests.reliability.nights import Nights

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("TIELINE_KILLS", "20")) // 4 + 5  # of each command
WRITES = 40  # steps that change files; a command has about as many


def seconds_of(nights: Nights, home: Path, **command: str) -> float:
    begun = time.monotonic()
    ran = nights.run(home, **command)
    assert ran.code == 0, ran.words
    return time.monotonic() - begun


def kill(nights: Nights, home: Path, seconds: float, dice: Random, **command: str) -> bool:
    """Kill the command at any moment, or at any step that changes files; False if it had ended before."""
    if dice.random() < 0.6:
        ran = nights.run(home, kill=("begin", dice.uniform(0, seconds)), **command)
    else:
        ran = nights.run(home, write=dice.randint(1, WRITES), **command)
    assert ran.code in {0, -9}, ran.words
    return ran.code == -9


def contents(path: Path) -> tuple[int, Tables]:
    """Which layout a database has, and all of its rows: opened as Tieline does, which cuts half a commit off."""
    with open_readonly(path) as con:
        names = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables()"
            " WHERE database_name = current_database()"
        ).fetchall()
        found = {name: con.sql(f"FROM {name} ORDER BY ALL").pl() for (name,) in names}
        return layout.layout_of(con), found


@pytest.mark.parametrize("number", [n for n in released() if n < layout.VERSION])
def test_a_killed_upgrade_is_old_or_new(nights: Nights, tmp_path: Path, number: int) -> None:
    old = make_home(tmp_path / "old", small_network(weeks=2))
    for what, file in FILES.items():
        build(number, what, old / file)
    whole = shutil.copytree(old, tmp_path / "whole", symlinks=True)
    seconds = seconds_of(nights, whole, command="upgrade")
    dice, kills, seen = Random(20261127 + number), 0, Counter()
    while kills < KILLS:
        home = shutil.copytree(old, tmp_path / "home", symlinks=True)
        for _ in range(3):
            kills += kill(nights, home, seconds, dice, command="upgrade")
            for what, file in FILES.items():
                now, rows = contents(home / file)
                seen[what, now] += 1
                assert_same(rows, contents((old if now < layout.VERSION else whole) / file)[1])
        seconds_of(nights, home, command="upgrade")
        for file in FILES.values():
            assert_same(contents(home / file)[1], contents(whole / file)[1])
        shutil.rmtree(home)
    print(f"\nupgrade from layout {number}: killed {kills} times; seen {dict(seen)}")


@pytest.fixture(scope="module")
def kept(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("kept") / "home", small_network(weeks=2))
    assert nights.run(home).code == 0
    return home


def test_a_killed_backup_is_whole_or_not_there(nights: Nights, kept: Path, tmp_path: Path) -> None:
    before = tables(kept)
    folder = tmp_path / "backups"
    folder.mkdir()
    seconds = seconds_of(nights, kept, command="backup", file=str(folder / "first.tar"))
    dice, kills, number = Random(20261129), 0, 0
    while kills < KILLS:
        number += 1
        file = folder / f"{number}.tar"
        kills += kill(nights, kept, seconds, dice, command="backup", file=str(file))
        if file.exists():
            restore(file, tmp_path / f"new{number}")
            assert_same(tables(tmp_path / f"new{number}"), before)
            shutil.rmtree(tmp_path / f"new{number}")
    assert nights.run(kept, command="backup", file=str(folder / "last.tar")).code == 0
    assert [path.name for path in folder.glob(".*")] == [], "copies of a killed one are left"
    assert_same(tables(kept), before)
    print(f"\nbackup: killed {kills} times; {len(list(folder.iterdir())) - 2} whole all the same")


def test_a_killed_restore_is_ended_by_the_next(nights: Nights, kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.tar"
    assert nights.run(kept, command="backup", file=str(file)).code == 0
    expected = tables(kept)
    seconds = seconds_of(nights, tmp_path / "first", command="restore", file=str(file))
    dice, kills, number = Random(20261130), 0, 0
    while kills < KILLS:
        number += 1
        home = tmp_path / f"home{number}"
        for _ in range(3):
            kills += kill(nights, home, seconds, dice, command="restore", file=str(file))
            if (home / "warehouse/tieline.duckdb").exists():  # put last: with it, all is there
                read_config(home / SETTINGS)
                assert_same(tables(home), expected)
        assert nights.run(home, command="restore", file=str(file)).code == 0
        assert_same(tables(home), expected)
        assert (home / "secret/tieline.key").read_bytes().strip() == (
            kept / "secret/tieline.key"
        ).read_bytes().strip()
        left = [path for path in home.rglob(".*") if not path.name.endswith(".lock")]
        assert left == [], "copies of a killed one are left"
        shutil.rmtree(home)
    print(f"\nrestore: killed {kills} times")
