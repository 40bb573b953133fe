"""Gmail's API: messages with their headers (format metadata or full), in lists, pages or lines.

The headers are read as those of a mailbox, so a message is the same one here and in Takeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from transforms.sources.base import Batch, Options, Source
from transforms.sources.mail_batch import batches
from transforms.sources.mail_headers import HEADERS, Mail, mail_of, seconds
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LISTS = ("messages",)  # of a page, and of a thread
_NO_MAIL = {"DRAFT", "SPAM", "TRASH", "CHAT"}
_SEVERAL = ("to", "cc")  # a mail may have more than one of these


class Header(msgspec.Struct):
    """One header."""

    name: str
    value: str | None = None


class Payload(msgspec.Struct):
    """What is read of the message itself: its headers."""

    headers: list[Header] | None = None


class Message(msgspec.Struct, rename="camel"):
    """What is read of a message; everything else is passed over."""

    thread_id: str | None = None
    label_ids: list[str] | None = None
    internal_date: str | int | None = None  # milliseconds since 1970
    payload: Payload | None = None


_MESSAGE = msgspec.json.Decoder(Message)


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the messages at `path`. Positions are messages; of a line that is no JSON, lines.

    Raises UnreadableFileError when the file is no JSON.
    """
    yield from batches(
        ((position, place, _message(raw)) for position, place, raw in records(path, _LISTS)),
        options,
    )


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens Gmail messages with headers."""
    text = decoded(head).lstrip("\ufeff \t\r\n")
    signs = ('"threadId"', '"payload"', '"headers"')
    return 0.95 if text.startswith(("{", "[")) and all(sign in text for sign in signs) else 0.0


def _message(raw: msgspec.Raw | bytes) -> tuple[int, Mail] | str | None:
    """UTC second and mail, or why it is refused, or None: draft, spam, bin or chat."""
    try:
        message = _MESSAGE.decode(raw)
    except BROKEN as error:
        return refusal(error, "message as Gmail returns it")
    if not _NO_MAIL.isdisjoint(message.label_ids or ()):
        return None
    if message.payload is None or not message.payload.headers:
        return "no headers; fetch the messages with format=metadata"
    headers = _headers(message.payload.headers)
    if thread := _decimal(message.thread_id):
        headers["x-gm-thrid"] = thread  # as Takeout writes it
    second = seconds(headers["date"]) if "date" in headers else None
    second = _second(message.internal_date) if second is None else second
    if second is None:
        return "no valid date in Date or internalDate"
    mail = mail_of(headers, second)
    return (second, mail) if mail else "no sender in From or Sender"


def _headers(listed: list[Header]) -> dict[str, str]:
    """Lower-case name → value. The first one counts, but of To and Cc all do."""
    headers: dict[str, str] = {}
    for header in listed:
        name = header.name.lower()
        if name not in HEADERS or header.value is None:
            continue
        if name in headers and name in _SEVERAL:
            headers[name] += f",{header.value}"
        else:
            headers.setdefault(name, header.value)
    return headers


def _decimal(thread: str | None) -> str | None:
    """Gmail's thread in decimal; the API has it in sixteens."""
    try:
        return str(int(thread or "", 16))
    except ValueError:
        return thread


def _second(milliseconds: str | int | None) -> int | None:
    try:
        return int(milliseconds or "") // 1000
    except ValueError:
        return None


SOURCE = Source(
    name="gmail-api",
    title="Gmail messages (API, JSON or ndjson)",
    channel="message",
    how=(
        "users.messages.list, and of each id users.messages.get with format=metadata: one message a "
        "line, or an array of them"
    ),
    reads=("threadId", "labelIds", "internalDate", f"headers: {', '.join(HEADERS)}"),
    sniff=sniff,
    read=read,
)
