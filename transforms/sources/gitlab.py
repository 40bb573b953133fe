"""GitLab: issues, merge requests, their notes and state events, as the REST API returns them.

Notes hold comments, and, written by GitLab itself in English, assignments, requests for review,
approvals and changes of state. Items are told apart by their numbers within the whole site, the
only ones that issues, notes and state events all show. Of a comment only mentions of people whom
the file shows are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from transforms.sources.acts import Act, Rows, mentioned, stamp, utc
from transforms.sources.base import Batch, Options, Source
from transforms.sources.machine_names import is_machine_name
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

_LISTS = ("items", "value", "data", "notes")
_USER = re.compile(rb'"username"\s*:\s*"([^"\\]{1,255})"')
_HOST = re.compile(r"https?://([^/]+)/")
_NAMED = re.compile(r"@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)")
_STATUS = {"closed": "closed", "reopened": "reopened", "merged": "merged"}
_NO_ACT = ("mentioned in ", "changed this line in ", "automatically ")  # GitLab did it by itself
_WANTED = "issue, merge request, note or state event as GitLab returns it"


# --- what is read of the JSON; everything else is passed over ----------------------------------


class User(msgspec.Struct):
    """A person or robot."""

    username: str | None = None
    email: str | None = None
    public_email: str | None = None
    web_url: str | None = None
    bot: bool | None = None


class Thing(msgspec.Struct):
    """Issue, merge request, note or state event; which one, its members tell."""

    id: int | str | None = None
    iid: int | None = None
    group_id: int | None = None  # an epic is a group's, anything else a project's
    author: User | None = None
    user: User | None = None
    created_at: str | None = None
    closed_at: str | None = None
    closed_by: User | None = None
    merged_at: str | None = None
    merged_by: User | None = None
    merge_user: User | None = None
    description: str | None = None
    target_branch: str | None = None
    web_url: str | None = None
    body: str | None = None
    system: bool | None = None
    noteable_type: str | None = None
    noteable_id: int | str | None = None
    resource_type: str | None = None
    resource_id: int | str | None = None
    state: str | None = None


_THING = msgspec.json.Decoder(Thing)


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    The file is read twice: first for who is a person, and the mail addresses that it shows. An act
    told again is a duplicate. Raises UnreadableFileError when the file is no JSON.
    """
    known = _people(path)
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            thing = _THING.decode(raw)
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        acts = _acts(thing, known)
        if acts is None:
            rows.reject(position, place, f"no {_WANTED}")
            continue
        rows.add(acts, position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("work", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of GitLab's."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")) or '"username"' not in text:
        return 0.0
    is_note = '"noteable_type"' in text and '"system"' in text
    is_item = '"iid"' in text and ('"project_id"' in text or '"references"' in text)
    is_state = '"resource_type"' in text and '"resource_id"' in text and '"state"' in text
    return 0.95 if is_note or (is_item and '"author"' in text) else 0.8 if is_state else 0.0


def _people(path: Path) -> dict[str, str]:
    """User name in lower case → mail address, or "gitlab:" and the name, of everybody shown."""
    known: dict[str, str] = {}
    for record in records(path, _LISTS):
        for name in _USER.findall(bytes(record.raw)):
            known.setdefault(name.decode().lower(), f"gitlab:{name.decode().lower()}")
        try:
            thing = _THING.decode(record.raw)
        except BROKEN:
            continue
        for user in (thing.author, thing.user, thing.closed_by, thing.merged_by, thing.merge_user):
            mail = (user.email or user.public_email) if user else None
            if user and user.username and mail and "@" in mail:
                known[user.username.lower()] = mail.strip().lower()
    return known


# --- acts -------------------------------------------------------------------------------------


def _acts(thing: Thing, known: Mapping[str, str]) -> list[Act] | None:
    """What the record tells; None where it is nothing that is read here."""
    if thing.noteable_type is not None:
        return list(_note(thing, known))
    if thing.resource_type is not None:
        item = _item(thing.user, thing.web_url, thing.resource_type, thing.resource_id)
        if thing.state == "opened":
            return []  # the issue itself tells it
        return list(_status(thing.state or "", utc(thing.created_at), thing.user, item, known))
    if thing.iid is not None:
        return list(_opened(thing, known))
    return None


def _opened(thing: Thing, known: Mapping[str, str]) -> Iterator[Act]:
    kind = "issue" if thing.group_id is None else "epic"
    if thing.target_branch is not None:
        kind = "mergerequest"
    item = _item(thing.author, thing.web_url, kind, thing.id)
    at = utc(thing.created_at)
    key = f"work:{item}:create"
    yield from _act("create", key, at, thing.author, item, known)
    yield from _mention(f"work:{item}:mention:create", at, thing.author, item, thing, known)
    if merger := thing.merge_user or thing.merged_by:
        yield from _status("merged", utc(thing.merged_at), merger, item, known)
    if thing.closed_by:
        yield from _status("closed", utc(thing.closed_at), thing.closed_by, item, known)


def _note(thing: Thing, known: Mapping[str, str]) -> Iterator[Act]:
    item = _item(thing.author, thing.web_url, thing.noteable_type or "", thing.noteable_id)
    at, text = utc(thing.created_at), (thing.body or "").strip()
    site = item.rpartition("/")[0] if item else f"gitlab:{_host(thing.author, thing.web_url)}"
    key = f"work:{site}/note:{thing.id}"
    if not thing.system:
        yield from _act("comment", key, at, thing.author, item, known, "commenter")
        yield from _mention(f"{key}:mention", at, thing.author, item, thing, known)
    elif text.startswith(("assigned to ", "requested review from ")):
        toward = "assignee" if text.startswith("assigned") else "reviewer"
        names = _NAMED.findall(re.split(r"\band (?:un|removed\b)", text)[0])
        others = tuple(_address(name, known) for name in names)
        yield from _act("assignment", key, at, thing.author, item, known, "author", toward, others)
    elif re.search(r"(?<!un)\bapproved this merge request", text):
        yield from _act("review", key, at, thing.author, item, known, "reviewer")
    elif status := next((name for name in _STATUS if text.startswith(name)), None):
        yield from _status(status, at, thing.author, item, known)
    elif not text.startswith(_NO_ACT):
        yield from _act("change", key, at, thing.author, item, known)


def _status(
    state: str, at: datetime | None, who: User | None, item: str | None, known: Mapping[str, str]
) -> Iterator[Act]:
    # Told by the item, by a note and by a state event, seconds apart: once a day is enough.
    if state in _STATUS and who and who.username:
        key = f"work:{item}:{state}:{who.username.lower()}@{stamp(at)[:8]}"
        yield from _act("status", key, at, who, item, known)


def _mention(
    key: str, at: datetime | None, who: User | None, item: str | None, thing: Thing,
    known: Mapping[str, str],
) -> Iterator[Act]:  # fmt: skip
    names = mentioned(thing.body if thing.noteable_type else thing.description, known)
    if names:
        others = tuple(known[name] for name in names)
        yield from _act("mention", key, at, who, item, known, "author", "mentioned", others)


def _act(
    kind: str, key: str, at: datetime | None, who: User | None, item: str | None,
    known: Mapping[str, str], role: str = "author", toward: str = "",
    others: tuple[str, ...] = (),
) -> Iterator[Act]:  # fmt: skip
    """The act, unless nobody did it: the account is gone."""
    if who and who.username and who.username.lower() != "ghost":
        is_automated = bool(who.bot) or is_machine_name(who.username)
        yield Act(
            key, kind, at, _address(who.username, known), role, toward, others,
            container=item, is_automated=is_automated,
        )  # fmt: skip


# --- names ------------------------------------------------------------------------------------


def _address(name: str, known: Mapping[str, str]) -> str:
    return known.get(name.lower(), f"gitlab:{name.lower()}")


def _item(who: User | None, url: str | None, kind: str, number: int | str | None) -> str | None:
    """The item by its number on the site; None where the record has none (notes on commits)."""
    kind = "issue" if kind == "WorkItem" else kind.lower()
    return None if number is None else f"gitlab:{_host(who, url)}/{kind}:{number}"


def _host(who: User | None, url: str | None) -> str:
    # Notes have no address of their own; their author's profile is on the same site.
    found = _HOST.match((who.web_url if who else None) or url or "")
    return found[1].lower() if found else ""


SOURCE = Source(
    name="gitlab",
    title="GitLab issues, merge requests, notes and state events (JSON or ndjson)",
    channel="work",
    how=(
        "`glab api --paginate projects/ID/issues`, and the same with merge_requests, "
        "issues/IID/notes, merge_requests/IID/notes and issues/IID/resource_state_events"
    ),
    reads=(
        "issues and merge requests: id, author, created_at, closed_at, closed_by, merged_at, "
        "merge_user, user names mentioned, group_id (to tell epics)",
        "notes: id, author, created_at, noteable_type, noteable_id, system, user names mentioned; "
        "of GitLab's own notes what was done",
        "state events: user, created_at, resource_type, resource_id, state",
        "people: username, email, web_url (the site's name), bot",
    ),
    sniff=sniff,
    read=read,
)
