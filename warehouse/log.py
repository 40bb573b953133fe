"""What a process that was killed left of a transaction in DuckDB's log must not count.

DuckDB replays the log at the next opening and takes back a transaction whose end is not in it; but not
what that inserted as whole row groups (122,880 rows and more): those stay, without the rest of the
transaction. So whatever follows the last whole transaction is cut off before a database is opened.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION, ENDS = (
    98,
    (99, 100),
)  # kinds of entries: of the log itself; a checkpoint, the end of a transaction
ENTRY = struct.Struct("<QQ")  # length of what follows, and its checksum
FIELD, END = b"d\0", b"\xff\xff"  # of an entry: before its kind, and last
HEAD = 200  # bytes that the entry of the log itself may have
LOCK = struct.Struct("hhqqi4x")


def mend(database: Path) -> None:
    """Cut the log of a database off after its last whole transaction, unless a process has it open."""
    log = database.with_name(f"{database.name}.wal")
    with suppress(FileNotFoundError, PermissionError):
        if log.stat().st_size == 0 or (end := whole(log)) == log.stat().st_size:
            return
        descriptor = os.open(database, os.O_RDWR)
        try:
            if end and _is_free(descriptor):
                os.truncate(log, end)
        finally:
            os.close(descriptor)


def whole(log: Path) -> int:
    """Length of the log up to the end of its last whole transaction; 0 if it is none that is known here."""
    with log.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        for begin in _heads(text):
            ends = begin
            known = True
            for kind, end in _entries(text, begin):
                known = kind is not None
                if not known:
                    break
                ends = end if kind in ENDS else ends
            if known:
                return ends
    return 0


def _heads(text: mmap.mmap) -> Iterator[int]:
    """Where the first entry after that of the log itself may begin: its length is nowhere told."""
    if text[:2] != FIELD or text[2] != VERSION:
        return
    place = text.find(END, 0, HEAD)
    while place >= 0:
        yield place + len(END)
        place = text.find(END, place + 1, HEAD)


def _entries(text: mmap.mmap, begin: int) -> Iterator[tuple[int | None, int]]:
    """Kind (None: no entry at all) and end of each entry that is whole."""
    while begin + ENTRY.size <= len(text):
        length, _ = ENTRY.unpack_from(text, begin)
        body = begin + ENTRY.size
        if body + length > len(text):
            # The last one, broken off; or, where what is there of it is no entry, no log that is known.
            yield from () if text[body : body + 2] in {FIELD, FIELD[:1], b""} else ((None, begin),)
            return
        begin = body + length
        is_entry = length >= len(FIELD) + 1 and text[body : body + 2] == FIELD
        yield (text[body + 2] if is_entry else None), begin


def _is_free(descriptor: int) -> bool:
    """Whether no process, this one included, has the database open. DuckDB locks it while it has."""
    if not hasattr(fcntl, "F_OFD_SETLK"):
        return False
    try:
        fcntl.fcntl(
            descriptor, fcntl.F_OFD_SETLK, LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        )  # let go when it is closed
    except OSError:
        return False
    return True
