"""A release that begins with closed periods holds the very rows of one that is made from empty."""

from __future__ import annotations

import random
import shutil
import struct
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.config import SETTINGS, Config
from flows.config_read import read_config
from flows.publish import _together, release
from flows.shown import Shown
from flows.transform import bring_up_to_date
from tests.network import behind
from tests.serving.made_up import MONDAY, content, facts, fill_generation
from tests.serving.told import contents, told_by
from tests.transform.test_incremental import START
from transforms.people import ALWAYS, OPEN
from transforms.trends import direction
from warehouse import load, state
from warehouse.connection import open_readonly, open_warehouse
from warehouse.serving import closed, mart
from warehouse.serving.publish import publish
from warehouse.serving.report import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from transforms.model import Model

WRITTEN = """
[network]
name = "Invented"
time_zone = "Europe/Amsterdam"

[disclosure]
k = 3
dominance = 0.9
audit = {audit}
"""
# Among them one that looks ahead, and what every release reads.
FEW = behind(
    "flow", "cross_boundary_share", "response", "direction", "line_state", "sight", "delivery"
)
UNITS = {person: "ABC"[person % 3] for person in range(18)}
KINDS = [
    ("meeting", "meeting", "organiser", "required"), ("message", "mail", "from", "to"),
    ("work", "comment", "author", "commenter"),
]  # fmt: skip
DAYS = 200


class Nights:
    """A network over its days, a warehouse of it, and nights that publish."""

    def __init__(
        self, home: Path, con: duckdb.DuckDBPyConnection, seed: int, models: Sequence[Model]
    ) -> None:
        self.con, self.dice, self.models = con, random.Random(seed), models
        self.config: Config = read_config(home / SETTINGS, home)
        self.number = 0
        self.nights = 0
        load.create(con)
        con.execute("INSERT INTO boundary VALUES ('organisation')")
        con.executemany(
            "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, 1, 'directory')",
            [(person, unit, ALWAYS, OPEN) for person, unit in UNITS.items()],
        )

    def happen(self, *days: int, events: int = 3) -> None:
        """So many events on each day, of which some answer earlier ones."""
        happened, seats = [], []
        for day in days:
            for _ in range(events):
                self.number += 1
                when = START + timedelta(days=day)
                people = self.dice.sample(sorted(UNITS), self.dice.randint(2, 6))
                channel, kind, first, other = self.dice.choice(KINDS)
                happened.append({
                    "event_id": self.number, "channel": channel, "kind": kind, "day": when,
                    "started_at": datetime.combine(when, time(10)), "ended_at": datetime.combine(when, time(11)),
                    "initiator": people[0], "reply_to": self.dice.choice([None, max(self.number - 5, 1)]),
                    "container": self.dice.choice([None, 7, 8]), "is_automated": False, "revision": 0,
                })  # fmt: skip
                seats += [
                    {"day": when, "event_id": self.number, "address_id": person,
                     "role": other if place else first, "response": "none"}
                    for place, person in enumerate(people)
                ]  # fmt: skip
        for table, rows in (("event", happened), ("participation", seats)):
            self.con.register("rows", pl.DataFrame(rows, infer_schema_length=None))
            self.con.execute(f"INSERT INTO {table} BY NAME FROM rows")
            self.con.unregister("rows")
        stale = [START + timedelta(days=day) for day in days]
        self.con.execute(
            "INSERT INTO stale_day SELECT unnest(?::DATE[]) EXCEPT FROM stale_day", [stale]
        )

    def publish(self, *, today: date | None = None) -> Path:
        self.nights += 1
        today = today or START + timedelta(days=2 * DAYS)
        bring_up_to_date(self.con, self.config, self.models, today=today)
        path = release(self.con, self.config, self.models, run_id=f"n{self.nights}", today=today)
        assert path
        return path

    @property
    def report(self) -> Path:
        """What is kept of the reports."""
        return self.config.published / closed.REPORT

    @property
    def begun(self) -> int:
        """Cells that the file of closed periods holds."""
        path = self.config.published / closed.FILE
        if not path.exists():
            return 0
        with open_readonly(path) as file:
            return int(file.execute("SELECT count(*) FROM mart.metric_value").fetchall()[0][0])

    def assert_as_from_empty(self, path: Path) -> None:
        assert self.report.exists() == bool(self.begun)
        closed.void(self.con, self.config.published)
        state.mark_published(self.con, None)
        today = START + timedelta(days=2 * DAYS)
        fresh = release(self.con, self.config, self.models, run_id=path.parent.name.split("-")[0],
                        today=today)  # fmt: skip
        assert fresh
        assert not (self.config.published / closed.FILE).exists()
        assert not self.report.exists()
        assert_same(path, fresh)
        assert_same_report(path, fresh)


