"""Readers of other people's packages: each entry point of the group `tieline.sources` is a Source.

A package that cannot be used costs its own formats only, and one line that says why.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from traceback import extract_tb

from transforms.sources.base import Batch, Options, Source, UnreadableFileError
from transforms.sources.mapping import CHANNELS

GROUP = "tieline.sources"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugins:
    """Formats of other packages, the package of each, and what is wrong with the rest, a line each."""

    sources: Mapping[str, Source]
    packages: Mapping[str, str]  # format → "name version"
    problems: tuple[str, ...]


def installed(taken: Mapping[str, Source]) -> Plugins:
    """What is installed beside Tieline. A name in `taken` stays whose it is."""
    return load(entry_points(group=GROUP), taken)


def load(entries: Iterable[EntryPoint], taken: Mapping[str, Source]) -> Plugins:
    """Import each entry's Source, by name of package; the first to claim a name has it."""
    sources: dict[str, Source] = {}
    packages: dict[str, str] = {}
    problems = []
    for entry in sorted(entries, key=lambda entry: (_package(entry), entry.name)):
        package = _package(entry)
        try:
            source = _checked(entry.load())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a stranger's import does
            problems.append(_broken(package, entry, error))
            continue
        if source.name in taken or source.name in packages:
            owner = packages.get(source.name, "Tieline itself")
            problems.append(
                f"{package}: entry point {entry.name!r}: the format {source.name!r} is there already,"
                f" from {owner}; uninstall one of them, or ask the makers for another name"
            )
            continue
        packages[source.name] = package
        sources[source.name] = _fenced(source, package)
    return Plugins(sources, packages, tuple(problems))


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unnamed package"


def _broken(package: str, entry: EntryPoint, error: BaseException) -> str:
    cause = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(".")
    return (
        f"{package}: entry point {entry.name!r} ({entry.value}) cannot be loaded ({cause});"
        f" update or uninstall {package.partition(' ')[0]}"
    )


def _checked(found: object) -> Source:
    if not isinstance(found, Source):
        raise TypeError(f"it is a {type(found).__name__}, not a transforms.sources.base.Source")
    if not isinstance(found.name, str) or not found.name:
        raise ValueError("its name is empty")
    if found.channel not in CHANNELS:
        raise ValueError(f"its channel is {found.channel!r}, not one of: {', '.join(CHANNELS)}")
    if not callable(found.sniff) or not callable(found.read):
        raise TypeError("sniff and read are not both functions")
    return found


def _fenced(source: Source, package: str) -> Source:
    """The same source; what it does not catch itself harms no other format and no other file."""
    return replace(
        source,
        sniff=_fenced_sniff(source.sniff, f"{package}: {source.name}"),
        read=_fenced_read(source.read, f"{package}: {source.name}"),
    )


def _fault(error: Exception) -> str:
    """What failed and where; its own words may quote the file."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def _fenced_sniff(
    sniff: Callable[[Path, bytes], float], who: str
) -> Callable[[Path, bytes], float]:
    def fenced(path: Path, head: bytes) -> float:
        try:
            return min(max(float(sniff(path, head)), 0.0), 1.0)
        except Exception as error:  # noqa: BLE001 - its mistake must not hide who else knows the file
            log.warning(
                "%s: sniff fails on %s (%s); tell its makers", who, path.name, _fault(error)
            )
            return 0.0

    return fenced


def _fenced_read(
    read: Callable[[Path, Options], Iterator[Batch]], who: str
) -> Callable[[Path, Options], Iterator[Batch]]:
    def fenced(path: Path, options: Options) -> Iterator[Batch]:
        try:
            yield from read(path, options)
        except UnreadableFileError:
            raise
        except Exception as error:
            message = (
                f"{path}: the reader fails ({who}: {_fault(error)}); tell its makers, or update it"
            )
            raise UnreadableFileError(message) from error

    return fenced
