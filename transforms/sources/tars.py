"""Tar archives, packed with gzip or not: which files they hold, and the bytes of one of them."""

from __future__ import annotations

import io
import tarfile
import zlib
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, NamedTuple

from transforms.sources import limits
from transforms.sources.base import UnreadableFileError
from transforms.sources.entries import (
    CHUNK,
    LATER,
    LINK,
    STRANGE,
    Member,
    bomb,
    damaged,
    is_bomb,
    is_hidden,
    is_strange,
    shown,
    too_many,
)
from transforms.sources.gzip_places import Places, Unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1 << 12  # bytes of a file, packed or not, that show whether it is a tar
HEADER = 1 << 20  # bytes of a header, which may hold a long name
GZIP = b"\x1f\x8b"
_MARK, _MARK_AT = b"ustar", 257
_BUFFER = 1 << 18
_DAMAGE = (tarfile.TarError, zlib.error, EOFError, OverflowError, RecursionError, ValueError)


class _Entry(NamedTuple):
    name: str
    refusal: str
    at: int
    size: int


class _Held(NamedTuple):
    entries: list[_Entry]
    files: dict[str, _Entry]  # by name; of two of one name the later
    places: Places | None  # None: it is not packed


def is_tar(start: bytes) -> bool:
    """Whether a file with these first bytes, unpacked, is a tar."""
    return start.startswith(_MARK, _MARK_AT)


def unpacked(start: bytes) -> bytes:
    """The first bytes of a file without gzip, where it is packed with it."""
    if not start.startswith(GZIP):
        return start
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, START)
    except zlib.error:
        return b""


def members(path: Path) -> list[Member]:
    """Every file in the tar at `path`, in the order in which it holds them; hidden ones are left out.

    Raises UnreadableFileError when the tar as a whole is damaged or a bomb.
    """
    held = _held(path)
    return [
        Member(
            path / shown(one.name),
            one.refusal or ("" if held.files[one.name] is one else LATER),
            one.size,
        )
        for one in held.entries
        if not is_hidden(one.name)
    ]


def opened_member(archive: Path, name: str) -> IO[bytes]:
    """The bytes of one file in the tar at `archive`, to be closed by the caller.

    Raises UnreadableFileError when there is none of that name, or it must not be read.
    """
    held, path = _held(archive), archive / name
    entry = held.files.get(name)
    if entry is None:
        raise UnreadableFileError(f"{path}: no such file in the archive; look at its path again")
    if entry.refusal:
        raise UnreadableFileError(f"{path}: {entry.refusal}")
    stream = Unpacked(archive, held.places) if held.places else archive.open("rb", buffering=0)
    return io.BufferedReader(_Part(stream, entry), _BUFFER)


def packed(archive: Path, name: str) -> Iterator[bytes]:
    """The bytes of one file in the tar at `archive`: what tells whether it has changed."""
    with opened_member(archive, name) as file:
        while chunk := file.read(CHUNK):
            yield chunk


class _Part(io.RawIOBase):
    """The bytes of a stream that are one file."""

    def __init__(self, below: io.RawIOBase, entry: _Entry) -> None:
        self.below = below
        self.entry = entry
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self.entry.size - self.at)
        if wanted <= 0:
            return 0
        self.below.seek(self.entry.at + self.at)
        count = self.below.readinto(memoryview(buffer)[:wanted]) or 0
        if not count:
            raise EOFError("it ends too early")
        self.at += count
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + (0, self.at, self.entry.size)[whence]
        return self.at

    def close(self) -> None:
        if not self.closed:
            self.below.close()
        super().close()


# --- the list of files ------------------------------------------------------------------------


def _held(path: Path) -> _Held:
    about = path.stat()
    return _listed(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1)  # the files of an archive are read one after the other
def _listed(path: Path, _changed: int, size: int) -> _Held:
    with path.open("rb") as file:
        places = Places() if file.read(len(GZIP)) == GZIP else None
    raw = Unpacked(path, places, keeping=True) if places else path.open("rb", buffering=0)
    with _Careful(raw, _BUFFER) as stream:
        try:
            entries = list(_entries(stream, path, size))
            while places and stream.read(_BUFFER):  # gzip's check is at the end
                _check_bomb(path, stream.tell(), size)
        except _DAMAGE as error:
            raise UnreadableFileError(f"{path}: {damaged('tar', error)}") from error
    return _Held(entries, {entry.name: entry for entry in entries}, places)


def _entries(stream: _Careful, path: Path, size: int) -> Iterator[_Entry]:
    """Every file; a bomb is told before what it holds is passed over."""
    with tarfile.TarFile(fileobj=stream) as archive:
        count = 0
        while info := archive.next():
            vars(archive)["members"].clear()  # which grows with the archive
            if info.size < 0:  # which would lead back to where it came from
                raise tarfile.ReadError("a file of less than nothing")
            _check_bomb(path, info.offset_data + info.size, size)
            if info.isdir():
                continue
            count += 1
            if count > limits.MEMBERS:
                raise UnreadableFileError(f"{path}: the tar {too_many(count)}")
            name = PurePosixPath(info.name).as_posix()
            yield _Entry(name, _refusal(info), info.offset_data, info.size)


def _check_bomb(path: Path, unpacked_size: int, size: int) -> None:
    if is_bomb(unpacked_size, size):
        raise UnreadableFileError(f"{path}: the tar {bomb(unpacked_size)}")


def _refusal(info: tarfile.TarInfo) -> str:
    if is_strange(info.name):
        return STRANGE
    if info.issym() or info.islnk():
        return LINK
    return "" if info.isfile() and not info.issparse() else "no plain file"


class _Careful(io.BufferedReader):
    """A stream that gives no header as large as memory."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= HEADER:
            raise tarfile.ReadError("a header that is far too long")
        return super().read(size)
