"""Settings that cannot be meant: said in one line, by `tieline check` too, before a run stops at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.check import check_files
from flows.config import SETTINGS, ConfigError
from flows.config_read import read_config

MAIL = '[[source]]\nname = "mail"\nformat = "mbox"\nfiles = "{}"\n'


def settings(folder: Path, text: str) -> Path:
    path = folder / SETTINGS
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[network]\ntime_zone = "Europe"\n', "network.time_zone: 'Europe' is no time zone"),
        ("[people]\nboundaries = []\n", "people.boundaries: empty"),
        ("[window]\nsince = 2027-01-01\nuntil = 2026-01-01\n", "window: since is not before until"),
        ('[folders]\nwarehouse = "$NOT_THERE/w"\n', "folders.warehouse: the environment has no NOT_THERE"),
        (MAIL.format("${NOT_THERE}/*.mbox"), "source 'mail': files: the environment has no NOT_THERE"),
        ('[people]\ndirectories = ["$NOT_THERE/*.csv"]\n', "people: the environment has no NOT_THERE"),
        ('[folders]\npublished = "."\n', "folders.published: the warehouse lies in this folder"),
        ('[folders]\npublished = "out"\nwarehouse = "out/private"\n', "the warehouse lies in this folder"),
        ('[folders]\npublished = "warehouse/out"\n', "folders.published: lies in the folder of the warehouse"),
        ('[folders]\ndocs = "warehouse"\n', "folders.docs: the warehouse lies in this folder"),
        ('[folders]\nkey = "published/tieline.key"\n', "folders.published: the key lies in this folder"),
        (MAIL.format(""), "source[0].files: Expected `str` of length >= 1"),
        ('[people]\ndirectories = [""]\n', "people.directories[0]: Expected `str` of length >= 1"),
        ('[people]\nneutral_domains = ["@gmail.com"]\n', "people.neutral_domains: '@gmail.com' is no mail domain; write 'gmail.com'"),
        ('[people.domains]\n"*.een.example" = "Een"\n', "people.domains: '*.een.example' is no mail domain; write 'een.example'"),
        ("[parameters]\ngrowing = 0.9\n", "parameters.growing: Expected `float` > 1.0"),
        ("[parameters]\nline_z = -1\n", "parameters.line_z: Expected `float` >= 0.0"),
        ("[parameters]\nlost_days = 30\n", "parameters: lost_days (30) is not more than quiet_days (42)"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=SETTINGS.replace(".", "[.]")) as error:
        read_config(settings(tmp_path, text))
    assert words in str(error.value)


def test_what_is_written_otherwise_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark that Notepad puts in front, a variable that is there, and a $ that is meant as it stands."""
    monkeypatch.setenv("TIELINE_TEST_PLACE", "in")
    text = MAIL.format("$TIELINE_TEST_PLACE/[$]1/*.mbox")
    config = read_config(settings(tmp_path, "\ufeff" + text))
    (tmp_path / "in/$1").mkdir(parents=True)
    (tmp_path / "in/$1/a.mbox").touch()
    assert [path.name for path in config.files(config.settings.source[0].files)] == ["a.mbox"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[people]\nexcluded = ["lists/out.txt"]\n', "no such list of people"),
        ('[people]\nexcluded = ["open.txt"]\n', "others can read this list of people"),
        ("[retention]\nmonths = 1\n", "retention.months: numbers look"),
        ("[publish.postgres]\n", "the environment has no TIELINE_POSTGRES"),
        ('[people]\nneutral_domains = ["gmail.com"]\n', "people: nothing says who belongs where"),
    ],
)
def test_check_says_what_a_run_would_stop_at(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "open.txt").touch()
    (tmp_path / "open.txt").chmod(0o644)
    found = check_files(read_config(settings(tmp_path, text)))
    assert any(words in problem for problem in found.problems), found.problems
