"""Releases: a directory each, and `current`, a link to the one that counts.

    published/current -> releases/<run>-<ns>
    published/releases/<run>-<ns>/bi.duckdb

Whoever calls holds the warehouse lock, so nothing here runs twice at the same time.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

FILE = "bi.duckdb"
CURRENT = "current"
RELEASES = "releases"
BUILDING = ".building-"  # what begins with one of these is on its way, and never a release
REMOVING = ".removing-"
LINKING = ".current-"
KEEP = 3
KEEP_NS = 24 * 3600 * 10**9


@dataclass(frozen=True, slots=True, order=True)
class Release:
    """A whole release: nanoseconds since 1970 at which it was made, and its directory."""

    made_ns: int
    path: Path


def make_folder(path: Path) -> None:
    """A directory that readers may enter, whatever the umask."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o755)


def releases(published: Path) -> list[Release]:
    """Whole releases, oldest first."""
    folder = published / RELEASES
    if not folder.is_dir():
        return []
    return sorted(
        Release(int(made[1]), path)
        for path in folder.iterdir()
        if (made := re.fullmatch(r"\w.*-(\d{19})", path.name, re.ASCII)) and (path / FILE).is_file()
    )


def current(published: Path) -> Path | None:
    """Directory of the release that counts; None before the first."""
    link = published / CURRENT
    return link.resolve() if link.is_symlink() and link.exists() else None


def next_ns(published: Path) -> int:
    """Time for a new release's name: now, or just after the newest one if the clock went back."""
    newest = max((release.made_ns for release in releases(published)), default=0)
    return max(time.time_ns(), newest + 1)


def release(built: Path, published: Path, name: str) -> Path:
    """Give the synced directory `built` its name, then let `current` point to it; return it.

    Both steps are a rename: after a crash at any point `current` is the old release or the new one.
    """
    final = published / RELEASES / name
    built.rename(final)
    sync(final.parent)
    link = published / f"{LINKING}{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(RELEASES) / name)
    link.replace(published / CURRENT)
    sync(published)
    return final


def prune(published: Path, *, keep: int = KEEP, keep_ns: int = KEEP_NS) -> list[Path]:
    """Remove what a crash left and old releases; return the latter.

    The newest `keep` (3 or more), all younger than `keep_ns` (24 hours or more) and the current one
    stay: a reader that has opened or is about to open them is not disturbed.
    """
    if keep < KEEP or keep_ns < KEEP_NS:
        raise ValueError(f"{published}: keep at least {KEEP} releases and 24 hours of them")
    for pattern in (f"{LINKING}*", f"{RELEASES}/{BUILDING}*", f"{RELEASES}/{REMOVING}*"):
        for path in published.glob(pattern):
            _remove(path)
    counts = current(published)
    since = time.time_ns() - keep_ns
    old = [
        one.path
        for one in releases(published)[:-keep]
        if one.made_ns < since and one.path.resolve() != counts
    ]
    for path in old:
        _retire(path)
    return old


def withdraw(published: Path, paths: Collection[Path]) -> None:
    """Remove these releases at once, but never the current one: they tell what must not be told."""
    counts = current(published)
    for path in paths:
        if path.resolve() != counts:
            _retire(path)


def sync(path: Path) -> None:
    """Bring a file's bytes, or a directory's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _retire(path: Path) -> None:
    doomed = path.with_name(f"{REMOVING}{path.name}")  # never a release without its file
    path.rename(doomed)
    _remove(doomed)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
