"""mbox: every message of a mailbox or a mailing list archive, plain or gzip; or one message (.eml).

Only headers are looked at. A message with the same Message-ID as an earlier one of the file is a
duplicate: within a batch the copies become one event whose To and Cc are united; a copy in a later
batch is emitted again, event and participations, and the loader unites them (distinct). So
records - rejects - skipped - duplicates = distinct events, whatever the size of a batch.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import polars as pl

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    Source,
    UnreadableFileError,
    frame,
)
from transforms.sources.mail_headers import HEADERS, Mail, mail_of, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 18
HEADER_LIMIT = 1 << 20
MARGIN = 1024  # a separator line and the start of the line behind it fit in here
ROLES = ("from", "to", "cc")  # of several, an address has the first
GZIP = b"\x1f\x8b"

# From <sender> <date as asctime writes it, perhaps with a zone>, and then a header, not prose.
_FROM_LINE = (
    rb"From (?![0-9a-f]{40} Mon Sep 17 00:00:00 2001)"  # git format-patch, inside a body
    rb'(?:(?:"[^"\n]{0,200}"\S{0,200}|\S{1,400}(?: at \S{1,200})?) )? *'
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +"
    rb"(?:[A-Z][a-z]{2} +\d{1,2} +\d{1,2}:\d\d(?::\d\d)?(?: +[A-Z+-][A-Za-z0-9+-]{1,8}){0,2} +\d{4}"
    rb"|\d{1,2} +[A-Z][a-z]{2} +\d{2,4} +\d{1,2}:\d\d(?::\d\d)?)"
    rb"(?: [^\n]{0,80})?\r?\n"
    rb"(?=[!-9;-~]{1,100}[ \t]*:|>?From |\r?\n|\Z)"
)
_SEPARATOR = re.compile(rb"\n" + _FROM_LINE)
_SEPARATOR_AT_START = re.compile(_FROM_LINE)
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_FIRST_LINE = re.compile(rb"From [^\n]{0,800}\n(?=[!-9;-~]{1,100}[ \t]*:)")
_BLANK_START = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*")
_WANTED = re.compile(
    r"\n(?=[acdfilmprstx])(" + "|".join(HEADERS) + r")[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)",
    re.IGNORECASE | re.ASCII,
)
_RECEIVED = re.compile(r"\nreceived[ \t]*+:(.*+(?:\n[ \t].*+)*+)", re.IGNORECASE | re.ASCII)


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the mailbox at `path`; positions are byte offsets in the decompressed file.

    Raises UnreadableFileError when the file is no mbox, or its gzip stream is damaged.
    """
    since, until = options.since.timestamp(), options.until.timestamp()
    seen: set[int] = set()  # hashes of the keys: a tenth of the keys' own size
    batch = _Pending()
    try:
        with _opened(path) as stream:
            for position, block in header_blocks(stream, path):
                batch.records += 1
                read_message = _message(block)
                if isinstance(read_message, str):
                    batch.rejects.append((position, read_message))
                elif not since <= read_message[0] < until:
                    batch.skipped += 1
                else:
                    second, mail = read_message
                    batch.add(position, second, mail)
                    identity = hash(mail.key)
                    batch.duplicates += identity in seen
                    seen.add(identity)
                if len(batch.addresses) + len(batch.rejects) >= BATCH_ROWS:
                    yield batch.finished()
                    batch = _Pending()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        message = f"{path}: the gzip stream is damaged or cut off ({error}); copy the file again"
        raise UnreadableFileError(message) from error
    if batch.records:
        yield batch.finished()


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


def header_blocks(
    stream: IO[bytes] | gzip.GzipFile, path: Path
) -> Iterator[tuple[int, bytes | None]]:
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
    is_mailbox = _SEPARATOR_AT_START.match(buffer, at) or _FIRST_LINE.match(buffer, at)
    if not is_mailbox and not _HEADER_LINE.match(buffer, at):
        message = (
            f"{path}: byte {at}: no mbox, for it starts neither with a line like "
            "'From jan@example.org Thu Jan  1 10:00:00 2026' nor with a mail header; "
            "export the folder as mbox, or name another format"
        )
        raise UnreadableFileError(message)
    in_body = is_last = False
    while True:
        ready = len(buffer) if is_last else len(buffer) - MARGIN
        while True:
            end = at if in_body else _header_end(buffer, at)
            if end < 0:
                if not is_last and len(buffer) - at < HEADER_LIMIT:
                    break
                end = min(len(buffer), at + HEADER_LIMIT)
            following = _separator(buffer, at, max(ready, end), end) if is_mailbox else -1
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
        buffer, at = buffer[at:] + chunk, 0


def _separator(buffer: bytes, start: int, stop: int, header_end: int) -> int:
    """Offset of the first separator line whose newline before it is in [start, stop), or -1.

    It must follow an empty line, unless it stands before `header_end`.
    """
    while match := _SEPARATOR.search(buffer, start):
        at = match.start()
        if at >= stop:
            break
        if at < header_end or buffer[at - 1 : at] == b"\n" or buffer[at - 2 : at] == b"\n\r":
            return at + 1
        start = at + 1
    return -1


