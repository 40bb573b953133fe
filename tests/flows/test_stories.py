"""Signals on the demo network: every planted story is found, and an ordinary year stays quiet."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from subprocess import run
from typing import Any

import duckdb
import pytest

from flows.config import SETTINGS, Config
from flows.config_read import read_config
from flows.demo_network import write_demo
from flows.key import make_key
from flows.starting import DEMO_END, demo_settings
from flows.tables import demo_tour
from quality.disclosure import KEY
from tests.flows.test_cli import night
from tests.quality.attacker import Attacker, read

CHANGES = {
    "line_quiet", "line_lost", "line_revived", "line_new", "line_weakening", "line_few",
    "initiators_fewer", "introductions_rooted", "initiative_first", "source_missing", "unit_closed",
}  # fmt: skip  # what is always so, such as who connects, is no alarm


def made(folder: Path, more: str = "", *, stories: bool) -> Config:
    """The demo after its night."""
    write_demo(folder, end=DEMO_END, stories=stories)
    make_key(folder / "secret" / "tieline.key")
    (folder / SETTINGS).write_text(demo_settings() + more, encoding="utf-8")
    config = read_config(folder / SETTINGS)
    night(config)
    return config


def signals(config: Config) -> tuple[list[dict[str, Any]], int]:
    """Published signals of the demo's year, and its lines between teams."""
    with duckdb.connect(str(config.current), read_only=True) as con:
        rows = con.sql("FROM mart.signal").pl().to_dicts()
        lines = con.sql(
            "SELECT count(DISTINCT (unit, other_unit)) FROM mart.line WHERE boundary = 'team' AND state IS NOT NULL"
        ).fetchall()[0][0]
    return rows, lines


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return made(tmp_path_factory.mktemp("told") / "demo", stories=True)


@pytest.mark.parametrize("here", [True, False])
def test_what_the_tour_says_to_type_can_be_typed(
    demo: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    monkeypatch.chdir(demo.path.parent.parent if here else tmp_path)
    monkeypatch.setattr(sys, "argv", [str(Path(sys.executable).with_name("tieline")), "demo"])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    typed = [line[len("What needs a look   ") :] for line in demo_tour(demo) if " -s " in line]
    assert len(typed) == 2
    for line in typed:
        assert ("-s demo/" in line) == here
        done = run(line, shell=True, check=False, capture_output=True, text=True)
        assert "Welzijn Rijnoever" in done.stdout, done.stderr


@pytest.fixture(scope="module")
def told(demo: Config) -> list[dict[str, Any]]:
    return signals(demo)[0]


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
    # All of its signals, also those whose numbers the audit would hide.
    config = made(tmp_path / "plain", "\n[disclosure]\naudit = false\n", stories=False)
    rows, lines = signals(config)
    alarms = [row for row in rows if row["kind"] in CHANGES and row["grain"] == "month"]
    between = [row for row in alarms if row["boundary"] in {"organisation", "sector", "(all)"}]
    assert len(between) <= 2, between
    assert len([row for row in alarms if row["boundary"] == "team"]) <= lines / 10


@pytest.mark.slow
def test_an_attacker_finds_no_hidden_weight_of_june(demo: Config) -> None:
    """From the release alone: a sample of what the thresholds hide, each by two linear programs."""
    june = "period BETWEEN DATE '2026-06-01' AND DATE '2026-06-29' AND grain IN ('week', 'month')"
    with duckdb.connect(str(demo.warehouse), read_only=True) as con:
        truth = {row[:8]: row[8] for row in con.sql(
            f"SELECT {', '.join(KEY)}, value FROM metric_value WHERE measure = 'weight' AND {june}"
        ).fetchall()}  # fmt: skip
    with duckdb.connect(str(demo.current), read_only=True) as con:
        rows = read(con, june)
    attacker = Attacker(rows)
    hidden = [
        row for row in rows
        if row["hidden_reason"] in ("few people", "one person carries most") and row["measure"] == "weight"
    ]  # fmt: skip
    assert len(hidden) > 1000
    for row in Random(1).sample(hidden, 20):
        low, high = attacker.range(row)
        true = truth[tuple(row[name] for name in KEY)]
        assert low - 1e-3 <= true <= high + 1e-3, "the attacker's equations are wrong"
        assert high - low >= 0.1 * true * (1 - 1e-3), row
