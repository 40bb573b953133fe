"""Directories of people: who belongs to which unit since when, and which addresses are one person.

What kind of directory a file is, is known by its content: a table with a row a person, a part or a
period (also as Entra, Google, Viva and Worklytics write it), JSON of Entra or Google, git's .mailmap,
a list of domains, or a list of addresses to merge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.sources.base import UnreadableFileError
from transforms.sources.directory_frames import ALIASES, DOMAINS, MEMBERS, NAMES, Directory
from transforms.sources.directory_json import is_users_json, read_users_json
from transforms.sources.directory_mailmap import is_mailmap, read_mailmap
from transforms.sources.directory_table import (
    HEADERS as _HEADERS,
)
from transforms.sources.directory_table import (
    kind_of_table,
    looks_like_directory,
    read_table,
)
from transforms.sources.opening import SEPARATORS, WORKBOOK, ZIP, decoded, head, is_told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "ALIASES", "DOMAINS", "MEMBERS", "NAMES", "_HEADERS", "Directory", "kind_of_directory",
    "looks_like_directory", "read_directory",
]  # fmt: skip


def read_directory(
    path: Path, boundaries: Sequence[str], *, valid_to: str = "included"
) -> Directory:
    """What the directory at `path` tells of `boundaries`, whatever kind it is.

    `valid_to` says whether a last day is still included, or excluded: the day of the move.
    Raises UnreadableFileError where the file as a whole is no directory, or tells of no boundary.
    """
    try:
        start = head(path)
        if path.suffix.lower() == WORKBOOK and start.startswith(ZIP):
            raise UnreadableFileError(f"{path}: an Excel workbook; save it as CSV")
        if is_users_json(start):
            return read_users_json(path, boundaries, valid_to=valid_to)
        if is_mailmap(path, start):
            return read_mailmap(path)
        return read_table(path, boundaries, valid_to=valid_to)
    except OSError as error:
        message = (
            f"{path}: cannot be read ({error.strerror or error}); mend its rights, or put it back"
        )
        raise UnreadableFileError(message) from error


def kind_of_directory(path: Path, start: bytes | None = None) -> str | None:
    """What kind of directory the file looks like, in a few words; None if it looks like none."""
    start = head(path) if start is None else start
    if is_users_json(start):
        return "users as JSON"
    if is_mailmap(path, start):
        return "mailmap"
    line = next(filter(is_told, decoded(start).splitlines()), "")
    if line.lstrip().startswith(("{", "[", "<")):
        return None
    separator = max(SEPARATORS, key=line.count)
    return kind_of_table(line.replace('"', "").split(separator))
