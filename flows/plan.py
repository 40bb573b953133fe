"""Which export files there are, also within archives, and which of them have to be read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from flows.config import Config, ConfigError, SourceFiles
from flows.incoming import files_below, is_folder, leads_out
from flows.transient import is_transient
from transforms.sources import SOURCES
from transforms.sources.archives import kind_of, members, split
from transforms.sources.base import UnreadableFileError
from transforms.sources.opening import fingerprint, head, opened, salvaged
from transforms.sources.zips import SIGNATURE
from warehouse.ledger import Move
from warehouse.refusals import given_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import duckdb

    from transforms.sources.base import Source

SURE = 0.5  # certainty from which a reader takes an archive as one export
NAMED = 5  # files that a summary names
ASIDE = "left aside: "
UNREADABLE = "unreadable"  # stands for the content of what cannot be opened
SETTLED_NS = (
    10 * 10**9
)  # a file as young as this when it was read may have changed within its time stamp


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
    horizon: date  # series of meetings are followed to here
    modified_ns: int = 0  # when it, or the archive that it is in, was last written

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
    modified_ns: int
    refusal: str = ""
    is_broken: bool = False  # an archive that nobody can look into


class Known(NamedTuple):
    """What the ledger says of a file that was read."""

    size: int
    modified_ns: int
    content: str


def found_files(config: Config, known: Mapping[int, Known] = MappingProxyType({})) -> Found:
    """Look at what the settings name: files, folders, and archives as if they were folders.

    Of a folder, and of an archive that no reader takes as one export, those files are read that
    may be in the format of the source. A file of which size and time are those of `known` is not opened.
    A folder that cannot be opened is a file that cannot be read.
    """
    found, horizon = Found([], []), config.horizon
    for source in config.settings.source:
        if source.format not in SOURCES:
            raise ConfigError(
                f"{config.path}: source {source.name!r}: no format {source.format!r}; "
                f"`tieline sources` lists them: {', '.join(SOURCES)}"
            )
        is_calendar = SOURCES[source.format].channel == "meeting"
        settings = config.reading(source, horizon if is_calendar else None)
        for part in _parts(config, source, known):
            label = config.relative(part.path)
            if part.refusal:
                holder = config.relative(part.holder)
                found.aside.append(LeftAside(source, holder, label, part.refusal))
                continue
            number = file_id(source.name, label)
            content = _content(part.path, known.get(number), part.size, part.modified_ns)
            found.files.append(
                ExportFile(
                    file_id=number,
                    source=source,
                    path=part.path,
                    label=label,
                    content=content,
                    settings=settings,
                    size=part.size,
                    horizon=horizon,
                    modified_ns=part.modified_ns,
                )
            )
    return found


def masked(label: str) -> str:
    """`label` without what stands before an @ in it."""
    return re.sub(r"[^/\s]+@", "…@", label)


def known_files(con: duckdb.DuckDBPyConnection) -> dict[int, Known]:
    """The ledger, less the files that were written so shortly before that they may have been since."""
    rows = con.execute(
        """SELECT file_id, bytes, modified_ns, content FROM source_file LEFT JOIN run USING (run_id)
           WHERE modified_ns > 0 AND content <> '' AND modified_ns < epoch_ns(
             -- A warehouse from the lake has no run log.
             coalesce(started_at, try_strptime(left(run_id, 16), '%Y%m%dT%H%M%SZ'))) - $settled""",
        {"settled": SETTLED_NS},
    ).fetchall()
    return {number: Known(*facts) for number, *facts in rows}


def _content(path: Path, known: Known | None, size: int, modified_ns: int) -> str:
    """Hash of the file; of one that cannot be opened none, which its reading will tell."""
    if known and known[:2] == (size, modified_ns):
        return known.content
    try:
        return fingerprint(path)
    except OSError as error:
        if is_transient(error):
            raise
        return UNREADABLE


def summary(aside: Iterable[LeftAside]) -> Iterator[tuple[SourceFiles, str, str]]:
    """Of each archive or folder: its source, its label, and in a sentence what is left aside."""
    by_reason: dict[tuple[str, str, str], list[LeftAside]] = {}
    for one in aside:
        by_reason.setdefault((one.source.name, one.holder, one.reason), []).append(one)
    for (_, holder, reason), ones in by_reason.items():
        names = ", ".join(masked(one.label.removeprefix(f"{holder}/")) for one in ones[:NAMED])
        more = f" and {len(ones) - NAMED:,} more" if len(ones) > NAMED else ""
        yield ones[0].source, holder, f"{ASIDE}{names}{more}: {reason}"


def export_files(config: Config) -> Iterator[ExportFile]:
    """Every file of every source, in the order of the settings."""
    yield from found_files(config).files


def _parts(config: Config, source: SourceFiles, known: Mapping[int, Known]) -> Iterator[_Part]:
    reader, folder = SOURCES[source.format], config.place(source.files)
    is_whole = is_folder(folder)

    def unpacked(path: Path) -> Iterator[_Part]:
        if away := leads_out(path, folder if is_whole else config.root(source.files)):
            yield _Part(path, path, 0, 0, away)
            return
        facts = path.stat()
        same = known.get(file_id(source.name, config.relative(path)))
        if same and same[:2] == (facts.st_size, facts.st_mtime_ns):
            yield _Part(path, path, facts.st_size, facts.st_mtime_ns)
        else:
            yield from _unpacked(path, reader, facts)

    if not is_whole:
        for path in (*config.files(source.files), *config.closed(source.files)):
            yield from unpacked(path)
        return
    for path in files_below(folder):
        for part in unpacked(path):
            is_settled = part.path != path or part.refusal or part.is_broken
            is_known = file_id(source.name, config.relative(path)) in known
            yield part if is_settled or is_known else part._replace(
                holder=folder, refusal=_unlike(path, reader)
            )  # fmt: skip


def _unpacked(path: Path, reader: Source, facts: os.stat_result) -> Iterator[_Part]:
    """The files of an archive, or the file itself: also where nothing in it can be read."""
    whole = _Part(path, path, facts.st_size, facts.st_mtime_ns)
    try:
        kind = kind_of(path)
        if not kind or (kind == "zip" and reader.sniff(path, SIGNATURE) >= SURE):
            yield whole
            return
        held = members(path)
    except (UnreadableFileError, OSError):  # which the reader will say
        yield whole._replace(is_broken=True)
        return
    parts = [
        _Part(path, one.path, one.size, facts.st_mtime_ns, one.refusal or _unlike(one.path, reader))
        for one in held
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
    except OSError:  # which the reader will say
        return ""
    except UnreadableFileError as error:  # which the reader will say of what may be its own
        return "" if reader.sniff(path, salvaged(path)) > 0 else without_path(error, path)


def file_id(source: str, label: str) -> int:
    """Number of a file: the same in every run, whatever the order of files."""
    return int.from_bytes(blake2b(f"{source}|{label}".encode(), digest_size=8).digest()) >> 1


def without_path(error: Exception, path: Path) -> str:
    """What `error` says about the file; which file it is, is said once and by its label."""
    told = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
    return " ".join(told.split())  # a header may hold line ends


def why_refused(error: UnreadableFileError | OSError, path: Path) -> str:
    """Why a file is refused whole, in words without its path."""
    if isinstance(error, IsADirectoryError):  # no other folder is read as a file
        return "a folder that cannot be opened; mend its rights"
    if isinstance(error, OSError):
        return f"cannot be opened ({error.strerror}); mend its rights, or deliver it again"
    return without_path(error, path)


def to_read(
    con: duckdb.DuckDBPyConnection, files: Sequence[ExportFile], again: Iterable[int] = ()
) -> list[ExportFile]:
    """Files that are new, changed, refused last time or named by `again` (file_id).

    A renamed copy of a read one is none of these.
    """
    refused = set(again) | {
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


def renamed(con: duckdb.DuckDBPyConnection, files: Sequence[ExportFile]) -> list[Move]:
    """Files of the ledger that are no longer there, while one with their bytes is, under a new name.

    Whatever the settings were when they were read: under that name it is read anew where they differ.
    So is an archive that was read as the one file in it, and now holds more: the largest takes over
    what it showed, and replaces it.
    """
    rows = con.execute("SELECT file_id, source, content FROM source_file").fetchall()
    there, listed = {file.file_id for file in files}, {row[0] for row in rows}
    gone = {(source, content): n for n, source, content in rows if n not in there}
    arrived = [file for file in files if file.file_id not in listed]
    new: dict[int, Move] = {}
    for file in arrived:
        old = gone.get((file.source.name, file.content))
        if old is not None:
            new.setdefault(old, Move(old, file.file_id, file.shown))
    taken = {move.new for move in new.values()}
    for file in sorted(arrived, key=lambda one: one.size, reverse=True):
        archive = _archive_of(file)
        if archive and archive in listed - there and file.file_id not in taken:
            new.setdefault(archive, Move(archive, file.file_id, file.shown))
    return list(new.values())


def _archive_of(file: ExportFile) -> int | None:
    """Number of the archive that the file is in."""
    within = split(file.path)
    return file_id(file.source.name, file.label.removesuffix(f"/{within[1]}")) if within else None


def _seen(file: ExportFile) -> tuple[str, str, str]:
    return file.source.name, file.content, file.settings


def renamed_sources(
    con: duckdb.DuckDBPyConnection, config: Config, files: Sequence[ExportFile]
) -> tuple[list[Move], dict[str, str]]:
    """Files of sources that the settings name otherwise now, and old name → new.

    That is a source of which a file lies where one lay of a source that is no longer there.
    """
    rows = con.execute("SELECT file_id, source, path FROM source_file").fetchall()
    before = {source for _, source, _ in rows}
    named = {source.name for source in config.settings.source}
    if before <= named:
        return [], {}
    now = {file.shown: file for file in files if file.source.name not in before}
    moves: list[Move] = []
    sources: dict[str, str] = {}
    for number, source, path in rows:
        if source not in named and path in now:
            file = now[path]
            if sources.setdefault(source, file.source.name) == file.source.name:
                moves.append(Move(number, file.file_id, path))
    # Two that have become one are no renaming.
    single = {old for old, new in sources.items() if [*sources.values()].count(new) == 1}
    of = {number: source for number, source, _ in rows}
    return [move for move in moves if of[move.old] in single], {old: sources[old] for old in single}
