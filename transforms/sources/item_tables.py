"""Tables of work items: a row per item, that tells who made it and when, and little else.

Trackers export such a table to whoever may look at a list. It shows an item as it is today: who
has it, but not since when or by whom. So an act is told only where a column says who and another
when; an assignee alone has done nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from transforms.sources.acts import Act, Rows, stamp
from transforms.sources.base import BATCH_ROWS, Batch, Options, UnreadableFileError
from transforms.sources.mail_headers import addresses
from transforms.sources.meetings import named
from transforms.sources.opening import (
    OPEN_QUOTE,
    SEPARATORS,
    SHORTENED,
    SHORTENED_ID,
    columns_told,
    decoded,
    likely,
    opened_text,
    plain,
    rows_of,
    separator_of,
)
from transforms.sources.written_times import day_is_first, numbered, written_instants

CHUNK = BATCH_ROWS // 10
_SHORTENED = re.compile(SHORTENED_ID)
ABOVE = 20  # rows that may stand above the header: a title, the date of the export

Numbered = Iterator[tuple[int, list[str]]]
Opener = Callable[[Path], AbstractContextManager[Numbered]]


class Item(NamedTuple):
    """One row."""

    row: Sequence[str]
    at: Mapping[str, Sequence[int]]  # key → where its columns stand; a header may come often
    times: Mapping[str, datetime | None]  # in UTC, by what is written
    system: str  # where numbers of several sites could meet: the setting `system`

    def cell(self, key: str) -> str:
        """First cell of `key` that holds anything; empty where none does."""
        return next(iter(self.cells(key)), "")

    def cells(self, key: str) -> list[str]:
        """Cells of `key` that hold anything; a row may be shorter than its header."""
        row = self.row
        return [text for at in self.at.get(key, ()) if at < len(row) and (text := row[at].strip())]

    def time(self, key: str) -> datetime | None:
        """Time of the cell of `key`; None where it is empty or no time."""
        return self.times.get(self.cell(key))


@dataclass(frozen=True, slots=True)
class Shape:
    """What the table of a tool looks like, and what its rows tell."""

    columns: Mapping[str, Sequence[str]]  # key → its headers as `plain` writes them
    needed: Mapping[str, str]  # key → how its header is shown when it is missing
    dates: Sequence[str]  # keys of cells that hold a time and nothing else
    acts: Callable[[Item], Iterable[Act] | None]  # None: the row does not say which item it is
    unnamed: str  # why, then
    cure: str
    more_times: Callable[[Item], Iterable[str]] = lambda _: ()  # times within other cells


def read_items(path: Path, options: Options, shape: Shape, rows_at: Opener) -> Iterator[Batch]:
    """Batches of the items at `path`; positions are rows from 1, the header among them.

    Times without offset are on the clock of the network's time zone. The file is read twice: its
    dates together tell whether day or month comes first. `rows_at` opens it, as `csv_rows` does.
    Raises UnreadableFileError when a column is missing.
    """
    system = options.mapping.get("system", "").strip().lower()
    day_first = _day_first(path, shape, rows_at)
    seen = set[int]()
    batch = Rows("work", options, seen)
    with rows_at(path) as numbered_rows:
        at, rows = _table(path, numbered_rows, shape)
        for chunk in iter(lambda: list(islice(rows, CHUNK)), []):
            items = [Item(row, at, {}, system) for _, row in chunk]
            times = _times(items, shape, str(options.time_zone), day_first=day_first)
            for (number, row), item in zip(chunk, items, strict=True):
                batch.records += 1
                if row and row[0] == "…\n…":
                    batch.reject(number, "row", OPEN_QUOTE)
                    continue
                if _SHORTENED.match(item.cell("id")):
                    batch.reject(number, "row", SHORTENED)
                    continue
                acts = shape.acts(item._replace(times=times))
                if acts is None:
                    batch.reject(number, "row", shape.unnamed)
                else:
                    batch.add(acts, number, "row")
                if batch.is_full:
                    yield batch.finished()
                    batch = Rows("work", options, seen)
    yield batch.finished()


@contextmanager
def csv_rows(path: Path) -> Iterator[Numbered]:
    """Rows of delimited text, for `read_items`."""
    with opened_text(path) as text:
        yield rows_of(text, separator_of(text))


def is_shaped(head: bytes, shape: Shape) -> bool:
    """Whether one of the first lines of delimited text is a header with all that is needed."""
    lines = [line for line in decoded(head).splitlines()[:ABOVE] if line.strip()]
    headers = (line.replace('"', "").split(max(SEPARATORS, key=line.count)) for line in lines)
    return any(shape.needed.keys() <= columns(header, shape).keys() for header in headers)


def columns(header: Sequence[str], shape: Shape) -> dict[str, list[int]]:
    """Where the columns of each key stand; of several spellings the first that is there."""
    there: dict[str, list[int]] = {}
    for index, name in enumerate(header):
        there.setdefault(plain(name), []).append(index)
    return {
        key: next(there[name] for name in names if name in there)
        for key, names in shape.columns.items()
        if there.keys() & {*names}
    }


# --- acts -------------------------------------------------------------------------------------


def done_by(
    kind: str, number: str, who: str | None, at: datetime | None, item: str, *, is_machine: bool
) -> Iterator[Act]:
    """An act on `item`, where a column says who did it."""
    if who:
        yield Act(f"work:{item}:{number}", kind, at, who, container=item, is_automated=is_machine)


def item_name(tool: str, item: Item, number: str, created: datetime | None, *within: str) -> str:
    """Name of the item numbered `number` of `system`.

    Numbers begin anew on every site. Where the settings do not say which one this is, the second
    in which the item was made keeps items of several sites apart.
    """
    bare = "".join((*within, number))
    return f"{tool}:{item.system}/{bare}" if item.system else f"{tool}:~{bare}@{stamp(created)}"


@lru_cache(16_384)
def person(cell: str, login: str = "") -> str | None:
    """The person that a cell names: by mail address, or else by name; None for nobody.

    With `login`, one word is no name but that tool's login: `login` and the word.
    """
    found = addresses(cell) if "@" in cell else []
    if found:
        return found[0]
    if login and cell and len(cell.split()) == 1:
        return f"{login}:{cell}"
    return named(cell)


# --- header and times -------------------------------------------------------------------------


def _table(path: Path, rows: Numbered, shape: Shape) -> tuple[dict[str, list[int]], Numbered]:
    """Where the columns stand, and the rows below the header."""
    above: list[list[str]] = []
    for _, row in islice(rows, ABOVE):
        at = columns(row, shape)
        if shape.needed.keys() <= at.keys():
            return at, chain(rows)
        above.append(row)
    header = max(above, key=lambda row: (len(columns(row, shape)), len(row)), default=[])
    key = next(key for key in shape.needed if key not in columns(header, shape))
    name = shape.needed[key]
    raise UnreadableFileError(
        f"{path}: no column {name!r}{likely(name, header)}; {columns_told(header)}; {shape.cure}"
    )


def _written(items: Iterable[Item], shape: Shape) -> list[str]:
    """Every time that the rows hold, as it is written, once."""
    found: dict[str, None] = {}
    for item in items:
        found.update(dict.fromkeys(item.cell(key) for key in shape.dates))
        found.update(dict.fromkeys(shape.more_times(item)))
    return [*found]


def _day_first(path: Path, shape: Shape, rows_at: Opener) -> bool | None:
    days: dict[str, str] = {}  # each distinct day, at the hour that is written with it first
    with rows_at(path) as numbered_rows:
        at, rows = _table(path, numbered_rows, shape)
        for chunk in iter(lambda: list(islice(rows, CHUNK)), []):
            for text in _written((Item(row, at, {}, "") for _, row in chunk), shape):
                days.setdefault(text.partition(" ")[0], text)
    # Without a.m. and p.m., and nothing to tell by, the file is no American one.
    return day_is_first(numbered(pl.Series([*days.values()], dtype=pl.String))) is not False


def _times(
    items: Iterable[Item], shape: Shape, zone: str, *, day_first: bool | None
) -> dict[str, datetime | None]:
    texts = _written(items, shape)
    cells = numbered(pl.Series(texts, dtype=pl.String))
    told = written_instants(cells, zone, day_first=day_first).dt.convert_time_zone("UTC")
    return dict(zip(texts, (time and time.astimezone(UTC) for time in told), strict=True))
