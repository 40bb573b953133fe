"""`tieline backfill`: some days read and restated anew, and nothing else."""

from __future__ import annotations

import os
import shutil
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.config import ConfigError
from tests.flows.conftest import (
    FIRST,
    assert_same,
    change,
    make_home,
    mbox,
    query,
    small_network,
    tables,
)
from tests.plain_night import fill, ingest, night, refill
from warehouse.connection import WarehouseBusyError, warehouse_lock

NETWORK = small_network(weeks=6)
SINCE, UNTIL = FIRST + timedelta(weeks=2), FIRST + timedelta(weeks=3, days=-1)
INSIDE = f"day BETWEEN '{SINCE}' AND '{UNTIL}'"
COUNTS = "SELECT ({where}), count(*) FROM {table} GROUP BY 1 ORDER BY 1"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("backfill") / "home", NETWORK)
    ingest(home)
    return home


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(loaded, tmp_path / "home", symlinks=True)


def counts(home: Path, table: str = "event") -> dict[bool, int]:
    return dict(query(home, COUNTS.format(where=INSIDE, table=table)))


def test_what_was_lost_in_the_window_comes_back(loaded: Path, home: Path) -> None:
    """Rows go missing inside and outside; only those inside are mended."""
    for table in ("event", "participation", "observed_event", "observed_participation"):
        change(home, f"DELETE FROM {table}")
    assert refill(home, SINCE, UNTIL).files == 7
    for table in ("event", "participation"):
        assert counts(home, table) == {True: counts(loaded, table)[True]}


def test_a_window_that_was_right_stays_as_it_was(loaded: Path, home: Path) -> None:
    assert refill(home, SINCE, UNTIL).files == 7
    assert_same(tables(home), tables(loaded))


def test_the_days_of_the_window_are_stale(home: Path) -> None:
    change(home, "DELETE FROM stale_day")
    done = refill(home, SINCE, UNTIL, ["board"])
    assert query(home, "SELECT min(day), max(day), count(*) FROM stale_day") == [(SINCE, UNTIL, 7)]
    origin = query(
        home, f"SELECT flow, since, until FROM run_origin WHERE run_id = '{done.run_id}'"
    )
    assert origin == [("backfill", SINCE, UNTIL)]


@pytest.mark.integration
def test_only_periods_of_the_window_are_computed(home: Path) -> None:
    """Every stored number is spoilt; the days of the window are right again, no other."""
    night(home)
    right = query(home, f"SELECT day, channel, s, t, w FROM tie_day WHERE {INSIDE} ORDER BY ALL")
    change(home, "UPDATE tie_day SET w = -1")
    done = fill(home, SINCE, UNTIL)
    assert (done.files, done.days) == (7, 7)
    assert done.release
    outside = "SELECT bool_and(w = -1), count(*) > 0 FROM tie_day WHERE NOT"
    assert query(home, f"{outside} ({INSIDE})") == [(True, True)]
    now = query(home, f"SELECT day, channel, s, t, w FROM tie_day WHERE {INSIDE} ORDER BY ALL")
    assert now == right


def test_a_changed_file_gives_the_window_and_the_night_the_rest(
    loaded: Path, home: Path, tmp_path: Path
) -> None:
    dropped = [m for m in NETWORK.mails if m.sent.date().isoformat() >= SINCE.isoformat()]
    kept = [m for m in NETWORK.mails if m not in dropped]
    for name in ("aqua", "bosk", "cura"):
        mine = [m for m in kept if any(f"@{name}." in person for person in m.people)]
        (home / f"incoming/{name}-mail.mbox").write_text(mbox(mine))
    refill(home, SINCE, UNTIL)
    messages = "SELECT {}, count(*) FROM event WHERE channel = 'message' GROUP BY 1 ORDER BY 1"
    now, then = (dict(query(one, messages.format(INSIDE))) for one in (home, loaded))
    assert now == {False: then[False]}  # none in the window, the later ones still there
    ingest(home)
    after = query(
        home, f"SELECT count(*) FROM event WHERE channel = 'message' AND day >= '{SINCE}'"
    )
    assert after == [(0,)]
    assert ingest(home).files == 0


