"""Ndjson to text cells: only the fields that are asked for are looked at, many lines at once."""

from __future__ import annotations

import json
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from transforms.sources.blocks import blocks, line_count, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

BLOCK = 1 << 18  # as many records as a processor keeps at hand
ROWS = 10_000  # that become columns together
FIRST_LINES = 1000  # that tell which fields there are

_BROKEN = (msgspec.MsgspecError, RecursionError)


class _Other(msgspec.Struct):
    """An object where a text or a number should be."""


_VALUE = str | int | float | bool | list[Any] | None


def names(path: Path, wanted: Sequence[str]) -> list[str]:
    """Fields of the first lines' objects; not all, once those `wanted` are among them."""
    found: dict[str, None] = {}
    for line in islice(lines(path), FIRST_LINES):
        found.update(dict.fromkeys(names_of(line)))
        if found.keys() >= {*wanted}:
            break
    return list(found)


def names_of(line: bytes | str) -> list[str]:
    """Fields of a line's JSON object, those of objects inside it as "outer.inner"."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if not isinstance(record, dict):
        return []
    inner = [
        f"{name}.{part}"
        for name, value in record.items()
        if isinstance(value, dict)
        for part in value
    ]
    return [*record, *inner]


def cells_of(path: Path, columns: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    """Text of the fields of each line, by key, and its number as `position`.

    Null where a field is not there, or is an object or a list; all are where a line is no object.
    "a.b" is field b of object a, or a field that is called so itself.
    """
    paths = [path for column in columns.values() for path in ([column], column.split("."))]
    decoder = msgspec.json.Decoder(_struct(paths))
    first = 1
    values: dict[str, list[object]] = {key: [] for key in columns}
    positions: list[int] = []
    for block in blocks(path, BLOCK):
        records, numbers, lines_read = _records(block, decoder, first)
        for key, column in columns.items():
            values[key] += _told(records, column)
        positions += numbers
        first += lines_read
        if len(positions) >= ROWS:
            yield _frame(values, positions)
            values, positions = {key: [] for key in columns}, []
    yield _frame(values, positions)


def _told(records: Sequence[object], column: str) -> Sequence[object]:
    plain = _values(records, [column])
    if "." not in column:
        return plain
    inner = _values(records, column.split("."))
    if plain.count(None) == len(plain):
        return inner
    return [a if b is None else b for a, b in zip(inner, plain, strict=True)]


def _frame(values: Mapping[str, Sequence[object]], positions: Sequence[int]) -> pl.DataFrame:
    cells = {key: _texts(column) for key, column in values.items()}
    return pl.DataFrame({**cells, "position": pl.Series(positions, dtype=pl.Int64)})


def _struct(paths: Sequence[Sequence[str]]) -> type[msgspec.Struct]:
    """What to decode of a record; everything else is passed over."""
    inner: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        inner.setdefault(first, []).extend([rest] if rest else [])
    fields = [
        (_attribute(name), (_struct(rest) if rest else _Other) | _VALUE,
         msgspec.field(default=None, name=name))
        for name, rest in inner.items()
    ]  # fmt: skip
    return msgspec.defstruct("Record", fields, gc=False)


def _attribute(name: str) -> str:
    """A field's name in JSON may be no name in Python."""
    return f"f{name.encode().hex()}"


def _records(
    block: bytes, decoder: msgspec.json.Decoder[msgspec.Struct], first: int
) -> tuple[Sequence[msgspec.Struct], Sequence[int], int]:
    """Records of a block (empty is what is no object), their lines, and how many lines there are."""
    ends = line_count(block)
    try:
        records = decoder.decode_lines(block)
        if len(records) == ends:
            return records, range(first, first + ends), ends
    except _BROKEN:
        pass
    held = block.splitlines()
    told = [(n, _record(line, decoder)) for n, line in enumerate(held, first) if line.strip()]
    return [record for _, record in told], [number for number, _ in told], len(held)


def _record(line: bytes, decoder: msgspec.json.Decoder[msgspec.Struct]) -> msgspec.Struct:
    try:
        return decoder.decode(line)
    except _BROKEN:
        return decoder.decode(b"{}")


def _values(records: Sequence[object], steps: Sequence[str]) -> list[object]:
    first, *inner = map(_attribute, steps)
    values = [*map(attrgetter(first), records)]
    for name in inner:
        values = [getattr(value, name, None) for value in values]
    return values


def _texts(values: Sequence[object]) -> pl.Series:
    try:
        return pl.Series(values, dtype=pl.String)
    except (TypeError, ValueError):  # something else is among them
        return pl.Series([_text(value) for value in values], dtype=pl.String)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
