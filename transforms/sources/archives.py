"""Archives as folders: a path may go on within a zip or tar, as in `takeout.tgz/Takeout/All.mbox`."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from transforms.sources import tars, zips

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transforms.sources.entries import Member


def split(path: Path) -> tuple[Path, str] | None:
    """The archive on disk that `path` goes through, and the name within; None: it goes through none."""
    if path.exists():
        return None
    archive = next((parent for parent in path.parents if parent.is_file()), None)
    return (archive, path.relative_to(archive).as_posix()) if archive else None


def kind_of(path: Path) -> str:
    """What the file on disk is: "zip", "tar" (packed with gzip or not), or empty."""
    with path.open("rb") as file:
        start = file.read(tars.START)
    if zips.is_zip(start):
        return "zip"
    return "tar" if tars.is_tar(tars.unpacked(start)) else ""


def members(path: Path) -> list[Member]:
    """Every file in the archive at `path`; hidden ones are left out.

    Raises UnreadableFileError when the archive as a whole is damaged or a bomb.
    """
    return tars.members(path) if kind_of(path) == "tar" else zips.members(path)


def opened_member(archive: Path, name: str) -> IO[bytes]:
    """The unpacked bytes of one file in the archive, to be closed by the caller.

    Raises UnreadableFileError when there is none of that name, or it must not be read.
    """
    is_tar = kind_of(archive) == "tar"
    return tars.opened_member(archive, name) if is_tar else zips.opened_member(archive, name)


def packed(archive: Path, name: str) -> Iterator[bytes]:
    """The bytes of one file as the archive holds them: what tells whether it has changed."""
    is_tar = kind_of(archive) == "tar"
    return tars.packed(archive, name) if is_tar else zips.packed(archive, name)
