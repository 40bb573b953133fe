"""Records of calendars, each with what its page says of all of them: whose they are, which zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources import wrapped_json
from transforms.sources.wrapped_json import BROKEN, NULL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Record(NamedTuple):
    """One record. `position` counts records from 1, or lines where `place` is line."""

    position: int
    place: str
    raw: msgspec.Raw | bytes
    context: str  # the page's @odata.context: what Microsoft was asked for
    zone: str  # the time zone of the page, as Google tells it


class Page(msgspec.Struct):
    """One page, of Microsoft's (value) or Google's (items) services."""

    value: msgspec.Raw = NULL
    items: msgspec.Raw = NULL
    context: msgspec.Raw = msgspec.field(default=NULL, name="@odata.context")
    zone: msgspec.Raw = msgspec.field(default=NULL, name="timeZone")


_PAGE = msgspec.json.Decoder(Page)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def records(path: Path) -> Iterator[Record]:
    """The records of pages, arrays, single objects or ndjson of those, with their page's words.

    What is no JSON is a record that cannot be decoded. Raises UnreadableFileError when the file as
    a whole is none.
    """
    number = 0
    for part in wrapped_json.records(path, ()):
        page = _page(part.raw)
        held = _held(page)
        if held is None:
            number += 1
            at = part.position if part.place == "line" else number
            yield Record(at, part.place, part.raw, _text(page.context), "")
            continue
        context, zone = _text(page.context), _text(page.zone)
        for raw in held:
            number += 1
            yield Record(number, "record", raw, context, zone)


def _page(raw: msgspec.Raw | bytes) -> Page:
    try:
        return _PAGE.decode(raw)
    except BROKEN:
        return Page()


def _held(page: Page) -> list[msgspec.Raw] | None:
    """The records of a page; None of what is one itself."""
    for listed in (page.value, page.items):
        try:
            return _LIST.decode(listed)
        except BROKEN:
            continue
    return None


def _text(raw: msgspec.Raw) -> str:
    try:
        return _TEXT.decode(raw)
    except BROKEN:
        return ""
