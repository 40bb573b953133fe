"""After the demo no database holds an address, a name or a subject of its exports; identities hold addresses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.config import SETTINGS
from flows.config_read import read_config
from flows.starting import make_demo
from tests.plain_night import night
from tests.real import privacy

pytestmark = pytest.mark.slow


def test_no_address_name_or_subject_of_the_demo_is_kept(tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    make_demo(demo)
    night(demo)
    inputs = [
        p for name in ("incoming", "directory") for p in (demo / name).rglob("*") if p.is_file()
    ]
    addresses, names, subjects = privacy.in_clear(inputs)
    assert len(addresses) > 150
    assert len(names) > 100
    assert len(subjects) > 20
    config = read_config(demo / SETTINGS)
    kept = set(privacy.texts(config.identity))
    assert len(addresses & kept) > 150  # the search would find them
    assert privacy.told(config.identity.read_bytes(), addresses)
    assert not privacy.told(config.identity.read_bytes(), subjects)
    assert not privacy.told("\n".join(kept).encode(), subjects)
    for name in ("incoming", "directory"):
        shutil.rmtree(demo / name)
    (demo / SETTINGS).unlink()  # names units and domains
    assert privacy.assert_nobody_in(demo, addresses | names | subjects) > 5
