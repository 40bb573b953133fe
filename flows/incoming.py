"""Which files of a folder of exports count: not those on their way, hidden, or led to by a link outside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What browsers, sftp servers, rsync, office programs and editors call a file until it is whole.
_ENDINGS = (
    ".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", ".lock", "~",
)  # fmt: skip
_BEGINNINGS = (".", "~$")


def is_on_its_way(name: str) -> bool:
    """Whether a name tells that the file is hidden, a lock, or not all there yet."""
    return name.startswith(_BEGINNINGS) or name.lower().endswith(_ENDINGS)


def files_below(folder: Path) -> list[Path]:
    """Files of a folder and of those in it, sorted by path; links to folders are not followed."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in names if not is_on_its_way(name))
        found += [path for path in paths if path.is_file()]
    return sorted(found)


def last_written(path: Path) -> int:
    """When the file, or the archive that `path` goes through, was last written; 0 if it is gone."""
    for place in (path, *path.parents):
        if place.is_file():
            return place.stat().st_mtime_ns
    return 0


def leads_out(path: Path, folder: Path) -> str:
    """Why a link is not followed: it leads out of `folder`, to what no export may show; else empty."""
    if not path.is_symlink() and not any(part.is_symlink() for part in _between(path, folder)):
        return ""
    if path.resolve().is_relative_to(folder.resolve()):
        return ""
    return "a link that leads out of its folder; name the real place in tieline.toml"


def _between(path: Path, folder: Path) -> Iterator[Path]:
    """The folders on the way from `folder` to `path`."""
    for parent in path.parents:
        if parent == folder or not parent.is_relative_to(folder):
            return
        yield parent
