"""`tieline run` killed at any moment, then run again: as if nothing had happened."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.flows.conftest import (
    Tables,
    assert_same,
    make_home,
    published,
    running_server,
    small_network,
    start,
    tables,
    tieline,
    write_exports,
)
from tests.reliability.after import look

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

STAGES = ("begin", "read", "load", "transform", "publish")
# Each line is a night: where the run is killed, again and again, before one is left to end.
NIGHTS = (
    *(("read", "load", "transform", "publish"),) * 3,
    ("begin", "load", "publish"),
    ("begin", "read", "transform"),
    ("load", "load"),
    ("transform", "transform"),
    ("publish", "publish"),
    ("read",),
    ("load",),
    ("transform",),
    ("publish",),
)
KILLS, OF_EACH = 24, 2
EVENING = date(2026, 4, 20)


# --- a run, watched ------------------------------------------------------------------------------


@dataclass
class Watched:
    """A run and the moments (seconds since it was started) at which it said what it did."""

    process: subprocess.Popen[str]
    begun: float = field(default_factory=time.monotonic)
    lines: list[tuple[float, str]] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self.heard:
                self.lines.append((time.monotonic() - self.begun, line.strip()))
                self.heard.notify_all()

    def steps(self, what: str) -> list[float]:
        return [at for at, line in self.lines if re.match(rf"\d\d:\d\d:\d\d {what} ", line)]

    def wait_for(self, what: str, number: int) -> bool:
        """Wait until step `number` of `what`, or a later stage, has begun; False if the run ended."""
        with self.heard:
            while len(self.steps(what)) < number and not (
                what == "read" and self.steps("transform")
            ):
                if self.process.poll() is not None:
                    return False
                self.heard.wait(0.05)
        return True

    def wait_for_lock(self, home: Path) -> bool:
        """Wait until this run holds the warehouse; False when it ended before."""
        holder = home / "warehouse/tieline.duckdb.lock.json"
        while self.process.poll() is None:
            if holder.exists() and f'"pid": {self.process.pid},' in holder.read_text():
                return True
            time.sleep(0.01)
        return False


def watch(home: Path, env: dict[str, str]) -> tuple[Watched, threading.Thread]:
    watched = Watched(start(home, "run", env=env))
    listener = threading.Thread(target=watched.listen)
    listener.start()
    return watched, listener


@dataclass(frozen=True)
class Rhythm:
    """Seconds of an undisturbed run: its beginning, its steps, and the stages without any."""

    begin: float
    read: list[float]
    transform: list[float]
    publish: float  # from the last model to the new release

    def moment(self, stage: str, dice: Random) -> tuple[str, int, float]:
        """Step to wait for (what, number) and seconds to wait after it."""
        if stage == "begin":
            return "", 0, dice.uniform(0.5, 1) * self.begin
        if stage == "read":
            number = dice.randint(1, len(self.read))
            gap = (self.read[-1] - self.read[0]) / (len(self.read) - 1)
            return "read", number, dice.uniform(0, gap)
        if stage == "load":
            return "read", len(self.read), dice.uniform(0, 1) * (self.transform[0] - self.read[-1])
        if stage == "transform":
            number = dice.randint(1, len(self.transform))
            gap = (self.transform[-1] - self.transform[0]) / (len(self.transform) - 1)
            return "transform", number, dice.uniform(0, gap)
        return "transform", len(self.transform), dice.uniform(0.2, 1.1) * self.publish


def rhythm_of(home: Path, env: dict[str, str]) -> Rhythm:
    watched, listener = watch(home, env)
    watched.process.wait(timeout=180)
    listener.join()
    watched.process.communicate()
    assert watched.process.returncode == 0, watched.lines
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        transform, publish = con.execute(
            "SELECT seconds_transform, seconds_publish FROM run ORDER BY run_id DESC LIMIT 1"
        ).fetchall()[0]
    models = watched.steps("transform")
    rest = max(transform - (models[-1] - models[0]), 0) + publish
    return Rhythm(watched.steps("read")[0], watched.steps("read"), models, rest)


# --- the nights ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evening:
    """A home before the night, and what an undisturbed night makes of it."""

    home: Path
    warehouse: Tables  # empty before the first night
    release: Tables | None  # what readers see before the night
    rhythm: Rhythm
    warehouse_after: Tables
    release_after: Tables


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running_server(tmp_path_factory.mktemp("server")) as env:
        yield env


@pytest.fixture(scope="module")
def real_evenings(
    server: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Evening, Evening]:
    """The very first one, and one with a release and most files changed."""
    folder = tmp_path_factory.mktemp("kill")
    network = small_network()
    first = make_home(folder / "first", network)
    second = make_home(folder / "second", network.until(EVENING))
    assert tieline(second, "run", env=server).code == 0
    write_exports(second, network)

    def evening(home: Path, before: Tables, release: Tables | None) -> Evening:
        whole = shutil.copytree(home, folder / f"{home.name}-whole", symlinks=True)
        rhythm = rhythm_of(whole, server)
        return Evening(home, before, release, rhythm, tables(whole), published(whole))

    both = evening(first, {}, None), evening(second, tables(second), published(second))
    assert_same(both[0].release_after, both[1].release_after)
    return both


def kill(home: Path, env: dict[str, str], stage: str, rhythm: Rhythm, dice: Random) -> str | None:
    """Kill a run in `stage`; say which stage it had reached, None if it had ended before."""
    what, number, delay = rhythm.moment(stage, dice)
    computed = is_computed(home)
    watched, listener = watch(home, env)
    process = watched.process
    if computed:  # only publishing is left, which says nothing
        alive, delay = watched.wait_for_lock(home), dice.uniform(0.05, 0.05 + 2 * rhythm.publish)
    else:
        alive = watched.wait_for(what, number) if what else True
    if alive:
        time.sleep(delay)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    listener.join()
    process.communicate()
    if code != -signal.SIGKILL:
        return None
    models, files = len(watched.steps("transform")), len(watched.steps("read"))
    if models:
        return "publish" if models == len(rhythm.transform) else "transform"
    if computed and not files:
        return "publish"
    return "begin" if not files else "load" if files == len(rhythm.read) else "read"


def is_computed(home: Path) -> bool:
    """Whether all that is loaded of the night has been computed too."""
    last = "SELECT count(*) FROM (SELECT state FROM run ORDER BY run_id DESC LIMIT 1) WHERE state = 'running'"
    path = home / "warehouse/tieline.duckdb"
    if not path.exists():
        return False
    with duckdb.connect(str(path), read_only=True) as con:
        if ("run",) not in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            return False
        running, stale, built = con.execute(
            f"SELECT ({last}), (SELECT count(*) FROM stale_day), (SELECT count(*) FROM model_state)"
        ).fetchall()[0]
    return bool(running and built and not stale)


def test_a_killed_run_leaves_no_trace(
    server: dict[str, str], real_evenings: tuple[Evening, Evening], tmp_path: Path
) -> None:
    dice = Random(20261124)
    kills = dict.fromkeys(STAGES, 0)
    halves = 0
    for night, stages in enumerate(nights(kills)):
        evening = real_evenings[night % 2]
        home = shutil.copytree(evening.home, tmp_path / f"night{night}", symlinks=True)
        release = evening.release
        for stage in stages:
            reached = kill(home, server, stage, evening.rhythm, dice)
            if reached:
                kills[reached] += 1
            halves += len(list(home.glob("published/releases/.building-*")))
            release = look(
                home, before=evening.warehouse, after=evening.warehouse_after,
                release=release, released=evening.release_after,
            )  # fmt: skip
        ran = tieline(home, "run", env=server)
        assert ran.code == 0, (stages, ran)
        assert_same(tables(home), evening.warehouse_after)
        assert_same(published(home), evening.release_after)
        assert not list(home.glob("published/releases/.*"))
        with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
            states = con.execute("SELECT state FROM run ORDER BY started_at").fetchall()
        assert set(states) <= {("killed",), ("succeeded",)}
        shutil.rmtree(home)
    print(f"killed in: {kills}; releases left half made: {halves}")
    assert is_enough(kills), kills


def is_enough(kills: dict[str, int]) -> bool:
    return sum(kills.values()) >= KILLS and min(kills[s] for s in STAGES[1:]) >= OF_EACH


def nights(kills: dict[str, int]) -> Iterator[tuple[str, ...]]:
    """Those planned, and as many more, since a busy machine shifts a blow into the next stage or past the end."""
    yield from NIGHTS
    for _ in NIGHTS:
        if is_enough(kills):
            return
        yield tuple(stage for stage in STAGES[1:] if kills[stage] < OF_EACH) or NIGHTS[0]


def test_sigterm_ends_the_run_and_prefects_own_server(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=6))
    watched, listener = watch(home, {})
    assert watched.wait_for("read", 1), watched.lines
    group = watched.process.pid
    os.kill(group, signal.SIGTERM)  # the run alone, as systemd and docker do
    code = watched.process.wait(timeout=60)
    end = time.monotonic() + 10
    left = processes_of(group)
    while left and time.monotonic() < end:
        time.sleep(0.1)
        left = processes_of(group)
    for process in left:
        os.kill(process, signal.SIGKILL)
    listener.join()
    watched.process.communicate()
    assert code == 128 + signal.SIGTERM, watched.lines
    assert not left, "the server outlived the run"
    assert not [line for _, line in watched.lines if "Traceback" in line]
    assert tieline(home, "run").code == 0


def processes_of(group: int) -> list[int]:
    """Living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp, *_ = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found
