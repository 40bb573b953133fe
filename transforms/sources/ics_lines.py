"""Lines of a calendar: unfolded, and told apart into name, parameters and value."""

from __future__ import annotations

import re

_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";])*)')
_SINGLE = {
    "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED",
    "STATUS", "TRANSP", "ORGANIZER", "X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT",
}  # fmt: skip
_SEVERAL = {"RRULE", "RDATE", "EXDATE"}
_EDGES = {"BEGIN", "END"}  # of an alarm and the like, whose lines are not the event's
_KNOWN = {"ATTENDEE", "UID", *_SINGLE, *_SEVERAL}
_NAMED = re.compile(  # a property that is read; what starts like ATTENDEE is taken for one
    rf"\n(((?-i:ATTENDEE)|(?:{'|'.join(sorted(_KNOWN))})(?=[;:\n]|\Z)"
    rf"|(?:{'|'.join(sorted(_EDGES))})(?=[;:])).*)",
    re.IGNORECASE,
)


def text_of(block: bytes) -> str:
    """Unfolded and decoded; folds go first because they can split a character."""
    block = block.replace(b"\n ", b"")
    if b"\t" in block:
        block = block.replace(b"\n\t", b"")
    try:
        text = block.decode()
    except UnicodeDecodeError:
        text = block.decode("cp1252", "replace")
    return text.replace("\r", "").lstrip("\n")


def content(line: str) -> tuple[bool, str, str, str]:
    """Content line → whether it is well formed, name in capitals, parameters, value."""
    if '"' in line:  # a quoted parameter may hold the other marks
        match = _LINE.match(line)
        if match:
            return True, match[1].upper(), match[2], match[3]
    head, _, value = line.partition(":")
    if ";" in head and value.startswith("//"):  # TZID=tzone://Microsoft/Utc, which wants quotes
        zone, _, value = value.partition(":")
        head = f"{head}:{zone}"
    name, mark, parameters = head.partition(";")
    return '"' not in line, name.strip().upper(), mark + parameters, value


def unescaped(text: str) -> str:
    """A value without backslashes and white space around it."""
    return (re.sub(r"\\([,;\\])", r"\1", text) if "\\" in text else text).strip()


def parameters(text: str) -> dict[str, str]:
    """Parameters by name in capitals."""
    found = _PARAMETER.findall(text) if text else ()
    return {name.upper(): value.strip().strip('"') for name, value in found}


def lines_of(text: str, *, is_outer: bool = False) -> tuple[dict[str, str], list[str], list[str]]:
    """A VEVENT's single lines by name, its RRULE, RDATE and EXDATE lines, its ATTENDEE lines."""
    single: dict[str, str] = {}
    several: list[str] = []
    attendees: list[str] = []
    for line, written in _NAMED.findall(f"\n{text}"):
        name = written if written in _KNOWN else written.upper()
        if name == "ATTENDEE":
            attendees.append(line)
        elif name in _SEVERAL:
            several.append(line)
        elif name in _EDGES:
            if not is_outer:
                return lines_of(_outer(text), is_outer=True)
        else:
            single.setdefault(name, line)
    return single, several, attendees


def _outer(text: str) -> str:
    """The VEVENT's own lines, without those of alarms and the like in it."""
    depth, own = 0, []
    for line in text.split("\n"):
        name = line.partition(":")[0].partition(";")[0].upper()
        depth += (name == "BEGIN") - (name == "END")
        if not depth and name != "END":
            own.append(line)
    return "\n".join(own)
