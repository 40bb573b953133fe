"""`tieline init --from FOLDER`: settings with which check and run work at once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows import cli
from flows.config import SETTINGS, ConfigError
from flows.config_read import read_config
from tests.flows.conftest import Ran, make_home, small_network, tieline

NETWORK = small_network(weeks=4)


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Exports and a directory, without settings."""
    folder = make_home(tmp_path / "exports", NETWORK)
    (folder / SETTINGS).unlink()
    return folder


def init(*arguments: object) -> Ran:
    words = ["init", *map(str, arguments)]
    done = CliRunner().invoke(cli.tieline, words, catch_exceptions=False)
    return Ran(done.exit_code, done.stdout, done.stderr)


def test_home_names_the_exports_where_they_are(exports: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in exports.rglob("*") if path.is_file()}
    home = tmp_path / "home"
    ran = init("--from", exports, home)
    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith(f"{home / SETTINGS}: settings, with comments; look")
    assert ran.out.endswith(f"Next: tieline check -s {home / SETTINGS}\n")
    assert "7 exports in 3 formats, 1 directory of people. " in ran.out
    assert {path: path.read_bytes() for path in exports.rglob("*") if path.is_file()} == before
    assert stat.S_IMODE((home / "secret/tieline.key").stat().st_mode) == 0o600
    assert {path.name for path in home.iterdir()} == {SETTINGS, "secret", "incoming", "directory"}
    config = read_config(home / SETTINGS)
    assert all(s.files.startswith("../exports/incoming/") for s in config.settings.source)
    assert config.settings.people.directories == ["../exports/directory/*.csv"]


@pytest.mark.integration
def test_check_and_run_work_at_once(exports: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert init("--from", exports, home).code == 0
    checked = tieline(home, "check")
    assert checked.code == 0, checked.out
    ran = tieline(home, "run")
    assert ran.code == 0, ran.err
    assert "Read 7 files: " in ran.out
    assert (home / "published/current/bi.duckdb").exists()


def test_current_folder_is_the_home_if_none_is_named(exports: Path) -> None:
    ran = tieline(exports, "init", "--from", ".")
    assert (ran.code, ran.err) == (0, "")
    config = read_config(exports / SETTINGS)
    assert {s.files.partition("/")[0] for s in config.settings.source} == {"incoming"}
    assert tieline(exports, "check").code == 0


def test_folder_without_directory_says_what_to_do(exports: Path, tmp_path: Path) -> None:
    (exports / "directory/people.csv").unlink()
    ran = init("--from", exports, tmp_path / "home")
    assert "No directory says who belongs where" in ran.out
    text = (tmp_path / "home" / SETTINGS).read_text()
    assert '\n# "aqua.example" = "Aqua" ' in text
    uncommented = text.replace('\n# "', '\n"')
    (tmp_path / "home" / SETTINGS).write_text(uncommented)
    assert set(read_config(tmp_path / "home" / SETTINGS).settings.people.domains) >= {
        "aqua.example"
    }


def test_nothing_is_made_where_nothing_is_known(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(
        ConfigError, match="no file in it is an export that is known; `tieline check"
    ):
        init("--from", empty, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_settings_that_are_there_stay(exports: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / SETTINGS).write_text("# mine\n")
    with pytest.raises(ConfigError, match="is there already"):
        init("--from", exports, home)
    assert (home / SETTINGS).read_text() == "# mine\n"


def test_a_folder_must_be_named(tmp_path: Path) -> None:
    ran = tieline(tmp_path, "init")
    assert ran.code == 2
    assert "Missing argument 'FOLDER', or --from EXPORTS." in ran.err
    away = tieline(tmp_path, "init", "--from", "nowhere", "home")
    assert (away.code, away.err) == (
        2, "tieline: nowhere: no such folder; name the one that the exports are in\n",
    )  # fmt: skip
