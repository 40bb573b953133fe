"""Teams chat: messages of channels and chats, as Microsoft Graph returns them.

A message in a channel is addressed to those whom it mentions; one in a chat to the chat's other
members, as far as the file shows them: chats with their members may stand between the messages, and
the id of a chat of two people names both. What a message answers is told by replyToId. Bodies are
not read: mentions stand beside them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources.acts import Act, Rows, utc
from transforms.sources.base import Batch, Options, Source
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LISTS = ("value", "messages")
_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_OF_TWO = re.compile(rf"19:({_ID})_({_ID})@unq\.gbl\.spaces$")
_WANTED = "chat message as Microsoft Graph returns it"


# --- what is read of the JSON; everything else is passed over ----------------------------------


class User(msgspec.Struct, rename="camel"):
    """A person."""

    id: str | None = None
    email: str | None = None
    user_principal_name: str | None = None


class Sender(msgspec.Struct):
    """A person, or an application."""

    user: User | None = None
    application: User | None = None


class Mention(msgspec.Struct):
    """Whom or what a message mentions."""

    mentioned: Sender | None = None


class ChannelIdentity(msgspec.Struct, rename="camel"):
    """The channel that a message stands in."""

    channel_id: str | None = None


class Member(msgspec.Struct, rename="camel"):
    """A member of a chat."""

    user_id: str | None = None
    email: str | None = None


class Thing(msgspec.Struct, rename="camel"):
    """A message, or a chat with its members."""

    id: str | None = None
    reply_to_id: str | None = None
    message_type: str | None = None
    created_date_time: str | None = None
    deleted_date_time: str | None = None
    chat_id: str | None = None
    channel_identity: ChannelIdentity | None = None
    from_: Sender | None = msgspec.field(default=None, name="from")
    mentions: list[Mention] | None = None
    replies: list[Thing] | None = None
    chat_type: str | None = None
    members: list[Member] | None = None


class Known(NamedTuple):
    """Mail addresses by id, and the ids of the members of chats."""

    addresses: dict[str, str]
    members: dict[str, list[str]]


_THING = msgspec.json.Decoder(Thing)


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    A message with its replies is one record. The file is read twice: first for addresses and
    members. Raises UnreadableFileError when the file is no JSON.
    """
    known = _known(path)
    seen = set[int]()
    rows = Rows("message", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            thing = _THING.decode(raw)
            messages = [thing, *(thing.replies or ())]
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        if thing.id is None or (thing.message_type is None and thing.chat_type is None):
            rows.reject(position, place, f"no {_WANTED}")
            continue
        rows.add((act for one in messages for act in _said(one, known)), position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("message", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Teams messages."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    signs = ("messageType", "createdDateTime", "replyToId", "from")
    is_message = all(f'"{sign}"' in text for sign in signs)
    return 0.95 if is_message and ('"chatId"' in text or '"channelIdentity"' in text) else 0.0


def _known(path: Path) -> Known:
    known = Known({}, {})
    for record in records(path, _LISTS):
        try:
            thing = _THING.decode(record.raw)
        except BROKEN:
            continue
        shown = [(member.user_id, member.email) for member in thing.members or ()]
        if thing.id and thing.members:
            known.members[thing.id] = [number.lower() for number, _ in shown if number]
        for sender in (thing.from_, *(mention.mentioned for mention in thing.mentions or ())):
            if sender and sender.user:
                user = sender.user
                shown.append((user.id, user.email or user.user_principal_name))
        known.addresses.update(
            (number.lower(), mail.strip().lower()) for number, mail in shown
            if number and mail and "@" in mail
        )  # fmt: skip
    return known


# --- acts -------------------------------------------------------------------------------------


def _said(message: Thing, known: Known) -> Iterator[Act]:
    """The message, if somebody said it and it still stands."""
    sender = message.from_ or Sender()
    who = sender.user or sender.application
    if message.message_type != "message" or message.deleted_date_time or not who or not who.id:
        return
    channel = message.channel_identity.channel_id if message.channel_identity else None
    place = channel or message.chat_id or ""
    members = _members(message.chat_id, known) if channel is None else []
    others = members or _mentioned(message)
    key = f"chat:teams:{place}/{message.id}"
    root = f"chat:teams:{place}/{message.reply_to_id}" if message.reply_to_id else None
    yield Act(
        key, "chat", utc(message.created_date_time), _address(who.id, known), "from",
        "to" if members else "mentioned", tuple(_address(other, known) for other in others),
        thread=root or key, reply=root if root != key else None, is_automated=sender.user is None,
    )  # fmt: skip


def _members(chat: str | None, known: Known) -> list[str]:
    if chat is None:
        return []
    of_two = _OF_TWO.match(chat)
    return known.members.get(chat) or ([*of_two.groups()] if of_two else [])


def _mentioned(message: Thing) -> list[str]:
    named = (mention.mentioned for mention in message.mentions or ())
    return [one.user.id for one in named if one and one.user and one.user.id]


def _address(number: str, known: Known) -> str:
    return known.addresses.get(number.lower(), f"teams:{number.lower()}")


SOURCE = Source(
    name="teams-chat",
    title="Teams messages of channels and chats (Microsoft Graph, JSON or ndjson)",
    channel="message",
    how=(
        "Pages of /teams/ID/channels/ID/messages?$expand=replies or /chats/ID/messages; put the "
        "answer of /chats?$expand=members in the same file, and messages have addressees"
    ),
    reads=(
        "messages: id, replyToId, messageType, createdDateTime, deletedDateTime, chatId, "
        "channelIdentity, from, mentions (ids), replies",
        "chats: id, chatType, members (userId, email)",
    ),
    sniff=sniff,
    read=read,
)
