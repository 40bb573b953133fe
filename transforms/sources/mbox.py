"""mbox: every message of a mailbox or a mailing list archive, plain or gzip; or one message (.eml).

Only headers are looked at; see `mail_batch` for messages that the file holds twice.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from transforms.sources.base import Batch, Options, Source, UnreadableFileError
from transforms.sources.mail_batch import batches
from transforms.sources.mail_headers import (
    DECODED_LENGTH,
    HEADERS,
    Mail,
    decoded_words,
    mail_of,
    seconds,
)
from transforms.sources.opening import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 18
HEADER_LIMIT = 1 << 20
MARGIN = 1024  # a separator line and the start of the line behind it fit in here

# From <sender> <date as asctime writes it, perhaps with a zone>, and then a header, not prose. Add-ons write
# the year before the hour, or 2026-03-02 09:00:00; Thunderbird wrote nothing behind "From " for some years.
_HEADER = rb"[!-9;-~]{1,100}[ \t]*:"
_NO_PATCH = rb"(?![0-9a-f]{40} Mon Sep 17 00:00:00 2001)"  # git format-patch, inside a body
_FROM_LINE = (
    rb"From (?:" + _NO_PATCH + rb'(?:(?:"[^"\n]{0,200}"\S{0,200}|\S{1,400}(?: at \S{1,200})?) )? *'
    rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +"
    rb"(?:[A-Z][a-z]{2} +\d{1,2} +\d{1,2}:\d\d(?::\d\d)?(?: +[A-Z+-][A-Za-z0-9+-]{1,8}){0,2} +\d{4}"
    rb"|(?:\d{1,2} +[A-Z][a-z]{2}|[A-Z][a-z]{2} +\d{1,2}) +\d{2,4} +\d{1,2}:\d\d(?::\d\d)?)"
    rb"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?)"
    rb"(?: [^\n]{0,80})?\r?\n(?=" + _HEADER + rb"|>?From |\r?\n|\Z)"
    rb"| *-? *\r?\n(?=" + _HEADER + rb"))"
)
_SEPARATOR = re.compile(rb"\n" + _FROM_LINE)
_SEPARATOR_AT_START = re.compile(_FROM_LINE)
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_HEADER_LINE = re.compile(_HEADER)
_FIRST_LINE = re.compile(rb"From [^\n]{0,800}\n(?=" + _HEADER + rb")")
# In a mailbox that starts with another line than any of these, others may be like it.
_ODD_SEPARATOR = re.compile(
    rb"\n(?:" + _FROM_LINE + rb"|From " + _NO_PATCH + rb"[^\n]{0,800}\n(?=" + _HEADER + rb"))"
)
_BLANK_START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
_LABELS = "x-gmail-labels"
_READ = (*HEADERS, _LABELS)
_SIGNS = ("".join(sorted({name[at : at + 1] or ": \t" for name in _READ})) for at in range(3))
_START = "".join(f"[{re.escape(signs)}]" for signs in _SIGNS)  # few other headers start like this
_WANTED = re.compile(
    rf"\n(?={_START})(" + "|".join(_READ) + r")[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r'"[^"]*"|[^,]+')
_NO_MAIL = {  # what gmail_api leaves out, as Takeout writes it: drafts, spam, bin and chats
    "draft", "drafts", "spam", "trash", "bin", "chat", "chats",
    "concept", "concepten", "prullenbak",  # Dutch
    "entwurf", "entwürfe", "papierkorb",  # German
    "brouillon", "brouillons", "pourriel", "corbeille",  # French
    "borrador", "borradores", "correo no deseado", "papelera",  # Spanish
    "bozza", "bozze", "cestino",  # Italian
    "rascunho", "rascunhos", "lixeira", "lixo", "reciclagem", "bate-papo", "bate-papos",  # Portuguese
}  # fmt: skip
_RECEIVED = re.compile(r"\nreceived[ \t]*+:(.*+(?:\n[ \t].*+)*+)", re.IGNORECASE | re.ASCII)


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the mailbox at `path`; positions are byte offsets in the decompressed file.

    Raises UnreadableFileError when the file is no mbox, or it is packed and damaged.
    """
    with opened(path) as stream:
        blocks = header_blocks(stream, path)
        yield from batches(((at, "byte", _message(block)) for at, block in blocks), options)


def sniff(path: Path, head: bytes) -> float:
    """Certainty that `head` opens a mailbox: 1 with a separator, less for one bare message."""
    head = head[_blank(head) :]
    if _SEPARATOR_AT_START.match(head):
        return 1.0
    if _FIRST_LINE.match(head):
        return 0.8
    if not head:
        return 0.5 if path.name.lower().endswith((".mbox", ".mbox.gz")) else 0.0
    found = _WANTED.findall("\n" + _text(head[: _header_end(head, 0)]))
    is_mail = {"from", "date"} <= {name.lower() for name, _ in found}
    return 0.7 if is_mail and _HEADER_LINE.match(head) else 0.0


# --- bytes → header blocks --------------------------------------------------------------------


