"""Full and read-only disks, dead holders of the lock, wrong clocks: the next good night mends it all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.flows.conftest import (
    STAFF,
    Meeting,
    Tables,
    assert_same,
    make_home,
    published,
    tables,
)
from tests.reliability.after import look
from tests.reliability.conftest import NETWORK
from tests.reliability.test_forget_kill import of_people
from warehouse.serving.releases import releases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.reliability.conftest import Evening
    from tests.reliability.nights import Ended, Nights

pytestmark = pytest.mark.slow

FULL = int(os.environ.get("TIELINE_FULL_DISKS", "4"))  # sizes tried
SHIFT = """
import datetime, time, types
from flows import config, session
from warehouse import state
from warehouse.serving import releases
class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(days=DAYS)
config.datetime = session.datetime = state.datetime = Shifted
now = time.time_ns
releases.time = types.SimpleNamespace(time_ns=lambda: now() + DAYS * 86_400 * 10**9)
"""


# --- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-3 * 365, -320, 1, 400])
def test_a_night_of_a_wrong_clock_is_mended_by_the_next(
    nights: Nights, tmp_path: Path, days: int
) -> None:
    """Slow: what happened looks like the future. Fast: what is only planned looks like the past."""
    planned = datetime.now(UTC).replace(tzinfo=None, hour=12, minute=0) + timedelta(days=30)
    people = (*STAFF["aqua"][:4], *STAFF["bosk"][:4])
    more = tuple(Meeting(f"planned{n}", planned + timedelta(days=n), people) for n in range(3))
    network = replace(NETWORK, meetings=(*NETWORK.meetings, *more))
    right, wrong = (make_home(tmp_path / name, network) for name in ("right", "wrong"))
    assert nights.run(right).code == 0
    ended = nights.run(wrong, before=SHIFT.replace("DAYS", str(days)))
    assert ended.code == 0, ended
    assert nights.run(wrong).code == 0
    assert_same(without_waiting(wrong), without_waiting(right))
    assert_same(published(wrong), published(right))
    with duckdb.connect(str(wrong / "warehouse/tieline.duckdb"), read_only=True) as con:
        ids = [one for (one,) in con.execute("SELECT run_id FROM run ORDER BY rowid").fetchall()]
        lost = con.execute(
            "SELECT day FROM event WHERE day > today() AND day NOT IN (FROM stale_day)"
        ).fetchall()
    assert ids == sorted(set(ids)), "runs are not in the order in which they ran"
    assert not lost, "a day to come that does not wait for its turn"


def without_waiting(home: Path) -> Tables:
    """All but the days that wait; which empty ones do depends on when people were loaded."""
    return {name: rows for name, rows in tables(home).items() if name != "main.stale_day"}


# --- disks ---------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; needs the right to mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1g", "tieline-test", str(place)], check=False,
        capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no right to mount a file system here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


def used(disk: Path) -> int:
    facts = os.statvfs(disk)
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def test_a_full_disk_loses_nothing(
    nights: Nights, evenings: tuple[Evening, Evening], disk: Path, tmp_path: Path
) -> None:
    failed = []
    for number in range(FULL):
        evening = evenings[number % 2]
        remount(disk, "size=1g")
        home = shutil.copytree(evening.home, disk / "home", symlinks=True)
        begin = used(disk)
        whole = shutil.copytree(evening.home, disk / "whole", symlinks=True)
        at_whole = used(disk)
        assert nights.run(whole).code == 0
        needed = used(disk) - at_whole
        shutil.rmtree(whole)
        room = begin + int(needed * (number + 1) / (FULL + 1))
        remount(disk, f"size={room // 1024}k")
        ended = nights.run(home)
        if ended.code:
            failed.append(ended.stage)
            told(ended, "space", "write", "size")
        look(home, before=evening.before, after=evening.after,
             release=evening.release, released=evening.released)  # fmt: skip
        remount(disk, "size=1g")
        assert nights.run(home).code == 0
        assert_same(tables(home), evening.after)
        assert_same(published(home), evening.released)
        shutil.rmtree(home)
    print(f"\nfull in: {failed}")
    assert failed, "no disk was too small"


def told(ended: Ended, *words: str) -> None:
    """The last words name the cause."""
    assert ended.code == 1
    assert any(word in ended.words.lower() for word in words), ended


def test_a_read_only_disk_is_told_and_changes_nothing(
    nights: Nights, evenings: tuple[Evening, Evening], disk: Path
) -> None:
    evening = evenings[1]
    home = shutil.copytree(evening.home, disk / "home", symlinks=True)
    remount(disk, "ro")
    told(nights.run(home), "read-only")
    assert_same(tables(home), evening.before)
    assert_same(published(home), evening.release or {})
    remount(disk, "rw")
    assert nights.run(home).code == 0
    assert_same(tables(home), evening.after)


# --- locks and company ---------------------------------------------------------------------------

HOLD = """
import sys, time
from pathlib import Path
from warehouse.connection import warehouse_lock
with warehouse_lock(Path(sys.argv[1]), 0, "holder"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_run_waits_for_a_living_holder_and_takes_over_from_a_dead_one(
    nights: Nights, evenings: tuple[Evening, Evening], tmp_path: Path
) -> None:
    home = shutil.copytree(evenings[0].home, tmp_path / "home", symlinks=True)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home / "warehouse/tieline.duckdb")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told(nights.run(home), f"in use by run holder (process {holder.pid}")
    blow = threading.Timer(1.5, holder.kill)
    blow.start()
    ended = nights.run(home, wait=300)
    assert holder.wait(timeout=10) == -9
    holder.stdout.close()
    assert ended.code == 0, ended
    assert_same(tables(home), evenings[0].after)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    from tests.reliability.nights import Nights

    forking = Nights(tmp_path_factory.mktemp("others"))
    yield forking
    forking.close()


