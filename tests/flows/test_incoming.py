"""Habits of a folder that partners deliver into: names, links, renames, half files, and very many of them."""

from __future__ import annotations

import gzip
import os
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import duckdb
import pytest

from flows import ingest
from flows.check import check_files
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.incoming import files_below, is_on_its_way, leads_out
from flows.key import read_key
from flows.plan import found_files, known_files, renamed, to_read
from flows.preview import preview
from flows.quarantined import discard, listed
from flows.status import _lines, status
from tests.plain_night import ingest as ingest_alone
from tests.plain_night import refill
from warehouse import identity, ledger, load, state
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = "time,from,to"
TOML = """[[source]]
name = "mail"
format = "csv"
files = "{files}"
mapping = {{ time = "time", sender = "from", recipient = "to" }}
"""


def mails(first: int, last: int) -> str:
    rows = [
        f"2026-03-{1 + n % 28:02}T09:{n % 60:02}:00Z,p{n}@een.example,q{n}@twee.example"
        for n in range(first, last)
    ]
    return "\n".join([HEAD, *rows, ""])


def old(path: Path, seconds: float = 3600) -> Path:
    """As if written an hour ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def put(home: Path, name: str, text: str) -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return old(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / SETTINGS).write_text(TOML.format(files="in/*"))
    put(tmp_path / "home", "in/a.csv", mails(0, 40))
    return tmp_path / "home"


class Night:
    """Reading and loading as a run does it, and what was read."""

    def __init__(self, home: Path, during: Callable[[], None] = lambda: None) -> None:
        config = read_config(home / SETTINGS)
        key = read_key(config)
        self.read: list[str] = []
        self.refused: list[str] = []
        with open_warehouse(config.warehouse) as con, open_warehouse(config.identity) as people:
            load.create(con)
            identity.create(people)
            load.clear_stage(con)
            from datetime import UTC, datetime

            run_id = state.next_run_id(con, datetime.now(UTC))
            state.begin_run(con, run_id, datetime.now(UTC))
            there, self.aside = found_files(config, known_files(con))
            self.moved = renamed(con, there)
            ledger.follow(con, self.moved)
            ingest.note_left_aside(con, self.aside)
            ingest.forget_refusals(con, there)
            for file in to_read(con, there):
                during()
                read = ingest.stage_file(con, people, config, file, key, run_id)
                (self.refused if read.refused else self.read).append(file.label)
                if read.refused:
                    self.reason = read.refused
            told = ingest.read_directories(con, people, config)
            found = ingest.stage_people(con, people, config, told, key)
            ingest.check_and_load(con, config, found, run_id=run_id, batch=1)


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def events(home: Path) -> int:
    return ask(home, "SELECT count(*) FROM event")[0][0]


# --- names and links -----------------------------------------------------------------------------


def test_what_is_on_its_way_is_left_alone(home: Path) -> None:
    for name in (
        "b.csv.part",
        "b.csv.tmp",
        "~$b.csv",
        ".b.csv",
        "b.csv.filepart",
        "b.csv~",
        "B.CRDOWNLOAD",
    ):
        assert is_on_its_way(name)
        put(home, f"in/{name}", mails(40, 60))
    assert not is_on_its_way("part.csv")
    assert Night(home).read == ["in/a.csv"]
    (home / "in/b.csv.part").rename(home / "in/b.csv")
    assert Night(home).read == ["in/b.csv"]
    assert events(home) == 60


def test_a_name_that_is_not_utf8_is_shown_escaped(home: Path) -> None:
    """As unzip and servers of other character sets leave it."""
    put(home, os.fsdecode(b"in/M\xfcller.csv"), mails(40, 60))
    assert Night(home).read == ["in/M\\xfcller.csv", "in/a.csv"]
    assert Night(home).read == []
    assert events(home) == 60


def test_a_zip_without_compression_is_a_folder_too(home: Path) -> None:
    """Its bytes hold the beginning of a calendar, as a calendar does."""
    (home / SETTINGS).write_text(
        '[[source]]\nname = "agenda"\nformat = "icalendar"\nfiles = "in/*.zip"\n'
    )
    with ZipFile(home / "in/agendas.zip", "w") as packed:
        for name in "ab":
            packed.writestr(
                f"{name}.ics",
                f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:{name}\r\nEND:VCALENDAR\r\n",
            )
    found = found_files(read_config(home / SETTINGS)).files
    assert [file.label for file in found] == ["in/agendas.zip/a.ics", "in/agendas.zip/b.ics"]


def test_what_is_left_aside_is_told_though_nothing_else_comes(home: Path) -> None:
    (home / SETTINGS).write_text(
        '[[source]]\nname = "agenda"\nformat = "icalendar"\nfiles = "in"\n'
    )
    put(home, "in/b.ics", calendar(2))
    ingest_alone(home)
    put(home, "in/notes.docx", "no calendar")
    put(home, "in/jan@een.example.ics.gz", "").write_bytes(
        gzip.compress(calendar(20).encode())[:-20]
    )
    done = ingest_alone(home)
    aside = "SELECT reason FROM quarantine WHERE starts_with(reason, 'left aside')"
    assert any("notes.docx" in reason for (reason,) in ask(home, aside))
    [refused] = done.refused
    assert refused.startswith("in/…@een.example.ics.gz: ")
    config = read_config(home / SETTINGS)
    assert any(one.words.startswith("in/…@een.example.ics.gz: ") for one in status(config).needs)
    assert discard(config, ["in/jan@een.example.ics.gz"], 0) == 1
    assert not ingest_alone(home).refused
    (home / "in/notes.docx").unlink()
    ingest_alone(home)
    assert not any("notes.docx" in reason for (reason,) in ask(home, aside))


def test_a_packed_file_that_is_cut_off_needs_somebody(home: Path) -> None:
    """What comes out of it tells whose it may be; where nothing does, it may be anybody's."""
    (home / SETTINGS).write_text(
        TOML.format(files="in")
        + '[[source]]\nname = "agenda"\nformat = "icalendar"\nfiles = "in"\n'
    )
    packed = gzip.compress(mails(40, 90).encode())
    put(home, "in/b.csv.gz", "").write_bytes(packed[: len(packed) // 2])
    with ZipFile(home / "in/c.zip", "w") as archive:
        archive.writestr("c.csv", mails(90, 100))
    put(home, "in/d.zip", "").write_bytes((home / "in/c.zip").read_bytes()[:-30])
    put(home, "in/notes.docx", "no table")
    assert Night(home).read == ["in/a.csv", "in/c.zip"]
    found = status(read_config(home / SETTINGS))
    refused = [one.words.partition(":")[0] for one in found.needs if one.kind == "refused"]
    assert sorted(refused) == ["in/b.csv.gz", "in/d.zip"], "each once"
    assert found.aside == 2, "of both sources"
    assert any(line.startswith("Left aside  files of 2 folders") for line in _lines(found))


def test_what_is_left_aside_stays_told_after_a_backfill(home: Path) -> None:
    (home / SETTINGS).write_text(TOML.format(files="in"))
    put(home, "in/notes.docx", "no table")
    ingest_alone(home)
    aside = "SELECT count(*) FROM quarantine WHERE starts_with(reason, 'left aside')"
    assert ask(home, aside) == [(1,)]
    refill(home, date(2026, 3, 1), date(2026, 3, 2))
    assert ask(home, aside) == [(1,)]


def test_a_refused_file_of_an_archive_has_its_name_and_can_be_given_up(home: Path) -> None:
    with ZipFile(home / "in/both.zip", "w") as packed:
        packed.writestr("good.csv", mails(40, 60))
        packed.writestr("bad.csv", "when,who,what\n1,2,3\n")
    assert [words.partition(":")[0] for words in ingest_alone(home).refused] == [
        "in/both.zip/bad.csv"
    ]
    config = read_config(home / SETTINGS)
    assert any(one.words.startswith("in/both.zip/bad.csv: ") for one in status(config).needs)
    assert discard(config, ["in/both.zip/bad.csv"], 0) == 1
    assert not ingest_alone(home).refused
    assert status(config).needs == []


def test_without_a_run_log_files_are_known_by_when_they_were_read(home: Path) -> None:
    """As in a warehouse that was made anew from the lake."""
    ingest_alone(home)
    config = read_config(home / SETTINGS)
    with open_warehouse(config.warehouse) as con:
        known = known_files(con)
        con.execute("DELETE FROM run")
        assert len(known) == 1
        assert known_files(con) == known


def calendar(meetings: int) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for n in range(1, meetings + 1):
        lines += [
            "BEGIN:VEVENT", f"UID:{n}", f"DTSTART:202603{n:02}T100000Z", f"DTEND:202603{n:02}T110000Z",
            "ORGANIZER:mailto:a@een.example", "ATTENDEE:mailto:b@twee.example", "END:VEVENT",
        ]  # fmt: skip
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def test_a_link_out_of_the_folder_is_not_followed(home: Path, tmp_path: Path) -> None:
    secret = put(tmp_path, "elsewhere/secret.csv", mails(100, 140))
    (home / "in/link.csv").symlink_to(secret)
    (home / "in/inside.csv").symlink_to(home / "in/a.csv")
    (home / "in/dangling.csv").symlink_to(home / "in/nothing")
    night = Night(home)
    assert night.read == ["in/a.csv"], "the link within is a copy, and read once"
    assert [one.label for one in night.aside] == ["in/link.csv"]
    assert events(home) == 40
    assert "leads out of its folder" in ask(home, "SELECT reason FROM quarantine")[0][0]


def test_links_of_folders_and_of_the_named_folder_itself(tmp_path: Path) -> None:
    real = tmp_path / "share"
    put(real, "a.csv", mails(0, 3))
    (tmp_path / "in").symlink_to(real)  # the team's own choice
    assert leads_out(tmp_path / "in/a.csv", tmp_path / "in") == ""
    (real / "sub").symlink_to(tmp_path / "other")
    put(tmp_path / "other", "b.csv", mails(3, 6))
    assert leads_out(tmp_path / "in/sub/b.csv", tmp_path / "in") != ""


def test_links_in_a_folder_source(home: Path, tmp_path: Path) -> None:
    (home / SETTINGS).write_text(TOML.format(files="in"))
    put(tmp_path, "elsewhere/secret.csv", mails(100, 140))
    (home / "in/link.csv").symlink_to(tmp_path / "elsewhere/secret.csv")
    (home / "in/folder").symlink_to(tmp_path / "elsewhere")
    assert Night(home).read == ["in/a.csv"]
    assert events(home) == 40


# --- the same file, changed ----------------------------------------------------------------------


def test_a_renamed_file_is_followed_and_not_read_again(home: Path) -> None:
    Night(home)
    before = ask(home, "FROM event ORDER BY ALL"), ask(home, "FROM participation ORDER BY ALL")
    (home / "in/a.csv").rename(home / "in/2026-03.csv")
    night = Night(home)
    assert (night.read, len(night.moved)) == ([], 1)
    assert ask(home, "SELECT path FROM source_file") == [("in/2026-03.csv",)]
    assert (
        ask(home, "FROM event ORDER BY ALL"),
        ask(home, "FROM participation ORDER BY ALL"),
    ) == before
    put(home, "in/2026-03.csv", mails(0, 30))  # and under its new name it is corrected
    assert Night(home).read == ["in/2026-03.csv"]
    assert events(home) == 30, "what only the old name showed would have stayed"


def test_a_renamed_file_is_followed_though_it_has_to_be_read_anew(home: Path) -> None:
    """On the first night of a year all calendars are, and whenever somebody is let in again."""
    Night(home)
    (home / "in/a.csv").rename(home / "in/2026-03.csv")
    with (home / SETTINGS).open("a") as settings:
        settings.write('[network]\ntime_zone = "UTC"\n')
    assert Night(home).read == ["in/2026-03.csv"]
    assert ask(home, "SELECT path FROM source_file") == [("in/2026-03.csv",)]
    put(home, "in/2026-03.csv", mails(0, 30))
    Night(home)
    assert events(home) == 30, "what only the old name showed would have stayed"


def test_a_copy_takes_over_from_what_was_deleted(home: Path) -> None:
    Night(home)
    put(home, "in/b.csv", mails(0, 40))
    assert (Night(home).read, Night(home).moved) == ([], [])
    (home / "in/a.csv").unlink()
    assert len(Night(home).moved) == 1
    assert ask(home, "SELECT path FROM source_file") == [("in/b.csv",)]


def test_a_zip_of_one_file_that_comes_with_more_replaces_what_it_showed(home: Path) -> None:
    with ZipFile(home / "in/x.zip", "w") as packed:
        packed.writestr("march.csv", mails(40, 60))
    Night(home)
    assert events(home) == 60
    with ZipFile(home / "in/x.zip", "w") as packed:
        packed.writestr("april.csv", mails(100, 110))
        packed.writestr("march.csv", mails(45, 60))  # five are taken back
    assert Night(home).read == ["in/x.zip/april.csv", "in/x.zip/march.csv"]
    assert Night(home).read == []
    assert events(home) == 40 + 15 + 10
    assert ask(home, "SELECT path FROM source_file ORDER BY ALL") == [
        ("in/a.csv",), ("in/x.zip/april.csv",), ("in/x.zip/march.csv",),
    ]  # fmt: skip


def test_a_deleted_file_keeps_what_it_showed(home: Path) -> None:
    Night(home)
    (home / "in/a.csv").unlink()
    assert Night(home).read == []
    assert events(home) == 40


def test_one_that_comes_back_changed_replaces_what_it_showed(home: Path) -> None:
    Night(home)
    (home / "in/a.csv").unlink()
    Night(home)
    put(home, "in/a.csv", mails(10, 50))
    assert Night(home).read == ["in/a.csv"]
    assert events(home) == 40


def test_a_file_of_few_records_left_is_told(home: Path) -> None:
    Night(home)
    put(home, "in/a.csv", mails(0, 5))
    Night(home)
    assert (
        "holds 5 records, and held 40 the last time"
        in ask(home, "SELECT reason FROM quarantine")[0][0]
    )
    put(home, "in/a.csv", mails(0, 45))
    Night(home)
    assert ask(home, "FROM quarantine") == []
    assert events(home) == 45


def test_a_file_that_becomes_a_folder_is_read_as_one(home: Path) -> None:
    (home / SETTINGS).write_text(TOML.format(files="in/a.csv"))
    Night(home)
    (home / "in/a.csv").unlink()
    put(home, "in/a.csv/part1.csv", mails(40, 60))
    assert Night(home).read == ["in/a.csv/part1.csv"]
    assert events(home) == 60


# --- files that cannot be read now ---------------------------------------------------------------


def test_a_file_written_to_while_it_is_read_waits_for_the_next_run(home: Path) -> None:
    def more() -> None:
        with (home / "in/a.csv").open("a") as file:
            file.write(mails(40, 42).partition("\n")[2])

    night = Night(home, during=more)
    assert night.refused == ["in/a.csv"]
    assert "written to while it was read" in night.reason
    assert events(home) == 0
    assert Night(home).read == ["in/a.csv"]
    assert events(home) == 42
    assert ask(home, "FROM quarantine") == []


def test_a_file_that_goes_while_the_run_reads_is_refused_alone(home: Path) -> None:
    put(home, "in/b.csv", mails(40, 60))
    left = [home / "in/b.csv"]

    def gone() -> None:
        if len(left) == 1:
            left.append(home)
            (home / "in/b.csv").unlink()

    night = Night(home, during=gone)
    assert (night.read, night.refused) == (["in/a.csv"], ["in/b.csv"])
    assert events(home) == 40


def test_a_file_that_may_not_be_opened_is_refused_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home, "in/b.csv", mails(40, 60))
    (home / "in/b.csv").chmod(0)
    if os.access(home / "in/b.csv", os.R_OK):  # root may read everything
        real = Path.open

        def denied(self: Path, *args: object, **named: object) -> object:
            if self.name == "b.csv":
                raise PermissionError(13, "Permission denied", str(self))
            return real(self, *args, **named)

        monkeypatch.setattr(Path, "open", denied)
    night = Night(home)
    assert (night.read, night.refused) == (["in/a.csv"], ["in/b.csv"])
    assert (
        night.reason == "cannot be opened (Permission denied); mend its rights, or deliver it again"
    )


# --- folders that may not be opened --------------------------------------------------------------

NOBODY = 65534


def as_nobody(home: Path, said: Callable[[], list[str]]) -> list[str]:
    """What an account says that has no rights here but what everybody has."""
    for folder in (home, *home.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path(folder.anchor):
            folder.chmod(folder.stat().st_mode | 0o011)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        if os.geteuid() == 0:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        os.write(write, "\n".join(said()).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        return told.read().splitlines()


@pytest.fixture
def closed(home: Path) -> Iterator[Path]:
    """Folders that nobody may list (in/shut), or list and no more (in/named, in/deep/named)."""
    put(home, "in/shut/b.csv", mails(40, 60))
    put(home, "in/named/c.csv", mails(60, 80))
    put(home, "in/deep/named/sub/d.csv", mails(80, 90))
    put(home, "in/lost+found/e.csv", mails(80, 90))
    put(home, "in/.snapshot/e.csv", mails(80, 90))
    (home / "in/deep").chmod(0o755)
    (home / "in").chmod(0o755)
    modes = {"shut": 0, "named": 0o444, "deep/named": 0o444, "lost+found": 0, ".snapshot": 0}
    for name, mode in modes.items():
        (home / "in" / name).chmod(mode)
    yield home
    for name in modes:
        (home / "in" / name).chmod(0o755)


def test_a_closed_folder_stands_for_what_is_in_it(closed: Path) -> None:
    config = read_config(closed / SETTINGS)
    told = as_nobody(closed, lambda: [*map(config.relative, files_below(closed / "in"))])
    assert told == ["in/a.csv", "in/deep/named", "in/named", "in/shut"]


@pytest.mark.parametrize(
    ("glob", "folders"),
    [
        ("in/**/*.csv", ["in/deep/named", "in/named", "in/shut"]),
        ("in/*/*.csv", ["in/named", "in/shut"]),
        ("in/*.csv", []),
        ("in/shut/b.csv", ["in/shut"]),
        ("in/named/*.csv", ["in/named"]),
        ("in/shut/sub", ["in/shut"]),
        ("nowhere/*.csv", []),
    ],
)
def test_folders_that_a_glob_passes_over(closed: Path, glob: str, folders: list[str]) -> None:
    config = read_config(closed / SETTINGS)
    told = as_nobody(closed, lambda: [*map(config.relative, config.closed(glob))])
    assert told == folders


@pytest.mark.parametrize("files", ["in", "in/**/*.csv"])
def test_a_folder_that_may_not_be_opened_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, files: str
) -> None:
    (home / SETTINGS).write_text(TOML.format(files=files))
    put(home, "in/sub/b.csv", mails(40, 60))
    ingest_alone(home)
    assert events(home) == 60
    real = os.scandir

    def denied(path: str | Path) -> object:  # root may read everything
        if str(path) == str(home / "in/sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    config = read_config(home / SETTINGS)
    words = "in/sub: a folder that cannot be opened; mend its rights"
    with monkeypatch.context() as closing:
        closing.setattr(os, "scandir", denied)
        assert ingest_alone(home).refused == [words]
        assert ingest_alone(home).refused == [words], "every night"
        assert [one.words for one in status(config).needs] == [words]
        assert listed(config).select("source", "file", "what").rows() == [
            ("mail", "in/sub", "file")
        ]
        assert words in check_files(config).problems
        assert f"  {words.replace(': ', ': would be REFUSED: ')}" in list(preview(config))
        assert refill(home, date(2026, 3, 1), date(2026, 3, 31)).gone == 0
        assert events(home) == 60
        assert discard(config, ["in/sub"], 0) == 1
        assert ingest_alone(home).refused == []
    put(home, "in/sub/b.csv", mails(40, 70))
    assert ingest_alone(home).refused == []
    assert events(home) == 70
    assert status(config).needs == []


# --- very many files -----------------------------------------------------------------------------


def test_a_file_that_nobody_wrote_to_is_not_opened_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Night(home)
    read: list[Path] = []
    monkeypatch.setattr("flows.plan.fingerprint", lambda path: read.append(path) or "other")
    assert Night(home).read == []
    assert read == []
    old(home / "in/a.csv", 60)
    assert Night(home).read == ["in/a.csv"]


def test_a_file_just_written_is_looked_into_again(home: Path) -> None:
    """Two writes within a clock's step, of one size: time and size would not tell."""
    path = home / "in/a.csv"
    path.write_text(mails(10, 20))
    Night(home)
    facts = path.stat()
    path.write_text(mails(20, 30))
    assert path.stat().st_size == facts.st_size
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert Night(home).read == ["in/a.csv"]
    assert ask(home, "SELECT min(started_at)::VARCHAR FROM event") == [("2026-03-01 09:28:00",)]


@pytest.mark.slow
def test_planning_keeps_up_with_200000_files(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text(TOML.format(files="in/**/*.csv"))
    for folder in range(200):
        place = tmp_path / "in" / f"{folder:03}"
        place.mkdir(parents=True)
        for number in range(1000):
            old(place / f"{number}.csv") if (place / f"{number}.csv").write_text(
                f"{HEAD}\n2026-03-01T09:00:00Z,p{number}@a.example,q{folder}@b.example\n"
            ) else None
    config = read_config(tmp_path / SETTINGS)
    with open_warehouse(config.warehouse) as con:
        load.create(con)
        con.execute(
            "INSERT INTO run VALUES ('r', now()::TIMESTAMP, NULL, 'succeeded', 0,0,0,0,0,0,0, NULL)"
        )
        clock = time.process_time()
        there = found_files(config, known_files(con)).files
        first = time.process_time() - clock
        assert len(there) == len(to_read(con, there)) == 200_000
        import polars as pl

        rows = pl.DataFrame(
            {
                "file_id": [f.file_id for f in there], "path": [f.label for f in there],
                "content": [f.content for f in there], "settings": [f.settings for f in there],
                "bytes": [f.size for f in there], "modified_ns": [f.modified_ns for f in there],
            }
        )  # fmt: skip
        con.register("read", rows)
        con.execute(
            "INSERT INTO source_file SELECT file_id, 'mail', 'mail', 'csv', path, content, settings, bytes,"
            " modified_ns, 1, 1, 1, 0, 0, 0, 0, DATE '2026-03-01', DATE '2026-03-01', 'r' FROM read"
        )
        clock = time.process_time()
        again = found_files(config, known_files(con)).files
        moved = renamed(con, again)
        ingest.forget_refusals(con, again)
        chosen = to_read(con, again)
        later = time.process_time() - clock
    assert (moved, chosen) == ([], [])
    print(f"\n200,000 files: first plan {first:.1f} s CPU, every later one {later:.1f} s")
    assert later < 60
