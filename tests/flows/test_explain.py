"""`tieline explain`: what a published number rests on, and no more than is published."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from flows import explain_text, metrics
from flows.cli import tieline
from flows.config import SETTINGS
from flows.config_read import read_config
from tests.flows.test_cli import ready
from warehouse.serving import mart

__all__ = ["ready"]  # a home with a release


def said(home: Path, *arguments: str, code: int = 0) -> str:
    ran = CliRunner().invoke(tieline, ["explain", *arguments, "-s", str(home / SETTINGS)])
    if code:
        assert ran.exception
        return str(ran.exception)
    assert ran.exit_code == 0, ran.output
    return ran.output


def cell(home: Path, where: str) -> dict:
    with duckdb.connect(str(read_config(home / SETTINGS).current), read_only=True) as con:
        return con.sql(
            "SELECT v.*, c.name FROM mart.metric_value v JOIN mart.calendar c USING (grain, period)"
            f" WHERE channel = '(all)' AND {where} ORDER BY v.period LIMIT 1"
        ).pl().to_dicts()[0]  # fmt: skip


def test_numbers_are_written_as_the_language_writes_them() -> None:
    numbers = (6000.0, 0.15, 1_234_567, None)
    assert [explain_text._number(one, 0) for one in numbers] == ["6,000", "0.15", "1,234,567", ""]
    assert [explain_text._number(one, 1) for one in numbers] == ["6.000", "0,15", "1.234.567", ""]
    assert explain_text._signed(1000.5, 1) == "+1.000,5"


def test_there_are_words_for_every_reason_to_hide_a_number() -> None:
    assert set(mart.REASONS) <= set(explain_text.WORDS)
    assert set(mart.REASONS) <= set(metrics.WORDS)


@pytest.mark.parametrize(("language", "word"), [("en", "behind it"), ("nl", "mensen")])
def test_a_shown_value_with_what_made_it(ready: Path, language: str, word: str) -> None:
    shown = cell(ready, "metric = 'cross_boundary_share' AND measure = 'share' AND grain = 'month'"
                 " AND unit = '(all)' AND value IS NOT NULL AND boundary = 'organisation'")  # fmt: skip
    text = said(ready, "cross_boundary_share.share", "all", shown["name"], "--language", language)
    assert f"{shown['numerator']:g}"[:4] in text.replace(",", ".")
    assert word in text


def test_a_hidden_value_is_said_to_be_hidden(ready: Path) -> None:
    hidden = cell(ready, "metric = 'flow' AND measure = 'weight' AND grain = 'month'"
                  " AND hidden_reason = 'few people' AND unit <> other_unit AND unit <> '(unknown)'"
                  " AND boundary = 'organisation'")  # fmt: skip
    text = said(
        ready, "flow.weight", hidden["unit"], hidden["name"], "--other", hidden["other_unit"]
    )
    assert "(flow.weight): Hidden: fewer than 5 people" in text
    assert "series" not in text  # nothing more is told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing", "all", "2026-03"), "no metric 'nothing'"),
        (("flow.weight", "Nobody", "2026-03"), "Nobody"),
        (("flow.weight", "all", "soon"), "soon"),
        (
            ("silo.homophily", "all", "2026-03"),
            "silo.homophily: not told of the network as a whole; name a unit",
        ),
        (
            ("silo.assortativity", "Aqua", "2026-03"),
            "not told of one unit; ask for all",
        ),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    ready: Path,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    message = said(ready, *arguments, code=1)
    assert words in message
    assert "\n" not in message
