"""The report: made from the published file alone, whole in both languages, safe whatever a name holds."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.serving.made_up import MONDAY, cell, content, facts, fill, step
from warehouse import schema
from warehouse.connection import open_warehouse
from warehouse.serving import mart
from warehouse.serving.publish import publish
from warehouse.serving.report import FILES, LANGUAGES, render, write_beside
from warehouse.serving.report.content import names, price
from warehouse.serving.report.words import every_word

EVIL = "</script><img src=x onerror=alert(1)>"
SECRET = 987654.321


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with its reports: a unit with an evil name, and a hidden number."""
    folder = tmp_path_factory.mktemp("report")
    with open_warehouse(folder / "private" / "tieline.duckdb", reach=[folder / "public"]) as con:
        months = [MONDAY.replace(month=n, day=1) for n in range(1, 5)]
        lines = [("North", EVIL, 9), ("(all)", "(all)", 30), ("North", "West", 2)]
        keys = [
            {"grain": "month", "period": month, "unit": unit, "other_unit": other}
            for month in months
            for unit, other, _ in lines
        ]
        numbers = [n for _ in months for _, _, n in lines]
        fill(con, schema.METRIC_VALUE, [
            cell(**key, people=n, value=SECRET if n < 5 else 12.5)
            for key, n in zip(keys, numbers, strict=True)
        ])  # fmt: skip
        fill(con, schema.TREND, [step(**key) for key in keys])
        return publish(
            con, folder / "public", content=content(), facts=facts(), beside=write_beside
        )


def test_it_is_made_on_the_day_of_the_network(released: Path, tmp_path: Path) -> None:
    copy = shutil.copyfile(released.with_name("bi.duckdb"), tmp_path / "bi.duckdb")
    with duckdb.connect(copy) as con:
        con.execute("UPDATE mart.publication SET published_at = TIMESTAMP '2026-11-27 23:30'")
        assert names(con)["publication"]["published_at"].startswith("2026-11-28")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_stands_beside_the_database(released: Path, language: str) -> None:
    page = released.with_name(FILES[language])
    assert page.stat().st_mode & 0o777 == 0o444
    text = page.read_text(encoding="utf-8")
    assert f'<html lang="{language}"' in text
    assert text == render(released, language)  # the same release gives the same page


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_text(released: Path, language: str) -> None:
    text = released.with_name(FILES[language]).read_text(encoding="utf-8")
    assert EVIL not in text
    assert "onerror=alert(1)" in text  # the name is there, as data
    # Data cannot end the element that holds them.
    data = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert len(data) == 3
    assert all(json.loads(one) for one in data)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fetched_and_nothing_else_may_run(released: Path, language: str) -> None:
    text = released.with_name(FILES[language]).read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "'unsafe-eval'" not in policy[1]
    assert not re.search(
        r'<(?:script|img|iframe)[^>]* src=|<link[^>]* href="http', text.split("<script")[0]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_hidden_numbers_are_not_in_it(released: Path, language: str) -> None:
    text = released.with_name(FILES[language]).read_text(encoding="utf-8")
    assert "12.5" in text
    assert str(SECRET) not in text
    assert f"{SECRET:.1f}" not in text


def test_every_word_is_there_in_both_languages() -> None:
    for key, texts in every_word().items():
        assert set(texts) == set(LANGUAGES), key
        assert all(text.strip() for text in texts.values()), key
        places = {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in texts.items()}
        assert len({frozenset(found) for found in places.values()}) == 1, key


def scripts() -> dict[str, str]:
    import warehouse.serving.report as package

    folder = Path(package.__file__).parent / "static"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}


def test_every_word_that_the_page_asks_for_is_there_and_no_other() -> None:
    text = "".join(scripts().values())
    asked = set(re.findall(r"\bt\(\s*\"(\w+)\"", text))
    assert len(asked) > 50
    assert asked <= set(every_word())
    # A word may be named as a text of its own, or be put together: `state_${name}_means`.
    named = set(re.findall(r"\"(\w+)\"", text)) | {"noscript", "loading", "skip"}
    parts = [
        re.split(r"\$\{[^}]*\}", one)
        for one in re.findall(r"`((?:\w+|\$\{[^}`]*\})+)`", text)
        if re.match(r"\w+_|\$\{\w+\}_", one)
    ]
    shapes = [re.compile(r"\w+".join(map(re.escape, one))) for one in parts]
    unused = {
        key
        for key in every_word()
        if key not in named and not any(shape.fullmatch(key) for shape in shapes)
    }
    assert unused == set()


def test_every_reason_for_hiding_has_words() -> None:
    for reason in mart.REASONS:
        assert "reason_" + re.sub(r"\W+", "_", reason) in every_word(), reason


def test_what_protection_costs_is_told_where_the_release_tells_it() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA mart")
        assert price(con) == []
        con.execute(
            "CREATE TABLE mart.disclosure AS SELECT * FROM (VALUES"
            " ('flow', 'weight', 'month', 'team', 'few people', 0.25, 0.031234),"
            " ('flow', 'weight', 'month', 'team', NULL, 0.75, 0.96877),"
            " ('flow', 'weight', 'week', 'team', NULL, 0.5, 0.5),"
            " ('flow', 'hours', 'month', 'team', NULL, 0.5, 0.5)"
            ") AS v (metric, measure, grain, boundary, hidden_reason, cell_share, value_share)"
        )
        assert price(con) == [
            ["month", "team", "", 0.75, 0.9688],
            ["month", "team", "few people", 0.25, 0.03123],
        ]


def test_scripts_share_one_scope_without_meeting() -> None:
    """A name stands for one thing in all scripts of the page, and each script is on it."""
    from warehouse.serving.report.page import _SCRIPTS

    assert set(scripts()) == set(_SCRIPTS)
    names = [
        name
        for text in scripts().values()
        for name in re.findall(r"^(?:async )?(?:const|let|function) (\w+)", text, re.MULTILINE)
    ]
    assert len(names) == len(set(names)), sorted({one for one in names if names.count(one) > 1})


def test_an_unknown_language_is_refused(released: Path) -> None:
    with pytest.raises(ValueError, match="no language 'de'"):
        render(released, "de")


def test_an_empty_release_has_a_report(tmp_path: Path) -> None:
    with open_warehouse(
        tmp_path / "private" / "tieline.duckdb", reach=[tmp_path / "public"]
    ) as con:
        fill(con, schema.METRIC_VALUE, [])
        fill(con, schema.TREND, [])
        path = publish(
            con, tmp_path / "public", content=content(), facts=facts(), beside=write_beside
        )
    assert all(path.with_name(name).stat().st_size > 100_000 for name in FILES.values())
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.sql("FROM mart.metric_value").fetchall() == []


def test_a_report_that_fails_leaves_the_last_release(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        raise OSError(f"{folder}: no room")

    from warehouse.serving.publish import PublishError

    with open_warehouse(
        tmp_path / "private" / "tieline.duckdb", reach=[tmp_path / "public"]
    ) as con:
        fill(con, schema.METRIC_VALUE, [cell()])
        fill(con, schema.TREND, [step(period=MONDAY + timedelta(0))])
        good = publish(con, tmp_path / "public", content=content(), facts=facts())
        with pytest.raises(PublishError, match="no room"):
            publish(con, tmp_path / "public", content=content(), facts=facts("r2"), beside=fails)
    assert (tmp_path / "public" / "current").resolve() == good.parent