def test_the_night_opens_what_only_a_backfill_has_seen(home: Path) -> None:
    """However long ago it was written: its size and time are those that the backfill saw."""
    settle = time.time() - 3600
    for path in (home / "incoming").iterdir():
        os.utime(path, (settle, settle))
    (home / "incoming/aqua-mail.mbox").write_text("")
    os.utime(home / "incoming/aqua-mail.mbox", (settle, settle))
    refill(home, SINCE, UNTIL)
    assert ingest(home).files == 1
    assert ingest(home).files == 0
    refill(home, SINCE, UNTIL)
    assert ingest(home).files == 0


def test_an_event_that_moved_out_of_the_window_is_not_lost(home: Path) -> None:
    moved = next(
        m
        for m in NETWORK.mails
        if SINCE <= m.sent.date() <= UNTIL and not any("aqua" in person for person in m.people)
    )
    later = moved._replace(sent=moved.sent + timedelta(weeks=2, days=2))
    for name in ("bosk", "cura"):
        mine = [m for m in NETWORK.mails if any(f"@{name}." in person for person in m.people)]
        box = mbox(later if m == moved else m for m in mine)
        (home / f"incoming/{name}-mail.mbox").write_text(box)
    day = later.sent.date()
    there = f"SELECT count(*) FROM event WHERE channel = 'message' AND day = '{day}'"
    everything = "SELECT count(*) FROM event"
    before, whole = query(home, there)[0][0], query(home, everything)
    change(home, "DELETE FROM stale_day")
    refill(home, SINCE, UNTIL)
    assert query(home, everything) == whole
    assert query(home, there) == [(before + 1,)]
    assert (day,) in query(home, "FROM stale_day")


def test_a_new_file_is_not_taken_for_read(home: Path) -> None:
    extra = NETWORK.mails[0]._replace(number=900), NETWORK.mails[-1]._replace(number=901)
    (home / "incoming/aqua-mail-extra.mbox").write_text(mbox(extra))
    before = query(home, "SELECT count(*) FROM event")[0][0]
    refill(home, FIRST, FIRST + timedelta(days=6))
    assert query(home, "SELECT count(*) FROM event") == [(before + 1,)]
    assert ingest(home).files == 1
    assert query(home, "SELECT count(*) FROM event") == [(before + 2,)]
    assert ingest(home).files == 0


def test_a_renamed_file_is_found_and_a_gone_one_told(home: Path) -> None:
    box = home / "incoming/bosk-mail.mbox"
    box.rename(box.with_name("bosk-mail-2.mbox"))
    (home / "incoming/cura-mail.mbox").unlink()
    done = refill(home, SINCE, UNTIL, ["bosk-mail", "cura-mail"])
    assert (done.files, done.gone) == (1, 1)
    assert ingest(home).files == 0


def test_a_source_that_got_another_name_is_still_the_same_one(loaded: Path, home: Path) -> None:
    """Also where a backfill is the first to meet it."""
    path = home / "tieline.toml"
    path.write_text(path.read_text().replace('name = "bosk-mail"', 'name = "post"'))
    refill(home, SINCE, UNTIL, ["post"])
    ingest(home)
    sources = "SELECT DISTINCT source FROM {} ORDER BY ALL"
    for table in ("source_file", "observation"):
        told = [row[0] for row in query(loaded, sources.format(table))]
        now = [row[0] for row in query(home, sources.format(table))]
        assert now == sorted({*told, "post"} - {"bosk-mail"})


def test_a_second_run_is_kept_out(home: Path) -> None:
    with (
        warehouse_lock(home / "warehouse/tieline.duckdb", 0, "the night"),
        pytest.raises(WarehouseBusyError, match="the night"),
    ):
        refill(home, SINCE, UNTIL)


@pytest.mark.parametrize(
    ("since", "until", "sources", "words"),
    [
        (UNTIL, SINCE, None, "is before since"),
        (SINCE, UNTIL, ["nobody"], "no source is called nobody"),
    ],
)
def test_wrong_windows(
    home: Path, since: date, until: date, sources: list[str] | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        fill(home, since, until, sources)
