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
    is_same,
    make_home,
    published,
    running_server,
    small_network,
    start,
    tables,
    tieline,
    write_exports,
)
from warehouse.connection import open_readonly, warehouse_lock

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
KILLS = 24
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
        """Wait until step `number` of `what` has begun; False when the run ended before."""
        with self.heard:
            while len(self.steps(what)) < number:
                if self.process.poll() is not None:
                    return False
                self.heard.wait(0.05)
        return True


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
    """A home before the night, and what the night must make of it."""

    home: Path
    release: Tables | None  # what readers see before the night


@dataclass(frozen=True)
class Setting:
    env: dict[str, str]
    evenings: tuple[Evening, ...]  # the very first night, and one with a release
    rhythm: Rhythm
    warehouse: Tables
    release: Tables


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("kill")
    network = small_network()
    with running_server(folder) as env:
        later = make_home(folder / "later", network.until(EVENING))
        assert tieline(later, "run", env=env).code == 0
        before = published(later)
        write_exports(later, network)
        new = make_home(folder / "new", network)
        whole = shutil.copytree(new, folder / "whole", symlinks=True)
        rhythm = rhythm_of(whole, env)
        evenings = Evening(new, None), Evening(later, before)
        yield Setting(env, evenings, rhythm, tables(whole), published(whole))


def kill(home: Path, env: dict[str, str], stage: str, rhythm: Rhythm, dice: Random) -> str | None:
    """Kill a run in `stage`; say which stage it had reached, None if it had ended before."""
    what, number, delay = rhythm.moment(stage, dice)
    watched, listener = watch(home, env)
    process = watched.process
    alive = watched.wait_for(what, number) if what else True
    if alive:
        time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    listener.join()
    process.communicate()
    if code != -signal.SIGKILL:
        return None
    models = watched.steps("transform")
    if models:
        return "publish" if len(models) == len(rhythm.transform) else "transform"
    files = watched.steps("read")
    return "begin" if not files else "load" if len(files) == len(rhythm.read) else "read"


def look(home: Path, before: Tables | None, after: Tables) -> Tables | None:
    """What a reader and the next run find after a kill; gives the release of now."""
    with warehouse_lock(home / "warehouse/tieline.duckdb", 0, "test"):
        pass
    current = home / "published/current/bi.duckdb"
    if not current.exists():
        assert before is None, "the release is gone"
        return None
    with open_readonly(current) as con:
        assert con.execute("SELECT count(*) > 0 FROM mart.metric_value").fetchall() == [(True,)]
    now = published(home)
    assert is_same(now, after) or (before is not None and is_same(now, before))
    return now


def test_a_killed_run_leaves_no_trace(setting: Setting, tmp_path: Path) -> None:
    dice = Random(20261124)
    kills = dict.fromkeys(STAGES, 0)
    halves = 0
    for night, stages in enumerate(NIGHTS):
        evening = setting.evenings[night % 2]
        home = shutil.copytree(evening.home, tmp_path / f"night{night}", symlinks=True)
        release = evening.release
        for stage in stages:
            reached = kill(home, setting.env, stage, setting.rhythm, dice)
            if reached:
                kills[reached] += 1
            halves += len(list(home.glob("published/releases/.building-*")))
            release = look(home, release, setting.release)
        ran = tieline(home, "run", env=setting.env)
        assert ran.code == 0, (stages, ran)
        assert_same(tables(home), setting.warehouse)
        assert_same(published(home), setting.release)
        assert not list(home.glob("published/releases/.*"))
        with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
            states = con.execute("SELECT state FROM run ORDER BY started_at").fetchall()
        assert set(states) <= {("killed",), ("succeeded",)}
        shutil.rmtree(home)
    print(f"killed in: {kills}; releases left half made: {halves}")
    assert sum(kills.values()) >= KILLS
    # A busy machine shifts a blow into the next stage; none may go without.
    assert min(kills[stage] for stage in STAGES[1:]) >= 2, kills


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
