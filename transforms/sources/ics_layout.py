"""Where the parts of a calendar file lie: the first of two passes over its bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from transforms.sources.ics_lines import content, lines_of, text_of, unescaped
from transforms.sources.opening import HEAD, encoding

_BOUNDARY = re.compile(
    rb"\n(?=[bemx])(?:(BEGIN|END):(VCALENDAR|VEVENT)[ \t]*\r*(?=\n|\Z)"
    rb"|((?:METHOD|X-OWNER|X-WR-(?:CALNAME|RELCALID|TIMEZONE))"
    rb"(?:[;:]|\r?\n[ \t])[^\n]*(?:\n[ \t][^\n]*)*))",
    re.IGNORECASE,
)
_UID = re.compile(rb"\nUID(?:[;:]|\r?\n[ \t])[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE)
_DEFINITION = re.compile(
    rb"\nBEGIN:VTIMEZONE\b[^\n]*+(?:\n(?!(?:BEGIN|END):VTIMEZONE\b)[^\n]*+)*+\nEND:VTIMEZONE\b",
    re.IGNORECASE,
)
_TZID = re.compile(r"^TZID[^:\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_INNER = re.compile(rb"\nBEGIN:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Block:
    """Where a VEVENT lies in the bytes; `line` counts from 1."""

    start: int
    end: int
    line: int
    calendar: int


class Refused(NamedTuple):
    """A VEVENT that cannot be read, by its line, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Layout:
    """What the first pass finds."""

    calendars: list[dict[str, str]] = field(default_factory=lambda: [{}])
    zones: dict[str, str] = field(default_factory=dict)  # TZID → VTIMEZONE
    groups: dict[str, list[Block]] = field(default_factory=dict)  # UID → its VEVENTs
    refused: list[Refused] = field(default_factory=list)

    def place(self, data: bytes, block: Block) -> None:
        """Put a block with those of its UID."""
        uid = _uid(data, block)
        if uid:
            self.groups.setdefault(uid, []).append(block)
        else:
            self.refused.append(Refused(block.line, "has no UID"))


def layout(data: bytes) -> Layout:
    """Where every VEVENT lies, by UID. `data` starts with a newline; lines end in one."""
    found = Layout(zones=_definitions(data))
    opened: int | None = None
    line = counted = 0
    for match in _BOUNDARY.finditer(data):
        edge, name, header = match.groups()
        if header is not None:
            _, key, _, value = content(text_of(header))
            found.calendars[-1].setdefault(key, value.strip())
        elif name.upper() == b"VCALENDAR":
            if edge.upper() == b"BEGIN":
                found.calendars.append({})
        elif edge.upper() == b"BEGIN":
            if opened is not None:
                found.refused.append(Refused(line, "has no END:VEVENT"))
            opened = match.end()
            line += data.count(b"\n", counted, match.start() + 1)
            counted = match.start() + 1
        elif opened is not None:
            found.place(data, Block(opened, match.start(), line, len(found.calendars) - 1))
            opened = None
    if opened is not None:
        found.refused.append(Refused(line, "has no END:VEVENT"))
    return found


def _definitions(data: bytes) -> dict[str, str]:
    """TZID → VTIMEZONE that defines it."""
    texts = [text_of(match[0]) for match in _DEFINITION.finditer(data)]
    named = [(_TZID.search(text), text) for text in reversed(texts)]
    return {unescaped(tzid[1]): text for tzid, text in named if tzid}


def _uid(data: bytes, block: Block) -> str:
    match = _UID.search(data, block.start, block.end)
    if match is None:
        return ""
    if _INNER.search(data, block.start, match.start()):  # perhaps an alarm's
        line = lines_of(text_of(data[block.start : block.end]))[0].get("UID", "")
        return unescaped(content(line)[3])
    return unescaped(content(text_of(match[0]))[3])


def normalised(data: bytes) -> bytes:
    """Any character set and line end → UTF-8 (or cp1252), each line led by a newline."""
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    elif (name := encoding(data[:HEAD])).startswith("utf-16"):
        data = data.decode(name, "replace").encode()
    lines = data.replace(b"\r\n", b"\n") if b"\n" in data else data.replace(b"\r", b"\n")
    return b"\n" + lines


def is_calendar(data: bytes) -> bool:
    """Whether a file with these first bytes is a calendar, or a part of one."""
    head = normalised(data[:65_536]).upper()
    return b"\nBEGIN:VCALENDAR" in head or b"\nBEGIN:VEVENT" in head
