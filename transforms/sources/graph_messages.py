"""Microsoft Graph: the messages of a mailbox, as pages of /messages, one a file or one a line.

Who is in Bcc is not read. Where the record shows the mail's own headers, they tell thread, answer,
list and machines, exactly as in a mailbox; otherwise the conversation is the thread.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from transforms.sources.base import Batch, Options, Source
from transforms.sources.mail_batch import batches
from transforms.sources.mail_headers import HEADERS, Mail, mail_of
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LISTS = ("value",)
# Exchange's base64 for web addresses, which is not the usual one.
_ALPHABET = str.maketrans("_-", "+/")
_CONVERSATION = 16  # bytes: the number of a conversation, the same in every mailbox
_MAILBOX_LENGTH, _CONVERSATION_AT = 36, 43


class Address(msgspec.Struct):
    """A mail address; the name beside it is not read."""

    address: str | None = None


class Recipient(msgspec.Struct, rename="camel"):
    """Somebody a message names."""

    email_address: Address | None = None


class Header(msgspec.Struct):
    """One header of the mail itself."""

    name: str | None = None
    value: str | None = None


class Message(msgspec.Struct, rename="camel"):
    """What is read of a message; everything else is passed over."""

    internet_message_id: str | None = None
    conversation_id: str | None = None
    sent_date_time: str | None = None
    received_date_time: str | None = None
    is_draft: bool | None = None
    from_: Recipient | None = msgspec.field(default=None, name="from")
    sender: Recipient | None = None
    to_recipients: list[Recipient] | None = None
    cc_recipients: list[Recipient] | None = None
    reply_to: list[Recipient] | None = None
    internet_message_headers: list[Header] | None = None


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
    """Certainty that `head` opens messages as Graph returns them."""
    text = decoded(head).lstrip("\ufeff \t\r\n")
    if not text.startswith(("{", "[")):
        return 0.0
    if '"internetMessageId"' in text:
        return 0.95
    is_mail = '"toRecipients"' in text and ('"sentDateTime"' in text or '"isDraft"' in text)
    return 0.9 if is_mail else 0.0


def _message(raw: msgspec.Raw | bytes) -> tuple[int, Mail] | str | None:
    """UTC second and mail, or why it is refused, or None: a draft."""
    try:
        message = _MESSAGE.decode(raw)
    except BROKEN as error:
        return refusal(error, "message as Graph returns it")
    if message.is_draft:
        return None
    second = _second(message.sent_date_time)
    second = _second(message.received_date_time) if second is None else second
    if second is None:
        return "no valid time in sentDateTime or receivedDateTime"
    mail = mail_of(_headers(message), second)
    if mail is None:
        return "no sender in from or sender"
    if message.internet_message_headers is None and message.conversation_id:
        return second, mail._replace(thread=f"conversation:{_number(message.conversation_id)}")
    return second, mail


def _headers(message: Message) -> dict[str, str]:
    """The message as the headers of a mail. Graph's own fields are the addresses it resolved."""
    headers: dict[str, str] = {}
    for header in message.internet_message_headers or ():
        name = (header.name or "").strip().lower()
        if name in HEADERS and header.value is not None:
            headers.setdefault(name, header.value)
    told = {
        "from": [message.from_] if message.from_ else [],
        "sender": [message.sender] if message.sender else [],
        "to": message.to_recipients,
        "cc": message.cc_recipients,
        "reply-to": message.reply_to,
    }
    for name, people in told.items():
        shown = [one.email_address for one in people or () if one.email_address]
        # Exchange shows a colleague who has left as a path ("/o=..."), which is no address.
        if found := [one.address for one in shown if one.address and "@" in one.address]:
            headers[name] = ", ".join(found)
    if message.internet_message_id:
        headers["message-id"] = message.internet_message_id
    return headers


def _number(conversation: str) -> str:
    """The conversation's own number where its id shows it, for the rest names the mailbox.

    It is the one that Thread-Index carries, so copies of two people agree.
    """
    try:
        data = b64decode(conversation.translate(_ALPHABET), validate=True)
    except (binascii.Error, ValueError):
        return conversation
    is_known = len(data) == _CONVERSATION_AT + _CONVERSATION and data[4 + _MAILBOX_LENGTH :][
        :3
    ] == bytes((0, _CONVERSATION, 0))
    return data[_CONVERSATION_AT:].hex() if is_known else conversation


def _second(text: str | None) -> int | None:
    """UTC seconds since 1970 of an ISO time; None where it is none."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())


SOURCE = Source(
    name="graph-messages",
    title="Microsoft 365 mail (Graph messages, JSON or ndjson)",
    channel="message",
    how=(
        "Pages of GET /users/{id}/messages with $select=internetMessageId,conversationId,"
        "sentDateTime,receivedDateTime,isDraft,from,sender,toRecipients,ccRecipients,replyTo,"
        "internetMessageHeaders"
    ),
    reads=(
        "internetMessageId", "conversationId", "sentDateTime", "receivedDateTime", "isDraft",
        "addresses of from, sender, toRecipients, ccRecipients, replyTo",
        f"internetMessageHeaders: {', '.join(HEADERS)}",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
