"""Every file below a folder: what it is, how much of it can be used, and who is in it."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from flows.config import SETTINGS, Config, ConfigError, Settings
from flows.config_read import read_config
from flows.guess import OFFICE
from flows.incoming import is_closed, is_passed_over
from flows.look import Look, look, refused_whole
from flows.plan import without_path
from flows.progress import steps
from flows.recognise import DIRECTORY, Recognised, recognise
from transforms.people import canonical
from transforms.sources import SOURCES
from transforms.sources.archives import kind_of, members, split
from transforms.sources.base import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date

    from transforms.sources.directory import Directory

MAILMAP = ".mailmap"  # a directory although it is hidden
PATIENCE = 2.0  # seconds between lines of progress where there is no terminal


@dataclass(frozen=True, slots=True)
class Seen:
    """One file; `holder` is the archive that it is in.

    `known`: share of its people that a directory knows; None: no directory, or no people.
    `wrong`: why it cannot be used as it is; empty: nothing to mend.
    """

    label: str
    file: Recognised
    records: int = 0
    events: int = 0
    people: int = 0
    known: float | None = None
    first: date | None = None
    last: date | None = None
    reasons: Mapping[str, tuple[int, str]] = field(default_factory=dict)  # → count, first place
    wrong: str = ""
    holder: str = ""

    @property
    def rejected(self) -> int:
        """Records that cannot be read."""
        return sum(count for count, _ in self.reasons.values())


@dataclass(frozen=True, slots=True)
class Survey:
    """All files of a folder, by label. `domains`: people whom no directory knows, by mail domain."""

    folder: Path
    files: tuple[Seen, ...]
    domains: Mapping[str, int]
    people: int
    known: int
    address: str = ""  # of which the folder is a copy

    @property
    def exports(self) -> list[Seen]:
        """Files with events that a reader knows."""
        return [seen for seen in self.files if seen.file.format not in {"", DIRECTORY}]

    @property
    def directories(self) -> list[Seen]:
        """Files of who belongs where."""
        return [seen for seen in self.files if seen.file.format == DIRECTORY]

    @property
    def unknown(self) -> list[Seen]:
        """Files that nothing reads."""
        return [seen for seen in self.files if not seen.file.format]


def settings_near(folder: Path) -> Config:
    """Those of the `tieline.toml` in `folder` or above it; where there is none, the default ones."""
    here = folder.resolve()
    for place in (here, *here.parents):
        if (place / SETTINGS).is_file():
            return read_config(place / SETTINGS)
    return Config(path=here / SETTINGS, home=here, settings=Settings())


def survey(folder: Path, config: Config) -> Survey:
    """Read every file below `folder`, hidden ones and Tieline's own left out.

    Memory holds a batch, the directories and the addresses seen, however large the files.

    Raises:
        ConfigError: there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name the one that the exports are in")
    paths = list(_walk(folder, _own(config)))
    mappings = _mappings(config)
    found, files = [], []
    with _steps("sniff", len(paths)) as tell:
        for path in paths:
            tell(os.path.relpath(path, folder))
            found += _recognised(path)
    known = _addresses(file.directory for file in found if file.directory)
    everybody: set[str] = set()
    with _steps("read", len(paths)) as tell:
        for file in found:
            label = os.path.relpath(file.path, folder)
            tell(label)
            seen = _seen(label, file, config, mappings, known, everybody)
            files.append(
                seen if file.path.is_file() else replace(seen, holder=_holder(file, folder))
            )
    strangers = (address.rpartition("@")[2] for address in everybody - known if "@" in address)
    return Survey(
        folder,
        tuple(files),
        dict(Counter(strangers).most_common()),
        len(everybody),
        len(everybody & known),
    )


