"""`tieline run --dry-run`: what would be done, told without doing it."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.config_read import read_config
from flows.preview import preview
from quality.pace import expected_seconds
from tests.flows.conftest import FIRST, change, make_home, mbox, query, small_network
from tests.plain_night import ingest

NETWORK = small_network(weeks=4)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("dry") / "home", NETWORK)
    ingest(home)
    change(home, "DELETE FROM stale_day")
    return home


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(loaded, tmp_path / "home", symlinks=True)


def everything(home: Path) -> dict[str, str]:
    """What is in every file of the home; DuckDB makes an empty folder to spill to, no more."""
    return {
        str(path.relative_to(home)): blake2b(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file()
    }


def told(home: Path) -> list[str]:
    before = everything(home)
    lines = list(preview(read_config(home / "tieline.toml")))
    assert everything(home) == before
    assert lines[-1].startswith("Nothing was changed.")
    return lines


def test_before_the_first_run(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", NETWORK)
    (home / "secret/tieline.key").unlink()
    lines = told(home)
    assert lines[0].startswith("Would read 7 files, ")
    assert "  incoming/board.json: new, " in "\n".join(lines)
    assert any(line.startswith("How long it would take is not known") for line in lines)


def test_the_days_that_it_names_are_those_that_become_stale(home: Path) -> None:
    first, second = NETWORK.mails[0], NETWORK.mails[-3]
    box = home / "incoming/bosk-mail.mbox"
    mine = [m for m in NETWORK.mails if any("@bosk." in person for person in m.people)]
    box.write_text(mbox(m for m in mine if m not in (first, second)))
    new = first._replace(number=900, sent=first.sent + timedelta(days=5))
    (home / "incoming/aqua-mail-new.mbox").write_text(mbox([new]))
    (home / "incoming/cura-mail-bad.mbox").write_bytes(b"\x00\x01 no mail")
    change(home, "INSERT INTO run_stage VALUES ('a', 'read', 1, 1, 1, 1000), ('a', 'load', 1, 1, 1, 5),"
                 " ('a', 'transform', 30, 1, 1, 10), ('a', 'publish', 8, 1, 1, 1)")  # fmt: skip
    lines = told(home)
    text = "\n".join(lines)
    assert lines[0].startswith("Would read 3 files")
    assert "  incoming/aqua-mail-new.mbox: new, 1 event, " in text
    assert "  incoming/bosk-mail.mbox: changed, " in text
    assert re.search(r"incoming/cura-mail-bad.mbox: would be REFUSED: .*no mbox", text)
    assert re.search(r"Would take about [\d,]+ s .* publish 8\)", text)
    change(home, "DELETE FROM stale_day")
    ingest(home)
    stale = [day for (day,) in query(home, "FROM stale_day ORDER BY 1")]
    counted = re.search(r"Would restate (\d+) days?, .* between (\S+) and (\S+), and", text)
    assert counted
    assert counted.groups() == (str(len(stale)), str(stale[0]), str(stale[-1]))


def test_people_who_move(home: Path) -> None:
    path = home / "directory/people.csv"
    path.write_text(path.read_text().replace("aqua1@aqua.example,Aqua", "aqua1@aqua.example,Bosk"))
    change(home, "DELETE FROM stale_day")
    lines = told(home)
    assert lines[0] == "Nothing new to read."
    assert lines[1].startswith("Directories, domains or boundaries tell something else of ")
    assert str(FIRST) in "\n".join(lines)


def test_another_boundary_restates_days_without_events_too(home: Path) -> None:
    path = home / "directory/people.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},team", *(f"{row},T{row[4]}" for row in rows), ""]))
    settings = home / "tieline.toml"
    text = settings.read_text()
    settings.write_text(
        text.replace("[people]\n", '[people]\nboundaries = ["organisation", "team"]\n')
    )
    lines = told(home)
    ingest(home)
    days = query(home, "SELECT count(*) FROM stale_day")[0][0]
    assert days > query(home, "SELECT count(DISTINCT day) FROM event")[0][0]
    assert any(line.startswith(f"Would restate {days} days, ") for line in lines), lines


def test_directories_that_are_away_tell_what_they_told_last(home: Path) -> None:
    settings = home / "tieline.toml"
    settings.write_text(settings.read_text().replace('"directory/people.csv"', '"directory/*"'))
    ingest(home)
    change(home, "DELETE FROM stale_day")
    (home / "directory").rename(home / "aside")
    assert not any("tell something else" in line for line in told(home))
    ingest(home)
    assert query(home, "FROM stale_day") == []


def test_who_opted_out_is_left_out_here_too(home: Path) -> None:
    opted = home / "opted-out.txt"
    opted.write_text("bosk1@bosk.example\n")
    opted.chmod(0o600)
    settings = home / "tieline.toml"
    text = settings.read_text()
    settings.write_text(text.replace("[people]\n", '[people]\nexcluded = ["opted-out.txt"]\n'))
    ingest(home)
    change(home, "DELETE FROM stale_day")
    (home / "incoming/board.json").touch()
    assert told(home)[0] == "Nothing new to read."
    assert not any("tell something else" in line for line in told(home))
    (home / "incoming/aqua-mail-copy.mbox").write_bytes(
        (home / "incoming/aqua-mail.mbox").read_bytes() + b"\n"
    )
    lines = told(home)
    assert lines[0].startswith("Would read 1 file")
    assert ingest(home).files == 1
    stale = query(home, "SELECT count(*) FROM stale_day")[0][0]
    assert any(line.startswith(f"Would restate {stale} day") for line in lines) or not stale


def test_nothing_to_do(home: Path) -> None:
    """Models were never computed here, so that is all that is left."""
    lines = told(home)
    assert lines[0] == "Nothing new to read."
    assert lines[1].startswith("Would compute whole: ")


def test_pace_by_hand() -> None:
    assert expected_seconds([], 5) is None
    assert expected_seconds([(10, 4)], 20) == 8
    assert expected_seconds([(1, 3), (2, 5), (3, 7)], 10) == pytest.approx(21)  # 1 + 2 each
    # One night of eleven on a busy machine changes nothing.
    nights = [(float(n), 1 + 2.0 * n) for n in range(1, 12)]
    nights[5] = (6.0, 100.0)
    assert expected_seconds(nights, 20) == pytest.approx(41)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1e5)), max_size=12), st.integers(0, 10**7)
)  # fmt: skip
def test_pace_is_never_negative(history: list[tuple[int, float]], amount: int) -> None:
    seconds = expected_seconds(history, amount)
    assert (seconds is None) == (not history)
    assert seconds is None or seconds >= 0
