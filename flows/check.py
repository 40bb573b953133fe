"""Look at every export file and directory of the settings without loading anything."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from flows.config import ConfigError
from flows.directories import contradictions, directory_files, read_one
from flows.expectations import own_expectations
from flows.fetch import up_to_date
from flows.key import key_in
from flows.lists import listed
from flows.look import Look, left_out, look, refused_whole
from flows.mirror import connection_string
from flows.plan import found_files, summary, without_path
from flows.retention import wanted
from transforms.sources import SOURCES, sniff
from transforms.sources.base import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flows.config import Config
    from flows.plan import ExportFile

SURE = 0.5  # certainty from which another format than the one in the settings is worth a word


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """What was found, a line each: `problems` must be mended, `notes` tell what will be left out.

    `files`: source, file, format, records, events, people, rejects, from, to.
    """

    files: pl.DataFrame
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_files(config: Config) -> CheckedFiles:
    """Read every file of every source, and every directory; nothing is kept."""
    with up_to_date(config) as missing:
        found = _checked(config)
        return replace(found, problems=(*missing, *found.problems))


def _of_settings(config: Config) -> Iterator[str]:
    """What a run would stop at before it reads anything."""
    people = config.settings.people
    key = key_in(config.key_file) if config.key_file.is_file() else b""
    needed: tuple[Callable[[], object], ...] = (
        partial(own_expectations, config),
        partial(wanted, config, config.today()),
        partial(listed, config, [*people.excluded, *people.consent], key),
        partial(connection_string, config),
    )
    for one in needed:
        try:
            one()
        except ConfigError as error:
            yield str(error)


def _checked(config: Config) -> CheckedFiles:
    rows, problems = [], []
    found, aside = found_files(config)
    notes = [f"{holder}: {words}" for _, holder, words in summary(aside)]
    used = {file.source.name for file in found}
    problems += [
        f"{config.path}: source {source.name!r}: no file matches {source.files!r}; put one there or mend the path"
        for source in config.delivering(config.today())
        if source.name not in used
    ]
    problems += _of_settings(config)
    if not config.settings.source:
        problems.append(
            f"{config.path}: no [[source]] yet; add one for each export: `tieline check FOLDER`"
            " says what to write, `tieline sources` lists the formats"
        )
    for file in found:
        seen = look(file.path, SOURCES[file.source.format], config, file.source.mapping)
        rows.append(_row(file.source.name, file.label, file.source.format, seen))
        problems += _wrong(config, file, seen)
        notes += left_out(file.label, seen.rejects)
    if not config.settings.people.directories and not any(config.domains.values()):
        problems.append(
            f"{config.path}: people: nothing says who belongs where; name a directory under"
            " people.directories, or domains under [people.domains]"
        )
    for pattern in config.settings.people.directories:
        if not config.files(pattern):
            problems.append(
                f"{config.path}: people.directories: no file matches {pattern!r}; put it there or remove it"
            )
    directories = []
    for label, path in directory_files(config).items():
        if not path.is_file():
            continue
        try:
            directory = read_one(config, label, path)
        except UnreadableFileError as error:
            problems.append(f"{label}: {without_path(error, path)}")
            continue
        seen = Look(records=directory.records, people=set(directory.members["address"]))
        seen.rejects.add(directory.rejects)
        rows.append(_row("directory", label, "directory", seen) | {"events": None})
        notes += left_out(label, seen.rejects)
        directories.append(directory)
        if directory.members.is_empty():  # of addresses or domains that belong together
            continue
        missing = set(config.settings.people.boundaries) - set(directory.members["boundary"])
        problems += [
            f"{label}: no column for boundary {name!r}; add it or take it out of people.boundaries"
            for name in sorted(missing)
        ]
    notes += contradictions(config, directories)
    return CheckedFiles(pl.DataFrame(rows, schema=_COLUMNS), tuple(problems), tuple(notes))


_COLUMNS = {
    "source": pl.String, "file": pl.String, "format": pl.String, "records": pl.Int64, "events": pl.Int64,
    "people": pl.Int64, "rejects": pl.Int64, "from": pl.Date, "to": pl.Date,
}  # fmt: skip


def _row(source: str, label: str, form: str, seen: Look) -> dict[str, object]:
    return {
        "source": source, "file": label, "format": form, "records": seen.records,
        "events": seen.events, "people": len(seen.people), "rejects": seen.rejected,
        "from": seen.first, "to": seen.last,
    }  # fmt: skip


def _wrong(config: Config, file: ExportFile, seen: Look) -> list[str]:
    """What must be mended."""
    problems = []
    with suppress(OSError):  # which `seen` tells
        problems += [
            f"{file.label}: looks like {likely.name}, the settings say {file.source.format};"
            f" change format in source {file.source.name!r}"
            for certainty, likely in sniff(file.path)[:1]
            if likely.name != file.source.format and certainty >= SURE
        ]
    if why := refused_whole(seen, config):
        problems.append(f"{file.label}: {why}")
    return problems
