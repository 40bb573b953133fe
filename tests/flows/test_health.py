"""What the history of runs says: rows of the run log, written by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import status as looking
from flows.cli import tieline as command
from flows.config import Config, Settings, SourceFiles
from flows.config_read import read_config
from flows.health import findings, overdue
from quality.nights import nights
from quality.usual import is_more
from tests.flows.conftest import make_home, small_network
from tests.network import empty_warehouse
from warehouse import load, state
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = ZoneInfo("Europe/Amsterdam")
SETTINGS = Config(
    Path(),
    Path(),
    Settings(source=[SourceFiles(name, "csv", "none") for name in ("mail", "board")]),
)
FIRST = datetime(2026, 9, 1, 0, 15, tzinfo=UTC)  # a Tuesday, 02:15 in Amsterdam


def night(
    con: duckdb.DuckDBPyConnection,
    number: int,
    *,
    seconds: float = 60,
    memory: float = 500,
    work: int = 100,
    brought: dict[str, int] | None = None,
) -> datetime:
    """A night that succeeded, `number` days after the first."""
    when = FIRST + timedelta(days=number)
    run = state.new_run_id(when)
    state.begin_run(con, run, when)
    state.note_origin(con, run, "nightly", scheduled_at=when)
    sources = {
        name: (1, 1000, events, events, 0, 0, 1.0, None) for name, events in (brought or {}).items()
    }
    state.note_costs(con, run, {"transform": (seconds, seconds, memory, work)}, sources)
    state.end_run(con, run, "succeeded")
    return when


def kinds(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [one.kind for one in findings(con, SETTINGS)]


def words(con: duckdb.DuckDBPyConnection) -> str:
    [one] = findings(con, SETTINGS)
    return one.words


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return empty_warehouse()


def test_a_night_like_the_others_is_no_finding(con: duckdb.DuckDBPyConnection) -> None:
    for number, seconds in enumerate((60, 64, 58, 61, 70, 55, 66)):
        night(con, number, seconds=seconds, brought={"mail": 1000 + seconds})
    assert kinds(con) == []


def test_the_first_nights_know_nothing(con: duckdb.DuckDBPyConnection) -> None:
    for number, seconds in enumerate((10, 10, 10, 500)):
        night(con, number, seconds=seconds)
    assert kinds(con) == []


def test_slower_with_no_more_to_do(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(6):
        night(con, number)
    night(con, 6, seconds=150)
    assert words(con) == "transform took 150 s, usually 60 s"
    night(con, 7, seconds=150, work=900)  # it had more to do
    assert kinds(con) == []


def test_one_bad_night_is_forgotten_and_a_new_pace_becomes_usual(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for number in range(6):
        night(con, number)
    night(con, 6, seconds=4000)
    night(con, 7)
    assert kinds(con) == []
    for number in range(8, 18):
        night(con, number, seconds=150)
    assert kinds(con) == []


def test_hungrier(con: duckdb.DuckDBPyConnection) -> None:
    for number in range(6):
        night(con, number)
    night(con, 6, memory=1500)
    assert words(con) == "transform held 1,500 MB, usually 500 MB"


def judged(
    con: duckdb.DuckDBPyConnection, run: str, source: str, name: str, *, seen: float, ok: bool = False,
    severity: str = "warning",
) -> None:  # fmt: skip
    con.execute(
        "INSERT INTO quality_result VALUES (?, 0, ?, 'learnt', ?, ?, ?, 1, ?, ?, 'at least 800, usually 1,000')",
        [run, source, name, severity, ok, int(not ok), seen],
    )


def test_warnings_of_the_last_night_are_told_a_sentence_per_source(
    con: duckdb.DuckDBPyConnection,
) -> None:
    run = state.new_run_id(night(con, 0))
    judged(con, run, "mail", "newest", seen=4)
    judged(con, run, "mail", "volume", seen=300)
    judged(con, run, "board", "volume", seen=900, ok=True)
    judged(con, run, "board", "surge", seen=9000, severity="info")
    judged(con, run, "gone", "volume", seen=0)  # not in the settings any more
    assert words(con) == (
        "mail brought 300 events (expected at least 800, usually 1,000);"
        " shows nothing of the last 4 working days (expected at least 800, usually 1,000)"
    )
    judged(con, state.new_run_id(night(con, 1)), "mail", "volume", seen=900, ok=True)
    assert kinds(con) == []


# --- the nights of the run log -------------------------------------------------------------------


def log(
    con: duckdb.DuckDBPyConnection,
    day: float,
    events: int,
    *,
    flow: str = "nightly",
    end: str = "succeeded",
    refused: int = 0,
) -> None:
    when = FIRST + timedelta(days=day)
    run = state.next_run_id(con, when)
    state.begin_run(con, run, when)
    state.note_origin(con, run, flow)
    newest = (when - timedelta(days=1)).date()
    state.note_costs(con, run, {}, {"mail": (1, 9, events, events, 0, refused, 1.0, newest)})
    state.end_run(con, run, end)


def test_nights_are_those_that_say_what_a_source_delivers(con: duckdb.DuckDBPyConnection) -> None:
    log(con, 0, 100)
    log(con, 1, 40)
    log(con, 1.4, 60, flow="ingest")  # the same day
    log(con, 2, 7000, flow="backfill")
    log(con, 3, 50, refused=1)
    log(con, 4, 80, end="failed")
    log(con, 5, 90)
    log(con, 9, 90)
    day = FIRST.astimezone(ZONE).date()
    found = nights(con, ZONE, day + timedelta(days=5), ["mail", "board"])
    assert [((n.day - day).days, n.events, n.whole) for n in found["mail"]] == [
        (0, 100, True), (1, 100, True), (3, 50, False), (5, 90, True),
    ]  # fmt: skip
    assert found["mail"][1].newest == day
    assert [n.events for n in found["board"]] == [0, 0, 0, 0]


def starts(*days: float) -> list[datetime]:
    return [(FIRST + timedelta(days=day)).replace(tzinfo=None) for day in days]


WEEKDAYS = (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)


@pytest.mark.parametrize(
    ("nights", "now", "hours", "late"),
    [
        ((0, 1, 2, 3, 4), 4.9, None, False),
        ((0, 1, 2, 3, 4), 5.2, None, False),  # eight hours of grace
        ((0, 1, 2, 3, 4), 5.5, None, True),
        ((0, 7, 14, 21), 27, None, False),  # once a week
        ((0, 7, 14, 21), 28.5, None, True),
        ((0, 0.1, 0.2, 1, 1.1, 2, 3), 3.9, None, False),  # by hand in between
        (WEEKDAYS, 14.2, None, False),  # a weekend between
        (WEEKDAYS, 14.5, None, True),
        (WEEKDAYS[:-1], 11.5, None, True),
        ((0, 1), 9, None, False),  # no rhythm yet
        ((0, 1), 9, 26, True),
        ((0, 1, 2, 3, 4), 5, 26, False),
        ((), 9, 26, False),
    ],
)  # fmt: skip
def test_overdue(nights: Sequence[float], now: float, hours: float | None, late: bool) -> None:
    assert bool(overdue(starts(*nights), FIRST + timedelta(days=now), ZONE, hours)) is late


# --- what is usual -------------------------------------------------------------------------------

numbers = st.floats(0, 1e9)


def test_usual_by_hand() -> None:
    history = [100, 102, 98, 101, 99]  # median 100, MAD 1: 5.2 are usual, but 50 are told at least
    assert not is_more(149, history)
    assert is_more(151, history)
    wide = [100, 200, 0, 150, 50]  # MAD 50: 259.5
    assert is_more(360, wide)
    assert not is_more(359, wide)


@given(st.lists(numbers, min_size=4, max_size=12))
def test_the_median_itself_is_never_out_of_line(history: list[float]) -> None:
    assert not is_more(median(history), history)


# --- status --------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    settings = home / "tieline.toml"
    settings.write_text(settings.read_text().partition("[[source]]")[0])
    config = read_config(settings)
    with open_warehouse(config.warehouse) as con:
        load.create(con)
        for number in range(8):
            night(con, number, brought={"mail": 1000})
    return home


def look(home: Path, now: float, hours: float | None = None) -> looking.Status:
    return looking.status(read_config(home / "tieline.toml"), hours, FIRST + timedelta(days=now))


def test_all_is_well(home: Path) -> None:
    found = look(home, 7.5)
    assert (found.code, found.broken, found.needs) == (0, [], [])
    assert len(found.runs) == 5
    assert found.runs[0]["memory_mb"] == 500


def test_a_missed_night_is_broken(home: Path) -> None:
    found = look(home, 9)
    assert found.code == 1
    assert found.broken == ["no run has succeeded for 48 hours; is the schedule on?"]
    assert look(home, 9, hours=72).code == 0


def test_a_finding_needs_somebody(home: Path) -> None:
    with (home / "tieline.toml").open("a") as settings:
        settings.write('[[source]]\nname = "mail"\nformat = "mbox"\nfiles = "none*"\n')
    with open_warehouse(read_config(home / "tieline.toml").warehouse) as con:
        judged(con, state.new_run_id(night(con, 8)), "mail", "volume", seen=100)
    found = look(home, 8.5)
    assert found.code == 3
    words = "mail brought 100 events (expected at least 800, usually 1,000)"
    assert {"kind": "source", "words": words} in found.facts()["needs"]


def test_json_says_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["status", "--json", "-s", str(home / "tieline.toml"), "--max-age", "1000000"]
    with pytest.raises(SystemExit) as ended:
        command(arguments, standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == told["exit_code"] == 0
    assert (told["verdict"], told["runs"][0]["state"]) == ("ok", "succeeded")
