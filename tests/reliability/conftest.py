"""Evenings before a night, and what an undisturbed night makes of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.flows.conftest import (
    FIRST,
    Tables,
    assert_same,
    make_home,
    published,
    small_network,
    tables,
    write_exports,
)
from tests.reliability.nights import Nights

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = small_network(weeks=2)


@dataclass(frozen=True)
class Evening:
    """A home before the night, and what an undisturbed night makes of it."""

    home: Path
    before: Tables  # empty before the first night
    release: Tables | None  # what readers see before the night
    after: Tables
    released: Tables
    seconds: dict[str, float]  # of each stage of an undisturbed night


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    forking = Nights(tmp_path_factory.mktemp("nights"))
    yield forking
    forking.close()


@pytest.fixture(scope="session")
def evenings(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evening, Evening]:
    """The very first one, and one with a release and most files changed."""
    folder = tmp_path_factory.mktemp("evenings")
    first = make_home(folder / "first", NETWORK)
    second = make_home(folder / "second", NETWORK.until(FIRST + timedelta(days=9)))
    ended = nights.run(second)
    assert ended.code == 0, ended
    write_exports(second, NETWORK)

    def evening(home: Path, before: Tables, release: Tables | None) -> Evening:
        whole = shutil.copytree(home, folder / f"{home.name}-whole", symlinks=True)
        ended = nights.run(whole)
        assert ended.code == 0, ended
        return Evening(home, before, release, tables(whole), published(whole), ended.seconds)

    both = evening(first, {}, None), evening(second, tables(second), published(second))
    assert_same(both[0].released, both[1].released)
    return both
