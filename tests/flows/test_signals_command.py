"""`tieline signals`: what deserves attention, newest first, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from flows.cli import tieline
from warehouse.serving import mart


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Settings, and a published file with two signals."""
    (tmp_path / "tieline.toml").write_text('[network]\nname = "Regio"\n', encoding="utf-8")
    folder = tmp_path / "published" / "current"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "bi.duckdb")) as con:
        con.execute("CREATE SCHEMA mart; USE mart")
        for table in mart.TABLES:
            con.execute(mart.create(table))
        for month in (4, 5):
            con.execute(
                "INSERT INTO calendar BY NAME SELECT 'month' AS grain, make_date(2026, $m, 1) AS period,"
                " period AS first_day, last_day(period) AS last_day, '2026-0' || $m AS name, 1 AS completeness,"
                " 21 AS weekdays, 0 AS holidays",
                {"m": month},
            )
            con.execute(
                "INSERT INTO signal BY NAME SELECT 'line_quiet' AS kind, 'A line' AS title_en, 'Een lijn' AS title_nl,"
                " 'month' AS grain, make_date(2026, $m, 1) AS period, '(all)' AS channel,"
                " 'organisation' AS boundary, 'A' AS unit, 'B' AS other_unit, 0.1 AS score,"
                " 'A and B are quiet.' AS sentence_en, 'A en B zijn stil.' AS sentence_nl",
                {"m": month},
            )
    return tmp_path


def said(home: Path, *arguments: str) -> str:
    ran = CliRunner().invoke(tieline, ["signals", "-s", str(home / "tieline.toml"), *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_newest_first_in_both_languages(home: Path) -> None:
    assert said(home) == "2026-05\n  A and B are quiet.\n2026-04\n  A and B are quiet.\n"
    assert (
        said(home, "--language", "nl", "--since", "2026-05-01") == "2026-05\n  A en B zijn stil.\n"
    )


def test_rows_for_a_program(home: Path) -> None:
    rows = json.loads(said(home, "--format", "json"))
    assert [(row["period"], row["kind"]) for row in rows] == [
        ("2026-05", "line_quiet"),
        ("2026-04", "line_quiet"),
    ]


def test_nothing_to_tell(home: Path) -> None:
    assert said(home, "--grain", "quarter") == "Nothing deserves attention in this choice.\n"
