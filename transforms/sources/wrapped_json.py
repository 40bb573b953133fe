"""Records of a JSON export, whatever they are wrapped in.

A file is one record, an array, a page {"items": [...]}, an array of arrays or pages, ndjson with
any of those a line, or pages written one after another as `gh api --paginate` does.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, islice, pairwise
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources import limits
from transforms.sources.base import UnreadableFileError
from transforms.sources.blocks import all_of, blocks, line_count, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BROKEN = (msgspec.MsgspecError, RecursionError)
NULL = msgspec.Raw(b"null")
DEEPEST = 16  # arrays and pages in each other; exports have three
NO_JSON = "no JSON"
CUT_OFF = f"no JSON: it is cut off, or longer than {limits.JSON_LINE >> 20} MB"
FIRST_LINES = 10  # one of which is whole where a file has a record a line; others may be broken

_GOES_ON = (b"[", b",", b":")  # what JSON has before a value that is part of another
_SIGN = re.compile(r"\S")
_PART = msgspec.json.Decoder(msgspec.Raw)
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])


class Record(NamedTuple):
    """JSON of one record; `position` counts records, or lines where a line is no JSON."""

    position: int
    place: str
    raw: msgspec.Raw | bytes


def records(path: Path, lists: Sequence[str]) -> Iterator[Record]:
    """Every record of the file at `path`. `lists` names the members of a page that hold records.

    Ndjson is streamed. A line that is no JSON is a record that cannot be decoded.
    Raises UnreadableFileError when the file as a whole is no JSON.
    """
    number = 0
    for line, value in values(path):
        held = parts_of(value, lists)
        if held is None:
            number += 1
            yield Record(line or number, "line" if line else "record", value)
            continue
        for number, raw in enumerate(held, number + 1):  # noqa: B020 - goes on counting
            yield Record(number, "record", raw)


def unwrapped(data: bytes, lists: Sequence[str]) -> Sequence[msgspec.Raw | bytes]:
    """The records within one JSON text; that text itself where it is no JSON."""
    held = parts_of(data, lists)
    return [data] if held is None else held


def parts_of(
    value: msgspec.Raw | bytes, lists: Sequence[str]
) -> Sequence[msgspec.Raw | bytes] | None:
    """The records within one JSON text; None where it is no JSON."""
    return _unwrapped(value, _decoder(tuple(lists)))


def refusal(error: Exception, wanted: str) -> str:
    """Why a record cannot be read, without a word of what it says."""
    if isinstance(error, msgspec.ValidationError):
        return f"no {wanted}: {error}"
    return CUT_OFF if "truncated" in str(error) else NO_JSON


def values(path: Path) -> Iterator[tuple[int, msgspec.Raw | bytes]]:
    """Line (0 where lines mean nothing) and JSON of each value of the file.

    Raises UnreadableFileError when the file as a whole is no JSON.
    """
    for first, text in texts(path):
        if not first:
            yield 0, text
            continue
        for number, line in enumerate(split(text), first):
            if line and not line.isspace():
                yield number, line


def texts(path: Path, *, is_counted: bool = True) -> Iterator[tuple[int, bytes]]:
    """The file in blocks of lines that are a value each, with the number of their first line.

    The number is 1 throughout where nobody counts: counting looks at every byte. Or, with 0, the values
    of a file in which lines mean nothing. Raises UnreadableFileError when it is no JSON as a whole.
    """
    held = blocks(path, longest=limits.JSON_LINE)
    start: list[bytes] = []
    while sum(map(line_count, start)) < FIRST_LINES and (block := next(held, None)):
        start.append(block)
    if _are_lines(islice(chain.from_iterable(map(split, start)), FIRST_LINES)):
        number = 1
        for block in chain(start, held):
            yield number, block
            number += line_count(block) if is_counted else 0
        return
    del start
    data = all_of(path)
    if _is_json(data):
        yield 0, data
        return
    found = _one_after_another(data.decode())
    if not found:
        raise UnreadableFileError(f"{path}: {_fault(data)}; export it again")
    yield from ((0, value.encode()) for value in found)


def _fault(data: bytes) -> str:
    try:
        _PART.decode(data)
    except BROKEN as error:
        return f"no JSON ({error})"
    return "no JSON"


def _one_after_another(data: str) -> list[str]:
    """The values that `data` holds; none if anything else stands between or behind them."""
    found: list[str] = []
    decoder, at = JSONDecoder(), 0
    try:
        while sign := _SIGN.search(data, at):
            _, at = decoder.raw_decode(data, sign.start())
            found.append(data[sign.start() : at])
    except (JSONDecodeError, RecursionError):
        return []
    return found


def _are_lines(lines: Iterable[bytes]) -> bool:
    """Whether one of `lines` is a value of its own; in an array, the last record's line looks like one."""
    told = (line.rstrip() for line in lines)
    return any(
        line.startswith((b"{", b"[")) and not before.endswith(_GOES_ON) and _is_json(line)
        for before, line in pairwise(chain([b""], filter(None, told)))
    )


def _is_json(value: msgspec.Raw | bytes) -> bool:
    try:
        _PART.decode(value)
    except BROKEN:
        return False
    return True


@cache
def _decoder(lists: tuple[str, ...]) -> msgspec.json.Decoder[msgspec.Struct]:
    page = msgspec.defstruct("Page", [(name, msgspec.Raw, NULL) for name in lists])
    return msgspec.json.Decoder(page)


def _unwrapped(
    value: msgspec.Raw | bytes, pages: msgspec.json.Decoder[msgspec.Struct], depth: int = 0
) -> Sequence[msgspec.Raw | bytes] | None:
    """Records of arrays and pages, in each other or not; None of what is no JSON."""
    data = bytes(value).lstrip()
    try:
        if data.startswith(b"["):
            parts = _PARTS.decode(data)
        else:
            members = msgspec.structs.astuple(pages.decode(data))
            parts = [member for member in members if bytes(member)[:1] in {b"[", b"{"}]
            if not parts:
                return [value]
    except msgspec.ValidationError:
        return [value] if _is_json(data) else None
    except BROKEN:
        return None
    if depth == DEEPEST:
        return [value]
    return [raw for part in parts for raw in _unwrapped(part, pages, depth + 1) or ()]
