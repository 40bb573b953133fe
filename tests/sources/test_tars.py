"""Tar archives are read as zips are: as folders, nothing is unpacked, and what is not read is told."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flows.config import Config
from flows.config_read import read_config
from flows.plan import found_files
from flows.survey import survey
from tests.sources.golden import EVERYTHING, whole
from tests.sources.test_archives import (
    ICS,
    IN_TAKEOUT,
    MBOX,
    PHOTO,
    STRANGE,
    TAKEOUT,
    assert_read_as_a_folder,
    found,
    home,
    labels,
    reasons,
)
from transforms.sources import SOURCES, gzip_places, limits
from transforms.sources.archives import members
from transforms.sources.base import UnreadableFileError
from transforms.sources.gzip_places import Places, Unpacked
from transforms.sources.opening import fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["home"]
HERE = Path(__file__).parent
PACKINGS = {"takeout.tgz": "w:gz", "takeout.tar": "w"}


def read_settings(home: Path) -> Config:
    return read_config(home / "tieline.toml", home)


def entry(name: str, size: int = 0, **facts: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info


def pack(path: Path, files: Mapping[str, bytes], *more: tarfile.TarInfo, mode: str = "") -> Path:
    with tarfile.open(path, mode or PACKINGS.get(path.name, "w:gz")) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            archive.addfile(entry(name, len(data)), io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return path


@pytest.mark.parametrize("packing", PACKINGS)
@IN_TAKEOUT
def test_a_takeout_is_read_as_a_folder_of_its_format(
    home: Path, form: str, files: list[str], plain: str, packing: str
) -> None:
    pack(home / "incoming" / packing, TAKEOUT, entry("Takeout/Mail", type=tarfile.DIRTYPE))
    assert_read_as_a_folder(home, packing, form, files, plain)


@pytest.mark.parametrize("packing", PACKINGS)
def test_check_names_the_files_in_it(home: Path, packing: str) -> None:
    pack(home / "incoming" / packing, TAKEOUT)
    found(home)
    told = survey(home / "incoming", read_settings(home))
    assert {one.label: one.file.format for one in told.files if one.file.format} == {
        f"{packing}/Takeout/Calendar/Werk.ics": "icalendar",
        f"{packing}/Takeout/Mail/All mail.mbox": "mbox",
        f"{packing}/Takeout/Mail/Old.mbox.gz": "mbox",
    }


@pytest.mark.parametrize("packing", PACKINGS)
def test_one_file_alone_is_what_the_archive_is(home: Path, packing: str) -> None:
    path = pack(home / "incoming" / packing, {"All.mbox": MBOX})
    assert labels(found(home)) == [f"incoming/{packing}"]
    read, expected = (whole(SOURCES["mbox"], one) for one in (path, HERE / "mbox/golden.mbox"))
    assert_frame_equal(read.events, expected.events)


def test_a_file_is_the_same_in_an_archive_that_is_made_again(home: Path) -> None:
    path = home / "incoming" / "takeout.tgz"
    pack(path, {"a.mbox": MBOX, "b.mbox": MBOX + b"\n", "c": PHOTO})
    before = {file.label: (file.file_id, file.content) for file in found(home).files}
    pack(path, {"0.jpg": PHOTO, "b.mbox": MBOX, "a.mbox": MBOX})
    os.utime(path, (1, 1))
    after = {
        file.label: (file.file_id, file.content) for file in found_files(read_settings(home)).files
    }
    one, other = (f"incoming/takeout.tgz/{name}.mbox" for name in "ab")
    assert after[one] == before[one]
    assert after[other][1] == after[one][1] != before[other][1]
    assert fingerprint(path / "a.mbox") == after[one][1]


def test_what_is_no_plain_file_is_left_aside(home: Path) -> None:
    (home / "secret.mbox").write_bytes(MBOX)
    odd = [
        entry("soft.mbox", type=tarfile.SYMTYPE, linkname=str(home / "secret.mbox")),
        entry("hard.mbox", type=tarfile.LNKTYPE, linkname="../secret.mbox"),
        entry("pipe.mbox", type=tarfile.FIFOTYPE),
        entry("../../out.mbox"),
    ]  # fmt: skip
    pack(home / "incoming" / "x.tgz", {"good.mbox": MBOX}, *odd)
    there = found(home)
    assert labels(there) == ["incoming/x.tgz/good.mbox"]
    assert [one.reason for one in there.aside] == [
        "a link to another file, which is not followed",
        "a link to another file, which is not followed",
        "no plain file",
        STRANGE,
    ]
    assert {*(home).iterdir()} == {home / "incoming", home / "secret.mbox", home / "tieline.toml"}


def test_an_archive_in_an_archive_is_left_aside(home: Path) -> None:
    inner = pack(home / "inner.tgz", {"a.mbox": MBOX}).read_bytes()
    pack(home / "incoming" / "x.tgz", {"inner.tgz": inner, "b.mbox": MBOX})
    assert reasons(found(home)) == {
        "x.tgz/inner.tgz": "a tar within an archive, which is not read; unpack the outer one first"
    }


def test_of_two_files_of_one_name_the_last_is_read(home: Path) -> None:
    with tarfile.open(home / "incoming" / "x.tgz", "w:gz") as archive:
        for data in (MBOX, MBOX * 2):
            archive.addfile(entry("a.mbox", len(data)), io.BytesIO(data))
    there = found(home)
    assert reasons(there) == {"x.tgz/a.mbox": "a later one has its name"}
    assert whole(SOURCES["mbox"], there.files[0].path).duplicates > 0


# --- hostile ----------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [b"", b"a.mbox"], ids=["a file", "what stands behind the end"])
def test_a_bomb_is_told(home: Path, monkeypatch: pytest.MonkeyPatch, behind: bytes) -> None:
    monkeypatch.setattr(limits, "FREE", 1 << 20)
    path = pack(home / "incoming" / "x.tgz", {"a.mbox": MBOX if behind else bytes(1 << 23)})
    if behind:
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(1 << 23)))
    with pytest.raises(UnreadableFileError, match="the tar unpacks to more than"):
        members(path)


def test_a_header_as_large_as_memory_is_told(home: Path) -> None:
    path = home / "incoming" / "x.tgz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(entry("a.mbox", pax_headers={"comment": "x" * (1 << 21)}))
    with pytest.raises(UnreadableFileError, match="a header that is far too long"):
        members(path)


def test_more_files_than_an_export_has(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMBERS", 10)
    path = pack(home / "incoming" / "x.tgz", {f"{n}.mbox": MBOX for n in range(11)})
    with pytest.raises(UnreadableFileError, match="the tar holds 11 files, more than 10"):
        whole(SOURCES["mbox"], path)


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_cut_and_every_changed_byte_is_borne(tmp_path: Path, packing: str) -> None:
    data = pack(tmp_path / packing, {"a.mbox": MBOX[:400], "ö.ics": ICS[:400]}).read_bytes()
    path = tmp_path / "b"
    for at in range(0, len(data), 3 if packing.endswith("z") else 23):
        for broken in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            path.write_bytes(broken)
            os.utime(path, ns=(at, at * 2 + len(broken)))
            with suppress(UnreadableFileError):
                for one in members(path):
                    with suppress(UnreadableFileError):
                        list(SOURCES["mbox"].read(one.path, EVERYTHING))


# --- places in a gzip -------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    parts=st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    apart=st.integers(1, 400),
    reads=st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 400)), max_size=12),
    at_most=st.integers(2, 5),
)
def test_any_place_of_a_gzip_is_read_as_it_is(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[bytes], apart: int, reads: list[tuple[int, int]], at_most: int,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "places.gz"
    path.write_bytes(b"".join(gzip.compress(part * 40) for part in parts) + bytes(20))
    data = b"".join(part * 40 for part in parts)
    places = Places(apart=apart)
    with pytest.MonkeyPatch.context() as patch, Unpacked(path, places, keeping=True) as first:
        patch.setattr(gzip_places, "STATES", at_most)
        assert io.BufferedReader(first, 128).read() == data
    assert len(places.states) <= at_most
    with io.BufferedReader(Unpacked(path, places), 128) as stream:
        for at, size in reads:
            stream.seek(at)
            assert stream.read(size) == data[at : at + size]


def test_a_place_is_reached_without_what_stands_before_it(tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(data))
    places = Places(apart=1 << 16)
    with Unpacked(path, places, keeping=True) as first:
        first.readall()
    with Unpacked(path, places) as stream:
        stream.seek(1_000_000)
        assert stream.read(10) == data[1_000_000:1_000_010]
        assert stream.state.at - places.before(1_000_000).at < 2 << 16
