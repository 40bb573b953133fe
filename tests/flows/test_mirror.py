"""The copy to PostgreSQL where no server answers: one line, no password, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows.config import ConfigError
from flows.config_read import read_config
from flows.mirror import mirror
from tests.serving.made_up import publish_generation
from warehouse.connection import open_warehouse
from warehouse.serving.postgres import CopyError

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "s3cret-of-the-test"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "tieline.toml").write_text("[publish.postgres]\n", encoding="utf-8")
    with open_warehouse(home / "private" / "tieline.duckdb", reach=[home / "published"]) as con:
        publish_generation(con, home / "published", 1)
    return home


def test_the_variable_that_is_missing_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIELINE_POSTGRES", raising=False)
    with pytest.raises(ConfigError, match="environment has no TIELINE_POSTGRES"):
        mirror(read_config(home / "tieline.toml", home))


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        (f"postgresql://tieline:{PASSWORD}@127.0.0.1:1/mart", "onnection refused"),
        (f"host=127.0.0.1 port=1 user=tieline password='{PASSWORD}'", "onnection refused"),
        (f"host=127.0.0.1 port=1 user tieline password={PASSWORD}", "cannot be read"),
        (f"postgresql://tieline:{PASSWORD}@127.0.0.1:1/mart?nonsense={PASSWORD}", "cannot be read"),
        (PASSWORD, "cannot be read"),
    ],
)
def test_an_error_is_one_line_without_the_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, dsn: str, words: str
) -> None:
    monkeypatch.setenv("TIELINE_POSTGRES", dsn)
    with pytest.raises(CopyError, match=words) as raised:
        mirror(read_config(home / "tieline.toml", home))
    assert PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_nothing_is_copied_unless_asked_or_before_the_first_release(
    tmp_path: Path, home: Path
) -> None:
    (tmp_path / "tieline.toml").write_text("", encoding="utf-8")
    assert mirror(read_config(tmp_path / "tieline.toml", tmp_path)) is None
    assert mirror(read_config(home / "tieline.toml", tmp_path)) is None


@pytest.mark.parametrize("name", ["schema", "reader"])
@pytest.mark.parametrize("wrong", ['mart"; DROP', "Mart", "", "a-b"])
def test_names_are_plain(tmp_path: Path, name: str, wrong: str) -> None:
    settings = tmp_path / "tieline.toml"
    settings.write_text(f"[publish.postgres]\n{name} = '{wrong}'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=name):
        read_config(settings, tmp_path)
