"""A survey as a table and a few sentences, for a terminal."""

from __future__ import annotations

import sys
from collections import defaultdict
from itertools import groupby
from pathlib import PurePosixPath
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from flows.config import SETTINGS
from flows.proposal import blocks, proposal
from flows.survey import named_already
from flows.tables import NARROW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flows.config import Config
    from flows.survey import Seen, Survey

GAP, DEEP = "  ", " " * 6
MANY_PLACES = 3  # places told of one reason
_HEAD = ("file", "format", "sure", "from", "to", "records", "rejects", "people", "known")
_NUMBERS = {"sure", "records", "rejects", "people", "known"}


def show(found: Survey) -> None:
    """Print a line per file, then what is refused, what must be mended and what is not known."""
    width = get_terminal_size((NARROW, 0)).columns if sys.stdout.isatty() else NARROW
    for line in (
        *_table([seen for seen in found.files if seen.file.format], width),
        *_below(found),
    ):
        click.echo(line)


def _table(files: Sequence[Seen], width: int) -> Iterator[str]:
    """A block of lines per folder; a name that is too long has a line of its own."""
    if not files:
        return
    rows = [_HEAD, *map(_cells, files)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    least = max(8, width - sum(widths[1:]) - len(GAP) * (len(widths) - 1))
    widths[0] = min(2 + max(len(PurePosixPath(seen.label).name) for seen in files), least)
    yield _line(_HEAD, widths)
    yield "─" * (sum(widths) + len(GAP) * (len(widths) - 1))
    for folder, inside in groupby(files, key=lambda seen: seen.label.rpartition("/")[0]):
        if folder:
            yield f"{folder}/"
        for seen in inside:
            name = "  " * bool(folder) + PurePosixPath(seen.label).name
            if len(name) > widths[0]:
                yield name
                name = ""
            yield _line((name, *_cells(seen)[1:]), widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    told = (
        cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
        for name, cell, width in zip(_HEAD, cells, widths, strict=True)
    )
    return GAP.join(told).rstrip()


def _cells(seen: Seen) -> tuple[str, ...]:
    return (
        seen.label,
        seen.file.format,
        f"{seen.file.certainty:.0%}",
        str(seen.first or ""),
        str(seen.last or ""),
        f"{seen.records:,}",
        f"{seen.rejected:,}",
        f"{seen.people:,}",
        "" if seen.known is None else f"{int(seen.known * 100)}%",
    )


def _below(found: Survey) -> Iterator[str]:
    yield ""
    yield from wrap(total(found), NARROW)
    if rejects := list(_rejects(found)):
        yield from ("", "Records that cannot be read; the rest of the file is read:", *rejects)
    if wrong := [seen for seen in found.files if seen.wrong]:
        yield from ("", "To mend:")
        for seen in wrong:
            yield f"  {seen.label}"
            yield from _folded(seen.wrong)
    if found.unknown:
        yield from ("", "Not known, so not read:")
        for guess, alike in groupby(sorted(found.unknown, key=_guess), key=_guess):
            yield f"  {_places([seen.label for seen in alike])}"
            yield from _folded(guess)


def _guess(seen: Seen) -> str:
    return seen.file.guess


def next_steps(found: Survey, config: Config) -> Iterator[str]:
    """What to write in `tieline.toml`, all of it, or what it lacks where there is one."""
    yield ""
    if not found.exports:
        yield "No export that is known; `tieline sources` says how to get one from each tool."
    elif not config.path.exists():
        place = config.path if found.address else found.folder / SETTINGS
        yield f"To write in {place}" + (
            ":" if found.address else f"; `tieline init --from {found.folder}` does it:"
        )
        yield from ("", proposal(found, config.settings, place.parent))
    elif new := blocks(found, config.home, named_already(found, config)):
        yield from (f"To add to {config.path}:", new)
    else:
        yield f"{config.path} names every export. Next: tieline check -s {config.path}"


def total(found: Survey) -> str:
    """How many exports, formats, directories and people, in a sentence or two."""
    formats = len({seen.file.format for seen in found.exports})
    words = "No export"
    if found.exports:
        words = f"{_many(len(found.exports), 'export')} in {_many(formats, 'format')}"
    if found.directories:
        words += f", {_many(len(found.directories), 'directory', 'directories')} of people"
    if found.unknown:
        words += f", {_many(len(found.unknown), 'file')} not known"
    if found.people:
        words += f". {_many(found.people, 'person', 'people')}"
        if found.directories:
            words += f", {found.known:,} of them in a directory"
    return f"{words}."


def _rejects(found: Survey) -> Iterator[str]:
    """A line per reason, the most frequent first: how many, and where the first ones stand."""
    counts: dict[str, int] = defaultdict(int)
    places: dict[str, list[str]] = defaultdict(list)
    for seen in found.files:
        for reason, (count, first) in seen.reasons.items():
            counts[reason] += count
            places[reason].append(f"{seen.label} {first}")
    width = max((len(f"{count:,}") for count in counts.values()), default=0)
    for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        yield f"  {count:>{width},}  {reason}"
        first = "first at " if count > len(places[reason]) else "at "
        yield from _folded(f"{first}{_places(places[reason])}")


def _folded(words: str) -> list[str]:
    """Indented lines; a path is never cut."""
    return wrap(
        words, NARROW, initial_indent=DEEP, subsequent_indent=DEEP, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _places(labels: list[str]) -> str:
    more = len(labels) - MANY_PLACES
    told = ", ".join(labels[: MANY_PLACES + (more == 1)])
    return told + (f" and {more:,} more files" if more > 1 else "")


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"