def _header_end(buffer: bytes, start: int) -> int:
    """Offset of the newline before the first empty line behind `start`, or -1."""
    match = _EMPTY_LINE.search(buffer, start, start + HEADER_LIMIT)
    return match.start() if match else -1


def _blank(head: bytes) -> int:
    """Length of byte order mark and empty lines in front."""
    match = _BLANK_START.match(head)
    return match.end() if match else 0


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    with path.open("rb") as stream:
        is_gzip = stream.read(2) == GZIP
    return gzip.open(path, "rb") if is_gzip else path.open("rb")


# --- header block → message -------------------------------------------------------------------


def _message(block: bytes | None) -> tuple[int, Mail] | str:
    """UTC second and message, or why it is refused. A line that is no header is passed over."""
    if block is None:
        return "header block larger than 1 MB"
    text = _text(block)
    found = _WANTED.findall(text)
    headers = {name.lower(): value for name, value in reversed(found)}  # the first one counts
    if len(headers) < len(found):
        for name in ("to", "cc"):
            headers[name] = ",".join(value for other, value in found if other.lower() == name)
    second = seconds(headers["date"]) if "date" in headers else None
    if second is None:
        second = _received(text)
        if second is None:
            return "no valid date in Date or Received"
    mail = mail_of(headers, second)
    return (second, mail) if mail else "no sender in From or Sender"


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


# --- messages → batch -------------------------------------------------------------------------


@dataclass(slots=True)
class _Pending:
    """A batch in the making. Columns are made at the end: cheaper than one by one."""

    keys: list[str] = field(default_factory=list)
    seconds: list[int] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    replies: list[str | None] = field(default_factory=list)
    automated: list[bool] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)  # of each mail: sender, to, cc
    counts: list[int] = field(default_factory=list)  # of each mail: 1, number of to, of cc
    rejects: list[tuple[int, str]] = field(default_factory=list)
    records: int = 0
    skipped: int = 0
    duplicates: int = 0

    def add(self, position: int, second: int, mail: Mail) -> None:
        key, sender, thread, reply, to, cc, is_automated = mail
        self.keys.append(key)
        self.seconds.append(second)
        self.senders.append(sender)
        self.threads.append(thread)
        self.replies.append(reply)
        self.automated.append(is_automated)
        self.positions.append(position)
        self.addresses += (sender, *to, *cc)
        self.counts += (1, len(to), len(cc))

    def finished(self) -> Batch:
        events = pl.DataFrame(
            {
                "event_key": pl.Series(self.keys, dtype=pl.String),
                "started_at": pl.Series(self.seconds, dtype=pl.Int64) * 1_000_000,
                "initiator": pl.Series(self.senders, dtype=pl.String),
                "thread_key": pl.Series(self.threads, dtype=pl.String),
                "reply_key": pl.Series(self.replies, dtype=pl.String),
                "is_automated": pl.Series(self.automated, dtype=pl.Boolean),
                "position": pl.Series(self.positions, dtype=pl.Int64),
            }
        ).with_columns(
            channel=pl.lit("message"),
            kind=pl.lit("mail"),
            ended_at=None,
            container_key=None,
            is_cancelled=pl.lit(value=False),
            revision=0,
        )
        size = pl.Series(self.counts, dtype=pl.UInt32)
        part = pl.int_range(size.len(), eager=True).repeat_by(size).explode()
        participations = pl.DataFrame(
            {
                "event_key": events["event_key"].gather(part // 3),
                "address": pl.Series(self.addresses, dtype=pl.String),
                "role": pl.Series(ROLES, dtype=pl.String).gather(part % 3),
            }
        ).with_columns(response=pl.lit("none"), is_own=pl.lit(value=False))
        if self.duplicates:
            events, participations = _united(events, participations)
        rejects: dict[str, list[object]] = {
            "position": [position for position, _ in self.rejects],
            "place": ["byte"] * len(self.rejects),
            "reason": [reason for _, reason in self.rejects],
        }
        return Batch(
            _as(events, RAW_EVENT),
            _as(participations, RAW_PARTICIPATION),
            frame(rejects, RAW_REJECT),
            self.records,
            self.skipped,
            self.duplicates,
        )


def _united(
    events: pl.DataFrame, participations: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Copies of a message as one: the first one's event and sender, To and Cc of all."""
    events = events.unique("event_key", keep="first", maintain_order=True)
    senders = events.select("event_key", "initiator")
    participations = (
        participations.join(senders, on="event_key", maintain_order="left")
        .filter((pl.col("role") != "from") | (pl.col("address") == pl.col("initiator")))
        .sort(pl.col("role").replace_strict(ROLES, [0, 1, 2]), maintain_order=True)
        .unique(["event_key", "address"], keep="first", maintain_order=True)
    )
    return events, participations


def _as(rows: pl.DataFrame, schema: dict[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


SOURCE = Source(
    name="mbox",
    title="Mailbox (mbox, .mbox.gz, .eml)",
    channel="message",
    how=(
        "Google Takeout: Mail, format mbox; Thunderbird: the folder's file in the profile's Mail "
        "directory; mailing lists: the archive's mbox.gz"
    ),
    reads=(*HEADERS, "received"),
    sniff=sniff,
    read=read,
)
