"""Which export files there are, also within archives, and which of them have to be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from flows.config import Config, ConfigError, SourceFiles
from transforms.sources import SOURCES
from transforms.sources.archives import is_zip, members
from transforms.sources.base import UnreadableFileError
from transforms.sources.opening import fingerprint, head, opened
from warehouse.refusals import given_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import duckdb

    from transforms.sources.base import Source

SURE = 0.5  # certainty from which a reader takes an archive as one export
NAMED = 5  # files that a summary names


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of one source, identified by source and path; `content` is the hash of its bytes.

    The path of a file in an archive goes through it: `incoming/takeout.zip/Takeout/Mail/All.mbox`.
    """

    file_id: int
    source: SourceFiles
    path: Path
    label: str  # path as ledgers and messages show it
    content: str
    settings: str
    size: int

    @property
    def shown(self) -> str:
        """The label as logs and ledgers have it: a calendar is often called after its owner."""
        return masked(self.label)


class LeftAside(NamedTuple):
    """A file in an archive or folder of a source that is not read, and why."""

    source: SourceFiles
    holder: str  # the archive or folder, as ledgers and messages show it
    label: str
    reason: str


class Found(NamedTuple):
    """Every file of every source, in the order of the settings, and what is left aside."""

    files: list[ExportFile]
    aside: list[LeftAside]


class _Part(NamedTuple):
    """A file, or a file in an archive; `refusal`: why it is left aside, if it is."""

    holder: Path
    path: Path
    size: int
    refusal: str = ""


def found_files(config: Config) -> Found:
    """Look at what the settings name: files, folders, and archives as if they were folders.

    Of a folder, and of an archive that no reader takes as one export, those files are read that
    may be in the format of the source.
    """
    found = Found([], [])
    for source in config.settings.source:
        if source.format not in SOURCES:
            raise ConfigError(
                f"{config.path}: source {source.name!r}: no format {source.format!r}; "
                f"`tieline sources` lists them: {', '.join(SOURCES)}"
            )
        settings = config.reading(source)
        for part in _parts(config, source):
            label = config.relative(part.path)
            if part.refusal:
                holder = config.relative(part.holder)
                found.aside.append(LeftAside(source, holder, label, part.refusal))
                continue
            found.files.append(
                ExportFile(
                    file_id=file_id(source.name, label),
                    source=source,
                    path=part.path,
                    label=label,
                    content=fingerprint(part.path),
                    settings=settings,
                    size=part.size,
                )
            )
    return found


def masked(label: str) -> str:
    """`label` without what stands before an @ in it."""
    return re.sub(r"[^/\s]+@", "…@", label)


def summary(aside: Iterable[LeftAside]) -> Iterator[tuple[SourceFiles, str, str]]:
    """Of each archive or folder: its source, its label, and in a sentence what is left aside."""
    by_reason: dict[tuple[str, str, str], list[LeftAside]] = {}
    for one in aside:
        by_reason.setdefault((one.source.name, one.holder, one.reason), []).append(one)
    for (_, holder, reason), ones in by_reason.items():
        names = ", ".join(masked(one.label.removeprefix(f"{holder}/")) for one in ones[:NAMED])
        more = f" and {len(ones) - NAMED:,} more" if len(ones) > NAMED else ""
        yield ones[0].source, holder, f"left aside: {names}{more}: {reason}"


def export_files(config: Config) -> Iterator[ExportFile]:
    """Every file of every source, in the order of the settings."""
    yield from found_files(config).files


def _parts(config: Config, source: SourceFiles) -> Iterator[_Part]:
    reader, folder = SOURCES[source.format], config.place(source.files)
    if not folder.is_dir():
        for path in config.files(source.files):
            yield from _unpacked(path, reader)
        return
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if any(name.startswith(".") for name in path.relative_to(folder).parts):
            continue
        for part in _unpacked(path, reader):
            is_within = part.path != path or part.refusal
            yield part if is_within else part._replace(
                holder=folder, refusal=_unlike(path, reader)
            )  # fmt: skip


def _unpacked(path: Path, reader: Source) -> Iterator[_Part]:
    """The files of an archive, or the file itself: also where nothing in it can be read."""
    whole = _Part(path, path, path.stat().st_size)
    with path.open("rb") as file:
        is_archive = is_zip(file.read(4))
    if not is_archive or reader.sniff(path, head(path)) >= SURE:
        yield whole
        return
    try:
        held = members(path)
    except UnreadableFileError:  # which the reader will say
        held = []
    parts = [
        _Part(path, one.path, one.size, one.refusal or _unlike(one.path, reader)) for one in held
    ]
    if len(parts) == 1 or all(part.refusal for part in parts):
        yield whole
    if len(parts) > 1:
        yield from parts


def _unlike(path: Path, reader: Source) -> str:
    """Why the file can surely not be in the reader's format; empty where it may be."""
    try:
        with opened(path):
            return "" if reader.sniff(path, head(path)) > 0 else f"no {reader.name} in it"
    except UnreadableFileError as error:
        return without_path(error, path)


def file_id(source: str, label: str) -> int:
    """Number of a file: the same in every run, whatever the order of files."""
    return int.from_bytes(blake2b(f"{source}|{label}".encode(), digest_size=8).digest()) >> 1


def without_path(error: Exception, path: Path) -> str:
    """What `error` says about the file; which file it is, is said once and by its label."""
    told = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
    return " ".join(told.split())  # a header may hold line ends


def to_read(con: duckdb.DuckDBPyConnection, files: Sequence[ExportFile]) -> list[ExportFile]:
    """Files that are new, changed or refused last time; a renamed copy of a read one is none of these."""
    refused = {
        number
        for (number,) in con.execute(
            "SELECT file_id FROM quarantine WHERE stage = 'batch'"
        ).fetchall()
    }
    ledger = {
        row[0]: row[1:]
        for row in con.execute(
            "SELECT file_id, source, content, settings FROM source_file"
        ).fetchall()
    }
    changed = {f.file_id for f in files if ledger.get(f.file_id) != _seen(f)} | refused
    held = {seen for number, seen in ledger.items() if number not in changed}
    chosen, hopeless = [], given_up(con)
    for file in files:
        if (file.file_id, file.content) in hopeless:
            continue
        known = file.file_id in ledger or file.file_id in refused
        if file.file_id in changed and (known or _seen(file) not in held):
            chosen.append(file)
            held.add(_seen(file))
    return chosen


def _seen(file: ExportFile) -> tuple[str, str, str]:
    return file.source.name, file.content, file.settings
