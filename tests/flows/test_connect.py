"""`tieline connect` prints strings that work on this very installation."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
import sqlalchemy
from click.testing import CliRunner
from sqlalchemy.pool import NullPool

from flows.cli import tieline
from flows.connect import connections
from tests.serving.made_up import publish_generation
from warehouse.connection import open_warehouse


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("a home")
    (home / "tieline.toml").write_text("", encoding="utf-8")
    with open_warehouse(home / "private" / "tieline.duckdb", reach=[home / "published"]) as con:
        publish_generation(con, home / "published", 1)
    return home


def told(home: Path, *words: str) -> str:
    done = CliRunner().invoke(tieline, ["connect", "-s", str(home / "tieline.toml"), *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_every_client_is_told_the_path(home: Path) -> None:
    path = str(home / "published" / "current" / "bi.duckdb")
    for name in connections(Path(path)):
        text = told(home, name)
        assert text.startswith(name)
        assert path in text or "tieline export" in text


def test_sqlalchemy_url_works_with_a_new_release(home: Path) -> None:
    url = re.findall(r"sqlalchemy +(duckdb:.+)", told(home, "sqlalchemy"))[0]
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args={"read_only": True})
    runs = []
    for generation in (2, 3):
        with open_warehouse(home / "private" / "tieline.duckdb", reach=[home / "published"]) as con:
            publish_generation(con, home / "published", generation)
        with engine.connect() as reader:
            query = sqlalchemy.text("SELECT run_id FROM mart.publication")
            runs.append(reader.execute(query).scalar())
    assert runs == ["g2", "g3"]


def test_python_line_works(home: Path) -> None:
    line = re.findall(r"python +(duckdb\..+)", told(home, "python"))[0]
    with eval(line, {"duckdb": duckdb}) as con:
        assert con.execute("SELECT count(*) FROM mart.weekly_lines").fetchall() == [(80,)]


def test_unknown_client_is_named(home: Path) -> None:
    done = CliRunner().invoke(tieline, ["connect", "-s", str(home / "tieline.toml"), "qlik"])
    assert done.exit_code == 2
    assert "superset" in done.output


def test_before_the_first_release_the_strings_come_with_a_word(tmp_path: Path) -> None:
    (tmp_path / "tieline.toml").write_text("", encoding="utf-8")
    assert "nothing is published yet" in told(tmp_path)
