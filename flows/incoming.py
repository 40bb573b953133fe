"""Which files of a folder of exports count: not those on their way, hidden, or led to by a link outside."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What browsers, sftp servers, rsync, office programs and editors call a file until it is whole.
_ENDINGS = (
    ".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", ".lock", "~",
)  # fmt: skip
_BEGINNINGS = (".", "~$")
_OF_THE_DISK = ("lost+found", "$RECYCLE.BIN", "System Volume Information")


def is_on_its_way(name: str) -> bool:
    """Whether a name tells that the file is hidden, a lock, or not all there yet."""
    return name.startswith(_BEGINNINGS) or name.lower().endswith(_ENDINGS)


def files_below(folder: Path) -> list[Path]:
    """Files of a folder and of those in it, sorted by path; links to folders are not followed.

    A closed folder stands for what is in it: that it cannot be opened, its reading tells.
    """
    return sorted(_below(folder))


def _below(folder: Path) -> Iterator[Path]:
    if is_closed(folder):
        yield folder
        return
    with os.scandir(folder) as entries:
        held = list(entries)
    for entry in held:
        path = Path(entry)
        if entry.is_dir(follow_symlinks=False):
            if not is_passed_over(entry.name):
                yield from _below(path)
        elif not is_on_its_way(entry.name) and is_file(path):
            yield path


def is_passed_over(name: str) -> bool:
    """Whether a folder is hidden, or one that the disk keeps for itself."""
    return name.startswith(".") or name in _OF_THE_DISK


def is_closed(folder: Path) -> bool:
    """Whether the folder is there, and nothing in it can be seen."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return not os.access(folder, os.X_OK)


def is_file(path: Path) -> bool:
    """Whether there is a file, of what can be seen."""
    with suppress(PermissionError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder, of what can be seen."""
    with suppress(PermissionError):
        return path.is_dir()
    return False


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
