"""Slack: an export of a workspace, the zip as it was delivered.

The zip holds users.json (of an organisation org_users.json), lists of channels (channels, groups,
dms, mpims) and a folder per channel with a file per day. A message in a channel is addressed to those
whom it mentions; one in a direct conversation to its other members. What it answers is told by its
thread. Of a text only the ids of mentioned people are read.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from transforms.sources.acts import Act, Rows
from transforms.sources.base import Batch, Options, Source, UnreadableFileError
from transforms.sources.opening import ZIP, opened
from transforms.sources.wrapped_json import BROKEN, NULL, refusal, unwrapped
from transforms.sources.zips import content

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DAY = re.compile(r"(?:^|.*/)([^/]+)/\d{4}-\d\d-\d\d\.json$")
_CALLED = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_CALLED_IN_BLOCK = re.compile(rb'"user_id"\s*:\s*"([UW][A-Z0-9]+)"')
_LISTS = ("channels.json", "groups.json", "dms.json", "mpims.json")
_USERS = ("users.json", "org_users.json")  # the second of an organisation (Enterprise Grid)
_DIRECT = {"dms.json", "mpims.json"}
_SPOKEN = {None, "thread_broadcast", "file_share", "me_message", "bot_message"}
_SLACKBOT = "USLACKBOT"
_WANTED = "message as Slack exports it"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


# --- what is read of the JSON; everything else is passed over ----------------------------------


class Profile(msgspec.Struct):
    """Of a person's profile, the address."""

    email: str | None = None


class User(msgspec.Struct):
    """A person or robot."""

    id: str
    is_bot: bool | None = None
    profile: Profile | None = None


class Channel(msgspec.Struct):
    """A channel or direct conversation."""

    id: str
    name: str | None = None
    members: list[str] | None = None


class Message(msgspec.Struct):
    """One message."""

    type: str | None = None
    subtype: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    user: str | None = None
    bot_id: str | None = None
    text: str | None = None
    blocks: msgspec.Raw = NULL


class Place(NamedTuple):
    """Id of the channel; `members` of a direct conversation, who all read it."""

    id: str
    members: tuple[str, ...] = ()


class People(NamedTuple):
    """Mail addresses by id, and the ids of robots."""

    addresses: Mapping[str, str]
    robots: frozenset[str]


_MESSAGE = msgspec.json.Decoder(Message)
_Listed = TypeVar("_Listed", User, Channel)


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the zip at `path`. Positions are messages from 1, file by file in order of name.

    Raises UnreadableFileError when the file is no zip of an export, or damaged.
    """
    seen = set[int]()
    rows = Rows("message", options, seen)
    position = 0
    with _archive(path) as archive:
        people, places = _people(archive), _places(archive)
        for name in sorted(archive.namelist()):
            day = _DAY.match(name)
            if day is None:
                continue
            place = places.get(day[1], Place(day[1]))
            for raw in unwrapped(content(archive, name), ()):
                position += 1
                rows.records += 1
                try:
                    message = _MESSAGE.decode(raw)
                except BROKEN as error:
                    rows.reject(position, "record", refusal(error, _WANTED))
                    continue
                if message.type != "message" or message.ts is None:
                    rows.reject(position, "record", f"no {_WANTED}")
                    continue
                rows.add(_said(message, place, people), position, "record")
                if rows.is_full:
                    yield rows.finished()
                    rows = Rows("message", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:
    """Certainty that the file at `path` is a zip with Slack's lists and days."""
    if not head.startswith(ZIP):
        return 0.0
    try:
        with _archive(path) as archive:
            names = archive.namelist()
    except UnreadableFileError:
        return 0.0
    bare = {name.rpartition("/")[2] for name in names}
    if not bare & {*_LISTS, *_USERS} or not any(map(_DAY.match, names)):
        return 0.0
    return 0.97 if bare & {*_USERS} else 0.8


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with ExitStack() as stack:
        try:
            if zipfile.is_zipfile(path):
                yield stack.enter_context(zipfile.ZipFile(path))
            else:  # perhaps packed once more
                stream = stack.enter_context(opened(path))
                yield stack.enter_context(zipfile.ZipFile(stream))
        except _DAMAGE as error:
            message = f"{path}: no zip of a Slack export, or damaged ({error}); export it again"
            raise UnreadableFileError(message) from error


def _people(archive: zipfile.ZipFile) -> People:
    users = [user for name in _USERS for user in _listed(archive, name, User)]
    mails = ((user.id, (user.profile and user.profile.email) or "") for user in users)
    addresses = {number: mail.strip().lower() for number, mail in mails if "@" in mail}
    return People(addresses, frozenset(user.id for user in users if user.is_bot) | {_SLACKBOT})


def _places(archive: zipfile.ZipFile) -> dict[str, Place]:
    """Name of the folder → channel. A direct conversation's folder has the name of its id."""
    places: dict[str, Place] = {}
    for name in _LISTS:
        for channel in _listed(archive, name, Channel):
            members = tuple(channel.members or ()) if name in _DIRECT else ()
            places[channel.id] = Place(channel.id, members)
            if channel.name:
                places[channel.name] = places[channel.id]
    return places


def _listed(archive: zipfile.ZipFile, name: str, kind: type[_Listed]) -> list[_Listed]:
    """The entries of the list `name` that can be read; it may stand in a folder of its own."""
    decoder = msgspec.json.Decoder(kind)
    found: list[_Listed] = []
    for member in archive.namelist():
        if member.rpartition("/")[2] == name:
            for raw in unwrapped(content(archive, member), ()):
                try:
                    found.append(decoder.decode(raw))
                except BROKEN:
                    continue
    return found


# --- acts -------------------------------------------------------------------------------------


def _said(message: Message, place: Place, people: People) -> Iterator[Act]:
    """The message, if somebody said it: that Slack tells of who came and went is none."""
    who = message.user or message.bot_id
    if message.subtype not in _SPOKEN or not who:
        return
    key, root = (
        f"chat:slack:{place.id}/{ts}" for ts in (message.ts, message.thread_ts or message.ts)
    )
    others = place.members or tuple(sorted(_mentioned(message)))
    yield Act(
        key, "chat", _time(message.ts), _address(who, people), "from",
        "to" if place.members else "mentioned",
        tuple(_address(other, people) for other in others if other not in people.robots),
        thread=root, reply=root if root != key else None,
        is_automated=who in people.robots or message.user is None or message.subtype == "bot_message",
    )  # fmt: skip


def _mentioned(message: Message) -> set[str]:
    in_text = set(_CALLED.findall(message.text or ""))
    return in_text or {
        number.decode() for number in _CALLED_IN_BLOCK.findall(bytes(message.blocks))
    }


def _address(number: str, people: People) -> str:
    return people.addresses.get(number, f"slack:{number}")


def _time(ts: str | None) -> datetime | None:
    """Slack's time in UTC: seconds since 1970; what stands behind the point tells messages apart."""
    try:
        return datetime.fromtimestamp(int((ts or "").partition(".")[0]), UTC)
    except (ValueError, OverflowError, OSError):
        return None


SOURCE = Source(
    name="slack",
    title="Slack export (zip)",
    channel="message",
    how=(
        "Workspace settings > Import/export data > Export; leave the zip as it is. An owner can "
        "ask Slack for private channels and direct messages as well"
    ),
    reads=(
        "users.json or org_users.json: id, is_bot, profile.email",
        "channels, groups, dms, mpims: id, name (the folder's), members of direct conversations",
        "messages: ts, thread_ts, user, bot_id, subtype, ids of people mentioned",
    ),
    sniff=sniff,
    read=read,
)
