"""Zip archives: which files they hold, and the bytes of one of them."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from errno import EINVAL
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGNATURE, _EMPTY = b"PK\x03\x04", b"PK\x05\x06"
DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError,
    UnicodeDecodeError,
)  # fmt: skip
_LOCAL_HEADER = struct.Struct("<26xHH")  # ends with the lengths of the name and of what follows it
_IS_ENCRYPTED = 1


def is_zip(start: bytes) -> bool:
    """Whether a file with these first bytes is a zip."""
    return start.startswith((SIGNATURE, _EMPTY))


def members(path: Path) -> list[Member]:
    """Every file in the zip at `path`, in order of name; hidden ones are left out.

    Raises UnreadableFileError when the zip as a whole is damaged or a bomb.
    """
    held = _held(path)
    told = [info for info in held.archive.infolist() if not info.is_dir()]
    return sorted(
        Member(
            path / shown(_name(info)),
            _refusal(info) or ("" if held.files[_name(info)] is info else LATER),
            info.compress_size,
        )
        for info in told
        if not is_hidden(_name(info))
    )


def opened_member(archive: Path, name: str) -> IO[bytes]:
    """The unpacked bytes of one file in the zip at `archive`, to be closed by the caller.

    Raises UnreadableFileError when there is none of that name, or it must not be read.
    """
    held, path = _held(archive), archive / name
    info = held.files.get(name)
    if info is None:
        raise UnreadableFileError(f"{path}: no such file in the archive; look at its path again")
    if refusal := _refusal(info):
        raise UnreadableFileError(f"{path}: {refusal}")
    try:
        return held.archive.open(info)
    except (*DAMAGE, ValueError, OSError) as error:
        _check_damaged(error)
        message = f"{path}: the packed file is damaged or cut off ({error}); copy the file again, or export it anew"
        raise UnreadableFileError(message) from error


def content(archive: zipfile.ZipFile, name: str) -> bytes:
    """All bytes of the file `name` in an open zip.

    Raises UnreadableFileError when it must not be read, or is larger than limits.HELD.
    """
    info = archive.getinfo(name)
    refusal = _refusal(info) or (bomb(info.file_size) if info.file_size > limits.HELD else "")
    if refusal:
        raise UnreadableFileError(f"{shown(_name(info))}: {refusal}")
    return archive.read(info)


def packed(archive: Path, name: str) -> Iterator[bytes]:
    """The packed bytes of one file in the zip at `archive`: what tells whether it has changed."""
    info = _held(archive).files[name]
    with archive.open("rb") as file:
        file.seek(max(0, min(info.header_offset, archive.stat().st_size)))
        header = file.read(_LOCAL_HEADER.size)
        rest = info.compress_size
        if len(header) == _LOCAL_HEADER.size:
            file.seek(sum(_LOCAL_HEADER.unpack(header)), 1)
        while rest > 0 and (chunk := file.read(min(rest, CHUNK))):
            rest -= len(chunk)
            yield chunk


class _Held(NamedTuple):
    archive: zipfile.ZipFile
    files: dict[str, zipfile.ZipInfo]  # by name; of two of one name the later


def _held(path: Path) -> _Held:
    about = path.stat()
    return _opened(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1)  # the files of an archive are read one after the other
def _opened(path: Path, _changed: int, size: int) -> _Held:
    archive = checked(path, path, size)
    infos = [info for info in archive.infolist() if not info.is_dir()]
    return _Held(archive, {_name(info): info for info in infos})


def checked(file: Path | IO[bytes], path: Path, size: int) -> zipfile.ZipFile:
    """The zip in `file`, which has `size` bytes and is called `path`.

    Raises UnreadableFileError when it is damaged or a bomb.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (*DAMAGE, ValueError, OSError) as error:
        _check_damaged(error)
        raise UnreadableFileError(f"{path}: {damaged('zip', error)}") from error
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > limits.MEMBERS:
        cause = too_many(len(infos))
    elif is_bomb(unpacked, size):
        cause = bomb(unpacked)
    else:
        return archive
    archive.close()
    raise UnreadableFileError(f"{path}: the zip {cause}")


def _check_damaged(error: Exception) -> None:
    """A share that is away is no damage; a place far outside the file (EINVAL) is."""
    if isinstance(error, OSError) and error.errno != EINVAL:
        raise error


def _name(info: zipfile.ZipInfo) -> str:
    return PurePosixPath(info.filename).as_posix()


def _refusal(info: zipfile.ZipInfo) -> str:
    if is_strange(info.filename):
        return STRANGE
    if stat.S_ISLNK(info.external_attr >> 16):
        return LINK
    if info.flag_bits & _IS_ENCRYPTED:
        return "locked with a password; export it without one, or unpack it first"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return (
            f"packed in a way (method {info.compress_type}) that is not read; pack it as zip again"
        )
    if is_bomb(info.file_size, info.compress_size):
        return bomb(info.file_size)
    return ""
