"""Records of a JSON export, whatever they are wrapped in.

A file is one record, an array, a page {"items": [...]}, an array of arrays or pages, ndjson with
any of those a line, or pages written one after another as `gh api --paginate` does.
"""

from __future__ import annotations

from itertools import chain, islice
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources.base import UnreadableFileError
from transforms.sources.opening import opened_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BROKEN = (msgspec.MsgspecError, RecursionError)
NULL = msgspec.Raw(b"null")
FIRST_LINES = 10  # one of which is whole where a file has a record a line; others may be broken

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
    pages = _decoder(lists)
    number = 0
    for line, value in _values(path):
        is_broken = line and not _is_json(value)
        for raw in _unwrapped(value, pages):
            number += 1
            yield Record(line, "line", raw) if is_broken else Record(number, "record", raw)


def unwrapped(data: bytes, lists: Sequence[str]) -> list[msgspec.Raw | bytes]:
    """The records within one JSON text; that text itself where it is no JSON."""
    return list(_unwrapped(data, _decoder(lists)))


def refusal(error: Exception, wanted: str) -> str:
    """Why a record cannot be read, without a word of what it says."""
    return f"no {wanted}: {error}" if isinstance(error, msgspec.ValidationError) else "no JSON"


def _values(path: Path) -> Iterator[tuple[int, msgspec.Raw | bytes]]:
    """Line (0 where lines mean nothing) and JSON of each value of the file."""
    with opened_text(path) as text:
        start = list(islice(text, FIRST_LINES))
        if any(map(_is_whole, start)):
            lines = enumerate(chain(start, text), 1)
            yield from ((number, line.encode()) for number, line in lines if line.strip())
            return
        data = "".join(start) + text.read()
    try:
        yield 0, _PART.decode(data)
    except BROKEN as error:
        found = _one_after_another(data)
        if not found:
            message = f"{path}: no JSON ({error}); export it again"
            raise UnreadableFileError(message) from error
        yield from ((0, value.encode()) for value in found)


def _one_after_another(data: str) -> list[str]:
    """The values that `data` holds; none if anything else stands between or behind them."""
    found: list[str] = []
    rest, decoder = data.strip(), JSONDecoder()
    try:
        while rest:
            _, end = decoder.raw_decode(rest)
            found.append(rest[:end])
            rest = rest[end:].lstrip()
    except (JSONDecodeError, RecursionError):
        return []
    return found


def _is_whole(line: str) -> bool:
    return line.startswith(("{", "[")) and _is_json(line.encode())


def _is_json(value: msgspec.Raw | bytes) -> bool:
    try:
        _PART.decode(value)
    except BROKEN:
        return False
    return True


def _decoder(lists: Sequence[str]) -> msgspec.json.Decoder[msgspec.Struct]:
    page = msgspec.defstruct("Page", [(name, msgspec.Raw, NULL) for name in lists])
    return msgspec.json.Decoder(page)


def _unwrapped(
    value: msgspec.Raw | bytes, pages: msgspec.json.Decoder[msgspec.Struct]
) -> Iterator[msgspec.Raw | bytes]:
    """Records of arrays and pages, in each other or not; anything else as it is."""
    data = bytes(value).lstrip()
    try:
        if data.startswith(b"["):
            for part in _PARTS.decode(data):
                yield from _unwrapped(part, pages)
            return
        members = msgspec.structs.astuple(pages.decode(data))
    except BROKEN:
        yield value
        return
    found = [data for member in members if (data := bytes(member))[:1] in {b"[", b"{"}]
    if not found:
        yield value
    for member in found:
        yield from _unwrapped(member, pages)
