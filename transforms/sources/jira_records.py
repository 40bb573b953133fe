"""Jira's issues, comments, changes and worklogs as they are decoded, and the people in them.

Everything that is not named here is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from transforms.sources.machine_names import is_machine_name
from transforms.sources.wrapped_json import BROKEN, NULL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SITE = re.compile(r"https?://(?:api\.atlassian\.com/ex/jira/)?([^/?#]+)")
_NOWHERE = b"\0"  # in no JSON
_WIKI_MENTION = re.compile(rb"\[~(?:accountid:)?([^\]\[\\\"\s~]{1,255})\]")


class User(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """A person as Jira Cloud or Server shows one."""

    account_id: str | None = None
    name: str | None = None
    key: str | None = None
    email_address: str | None = None
    display_name: str | None = None
    account_type: str | None = None


class Item(msgspec.Struct, gc=False):
    """One field that a change touched."""

    field: str | None = None
    to: msgspec.Raw = NULL
    from_: msgspec.Raw = msgspec.field(default=NULL, name="from")


class History(msgspec.Struct, gc=False):
    """One change."""

    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    items: list[Item] | None = None


class Comment(msgspec.Struct, gc=False):
    """One comment; of its body only mentions are read."""

    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    body: msgspec.Raw = NULL


class Worklog(msgspec.Struct, gc=False):
    """Time written on the issue."""

    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    started: str | None = None


class Changelog(msgspec.Struct, gc=False):
    """The changes that the page holds, of `total`."""

    histories: list[History] | None = None
    total: int | None = None


class Comments(msgspec.Struct, gc=False):
    """The comments of an issue."""

    comments: list[Comment] | None = None


class Worklogs(msgspec.Struct, gc=False):
    """The worklogs of an issue."""

    worklogs: list[Worklog] | None = None


class Fields(msgspec.Struct, gc=False):
    """The fields that are read."""

    created: str | None = None
    creator: User | None = None
    reporter: User | None = None
    assignee: User | None = None
    comment: Comments | None = None
    worklog: Worklogs | None = None


class Issue(msgspec.Struct, gc=False):
    """One issue; without `fields` it is none. What has `issues` is a page of them."""

    fields: Fields
    id: str | int | None = None
    key: str | None = None
    self: str | None = None
    changelog: Changelog | None = None
    issues: msgspec.Raw = NULL


class _Attributes(msgspec.Struct, gc=False):
    """Of a mention: whom."""

    id: str | None = None


class _Node(msgspec.Struct, gc=False):
    """A node of Atlassian's document format; its text is not read."""

    type: str | None = None
    attrs: _Attributes | None = None
    content: list[_Node] | None = None


_NODE = msgspec.json.Decoder(_Node)
_ID = msgspec.json.Decoder(str | int | None)


# --- people -----------------------------------------------------------------------------------


def users_of(issue: Issue) -> Iterator[User]:
    """Everybody whom the issue shows, the one or other more than once."""
    fields = issue.fields
    changes = issue.changelog.histories if issue.changelog else None
    comments = fields.comment.comments if fields.comment else None
    worklogs = fields.worklog.worklogs if fields.worklog else None
    acts = (*(changes or ()), *(comments or ()), *(worklogs or ()))
    people = (fields.creator, fields.reporter, fields.assignee, *(act.author for act in acts))
    return (user for user in people if user)


def shown(users: Iterable[User]) -> dict[str, str]:
    """Account id, name or key → mail address, for everybody who is shown with one; else key → "jira:" and name.

    A server's changes tell keys alone.
    """
    known: dict[str, str] = {}
    names: dict[str, str] = {}
    for user in users:
        if mail := mail_of(user):
            known.update(dict.fromkeys(filter(None, ids_of(user)), mail))
        elif user.name and user.key:
            names[user.key] = user.name
    taken = {*names.values()}  # who was renamed may have a key that is another's name now
    return {key: f"jira:{name}" for key, name in names.items() if key not in taken} | known


def ids_of(user: User) -> tuple[str | None, str | None, str | None]:
    """What a record may call the user by."""
    return user.account_id, user.name, user.key


def mail_of(user: User) -> str | None:
    """The user's mail address, if it is shown."""
    for text in (user.email_address, user.name):
        if text and "@" in text:
            return text.strip().lower()
    return None


def address_of(user: User | str, known: Mapping[str, str]) -> str | None:
    """Mail address of a user or of an id, or else "jira:" and the name or id; None for nobody."""
    if isinstance(user, str):
        return (known.get(user) or f"jira:{user}") if user else None
    name = user.name or user.account_id or user.key
    address = next((known[text] for text in ids_of(user) if text and text in known), None)
    return mail_of(user) or address or (f"jira:{name}" if name else None)


def is_machine(user: User) -> bool:
    """Whether an app acts, or somebody whose name says so."""
    return user.account_type == "app" or is_machine_name(user.name, user.display_name)


# --- values -----------------------------------------------------------------------------------


def text_of(raw: msgspec.Raw) -> str | None:
    """An id, whether it is written as text or as a number."""
    try:
        value = _ID.decode(raw)
    except BROKEN:
        return None
    return None if value is None else str(value)


def mentions(bodies: Iterable[msgspec.Raw]) -> Iterator[tuple[int, set[str]]]:
    """Number from 0 of each comment that names people, and their ids.

    The bodies are looked through together: one by one, the calls cost more than the looking.
    """
    together = _NOWHERE.join(bodies)
    # A single sign is found at once, and more of them twice as fast from the end.
    if b"~" not in together and together.rfind(b'"mention"') < 0:
        return
    for number, body in enumerate(together.split(_NOWHERE)):
        if names := _mentioned(body):
            yield number, names


def _mentioned(data: bytes) -> set[str]:
    """Ids of the people named, in wiki markup or in Atlassian's document format."""
    if not data.startswith(b"{"):
        return {name.decode() for name in _WIKI_MENTION.findall(data)} if b"[~" in data else set()
    if b'"mention"' not in data:
        return set()
    try:
        nodes = [_NODE.decode(data)]
    except BROKEN:
        return set()
    found: set[str] = set()
    while nodes:
        node = nodes.pop()
        nodes.extend(node.content or ())
        if node.type == "mention" and node.attrs and node.attrs.id:
            found.add(node.attrs.id)
    return found
