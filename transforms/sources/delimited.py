"""Delimited text to text cells, many rows at once.

Blocks in which every line is a row go to a parser in C. Where a quote holds a line end, or stands where
it should not, and where rows may be empty, Python's csv reads row by row, to the same cells.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, cast

import numpy as np
import polars as pl

from transforms.sources.blocks import blocks
from transforms.sources.opening import is_told, rows_of, separator_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

BLOCK = 1 << 21  # a call of the parser costs as much as some hundred rows
LONG = 1 << 17  # bytes of a line that may hold many cells
CELLS = (
    100_000  # of a block with such a line; polars takes 400 bytes for each that the header has not
)
ROWS = 10_000  # that are read one by one before they are handed on

_QUOTE, _CR, _LF = b'"\r\n'


@dataclass(frozen=True, slots=True)
class Layout:
    """The header of a delimited text, the sign between its cells, and the lines it ends after."""

    header: list[str]
    separator: str
    lines: int


def layout_of(path: Path, separator: str = "") -> Layout:
    """The layout of the file at `path`; `separator` is found out where it is not told."""
    return layout_of_text(_text(next(blocks(path), b"")), separator)


def layout_of_text(text: IO[str], separator: str = "") -> Layout:
    """The same of a text, which may be cut off below the header."""
    lines = iter(text)
    skipped, first = 0, next(lines, "")
    while first and not is_told(first):
        skipped, first = skipped + 1, next(lines, "")
    separator = separator or separator_of(io.StringIO(first))
    reader = csv.reader(chain([first], lines), delimiter=separator, skipinitialspace=True)
    try:
        header = next(reader, [])
    except csv.Error:  # a quote that is not closed
        header = []
    return Layout([name.strip() for name in header], separator, skipped + reader.line_num)


def cells_of(path: Path, layout: Layout, at: Mapping[str, int]) -> Iterator[pl.DataFrame]:
    """Cells by key (key → index of the column), stripped, and `position`, the number of the row.

    The header is row 1. Rows without any text are left out. A quote that stays open has a line end
    within the cells that it swallows.
    """
    left = blocks(path, BLOCK)
    first = _text(next(left, b""))
    for _ in islice(first, layout.lines):
        pass
    number = 1
    for block in chain([first.read().encode()], left):
        cells = _quick(block, layout, at, number)
        if cells is None:
            number = yield from _careful(block, left, layout, at, number)
        else:
            yield cells
            number += cells.height


def sized(chunks: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """The same rows, about so many at once."""
    waiting: list[pl.DataFrame] = []
    height = 0
    for part in (part for chunk in chunks for part in chunk.iter_slices(rows)):
        waiting.append(part)
        height += part.height
        if height >= rows:
            yield pl.concat(waiting)
            waiting, height = [], 0
    if waiting:
        yield pl.concat(waiting)


def _quick(block: bytes, layout: Layout, at: Mapping[str, int], number: int) -> pl.DataFrame | None:
    """Cells of a block in which every line is a row with something to tell, else None."""
    if not block:
        return _frame([], at)
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == _LF)
    is_long = np.diff(ends, prepend=-1).max(initial=0) > LONG
    is_wide = is_long and block.count(layout.separator.encode()) > CELLS
    if is_wide or not _is_plain(block, layout.separator):
        return None
    table = (
        pl.scan_csv(
            block,
            has_header=False,
            schema={str(index): pl.String for index in range(len(layout.header))},
            separator=layout.separator,
            quote_char='"' if b'"' in block else None,
            truncate_ragged_lines=True,
            missing_columns="insert",
            extra_columns="ignore",
        )
        .select(
            pl.col(str(index)).fill_null("").str.strip_chars().alias(key)
            for key, index in at.items()
        )
        .collect()
    )
    if table.height != len(ends) or _has_empty(table):
        return None
    return table.with_columns(position=pl.int_range(number + 1, number + table.height + 1))


def _has_empty(table: pl.DataFrame) -> bool:
    """Whether a row has no text; most often the first column shows that none is empty."""
    left = table
    for name in table.columns:
        is_empty = left[name] == ""
        if not is_empty.any():
            return False
        left = left.filter(is_empty)
    return True


def _is_plain(block: bytes, separator: str) -> bool:
    """Whether lines end in LF or CR LF, and quotes stand around cells only, or doubled in them."""
    data = np.frombuffer(b"\n" + block, dtype=np.uint8)
    if b"\r" in block and not (data[np.flatnonzero(data == _CR) + 1] == _LF).all():
        return False
    quotes = np.flatnonzero(data == _QUOTE) if b'"' in block else np.empty(0, dtype=np.intp)
    edges = np.zeros(256, dtype=bool)
    edges[[_QUOTE, _CR, _LF, ord(separator)]] = True
    return (
        len(quotes) % 2 == 0
        and bool(edges[data[quotes[::2] - 1]].all())
        and bool(edges[data[quotes[1::2] + 1]].all())
    )


def _careful(
    block: bytes, more: Iterator[bytes], layout: Layout, at: Mapping[str, int], number: int
) -> Generator[pl.DataFrame, None, int]:
    """Cells of a block, and of the next ones while a row goes on in them; returns the last number."""
    left = deque(_text(block))

    def pulled() -> Iterator[str]:
        yield layout.separator.join("-" * len(layout.header)) + "\n"  # as wide as rows may be
        while True:
            while left:
                yield left.popleft()
            following = next(more, None)
            if following is None:
                return
            left.extend(_text(following))

    rows: list[tuple[int, list[str]]] = []
    last = number
    for count, row in islice(rows_of(cast("IO[str]", pulled()), layout.separator), 1, None):
        last = number + count - 1
        rows.append((last, row))
        if not left:
            break
        if len(rows) >= ROWS:
            yield _frame(rows, at)
            rows = []
    yield _frame(rows, at)
    return last


def _frame(rows: Sequence[tuple[int, list[str]]], at: Mapping[str, int]) -> pl.DataFrame:
    cells: dict[str, list[str] | list[int]] = {
        key: [row[index] if index < len(row) else "" for _, row in rows]
        for key, index in at.items()
    }
    return pl.DataFrame(
        {**cells, "position": [number for number, _ in rows]},
        schema={**dict.fromkeys(at, pl.String), "position": pl.Int64},
    ).with_columns(pl.exclude("position").str.strip_chars())


def _text(block: bytes) -> io.StringIO:
    return io.StringIO(block.decode(), newline="")
