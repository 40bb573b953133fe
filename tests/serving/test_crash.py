"""Publishing killed at any moment, and readers in the middle of it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from warehouse.connection import open_readonly
from warehouse.serving.releases import FILE, current, prune, releases

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """
SELECT (SELECT CAST(replace(run_id, 'g', '') AS INTEGER) FROM mart.publication),
  (SELECT CAST(min(value) AS INTEGER) FROM mart.metric_value WHERE hidden_reason IS NULL),
  (SELECT CAST(max(weight) AS INTEGER) FROM mart.weekly_lines WHERE NOT is_hidden),
  (SELECT CAST(min(value) AS INTEGER) FROM mart.trend WHERE hidden_reason IS NULL),
  (SELECT CAST(min(weight) AS INTEGER) FROM mart.weekly_lines WHERE NOT is_hidden),
  (SELECT count(*) FROM mart.metric_value), (SELECT count(*) FROM mart.trend),
  (SELECT count(*) FROM mart.calendar)
"""
PATIENCE = 600  # seconds, on a machine with much other work
READ = f"""
import sys
from pathlib import Path
import duckdb
path, stop, seen = Path(sys.argv[1]), Path(sys.argv[2]), []
while not stop.exists():
    with duckdb.connect(str(path), read_only=True) as con:
        seen.append(con.execute({WHOLE!r}).fetchall()[0])
    if len(seen) == 1:
        print("reading", flush=True)
for row in seen:
    print(*row)
"""


def generation(row: tuple[int, ...]) -> int:
    """Of a row of WHOLE, which must be of one generation and complete."""
    assert len(set(row[:5])) == 1, row
    assert row[5:] == (120, 120, 40), row
    return row[0]


def start(folder: Path, first: int, last: int, pause: float = 0.0) -> subprocess.Popen[str]:
    arguments = [str(folder), str(first), str(last), str(pause)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.made_up", *arguments],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def kill_and_look(folder: Path, kills: int, seed: int) -> int:
    """Kill a publishing process `kills` times; return how many releases that left half made.

    Every third time within its first publication, else in the next. How long one takes is measured,
    so that a busy machine is hit as well as an idle one.
    """
    published = folder / "published"
    dice = random.Random(seed)
    last, last_ns, seconds = 0, 0, 0.2
    halves: set[str] = set()
    for kill in range(kills):
        process = start(folder, last + 1, last + 1000)
        assert process.stdout is not None
        begun, said = time.monotonic(), ""
        if kill % 3:
            said = process.stdout.readline()
            seconds = time.monotonic() - begun
        time.sleep(dice.uniform(0, seconds))
        process.kill()
        with process.stdout:
            said += process.stdout.read()
        assert process.wait() == -9
        halves |= {path.name for path in published.glob("releases/.building-*")}
        release = current(published)
        if release is None:
            assert last == 0
            continue
        for one in releases(published):  # also those that never became current
            if one.made_ns <= last_ns:
                continue
            with open_readonly(one.path / FILE) as con:
                generation(con.execute(WHOLE).fetchall()[0])
        with open_readonly(published / "current" / FILE) as con:
            now = generation(con.execute(WHOLE).fetchall()[0])
        made = int(release.name.rpartition("-")[2])
        assert now >= max([last, *map(int, said.split())])
        assert made >= last_ns
        last, last_ns = now, made
    prune(published)
    assert not list(published.glob("releases/.*"))
    assert not list(published.glob(".current-*"))
    return len(halves)


def test_kill_leaves_a_whole_release_and_never_an_older_one(tmp_path: Path) -> None:
    assert kill_and_look(tmp_path, 15, seed=1) >= 3


@pytest.mark.slow
def test_kill_many_times(tmp_path: Path) -> None:
    assert kill_and_look(tmp_path, 100, seed=2) >= 20


def test_readers_never_see_an_error_or_half_a_release(tmp_path: Path) -> None:
    path, stop = tmp_path / "published" / "current" / FILE, tmp_path / "stop"
    assert start(tmp_path, 1, 1).communicate(timeout=PATIENCE)[0] == "1\n"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(path), str(stop)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
        publisher = start(tmp_path, 2, 21)
        assert publisher.communicate(timeout=PATIENCE)[0].splitlines()[-1] == "21"
    finally:
        stop.touch()  # or they read on for ever
    for reader in readers:
        said, errors = reader.communicate(timeout=PATIENCE)
        assert (reader.returncode, errors) == (0, "")
        seen = [generation(tuple(map(int, line.split()))) for line in said.splitlines()]
        assert seen == sorted(seen)
        assert len(set(seen)) > 5
        assert seen[-1] == 21
