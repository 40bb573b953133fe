"""What a file is: an export, a table of events, a directory of people, or what it comes nearest to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows import guess as guesses
from flows.mapping import TABLES, first_records, proposed
from flows.plan import without_path
from transforms.sources import SOURCES, sniff
from transforms.sources.base import UnreadableFileError
from transforms.sources.directory import kind_of_directory, read_directory
from transforms.sources.opening import head
from transforms.sources.tars import is_tar
from transforms.sources.zips import SIGNATURE, is_zip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from transforms.sources.base import Source
    from transforms.sources.directory import Directory

SURE = 0.5  # certainty from which a file is what its reader says
DIRECTORY = "directory"
UNPACK = "archive; unpack it"
DIRECTORY_SIZE = 1 << 26  # bytes; a directory is read whole
UNITS = ("organisation", "team")  # boundaries that a directory knows under several names
_HIDDEN = ("name", "naam", "voornaam", "achternaam", "mail", "date", "datum", "_id", "nummer")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file and its format; `guess` instead, where no reader knows it.

    `units`: for a directory, its boundaries and how many units each has.
    """

    path: Path
    format: str = ""
    certainty: float = 0.0
    mapping: Mapping[str, str] = field(default_factory=dict)
    guess: str = ""
    directory: Directory | None = None
    units: Mapping[str, int] = field(default_factory=dict)


def recognise(path: Path) -> Recognised:
    """Sniff the file; a table needs columns that can be told as well."""
    try:
        start = head(path)
        found = [] if is_tar(start) else _sniff_zip(path) if is_zip(start) else sniff(path)
    except OSError as error:
        why = f"cannot be opened ({error.strerror or error})"
        is_folder = isinstance(error, IsADirectoryError)
        return Recognised(path, guess="a folder that cannot be opened" if is_folder else why)
    certainty, best = found[0] if found else (0.0, None)
    if best and certainty >= SURE and best.name not in TABLES:
        return Recognised(path, best.name, certainty)
    form = best.name if best and best.name in TABLES else ""
    if form and (mapping := proposed(first_records(path, form))):
        return Recognised(path, form, certainty, mapping)
    people = _directory(path, start)
    if isinstance(people, Recognised):
        return people
    if people.endswith(UNPACK):
        return Recognised(path, guess=people)
    guess = guesses.of_bytes(path, start) or guesses.of_text(path, start, best.name if best else "")
    if not guess and form == "csv":
        guess = guesses.of_table(first_records(path, form), people)
    return Recognised(path, guess=guess or "text in no known form")


def _sniff_zip(path: Path) -> list[tuple[float, Source]]:
    """Readers that take the archive itself; what is stored in it is not what it is."""
    found = [(source.sniff(path, SIGNATURE), source) for source in SOURCES.values()]
    return sorted(found, key=lambda pair: pair[0], reverse=True)[:1]


def _directory(path: Path, start: bytes) -> Recognised | str:
    """The file as a directory of people, or why it is none."""
    kind = kind_of_directory(path, start)
    if not path.is_file():
        return f"a directory ({kind}) within an {UNPACK}" if kind else ""
    if path.stat().st_size > DIRECTORY_SIZE:
        return "too large for a directory"
    columns = first_records(path, "csv").cells.columns
    others = [c for c in columns if not any(word in c.lower() for word in _HIDDEN)]
    try:
        told = read_directory(path, [*UNITS, *others])
        if units := _units(told.members):
            # A column that was tried as a boundary was not read as what it is.
            told = read_directory(path, [*units])
    except UnreadableFileError as error:
        return without_path(error, path)
    addresses = told.members["address"]
    rest = told.aliases.height + told.merges.height + told.domains.height
    if not told.records or not (addresses.str.contains("@").any() or (kind and rest)):
        return "none of its rows has a mail address"
    certainty = max(1 - told.rejects.height / told.records, 0.0)
    return Recognised(path, DIRECTORY, certainty, directory=told, units=units)


def _units(members: pl.DataFrame) -> dict[str, int]:
    """Boundary → number of units; no column twice, nor one in which everybody has a unit alone."""
    found: dict[str, int] = {}
    seen: list[pl.DataFrame] = []
    for boundary in members["boundary"].unique(maintain_order=True):
        part = members.filter(boundary=boundary).select("address", "unit", "position")
        units = part["unit"].n_unique()
        if any(part.equals(other) for other in seen):
            continue
        seen.append(part)
        is_value = part["unit"].str.contains(r"^[\d\W]*$").mean() or 0  # dates, shares, numbers
        if boundary in UNITS or (not is_value and 1 < units <= part["address"].n_unique() / 2):
            found[boundary] = units
    return found
