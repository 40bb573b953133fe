"""Archives are read as folders, nothing is unpacked, and what is not read is told."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zipfile
from contextlib import suppress
from pathlib import Path
from shutil import make_archive
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.config import SourceFiles
from flows.config_read import read_config
from flows.ingest import note_left_aside
from flows.plan import Found, found_files, summary, without_path
from tests.sources.golden import EVERYTHING, whole
from transforms.sources import SOURCES, limits
from transforms.sources.archives import members
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.opening import head
from warehouse import load

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
MBOX = (HERE / "mbox" / "golden.mbox").read_bytes()
ICS = (HERE / "icalendar" / "meetings.ics").read_bytes()
PHOTO = b"\xff\xd8\xff\xe0 a picture"


def pack(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def found(home: Path, *, form: str = "mbox", files: str = "incoming/*") -> Found:
    settings = f'[[source]]\nname = "s"\nformat = "{form}"\nfiles = "{files}"\n'
    (home / "tieline.toml").write_text(settings)
    return found_files(read_config(home / "tieline.toml", home))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "incoming").mkdir()
    return tmp_path


def labels(there: Found) -> list[str]:
    return [file.label for file in there.files]


def reasons(there: Found) -> dict[str, str]:
    return {one.label.removeprefix("incoming/"): one.reason for one in there.aside}


# --- whole exports ----------------------------------------------------------------------------


TAKEOUT = {
    "Takeout/archive_browser.html": b"<html>",
    "Takeout/Calendar/Werk.ics": ICS,
    "Takeout/Mail/All mail.mbox": MBOX,
    "Takeout/Mail/Old.mbox.gz": gzip.compress(MBOX),
    "Takeout/Photos/1.jpg": PHOTO,
    "__MACOSX/Takeout/Mail/._All mail.mbox": b"\0",
}


IN_TAKEOUT = pytest.mark.parametrize(
    ("form", "files", "plain"),
    [
        ("mbox", ["Takeout/Mail/All mail.mbox", "Takeout/Mail/Old.mbox.gz"], "mbox/golden.mbox"),
        ("icalendar", ["Takeout/Calendar/Werk.ics"], "icalendar/meetings.ics"),
    ],
)


@IN_TAKEOUT
def test_a_takeout_is_read_as_a_folder_of_its_format(
    home: Path, form: str, files: list[str], plain: str
) -> None:
    pack(home / "incoming" / "takeout.zip", TAKEOUT)
    assert_read_as_a_folder(home, "takeout.zip", form, files, plain)


def assert_read_as_a_folder(
    home: Path, packing: str, form: str, files: list[str], plain: str
) -> None:
    there = found(home, form=form)
    assert labels(there) == [f"incoming/{packing}/{name}" for name in files]
    expected = whole(SOURCES[form], HERE / plain)
    for file in there.files:
        read = whole(SOURCES[form], file.path)
        assert_frame_equal(read.events, expected.events)
        assert_frame_equal(read.participations, expected.participations)
        assert_frame_equal(read.rejects, expected.rejects)
    shown = {*TAKEOUT} - {*files, "__MACOSX/Takeout/Mail/._All mail.mbox"}
    assert reasons(there) == {f"{packing}/{name}": f"no {form} in it" for name in shown}


GOLDEN = [
    ("jira", "jira/issues.json", {}),
    ("github", "github/records.json", {}),
    ("git-log", "git_log/log.tsv", {}),
    ("message-trace", "message_trace/extended.csv", {}),
    ("google-events", "google_events/events.json", {}),
    ("csv", "generic/tickets.csv", {"time": "When", "person": "E-mail"}),
    ("ndjson", "generic/meetings.ndjson", {"time": "start", "person": "who.mail"}),
]


@pytest.mark.parametrize(("form", "plain", "mapping"), GOLDEN)
@pytest.mark.parametrize("packing", ["zip of one", "zip of many", "gzip", "gzip in a zip"])
def test_every_reader_reads_through_every_packing(
    home: Path, form: str, plain: str, mapping: dict[str, str], packing: str
) -> None:
    data, name = (HERE / plain).read_bytes(), Path(plain).name
    path = home / "incoming" / "export.zip"
    if packing == "gzip":
        path = home / "incoming" / f"{name}.gz"
        path.write_bytes(gzip.compress(data))
    elif packing == "zip of one":
        pack(path, {name: data})
    else:
        inside = gzip.compress(data) if packing == "gzip in a zip" else data
        pack(path, {"1.jpg": PHOTO, f"pages/{name}": inside}, zipfile.ZIP_STORED)
    (file,) = found(home, form=form).files
    options = Options(mapping=mapping)
    read, expected = (whole(SOURCES[form], one, options) for one in (file.path, HERE / plain))
    assert_frame_equal(read.events, expected.events)
    assert_frame_equal(read.rejects, expected.rejects)
    assert read.records == expected.records


@pytest.mark.parametrize("packing", ["plain", "gzip", "zip of many"])
def test_parquet_is_read_through_a_packing(home: Path, packing: str) -> None:
    data = io.BytesIO()
    pl.DataFrame({"at": ["2026-02-02"] * 3, "who": ["a@x.example"] * 3}).write_parquet(data)
    path = home / "incoming" / "table"
    if packing == "zip of many":
        pack(path, {"a": data.getvalue(), "b": b"no table"})
    else:
        path.write_bytes(gzip.compress(data.getvalue()) if packing == "gzip" else data.getvalue())
    (file,) = found(home, form="parquet").files
    batch = whole(SOURCES["parquet"], file.path, Options(mapping={"time": "at", "person": "who"}))
    assert (batch.records, batch.duplicates) == (3, 2)


def test_an_archive_that_is_one_export_stays_whole(home: Path) -> None:
    make_archive(str(home / "incoming" / "slack"), "zip", HERE / "slack" / "export")
    assert labels(found(home, form="slack")) == ["incoming/slack.zip"]
    assert found(home, form="slack").aside == []


def test_a_folder_is_read_as_an_archive_is(home: Path) -> None:
    mail = home / "incoming" / "mail"
    (mail / "2026" / ".git").mkdir(parents=True)
    (mail / "2026" / "a.mbox").write_bytes(MBOX)
    (mail / "2026" / ".git" / "b.mbox").write_bytes(MBOX)
    (mail / "photo.jpg").write_bytes(PHOTO)
    pack(mail / "more.zip", {"c.mbox": MBOX, "d.txt": b"a word"})
    pack(mail / "none.zip", {"c.txt": b"a word", "d.txt": b"a word"})
    there = found(home, files="incoming/mail")
    assert labels(there) == ["incoming/mail/2026/a.mbox", "incoming/mail/more.zip/c.mbox"]
    assert list(reasons(there)) == [
        "mail/more.zip/d.txt",
        "mail/none.zip",
        "mail/none.zip/c.txt",
        "mail/none.zip/d.txt",
        "mail/photo.jpg",
    ]


def test_what_is_left_aside_is_told_in_the_ledger(home: Path) -> None:
    photos = {f"{number}.jpg": PHOTO for number in range(8)}
    pack(home / "incoming" / "takeout.zip", {"a.mbox": MBOX, **photos})
    aside = found(home).aside
    ((source, holder, words),) = summary(aside)
    assert (source.name, holder) == ("s", "incoming/takeout.zip")
    assert words == ("left aside: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg and 3 more: no mbox in it")
    with duckdb.connect() as con:
        load.create(con)
        for _ in range(2):
            load.clear_stage(con)
            note_left_aside(con, aside)
            note_left_aside(con, [])
        rows = con.execute("SELECT place, stage, reason FROM stage.quarantine").fetchall()
    assert rows == [("file", "read", words)]


# --- what is the same file --------------------------------------------------------------------


def test_a_member_is_the_same_in_an_archive_that_is_made_again(home: Path) -> None:
    path = home / "incoming" / "takeout.zip"
    pack(path, {"a.mbox": MBOX, "b.mbox": MBOX + b"\n", "c": PHOTO})
    before = {file.label: (file.file_id, file.content) for file in found(home).files}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.jpg", PHOTO)
        archive.writestr(
            zipfile.ZipInfo("b.mbox", (1999, 1, 1, 0, 0, 0)), MBOX, zipfile.ZIP_DEFLATED
        )
        archive.writestr(
            zipfile.ZipInfo("a.mbox", (1999, 1, 1, 0, 0, 0)), MBOX, zipfile.ZIP_DEFLATED
        )
    os.utime(path, (1, 1))
    after = {file.label: (file.file_id, file.content) for file in found(home).files}
    one, other = "incoming/takeout.zip/a.mbox", "incoming/takeout.zip/b.mbox"
    assert after[one] == before[one]
    assert after[other][0] == before[other][0]
    assert after[other][1] == after[one][1] != before[other][1]


# --- what no export looks like ----------------------------------------------------------------


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def locked(data: bytes) -> bytes:
    """The flag of encryption set in every header of a zip."""
    changed = bytearray(data)
    for mark, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            changed[at + flag] |= 1
            at = data.find(mark, at + 1)
    return bytes(changed)


STRANGE = "a name that no export has (it leads out of the archive, or cannot be shown)"


@pytest.mark.parametrize(
    "name", ["../x.mbox", "a/../../x.mbox", "/etc/x.mbox", "C:/x.mbox", "..\\x.mbox", "a\nb.mbox"]
)
def test_a_name_that_leads_out_is_left_aside(home: Path, name: str) -> None:
    pack(home / "incoming" / "x.zip", {name: MBOX, "good.mbox": MBOX})
    there = found(home)
    assert labels(there) == ["incoming/x.zip/good.mbox"]
    assert [one.reason for one in there.aside] == [STRANGE]
    assert there.aside[0].label.startswith("incoming/x.zip/")
    assert "\n" not in there.aside[0].label


def test_a_name_that_leads_out_is_refused_when_it_is_alone(home: Path) -> None:
    path = pack(home / "incoming" / "x.zip", {"../../x.mbox": MBOX})
    with pytest.raises(UnreadableFileError, match="leads out of the archive"):
        whole(SOURCES["mbox"], path)


def test_a_link_is_not_followed(home: Path) -> None:
    (home / "secret.mbox").write_bytes(MBOX)
    with zipfile.ZipFile(home / "incoming" / "x.zip", "w") as archive:
        archive.writestr(link("a.mbox"), str(home / "secret.mbox"))
        archive.writestr("b.mbox", MBOX)
    there = found(home)
    assert labels(there) == ["incoming/x.zip/b.mbox"]
    assert reasons(there) == {"x.zip/a.mbox": "a link to another file, which is not followed"}


def test_a_zip_in_a_zip_is_left_aside(home: Path) -> None:
    inner = pack(home / "inner.zip", {"a.mbox": MBOX}).read_bytes()
    pack(home / "incoming" / "x.zip", {"inner.zip": inner, "b.mbox": MBOX})
    there = found(home)
    assert labels(there) == ["incoming/x.zip/b.mbox"]
    assert reasons(there) == {
        "x.zip/inner.zip": "a zip within an archive, which is not read; unpack the outer one first"
    }
    alone = pack(home / "alone.zip", {"inner.zip": inner})
    with pytest.raises(UnreadableFileError, match="a zip within an archive"):
        whole(SOURCES["mbox"], alone)


def test_a_password_is_told(home: Path) -> None:
    path = pack(home / "incoming" / "x.zip", {"a.mbox": MBOX, "b.mbox": MBOX})
    path.write_bytes(locked(path.read_bytes()))
    there = found(home)
    assert {*reasons(there).values()} == {
        "locked with a password; export it without one, or unpack it first"
    }
    assert labels(there) == ["incoming/x.zip"]  # which a run refuses, so that somebody sees it
    with pytest.raises(UnreadableFileError, match="the zip holds 2 files, and no single one"):
        whole(SOURCES["mbox"], there.files[0].path)


def test_of_two_files_of_one_name_the_last_is_read(home: Path) -> None:
    path = home / "incoming" / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.mbox", MBOX)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.mbox", MBOX * 2)
    there = found(home)
    assert labels(there) == ["incoming/x.zip/a.mbox"]
    assert reasons(there) == {"x.zip/a.mbox": "a later one has its name"}
    assert head(there.files[0].path, 1 << 20) == MBOX * 2


def test_another_way_of_packing_is_told(home: Path) -> None:
    pack(home / "incoming" / "x.zip", {"a.mbox": MBOX, "b.mbox": MBOX}, zipfile.ZIP_LZMA)
    assert all("method 14" in reason for reason in reasons(found(home)).values())


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" * 99])
def test_no_zip_at_all(home: Path, data: bytes) -> None:
    path = home / "incoming" / "x.zip"
    path.write_bytes(data)
    (file,) = found(home).files
    with pytest.raises(UnreadableFileError) as refused:
        whole(SOURCES["mbox"], file.path)
    assert "\n" not in without_path(refused.value, path)


def test_every_cut_and_every_changed_byte_of_a_zip_is_borne(tmp_path: Path) -> None:
    data = pack(tmp_path / "a.zip", {"a.mbox": MBOX[:400], "ö.ics": ICS[:400]}).read_bytes()
    path = tmp_path / "b.zip"
    for at in range(0, len(data), 3):
        for broken in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            path.write_bytes(broken)
            os.utime(path, ns=(at, at * 2 + len(broken)))
            try:
                held = members(path)
            except UnreadableFileError:
                continue
            for one in held:
                for reader in ("mbox", "icalendar"):
                    with suppress(UnreadableFileError):
                        list(SOURCES[reader].read(one.path, EVERYTHING))


def test_more_files_than_an_export_has(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMBERS", 10)
    path = pack(home / "incoming" / "x.zip", {f"{n}.mbox": MBOX for n in range(11)})
    (file,) = found(home).files
    with pytest.raises(UnreadableFileError, match="the zip holds 11 files, more than 10"):
        whole(SOURCES["mbox"], file.path)
    assert file.path == path


def test_a_source_may_name_one_file_of_an_archive(home: Path) -> None:
    pack(home / "incoming" / "x.zip", {"a.mbox": MBOX, "b.mbox": MBOX})
    assert labels(found(home, files="incoming/x.zip")) == [
        "incoming/x.zip/a.mbox",
        "incoming/x.zip/b.mbox",
    ]
    assert isinstance(found(home).files[0].source, SourceFiles)
