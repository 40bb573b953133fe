"""A disk that fills up in the very stage that writes: told in one line, nothing lost, the next night mends it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.backup import back_up
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.lakes import newest
from tests.flows.conftest import Tables, assert_same, published, tables, tieline
from tests.reliability.after import look
from tests.reliability.test_faults import disk, remount, told, used

if TYPE_CHECKING:
    from tests.reliability.conftest import Evening
    from tests.reliability.nights import Ended, Nights

__all__ = ["disk"]  # a fixture
pytestmark = pytest.mark.slow

SIZE = "size=96m"
ROOM = 64  # kilobytes that are left
STAGES = ("read", "check", "load", "lake", "transform", "publish")


def fill_at(disk: Path, stage: str, nights: Nights, home: Path) -> Ended:
    """A night whose disk has no room from the beginning of `stage` on."""

    begun: list[str] = []

    def full(now: str, _: int) -> None:
        begun.append(now)
        if now == stage and begun.count(now) == 1:
            remount(disk, f"size={used(disk) // 1024 + ROOM}k")

    ended = nights.run(home, on_stage=full)
    assert stage in begun, begun
    remount(disk, SIZE)
    return ended


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_that_fills_up_in_a_stage(
    nights: Nights, evenings: tuple[Evening, Evening], disk: Path, stage: str
) -> None:
    remount(disk, SIZE)
    for evening in evenings:
        home = shutil.copytree(evening.home, disk / "home", symlinks=True)
        if stage == "lake":
            with (home / SETTINGS).open("a") as file:
                file.write('[lake]\npath = "lake"\n')
        ended = fill_at(disk, stage, nights, home)
        assert ended.code == 1, ended
        assert STAGES.index(ended.stage) >= STAGES.index(stage)
        told(ended, "no space left", "could not write", "file size")
        look(home, before=evening.before, after=evening.after,
             release=evening.release, released=evening.released)  # fmt: skip
        ended = nights.run(home)
        assert ended.code == 0, ended
        assert_same(without_lake(tables(home)), without_lake(evening.after))
        assert_same(published(home), evening.released)
        if stage == "lake":
            assert newest(read_config(home / SETTINGS)).number > 0
        shutil.rmtree(home)


def without_lake(found: Tables) -> Tables:
    """Days wait for a lake, or are in it."""
    return {
        name: rows
        for name, rows in found.items()
        if name not in {"main.lake_day", "main.lake_state"}
    }


def test_backup_and_restore_on_a_full_disk(
    evenings: tuple[Evening, Evening], disk: Path, tmp_path: Path
) -> None:
    home = evenings[1].home
    size = back_up(read_config(home / SETTINGS), tmp_path / "try.tar", with_key=True).stat().st_size
    file = disk / "kept.tar"
    for room in (64_000, 0.6 * size, 1.4 * size):  # within the first copy, another, the archive
        remount(disk, f"size={(used(disk) + int(room)) // 1024}k")
        ran = tieline(home, "backup", "-o", str(file), "--with-key")
        assert ran.code == 1, ran
        assert "make room there and do it again" in ran.err
        assert len(ran.err.splitlines()) == 1
        assert list(disk.iterdir()) == []
    remount(disk, "size=1g")
    assert tieline(home, "backup", "-o", str(file), "--with-key").code == 0
    new = disk / "new"
    for room in (64_000, 0.6 * size, 1.4 * size):  # within unpacking, and within putting in place
        remount(disk, f"size={(used(disk) + int(room)) // 1024}k")
        ran = tieline(tmp_path, "restore", str(file), str(new))
        assert ran.code == 1, ran
        assert "make room there and do it again" in ran.err
        assert not (new / "warehouse/tieline.duckdb").exists()
        assert not list(new.glob(".restoring-*"))
    remount(disk, "size=1g")
    assert tieline(tmp_path, "restore", str(file), str(new)).code == 0
    assert_same(tables(new), tables(home))
