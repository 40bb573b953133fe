"""Signals on the demo network: every planted story is found, and an ordinary year stays quiet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.config import SETTINGS, make_key, read_config
from flows.demo_network import write_demo
from flows.starting import DEMO_END, demo_settings
from tests.flows.test_cli import night

CHANGES = {
    "line_quiet", "line_lost", "line_revived", "line_new", "line_weakening", "line_few",
    "initiators_fewer", "introductions_rooted", "initiative_first", "source_missing", "unit_closed",
}  # fmt: skip  # what is always so, such as who connects, is no alarm


def signals(folder: Path, *, stories: bool) -> tuple[list[dict[str, Any]], int]:
    """Published signals of the demo's year, and its lines between teams."""
    write_demo(folder, end=DEMO_END, stories=stories)
    make_key(folder / "secret" / "tieline.key")
    (folder / SETTINGS).write_text(demo_settings(), encoding="utf-8")
    config = read_config(folder / SETTINGS)
    night(config)
    with duckdb.connect(str(config.current), read_only=True) as con:
        rows = con.sql("FROM mart.signal").pl().to_dicts()
        lines = con.sql(
            "SELECT count(DISTINCT (unit, other_unit)) FROM mart.line WHERE boundary = 'team' AND state IS NOT NULL"
        ).fetchall()[0][0]
    return rows, lines


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return signals(tmp_path_factory.mktemp("told") / "demo", stories=True)[0]


@pytest.mark.parametrize(
    ("kind", "units", "month"),
    [
        ("line_quiet", {"Politie Rijnoever", "Scholengroep Rijnoever"}, "2026-05"),
        ("line_quiet", {"Welzijn Rijnoever", "Zorgverzekeraar Rijnoever"}, "2026-02"),
        ("line_revived", {"Welzijn Rijnoever", "Zorgverzekeraar Rijnoever"}, "2026-05"),
        ("line_new", {"Huisartsengroep Rijnoever", "Scholengroep Rijnoever"}, "2026-05"),
        ("introductions_rooted", {"(all)"}, "2026-05"),
        ("initiative_first", {"Huisartsengroep Rijnoever", "Scholengroep Rijnoever"}, "2026-08"),
        ("connector", {"Welzijn Rijnoever", "(all)"}, "2025-12"),
        ("line_one_person", {"Huisartsengroep Rijnoever", "Welzijn Rijnoever"}, "2025-12"),
        ("line_weakening", {"Huisartsengroep Rijnoever", "Welzijn Rijnoever"}, "2026-07"),
        ("unit_closed", {"Thuiszorg Rijnoever", "(all)"}, "2026-07"),
        ("source_missing", {"(all)"}, "2026-09"),
    ],
)
def test_every_planted_story_is_found(
    told: list[dict[str, Any]], kind: str, units: set[str], month: str
) -> None:
    found = [
        f"{row['period']:%Y-%m}"
        for row in told
        if (row["kind"], row["grain"], {row["unit"], row["other_unit"]}) == (kind, "month", units)
        and row["boundary"] in {"organisation", "(all)"}
    ]
    assert month in found


def test_what_a_story_is_not_is_not_told(told: list[dict[str, Any]]) -> None:
    # September's missing police is no quiet line, the merged home care no lost one.
    quiet = {(row["unit"], row["other_unit"]) for row in told if row["boundary"] == "organisation"
             and row["kind"] in {"line_quiet", "line_lost"}}  # fmt: skip
    assert quiet == {
        ("Politie Rijnoever", "Scholengroep Rijnoever"),
        ("Welzijn Rijnoever", "Zorgverzekeraar Rijnoever"),
    }


@pytest.mark.slow
def test_an_ordinary_year_is_quiet(tmp_path: Path) -> None:
    """docs/lines-and-signals.md: two alarms a year between organisations, one per ten lines between teams."""
    rows, lines = signals(tmp_path / "plain", stories=False)
    alarms = [row for row in rows if row["kind"] in CHANGES and row["grain"] == "month"]
    between = [row for row in alarms if row["boundary"] in {"organisation", "sector", "(all)"}]
    assert len(between) <= 2, between
    assert len([row for row in alarms if row["boundary"] == "team"]) <= lines / 10
