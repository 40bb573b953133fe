"""What a file comes nearest to that no reader knows, and what to do about it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from flows.mapping import TABLES
from transforms.sources import SOURCES
from transforms.sources.opening import decoded, may_be_data, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flows.mapping import Table
    from transforms.sources.base import Source

ODD = (  # first bytes of what no reader reads, and what to do about it
    (b"!BDN", "an Outlook data file (.pst); make mbox of it, with readpst for example"),
    (b"\xd0\xcf\x11\xe0", "an old Office or Outlook file; save it as .csv, .ics or .eml"),
    (b"%PDF", "a PDF; ask for the data behind it"),
    (b"SQLite format 3", "an SQLite database; write its events as CSV"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"PK\x03\x04", "a zip archive; unpack it into a folder"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it into a folder"),
    (b"Rar!", "a rar archive; unpack it into a folder"),
    (b"<", "a web page or XML; ask for an export as JSON or CSV"),
)
OFFICE = {".xlsx": "an Excel workbook; save it as CSV", ".docx": "a Word document"}
NEAR = 0.15  # below it a nearest format is told to nobody
MANY_FIELDS = 4  # names of columns or fields told of an unknown file
_MAIL = re.compile(rb"(?i)(from|to|subject|received|mime-version|content-type|return-path) ?:")


def of_bytes(path: Path, start: bytes) -> str:
    """What the file is for certain, by its first bytes; empty for text."""
    if not start.strip():
        return "an empty file"
    if words := OFFICE.get(path.suffix.lower()):
        return words
    if words := next((words for mark, words in ODD if start.lstrip().startswith(mark)), ""):
        return words
    return "neither text nor anything packed that is known" if b"\0" in start[:1024] else ""


def of_text(path: Path, start: bytes, weak: str) -> str:
    """What JSON, or a file named as format `weak`, comes nearest to; empty for a table."""
    if fields := _fields(start):
        return _nearest(path, fields)
    if weak and weak not in TABLES:
        return f"named as {weak}, but not one inside; export it again"
    return "nearest: mbox, but a mail without From or Date" if _MAIL.match(start) else ""


def of_table(table: Table, people: str) -> str:
    """Why a table is neither one of events, nor, as `people` says, one of people."""
    columns = table.cells.columns
    if not table.has_header:
        return "a table without names of columns; put a first row over it, as time;person;item"
    if "did you mean" in people or any("mail" in plain(name) for name in columns):
        return f"nearest: directory of people, but {people}"
    return (
        f"a table ({_told(columns)}), of which no columns are known as time and person, or sender"
    )


def _fields(start: bytes) -> list[str]:
    """Names of the first fields of JSON, whether whole or cut off."""
    text = decoded(start).lstrip()
    if not text.startswith(("{", "[")):
        return []
    return list(dict.fromkeys(re.findall(r'"([@A-Za-z_][\w.@-]{0,40})"\s*:', text)))


def _nearest(path: Path, fields: Sequence[str]) -> str:
    """The format that the file's own name names, or that reads most of what few others read."""
    reads = {
        source.name: _reads(source)
        for source in SOURCES.values()
        if not re.search(r"CSV|xlsx|NDJSON|tsv|\.ics|mbox|log", source.title + source.name)
    }
    shared = {name: [f for f in fields if plain(f) in known] for name, known in reads.items()}
    common = Counter(field for known in reads.values() for field in known)
    words = set(re.findall(r"[a-z0-9]+", path.name.lower()))

    def nearness(name: str) -> float:
        named = set(name.split("-")) <= words
        return named + sum(1 / common[plain(f)] for f in shared[name]) / 10

    best = max(reads, key=nearness)
    if nearness(best) < NEAR:
        return f"JSON of no known tool, with {_told(fields)}"
    same = f" (it has {_told(shared[best])})" if shared[best] else ""
    return f"JSON; nearest: {best}{same}; `tieline sources {best}` says what to export"


def _reads(source: Source) -> set[str]:
    return {plain(word) for word in re.findall(r"[\w@.-]+", " ".join(source.reads))} - {""}


def _told(names: Sequence[str]) -> str:
    shown = [name for name in names if not may_be_data(name)][:MANY_FIELDS]
    more = len(names) - len(shown)
    if not shown:
        return f"{more} fields"
    return ", ".join(shown) + (f" and {more} more" if more else "")
