"""Series of meetings without end: followed to the end of next year, and on when that year is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from flows import config
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.look import look
from quality.suites import Limits
from tests.flows.conftest import (
    STAFF,
    Meeting,
    assert_same,
    at,
    ics,
    make_home,
    query,
    tables,
    write_settings,
)
from tests.flows.conftest import Network as Exports
from tests.plain_night import ingest
from transforms.sources import SOURCES

if TYPE_CHECKING:
    from pathlib import Path

BOTH = ("aqua", "bosk")
PEOPLE = (*STAFF["aqua"][:2], *STAFF["bosk"][:2])
FIRST = date(2026, 3, 2)  # a Monday
SINGLE = tuple(Meeting(f"m{n}", at(FIRST + timedelta(days=n), 14), PEOPLE) for n in range(30))
ENDLESS = Meeting("endless", at(FIRST, 9), PEOPLE, weeks=2)
FAR = Meeting("far", at(date(2062, 1, 2), 9), PEOPLE)


def make_endless_home(folder: Path) -> Path:
    home = make_home(folder, Exports((), (), ()))
    write_settings(home, [f"{name}-agenda" for name in BOTH])
    text = ics((*SINGLE, ENDLESS, FAR)).replace(";COUNT=2", "")
    for name in BOTH:
        (home / f"incoming/{name}-agenda.ics").write_text(text, newline="")
    return home


def turn_clock(to: pytest.MonkeyPatch, day: date) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(day.year, day.month, day.day, 12, tzinfo=tz)

    to.setattr(config, "datetime", Then)


def series(home: Path) -> tuple[int, date]:
    return query(
        home, "SELECT count(*), max(day) FROM event WHERE container IS NOT NULL"
    )[0]  # fmt: skip


def quarantined(home: Path) -> list[tuple]:
    return query(home, "SELECT json_extract_string(record, '$.day') FROM quarantine ORDER BY ALL")


@pytest.mark.integration
def test_a_calendar_with_a_series_without_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_clock(monkeypatch, date(2026, 12, 31))
    home = make_endless_home(tmp_path / "home")
    done = ingest(home)
    assert done.refused == []
    assert quarantined(home) == [("2062-01-02",)] * 2  # told by itself, so it is a mistake
    assert series(home) == (96, date(2027, 12, 27))  # Mondays from 2 March 2026 on: 44 and 52
    assert ingest(home).files == 0

    turn_clock(monkeypatch, date(2027, 1, 1))
    assert ingest(home).files == 2  # whose bytes are the same
    assert series(home) == (148, date(2028, 12, 25))
    fresh = make_endless_home(tmp_path / "fresh")
    ingest(fresh)
    said = ("event", "participation", "observed_event", "observed_participation", "source_file")
    assert_same(tables(home, said), tables(fresh, said))
    assert quarantined(home) == quarantined(fresh)


def test_what_series_give_is_never_too_far_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_config(make_home(tmp_path / "home", Exports((), (), ())) / SETTINGS)
    horizons = []
    for day in (date(2023, 12, 1) + timedelta(days=n) for n in range(5 * 366)):
        turn_clock(monkeypatch, day)
        horizons.append(settings.horizon)
        assert settings.horizon - timedelta(days=1) <= Limits(day).last_meeting
        assert settings.horizon > day + timedelta(days=365)
    moved = [other for one, other in pairwise(horizons) if one != other]
    assert moved == [date(year, 1, 1) for year in range(2026, 2031)]  # once a year


def test_check_looks_no_further_than_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_clock(monkeypatch, date(2026, 12, 31))
    home = make_endless_home(tmp_path / "home")
    found = look(
        home / "incoming/aqua-agenda.ics", SOURCES["icalendar"], read_config(home / SETTINGS), {}
    )
    assert found.events == 30 + 96 + 1