def assert_same_report(left: Path, right: Path) -> None:
    """Both in one language: the other one is made of the same numbers."""
    reports = [path.with_name(FILES["en"]) for path in (left, right)]
    told = [told_by(report) for report in reports]
    assert told[0].keys() == told[1].keys()
    assert [key for key in told[0] if told[0][key] != told[1][key]] == []
    assert any(key[0] == "cell" and value[0] == "s" for key, value in told[0].items())


def assert_same(left: Path, right: Path) -> None:
    for table in mart.TABLES:
        frames = []
        for path in (left, right):
            with open_readonly(path) as con:
                frame = con.sql(f"FROM mart.{table.name}").pl()
            keys = [name for name, kind in frame.schema.items() if kind != pl.Float64]
            frames.append(frame.drop("published_at", strict=False).sort(
                [key for key in keys if key != "published_at"], nulls_last=True))  # fmt: skip
        assert_frame_equal(*frames, rel_tol=1e-9, abs_tol=1e-12)


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    audit = getattr(request, "param", False)
    (tmp_path / SETTINGS).write_text(WRITTEN.format(audit=str(audit).lower()))
    return tmp_path


@pytest.fixture
def con(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(home / "private" / "tieline.duckdb", reach=[home / "published"]) as opened:
        yield opened


def history(nights: Nights, days: int = DAYS) -> None:
    nights.happen(*range(0, days, 2))


def nights_of(nights: Nights) -> None:
    history(nights)
    nights.publish()
    assert nights.begun == 0  # all of it was new
    for day in (DAYS, DAYS + 1, DAYS + 3):
        nights.happen(day)
        nights.publish()
    assert nights.begun > 100


def told(path: Path, query: str) -> Any:
    with open_readonly(path) as con:
        return con.execute(query).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize(("home", "seed"), [(False, 1), (True, 2)], indirect=["home"])
def test_nights_publish_what_one_from_empty_would(
    home: Path, con: duckdb.DuckDBPyConnection, seed: int
) -> None:
    nights = Nights(home, con, seed, FEW)
    nights_of(nights)
    begun = nights.begun
    nights.happen(DAYS + 1)  # comes late, within the margin
    nights.happen(DAYS + 20)
    path = nights.publish()
    # What the audit hides in that month may have changed, and with it closed weeks: the file is then made anew.
    assert nights.config.settings.disclosure.audit or nights.begun >= begun
    assert len(contents(path.with_name(FILES["en"]))[1]) > 1
    nights.assert_as_from_empty(path)
    for day in (DAYS + 21, DAYS + 22):
        nights.happen(day)
        path = nights.publish()
    assert nights.begun > begun
    nights.happen(50)  # so late that the file is void
    path = nights.publish()
    nights.assert_as_from_empty(path)


@pytest.mark.slow
def test_without_the_published_folder_it_is_made_anew(
    home: Path, con: duckdb.DuckDBPyConnection
) -> None:
    """As in the folder to which a backup was restored, when the next night brings something."""
    nights = Nights(home, con, 4, FEW)
    nights_of(nights)
    shutil.rmtree(home / "published")
    nights.happen(DAYS + 10)
    path = nights.publish()
    assert (home / "published").stat().st_mode & 0o777 == 0o755
    nights.assert_as_from_empty(path)


@pytest.mark.slow
def test_a_closed_row_is_not_written_twice_and_what_changes_voids_the_file(
    home: Path, con: duckdb.DuckDBPyConnection
) -> None:
    nights = Nights(home, con, 3, FEW)
    nights_of(nights)
    file = home / "published" / closed.FILE
    before, told_before = file.read_bytes(), nights.report.read_bytes()
    assert nights.report.stat().st_mode & 0o777 == 0o600

    # A night without news adds nothing to the file.
    state.mark_published(con, None)
    nights.publish()
    assert file.read_bytes() == before
    assert nights.report.read_bytes() == told_before

    # Of a file that is not the warehouse's own nothing is believed.
    other = before.replace(struct.pack("<d", 0.5), struct.pack("<d", 0.25))
    assert other != before
    known = con.execute("SELECT token FROM closed_file").fetchall()
    con.execute("UPDATE closed_file SET token = 'another'")
    state.mark_published(con, None)
    path = nights.publish()
    assert con.execute("SELECT token FROM closed_file").fetchall() != known
    nights.assert_as_from_empty(path)

    # Other rules make it void.
    for day in (DAYS + 5, DAYS + 6):
        nights.happen(day)
        nights.publish()
    assert nights.begun
    (home / SETTINGS).write_text(WRITTEN.format(audit="false").replace("k = 3", "k = 5"))
    nights.config = read_config(home / SETTINGS, home)
    path = nights.publish()
    few = "SELECT count(*) FROM mart.metric_value WHERE hidden_reason IS NULL AND people < 5"
    assert told(path, few) == [(0,)]
    nights.assert_as_from_empty(path)


WEEKS = 60
change = st.tuples(st.integers(0, WEEKS - 1), st.integers(1, 9))  # of a week, to so many people


@settings(
    deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(50, WEEKS - 1), st.integers(1, 9)) | change, min_size=2, max_size=3
    )
)
@example([(WEEKS - 12, 1), (WEEKS - 1, 9)])  # a direction rests on a week long closed
def test_any_change_is_published(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("nights")
    published = folder / "published"
    with open_warehouse(
        folder / "private" / "tieline.duckdb", reach=[published, folder / "fresh"]
    ) as con:
        load.create(con)
        fill_generation(con, 1, WEEKS)
        for number, (week, people) in enumerate([(WEEKS - 1, 9), *changes]):
            day = MONDAY + timedelta(weeks=week)
            for table in ("metric_value", "trend"):
                con.execute(f"UPDATE {table} SET value = ? WHERE period = ?", [people, day])
            con.execute(
                "UPDATE metric_value SET people = ? WHERE period = ? AND unit = 'North'",
                [people, day],
            )
            judge(con)
            con.execute("INSERT INTO changed VALUES ('flow', 'week', ?)", [day])
            path = publish_made_up(con, published, number, is_narrow=True)
            con.execute("DELETE FROM changed")
            assert number or (published / closed.FILE).stat().st_mode & 0o777 == 0o600
        closed.void(con, published)
        assert_same(path, publish_made_up(con, folder / "fresh", number))


def judge(con: duckdb.DuckDBPyConnection) -> None:
    """Table direction, of trend as it is now."""
    trend, calendar = (con.sql(f"FROM {table}").pl() for table in ("trend", "calendar"))
    found = direction.compute(trend, calendar, complete_enough=0.9, direction_p=0.05)
    con.register("found", found)
    con.execute("CREATE OR REPLACE TABLE direction AS FROM found")
    con.unregister("found")


def publish_made_up(
    con: duckdb.DuckDBPyConnection, published: Path, number: int, *, is_narrow: bool = False
) -> Path:
    """Publish what there is of `fill_generation` and `judge`; narrow: no more is read than needed."""
    published.mkdir(exist_ok=True)
    shown = Shown([], None)

    def rows() -> dict[str, list[str]]:
        here = replace(shown, windows=closed.windows(con)) if is_narrow else shown
        told = here.rows(_together(closed.sizes(con)))
        return {name: told[name] for name in ("metric_value", "trend", "direction", "unit")}

    begin = closed.bring_up(
        con, published, metrics=["flow"], mark="", rows=rows, sums=list,
        parameters={"k": 5, "dominance": 0.75},
    )  # fmt: skip
    filled = replace(content(), rows=rows())
    return publish(con, published, content=filled, facts=facts(f"n{number}"), begin=begin)