def _recognised(path: Path) -> list[Recognised]:
    """The file, or those in it where it is an archive that no reader takes as one export."""
    file = recognise(path)
    if file.format or path.suffix.lower() in OFFICE:
        return [file]
    try:
        held = members(path) if kind_of(path) else []
    except OSError:  # which `file` says
        return [file]
    except UnreadableFileError as error:
        return [Recognised(path, guess=without_path(error, path))]
    if len(held) <= 1:
        return [file]
    return [
        Recognised(one.path, guess=one.refusal) if one.refusal else recognise(one.path)
        for one in held
    ]


def _holder(file: Recognised, folder: Path) -> str:
    within = split(file.path)
    return os.path.relpath(within[0], folder) if within else ""


def _seen(
    label: str,
    file: Recognised,
    config: Config,
    mappings: Mapping[tuple[Path, str], Mapping[str, str]],
    known: set[str],
    everybody: set[str],
) -> Seen:
    """The file, read; its people are added to `everybody`."""
    if file.directory:
        told = Look(records=file.directory.records)
        told.rejects.add(file.directory.rejects)
        count = len(_addresses([file.directory]))
        return Seen(label, file, told.records, people=count, reasons=_reasons(told))
    if not file.format:
        return Seen(label, file)
    mapping = mappings.get((file.path.resolve(), file.format), file.mapping)
    told = look(file.path, SOURCES[file.format], config, mapping)
    everybody |= told.people
    share = len(told.people & known) / len(told.people) if known and told.people else None
    return Seen(
        label, file, told.records, told.events, len(told.people), share, told.first, told.last,
        _reasons(told), refused_whole(told, config),
    )  # fmt: skip


def _reasons(told: Look) -> dict[str, tuple[int, str]]:
    return {why: (count, told.rejects.first[why]) for why, count in told.rejects.counts.items()}


def _addresses(directories: Iterable[Directory]) -> set[str]:
    """Every address that a directory tells of, aliases included."""
    known: set[str] = set()
    for one in directories:
        told = pl.concat(
            [
                one.members["address"],
                *(
                    frame[name]
                    for frame in (one.aliases, one.merges)
                    for name in ("alias", "address")
                ),
            ]
        )
        known.update(told.to_frame("address").select(canonical(pl.col("address")))["address"])
    return known


def _walk(folder: Path, own: set[Path]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        within = sorted(
            name for name in folders
            if not is_passed_over(name) and (here / name).resolve() not in own
        )  # fmt: skip
        closed = [name for name in within if is_closed(here / name)]
        yield from (here / name for name in closed)  # as files that cannot be opened
        folders[:] = [name for name in within if name not in closed]
        for name in sorted(names):
            path = here / name
            if (name[0] != "." or name == MAILMAP) and path.is_file() and path.resolve() not in own:
                yield path


def _own(config: Config) -> set[Path]:
    """What Tieline itself keeps: the settings, the key, the warehouse and what comes of it."""
    kept = (config.warehouse.parent, config.published, config.docs, config.key_file)
    return {config.path, *(path.resolve() for path in kept)}


def named_already(found: Survey, config: Config) -> set[str]:
    """Labels of the files that a source or the directories of the settings name."""
    people = config.settings.people.directories
    patterns = [*people, *(source.files for source in config.settings.source)]
    paths = {path.resolve() for pattern in patterns for path in config.files(pattern)}
    return {
        seen.label
        for seen in found.files
        if {seen.file.path.resolve(), (found.folder / seen.holder).resolve()} & paths
    }


def _mappings(config: Config) -> dict[tuple[Path, str], Mapping[str, str]]:
    """(file, format) → the mapping that the settings give it already."""
    return {
        (path.resolve(), source.format): source.mapping
        for source in config.settings.source
        if source.mapping
        for path in config.files(source.files)
    }


@contextmanager
def _steps(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """As `steps`, but where there is no terminal only now and then: small files are many."""
    with steps(what, total) as tell:
        last = time.monotonic()

        def seldom(words: str) -> None:
            nonlocal last
            if sys.stderr.isatty() or time.monotonic() - last >= PATIENCE:
                last = time.monotonic()
                tell(words)

        yield seldom
