"""`tieline quarantine`: refused rows are found, read again or left at that."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from flows import ingest
from flows.cli import tieline
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.key import read_key
from flows.plan import export_files, to_read
from warehouse import identity, load
from warehouse.connection import open_warehouse

ROWS = [
    "2026-03-02T09:00:00Z,anna@een.example,bas@twee.example",
    "the day after,anna@een.example,bas@twee.example",
    "2026-03-03T09:00:00Z,anna@een.example,bas@twee.example",
]
HEAD = "time,from,to"
TOML = """[people]
directories = []
[quality]
max_rejected = {share}
[[source]]
name = "mail"
format = "csv"
files = "in/*.csv"
[source.mapping]
{mapping}
"""
MAPPING = 'time = "time"\nsender = "from"\nrecipient = "to"'


def write(home: Path, rows: list[str] = ROWS, share: float = 0.5) -> None:
    (home / "in").mkdir(parents=True, exist_ok=True)
    (home / "in/mails.csv").write_text("\n".join([HEAD, *rows, ""]))
    (home / SETTINGS).write_text(TOML.format(share=share, mapping=MAPPING))


def night(home: Path) -> int:
    """Read, check and load what is new; how many files that was."""
    config = read_config(home / SETTINGS)
    key = read_key(config)
    with open_warehouse(config.warehouse) as con, open_warehouse(config.identity) as people:
        load.create(con)
        identity.create(people)
        load.clear_stage(con)
        there = list(export_files(config))
        ingest.forget_refusals(con, there)
        files = to_read(con, there)
        for file in files:
            ingest.stage_file(con, people, config, file, key, "run")
        if files:
            told = ingest.read_directories(con, people, config)
            found = ingest.stage_people(con, people, config, told, key)
            ingest.check_and_load(con, config, found, run_id="run", batch=1)
    return len(files)


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def events(home: Path) -> int:
    return ask(home, "SELECT count(*) FROM event")[0][0]


def call(home: Path, *words: str) -> Result:
    done = CliRunner().invoke(tieline, ["quarantine", *words, "-s", str(home / SETTINGS)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path)
    night(tmp_path)
    assert events(tmp_path) == 2
    return tmp_path


def test_listed_and_shown(home: Path) -> None:
    out = call(home, "list").output
    assert "in/mails.csv" in out
    assert "record" in out
    shown = call(home, "show", "in/*.csv", "--format", "csv").output.splitlines()
    assert shown[0] == "file,place,position,reason,record"
    assert len(shown) == 2
    assert shown[1].startswith("in/mails.csv,")
    assert "anna" not in "".join(shown)
    wrong = CliRunner().invoke(
        tieline, ["quarantine", "show", "in/none.csv", "-s", str(home / SETTINGS)]
    )
    assert "in/none.csv: no such file" in str(wrong.exception)


def test_released_is_read_again_by_the_next_run_and_counts_once(home: Path) -> None:
    assert night(home) == 0
    assert "1 file will be read again" in call(home, "release", "in/mails.csv").output
    assert events(home) == 2, "what it held stays until then"
    assert night(home) == 1
    assert events(home) == 2
    assert len(ask(home, "FROM quarantine")) == 1, "its cause was not mended"
    assert night(home) == 0


def test_discarded_is_told_no_more_until_it_is_released(home: Path) -> None:
    assert "1 refusal left at that" in call(home, "discard", "in/mails.csv").output
    assert call(home, "list").output == "Nothing is refused.\n"
    write(home, [*ROWS, "2026-03-04T09:00:00Z,anna@een.example,bas@twee.example"])
    assert night(home) == 1
    assert events(home) == 3
    assert ask(home, "FROM quarantine") == []
    write(home, [*ROWS, "no time either,anna@een.example,bas@twee.example"])
    night(home)
    assert len(ask(home, "FROM quarantine")) == 1, "a new one is told"
    call(home, "release", "in/mails.csv")
    night(home)
    assert len(ask(home, "FROM quarantine")) == 2


def test_a_file_refused_whole_is_tried_every_night_until_it_is_discarded(tmp_path: Path) -> None:
    bad = ["never,anna@een.example,bas@twee.example"] * 30
    write(tmp_path, bad)
    assert night(tmp_path) == 1
    assert night(tmp_path) == 1
    assert "file" in call(tmp_path, "list").output
    call(tmp_path, "discard", "in/mails.csv")
    assert night(tmp_path) == 0
    assert ask(tmp_path, "FROM quarantine") == []
    write(tmp_path)  # delivered again, and better
    assert night(tmp_path) == 1
    assert events(tmp_path) == 2


def test_mended_settings_and_a_release_load_what_was_refused(tmp_path: Path) -> None:
    many = ["never,anna@een.example,bas@twee.example"] * 12 + [
        f"2026-03-02T09:{n:02}:00Z,anna@een.example,bas@twee.example" for n in range(10)
    ]
    write(tmp_path, many)
    night(tmp_path)
    assert events(tmp_path) == 0
    call(tmp_path, "discard", "in/mails.csv")
    write(tmp_path, many, share=0.9)
    assert night(tmp_path) == 0
    call(tmp_path, "release", "in/mails.csv")
    assert night(tmp_path) == 1
    assert events(tmp_path) == 10