def header_blocks(stream: IO[bytes], path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Byte offset of each message and its header block; None: the block exceeds HEADER_LIMIT.

    Bodies are searched for the next separator and forgotten, so memory holds a chunk and a header
    block, however long a body or a line is. A separator stands at the start, behind an empty line,
    or within a header block that was cut off.
    """
    buffer = stream.read(CHUNK)
    at = _blank(buffer)
    base = 0
    if at == len(buffer):
        return
    is_usual = _SEPARATOR_AT_START.match(buffer, at)
    is_mailbox = is_usual or _FIRST_LINE.match(buffer, at)
    separator = _SEPARATOR if is_usual else _ODD_SEPARATOR
    if not is_mailbox and not _HEADER_LINE.match(buffer, at):
        message = (
            f"{path}: byte {at}: no mbox, for it starts neither with a line like "
            "'From jan@example.org Thu Jan  1 10:00:00 2026' nor with a mail header; "
            "export the folder as mbox, or name another format"
        )
        raise UnreadableFileError(message)
    in_body = is_last = False
    clear = 0  # no empty line starts before this offset, from `at` on
    while True:
        ready = len(buffer) if is_last else len(buffer) - MARGIN
        while True:
            end = at if in_body else _header_end(buffer, at, clear)
            clear = max(clear, end)
            if end < 0:
                clear = min(len(buffer), at + HEADER_LIMIT) - 2
                if not is_last and len(buffer) - at < HEADER_LIMIT:
                    break
                end = min(len(buffer), at + HEADER_LIMIT)
            following = (
                _separator(separator, buffer, at, max(ready, end), end) if is_mailbox else -1
            )
            if not in_body:
                end = following if 0 <= following < end else end
                yield base + at, b"\n" + buffer[at:end] if end - at < HEADER_LIMIT else None
            in_body = following < 0
            if in_body:
                at = max(end, ready - 3)  # the empty line before a separator may be in this chunk
                break
            at = following
        if is_last or (in_body and not is_mailbox):
            return
        chunk = stream.read(CHUNK)
        is_last = not chunk
        base += at
        buffer, clear, at = buffer[at:] + chunk, clear - at, 0


def _separator(
    separator: re.Pattern[bytes], buffer: bytes, start: int, stop: int, header_end: int
) -> int:
    """Offset of the first `separator` line whose newline before it is in [start, stop), or -1.

    It must follow an empty line, unless it stands before `header_end`.
    """
    while match := separator.search(buffer, start):
        at = match.start()
        if at >= stop:
            break
        if at < header_end or buffer[at - 1 : at] == b"\n" or buffer[at - 2 : at] == b"\n\r":
            return at + 1
        start = at + 1
    return -1


def _header_end(buffer: bytes, start: int, clear: int = 0) -> int:
    """Offset of the newline before the first empty line behind `start`, or -1; none is before `clear`."""
    match = _EMPTY_LINE.search(buffer, max(start, clear), start + HEADER_LIMIT)
    return match.start() if match else -1


def _blank(head: bytes) -> int:
    """Length of byte order mark and empty lines in front."""
    match = _BLANK_START.match(head)
    return match.end() if match else 0


# --- header block → message -------------------------------------------------------------------


def _message(block: bytes | None) -> tuple[int, Mail] | str | None:
    """UTC second and message, or why it is refused, or None for what Gmail's labels say is no mail.

    A line that is no header is passed over.
    """
    if block is None:
        return "header block larger than 1 MB"
    text = _text(block)
    found = _WANTED.findall(text)
    headers = {name.lower(): value for name, value in reversed(found)}  # the first one counts
    if len(headers) < len(found):
        for name in ("to", "cc"):
            headers[name] = ",".join(value for other, value in found if other.lower() == name)
    if _LABELS in headers and _is_no_mail(headers[_LABELS][:DECODED_LENGTH]):
        return None
    second = seconds(headers["date"]) if "date" in headers else None
    if second is None:
        second = _received(text)
        if second is None:
            return "no valid date in Date or Received"
    mail = mail_of(headers, second)
    return (second, mail) if mail else "no sender in From or Sender"


@lru_cache(1024)
def _is_no_mail(labels: str) -> bool:
    found = _LABEL.findall(decoded_words(labels))
    return not _NO_MAIL.isdisjoint(label.strip(' \t\r\n"').lower() for label in found)


def _received(text: str) -> int | None:
    """Time at which the last server took the message: the topmost Received with a valid date."""
    times = (seconds(value.rpartition(";")[2]) for value in _RECEIVED.findall(text))
    return next((time for time in times if time is not None), None)


def _text(block: bytes) -> str:
    """`block` as text, line by line in its own character set if it is not all UTF-8."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    try:
        return block.decode()
    except UnicodeDecodeError:
        return "\n".join(_line(line) for line in block.split(b"\n"))


def _line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


SOURCE = Source(
    name="mbox",
    title="Mailbox (mbox, .mbox.gz, .eml)",
    channel="message",
    how=(
        "Google Takeout: Mail, format mbox (its drafts, spam, bin and chats are left out, where the "
        "account is in Dutch, English, French, German, Italian, Portuguese or Spanish; else leave "
        "them out of the export); Thunderbird: the folder's file in the profile's Mail directory; "
        "mailing lists: the archive's mbox.gz"
    ),
    reads=(*_READ, "received"),
    sniff=sniff,
    read=read,
)
