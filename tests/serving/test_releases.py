from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from warehouse.serving.releases import current, next_ns, prune, release, releases

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600 * 10**9


def make(published: Path, hours_ago: float, run: str = "run") -> Path:
    """A release of so many hours ago, which becomes the current one."""
    name = f"{run}-{time.time_ns() - int(hours_ago * HOUR)}"
    building = published / "releases" / f".building-{name}"
    building.mkdir(parents=True)
    (building / "bi.duckdb").write_bytes(b"whole")
    return release(building, published, name)


def kept(published: Path) -> list[Path]:
    return [one.path for one in releases(published)]


def test_old_ones_go_and_three_stay(published: Path) -> None:
    made = [make(published, hours) for hours in (90, 80, 70, 60, 50)]
    assert prune(published) == made[:2]
    assert kept(published) == made[2:]
    assert prune(published) == []


def test_all_of_the_last_day_stay(published: Path) -> None:
    made = [make(published, hours) for hours in (30, 25, 23, 20, 10, 5, 1)]
    prune(published)
    assert kept(published) == made[2:]


def test_the_current_one_stays_however_old(published: Path) -> None:
    made = [make(published, hours) for hours in (30, 20, 15, 10, 5, 99)]
    assert current(published) == made[-1]
    prune(published)
    assert kept(published) == [made[-1], *made[1:-1]]


def test_what_a_crash_left_goes(published: Path) -> None:
    last = make(published, 1)
    folder = published / "releases"
    for name in (".building-x-1", ".removing-y-2"):
        (folder / name).mkdir()
        (folder / name / "bi.duckdb").write_bytes(b"half")
    (published / ".current-123").symlink_to("releases/x")
    assert prune(published) == []
    assert list(folder.iterdir()) == [last]
    assert {path.name for path in published.iterdir()} == {"releases", "current"}


def test_files_of_others_are_left_alone(published: Path) -> None:
    for hours in (90, 80, 70, 60, 50):
        make(published, hours)
    (published / "releases" / "backup-2024").mkdir()
    (published / "releases" / "notes.txt").write_text("ours")
    (published / ".gitkeep").write_text("")
    prune(published)
    assert {path.name for path in published.iterdir()} == {".gitkeep", "current", "releases"}
    assert (published / "releases" / "backup-2024").is_dir()
    assert (published / "releases" / "notes.txt").is_file()


@pytest.mark.parametrize(("keep", "hours"), [(2, 24), (3, 23)])
def test_keeping_less_is_refused(published: Path, keep: int, hours: int) -> None:
    with pytest.raises(ValueError, match="keep at least 3"):
        prune(published, keep=keep, keep_ns=hours * HOUR)


def test_nothing_yet(published: Path) -> None:
    assert current(published) is None
    assert releases(published) == []
    assert prune(published) == []


def test_names_go_on_when_the_clock_goes_back(published: Path) -> None:
    ahead = make(published, -48)
    assert next_ns(published) == releases(published)[-1].made_ns + 1
    assert current(published) == ahead


def test_link_is_relative_and_replaced(published: Path) -> None:
    first = make(published, 2)
    assert current(published) == first
    second = make(published, 1)
    assert current(published) == second
    assert str((published / "current").readlink()) == f"releases/{second.name}"


def test_current_is_there_at_every_moment(published: Path) -> None:
    """A process looks at the link all the time while it is replaced 200 times."""
    make(published, 1)
    script = """
import os, sys
link = sys.argv[1]
print("looking", flush=True)
while not os.path.exists(sys.argv[2]):
    for _ in range(1000):
        os.readlink(link)
"""
    stop = published / "stop"
    watcher = subprocess.Popen(
        [sys.executable, "-c", script, str(published / "current"), str(stop)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "looking\n"
    for _ in range(200):
        make(published, 0)
    stop.touch()
    _, errors = watcher.communicate(timeout=30)
    assert (watcher.returncode, errors) == (0, "")