def side_by_side(
    nights: Nights, others: Nights, home: Path, order: dict, pause: float = 0.0
) -> list[Ended]:
    """A night, and `order` in another process `pause` seconds later."""

    def later() -> Ended:
        time.sleep(pause)
        return others.run(home, wait=600, **order)

    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(later)
        return [nights.run(home, wait=600), other.result()]


@pytest.mark.parametrize("other", [{}, {"backfill": ("2026-01-05", "2026-01-10")}])
def test_two_at_once_come_one_after_the_other(
    nights: Nights, others: Nights, evenings: tuple[Evening, Evening], tmp_path: Path, other: dict
) -> None:
    for evening in evenings:
        home = shutil.copytree(evening.home, tmp_path / evening.home.name, symlinks=True)
        ended = side_by_side(nights, others, home, other)
        assert [one.code for one in ended] == [0, 0], ended
        assert_same(tables(home), evening.after)
        assert_same(published(home), evening.released)


def test_forget_beside_a_run_comes_before_or_after_it(
    nights: Nights, others: Nights, evenings: tuple[Evening, Evening], tmp_path: Path
) -> None:
    """Whichever was first: the person is gone, and the exports that the run reads bring nobody back."""
    evening, order = evenings[1], {"command": "forget", "person": STAFF["aqua"][0]}
    whole = shutil.copytree(evening.home, tmp_path / "whole", symlinks=True)
    assert [nights.run(whole).code, nights.run(whole, **order).code] == [0, 0]
    for number, pause in enumerate((0.0, 1.5)):
        home = shutil.copytree(evening.home, tmp_path / f"home{number}", symlinks=True)
        ended = side_by_side(nights, others, home, order, pause)
        assert [one.code for one in ended] == [0, 0], ended
        assert_same(of_people(home), of_people(whole))
        assert_same(published(home), published(whole))


READ = """
import sys
from pathlib import Path
import duckdb
path, stop = Path(sys.argv[1]), Path(sys.argv[2])
looks, seen = 0, []
while not stop.exists() or not looks:
    with duckdb.connect(str(path), read_only=True) as con:
        run, = con.execute("SELECT run_id FROM mart.publication").fetchall()
        cells = con.execute("SELECT count(*), count(value) FROM mart.metric_value").fetchall()[0]
    looks += 1
    if not seen or seen[-1] != (run[0], *cells):
        seen.append((run[0], *cells))
print(looks, seen)
"""


def test_four_readers_see_whole_releases_while_runs_go_on(
    nights: Nights, evenings: tuple[Evening, Evening], tmp_path: Path
) -> None:
    home = shutil.copytree(evenings[1].home, tmp_path / "home", symlinks=True)
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(home / "published/current/bi.duckdb"), str(stop)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for _ in range(3):
        assert nights.run(home, rebuild=True).code == 0
    stop.touch()
    looks = 0
    for reader in readers:
        out, err = reader.communicate(timeout=120)
        assert reader.returncode == 0, err
        count, _, seen = out.partition(" ")
        looks += int(count)
        runs = [run for run, _, _ in eval(seen)]
        assert runs == sorted(runs), "a release went backwards"
        assert all(cells > 0 and values > 0 for _, cells, values in eval(seen))
    print(f"\n{looks} looks, {len(releases(home / 'published'))} releases")
    assert looks >= 40
