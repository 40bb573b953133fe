"""Hundreds of nights killed at any instant, then one left alone: as if nothing had happened.

`make test-reliability` kills 200 times; without TIELINE_KILLS it is a dozen.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.flows.conftest import assert_same, published, tables
from tests.reliability.after import look
from tests.reliability.nights import STAGES
from warehouse.serving.releases import current, releases

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.conftest import Evening
    from tests.reliability.nights import Nights

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("TIELINE_KILLS", "12"))
SEED = int(os.environ.get("TIELINE_SEED", "20261127"))
CHAIN = 5  # kills before a night is left to end
WRITES = 90  # calls that change the disk in one night, about; a kill may come at each of them


def test_killed_nights_leave_no_trace(
    nights: Nights, evenings: tuple[Evening, Evening], tmp_path: Path
) -> None:
    dice = Random(SEED)
    kills: Counter[str] = Counter()
    chains = halves = 0
    while kills.total() < KILLS:
        evening = evenings[chains % 2]
        chains += 1
        home = shutil.copytree(evening.home, tmp_path / f"home{chains}", symlinks=True)
        release, made = evening.release, newest(home)
        for stage in sorted(dice.choices(STAGES[:-1], k=CHAIN), key=STAGES.index):
            if dice.random() < 0.25:  # at a call that changes the disk
                ended = nights.run(home, write=dice.randint(1, WRITES))
            else:  # at any instant of a stage
                after = dice.uniform(0, 1) * evening.seconds[stage]
                ended = nights.run(home, kill=(stage, after))
            assert ended.code in {0, -signal.SIGKILL}, ended
            if ended.code:
                kills[ended.stage] += 1
            halves += len(list(home.glob("published/releases/.building-*")))
            release = look(
                home, before=evening.before, after=evening.after,
                release=release, released=evening.released,
            )  # fmt: skip
            assert newest(home) >= made, "the release went backwards"
            made = newest(home)
        ended = nights.run(home)
        assert ended.code == 0, ended
        assert_same(tables(home), evening.after)
        assert_same(published(home), evening.released)
        assert not list(home.glob("published/releases/.*"))
        with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
            states = con.execute("SELECT state, count(*) FROM run GROUP BY ALL").fetchall()
            ids = con.execute("SELECT count(*), count(DISTINCT run_id) FROM run").fetchall()[0]
        assert {state for state, _ in states} <= {"killed", "succeeded"}
        assert ids[0] == ids[1], "two runs of one name"
        shutil.rmtree(home)
    print(
        f"\n{kills.total()} kills in {chains} chains: {dict(kills)}; releases left half: {halves}"
    )
    if KILLS >= 100:
        assert min(kills[stage] for stage in STAGES[:-1]) >= 3, kills


def newest(home: Path) -> int:
    """When the release that readers see was made."""
    counts = current(home / "published")
    return next((r.made_ns for r in releases(home / "published") if r.path == counts), 0)
