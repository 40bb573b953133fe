"""No partner is more of the house than another: whose export it is decides who is named as having shown it, no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from flows.config import SETTINGS
from tests.flows.conftest import Tables, assert_same, make_home, published, small_network, tables
from tests.plain_night import night

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def home_of(folder: Path, partners: dict[str, str]) -> Path:
    """The small network, after a night in which each organisation's exports are those of its partner."""
    home = make_home(folder, small_network(weeks=2))
    path = home / SETTINGS
    named = re.sub(
        r'name = "(aqua|bosk|cura)(.*)"',
        lambda found: f'{found[0]}\npartner = "{partners[found[1]]}"',
        path.read_text(),
    )
    assert named.count("partner =") == 6
    path.write_text(named)
    (home / "secret").mkdir(mode=0o700, exist_ok=True)
    (home / "secret" / "tieline.key").write_text("3c" * 32)
    (home / "secret" / "tieline.key").chmod(0o600)
    night(home)
    return home


def of_nobody(found: Tables) -> Tables:
    return {name: rows.drop("partner", strict=False).sort(rows.drop("partner", strict=False).columns)
            for name, rows in found.items()}  # fmt: skip


def test_partners_who_change_places_get_the_same_pseudonyms_and_numbers(tmp_path: Path) -> None:
    one = home_of(tmp_path / "one", {"aqua": "Aqua", "bosk": "Bosk", "cura": "Cura"})
    other = home_of(tmp_path / "other", {"aqua": "Bosk", "bosk": "Cura", "cura": "Aqua"})
    shown, turned = published(one), published(other)
    told = [rows["delivery"].select("source", "partner").unique() for rows in (shown, turned)]
    assert (
        told[0]
        .join(told[1], on="source")
        .filter(pl.col("partner") == pl.col("partner_right"))
        .height
        == 1
    )
    assert shown["metric_value"].filter(metric="one_sided").height > 0
    assert_same(of_nobody(turned), of_nobody(shown))
    ids, turned_ids = (tables(home)["main.identity"] for home in (one, other))
    assert ids.height > 10
    assert_same({"identity": turned_ids}, {"identity": ids})
