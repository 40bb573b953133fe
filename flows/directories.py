"""The directories of the settings, in their order; one that cannot be read is as it was last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from flows.globs import matches
from flows.plan import without_path
from transforms.people import EVERYBODY, IDENTITY, NOBODY, memberships, nobody_pattern, without
from transforms.people.kept import as_kept, to_keep
from transforms.sources.base import UnreadableFileError
from transforms.sources.directory import read_directory
from warehouse import identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from flows.config import Config
    from transforms.people import Counted
    from transforms.sources.directory import Directory


@dataclass(frozen=True, slots=True)
class Told:
    """Directories, first listed first, and what could not be read: label, or glob without files → reason."""

    directories: tuple[Directory, ...]
    refused: dict[str, str]


def directory_files(
    config: Config, missing: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Path]:
    """Label → path, in the order of the settings. A path without * is there also when its file is not.

    So are those `missing` (label → pattern).
    """
    found: dict[str, Path] = {}
    for pattern in config.settings.people.directories:
        paths = config.files(pattern)
        if not paths and not set(pattern) & set("*?["):
            paths = [config.place(pattern)]
        paths += [config.place(label) for label, theirs in missing.items() if theirs == pattern]
        for path in paths:
            found.setdefault(config.relative(path), path)
    return found


def away(config: Config, con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Label → glob, of directories read before whose glob finds nothing at all: a share that is not mounted."""
    empty = [one for one in config.settings.people.directories if not config.files(one)]
    return {
        label: one
        for one in empty
        for label in identity.directory_labels(con)
        if matches(str(config.place(label)), str(config.place(one)))
    }


def read_one(config: Config, label: str, path: Path) -> Directory:
    """The directory at `path`. Raises UnreadableFileError."""
    people = config.settings.people
    return replace(read_directory(path, people.boundaries, valid_to=people.valid_to), label=label)


def told_by(
    config: Config,
    con: duckdb.DuckDBPyConnection,
    key: bytes = b"",
    counted: Counted = EVERYBODY,
) -> Told:
    """Every directory, less the people who are not `counted`.

    `con` is the identity database, which keeps what each told last.
    """
    found, refused = [], {}
    missing = away(config, con)
    files = directory_files(config, missing)
    seen = identity.addresses(con)["address"]
    identity.drop_directories(con, [*files])
    for label, path in files.items():
        try:
            one = without(read_one(config, label, path), counted, key)
        except UnreadableFileError as error:
            kept = identity.kept_directory(con, label)
            what = (
                "nothing is known of it yet" if kept is None else "what it told last still counts"
            )
            refused[missing.get(label, label)] = f"{without_path(error, path)}; {what}"
            if kept is not None:
                found.append(without(as_kept(kept, label), counted, key))
            continue
        identity.keep_directory(con, label, *to_keep(one, seen))
        found.append(one)
    return Told(tuple(found), refused)


def told_raw(config: Config, con: duckdb.DuckDBPyConnection) -> tuple[list[Directory], bool]:
    """Every directory as it is, or as it was told last, and whether all of them could be read."""
    found, is_whole = [], True
    for label, path in directory_files(config, away(config, con)).items():
        try:
            found.append(read_one(config, label, path))
        except UnreadableFileError:
            is_whole = False
            kept = identity.kept_directory(con, label)
            found += [] if kept is None else [as_kept(kept, label)]
    return found, is_whole


def contradictions(config: Config, directories: Sequence[Directory]) -> list[str]:
    """What directories tell against each other: a line per file and reason, naming the first row."""
    people = config.settings.people
    found = memberships(
        directories,
        pl.DataFrame(schema=IDENTITY),
        config.domains,
        key=b"",
        units=people.units,
        nobody=nobody_pattern([*NOBODY, *people.nobody]),
    ).conflicts
    counted = found.group_by("label", "reason", maintain_order=True).agg(
        pl.len(), pl.col("place", "position").first()
    )
    return [
        f"{label}: {place} {position}: {reason}"
        + (f" (and {count - 1:,} more like it)" if count > 1 else "")
        for label, reason, count, place, position in counted.iter_rows()
    ]
