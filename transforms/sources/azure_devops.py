"""Azure DevOps: pull requests and their threads, work items, their updates and comments.

Read is what the REST API returns. A pull request shows its reviewers' votes without a time; threads
tell when somebody voted. Of a comment only the ids of mentioned people are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from transforms.sources.acts import Act, Rows, stamp, utc
from transforms.sources.base import Batch, Options, Source
from transforms.sources.machine_names import is_machine_name
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

_LISTS = ("value",)
_CLOUD = re.compile(r"https?://(?:dev\.azure\.com/([^/]+)|([^./]+)\.visualstudio\.com)/")
_HOST = re.compile(r"https?://([^/]+)/")
_PULL = re.compile(r"/pullRequests/(\d+)(?:/|$)", re.IGNORECASE)
_GUID = r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_CALLED = re.compile(rf'@<{_GUID}>|data-vss-mention="version:[\d.]+,\{{?{_GUID}')
_NAMED = re.compile(r"<([^<>\s]+[@\\][^<>\s]+)>\s*$")
_MACHINE = re.compile(r"build service|^microsoft\.", re.IGNORECASE)
_WANTED = "pull request, thread, work item, update or comment as Azure DevOps returns it"


# --- what is read of the JSON; everything else is passed over ----------------------------------


class Identity(msgspec.Struct, rename="camel"):
    """A person, group or service."""

    id: str | None = None
    unique_name: str | None = None
    name: str | None = None  # in older answers, as "Name <address>"
    display_name: str | None = None  # to tell services
    is_container: bool | None = None


class Href(msgspec.Struct):
    """A link."""

    href: str | None = None


class Links(msgspec.Struct):
    """Where the record is found, which names its pull request."""

    self: Href | None = None


class Repository(msgspec.Struct):
    """Where a pull request stands."""

    url: str | None = None


class Comment(msgspec.Struct, rename="camel"):
    """A comment of a thread, or on a work item."""

    id: int | None = None
    work_item_id: int | None = None
    author: Identity | None = None
    created_by: Identity | None = None
    published_date: str | None = None
    created_date: str | None = None
    comment_type: str | None = None
    is_deleted: bool | None = None
    content: str | None = None
    text: str | None = None
    url: str | None = None


class Thing(msgspec.Struct, rename="camel"):
    """Any of the records; which one, its members tell."""

    id: int | None = None
    rev: int | None = None
    url: str | None = None
    links: Links | None = msgspec.field(default=None, name="_links")
    pull_request_id: int | None = None
    repository: Repository | None = None
    created_by: Identity | None = None
    creation_date: str | None = None
    closed_by: Identity | None = None
    closed_date: str | None = None
    reviewers: list[Identity] | None = None
    comments: list[Comment] | None = None
    properties: dict[str, Any] | None = None
    fields: dict[str, Any] | None = None
    work_item_id: int | None = None
    revised_by: Identity | None = None
    created_date: str | None = None
    text: str | None = None


_THING = msgspec.json.Decoder(Thing)


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    The file is read twice: a mention is an id, whose address may stand anywhere.
    Raises UnreadableFileError when the file is no JSON.
    """
    known = _addresses(path)
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            acts = _acts(_THING.decode(raw), known)
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        if acts is None:
            rows.reject(position, place, f"no {_WANTED}")
            continue
        rows.add(acts, position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("work", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Azure DevOps'."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    is_pull = '"pullRequestId"' in text and '"creationDate"' in text
    is_thread = '"commentType"' in text and '"publishedDate"' in text
    is_item = '"System.CreatedDate"' in text or '"System.ChangedDate"' in text
    is_comment = '"workItemId"' in text and '"createdDate"' in text
    return 0.95 if is_pull or is_thread or is_item or is_comment else 0.0


def _addresses(path: Path) -> dict[str, str]:
    """Id → mail address, for everybody whose address the file shows; login → address of the same person."""
    known: dict[str, str] = {}
    logins: dict[str, str] = {}
    for record in records(path, _LISTS):
        try:
            thing = _THING.decode(record.raw)
        except BROKEN:
            continue
        told = (one for c in thing.comments or () for one in (c.author, c.created_by))
        shown = [thing.created_by, thing.closed_by, thing.revised_by, *(thing.reviewers or ())]
        shown += [*told, *map(_identity, (thing.fields or {}).values())]
        for who in shown:
            if who and who.id and (mail := _mail(who)):
                known[who.id.lower()] = mail
            elif who and who.id and (login := _login(who)):
                logins[login] = who.id.lower()
    return {name: known.get(one, f"azure-devops:{one}") for name, one in logins.items()} | known


# --- acts -------------------------------------------------------------------------------------


def _acts(thing: Thing, known: Mapping[str, str]) -> list[Act] | None:
    """What the record tells; None where it is nothing that is read here."""
    if thing.pull_request_id is not None:
        return list(_pull(thing, known))
    if thing.work_item_id is not None and thing.fields is not None:
        return list(_update(thing, thing.fields, known))
    if thing.work_item_id is not None:
        item = f"azure-devops:{_site(thing.url)}/item:{thing.work_item_id}"
        at = utc(thing.created_date)
        return list(_comment(at, thing.created_by, item, thing.text, known))
    if thing.fields is not None and thing.id is not None:
        return list(_item(thing, thing.fields, known))
    if thing.comments is not None:
        return list(_thread(thing, thing.comments, known))
    return None


def _pull(pull: Thing, known: Mapping[str, str]) -> Iterator[Act]:
    site = _site(pull.url, pull.repository.url if pull.repository else None)
    item = f"azure-devops:{site}/pull:{pull.pull_request_id}"
    yield from _act("create", "create", utc(pull.creation_date), pull.created_by, item, known)
    if pull.closed_by:
        yield from _act("status", "closed", utc(pull.closed_date), pull.closed_by, item, known)


def _thread(thread: Thing, comments: list[Comment], known: Mapping[str, str]) -> Iterator[Act]:
    """A thread of a pull request, or a page of comments on work items."""
    link = thread.links.self.href if thread.links and thread.links.self else thread.url
    found = _PULL.search(link or "")
    pull = f"azure-devops:{_site(link)}/pull:{found[1]}" if found else None
    for comment in comments:
        at, who = utc(comment.published_date or comment.created_date), comment.author
        if comment.is_deleted:
            continue
        if comment.work_item_id is not None:
            item = f"azure-devops:{_site(comment.url)}/item:{comment.work_item_id}"
            yield from _comment(at, comment.created_by, item, comment.text, known)
        elif comment.comment_type == "text":
            yield from _comment(at, who, pull, comment.content, known)
        elif "CodeReviewVoteResult" in (thread.properties or {}):
            number = f"review:{_number(who)}@{stamp(at)}"
            yield from _act("review", number, at, who, pull, known, "reviewer")


def _item(item: Thing, fields: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Act]:
    name = f"azure-devops:{_site(item.url)}/item:{item.id}"
    who = _identity(fields.get("System.CreatedBy"))
    yield from _act(
        "create", "create", utc(_text(fields.get("System.CreatedDate"))), who, name, known
    )


def _update(update: Thing, fields: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Act]:
    """One revision. Its own date is that of the next one, or the year 9999: the field's counts."""
    item = f"azure-devops:{_site(update.url)}/item:{update.work_item_id}"
    at = utc(_text(_new(fields, "System.ChangedDate") or _new(fields, "System.CreatedDate")))
    who = update.revised_by
    if update.rev == 1:
        yield from _act("create", "create", at, who, item, known)
    if said := _text(_new(fields, "System.History")):
        yield from _comment(at, who, item, said, known)
    other = _identity(_new(fields, "System.AssignedTo"))
    number = f"revision:{update.rev}"
    if other and (address := _address(other, known)):
        yield from _act(
            "assignment", number, at, who, item, known, "author", "assignee", (address,)
        )
    elif update.rev != 1 and not said:
        kind = "status" if "System.State" in fields else "change"
        yield from _act(kind, number, at, who, item, known)


def _comment(
    at: datetime | None, who: Identity | None, item: str | None, text: str | None,
    known: Mapping[str, str],
) -> Iterator[Act]:  # fmt: skip
    number = f"{_number(who)}@{stamp(at)}"
    yield from _act("comment", f"comment:{number}", at, who, item, known, "commenter")
    called = sorted({(one or two).lower() for one, two in _CALLED.findall(text or "")})
    if others := tuple(known.get(guid, f"azure-devops:{guid}") for guid in called):
        yield from _act(
            "mention", f"mention:{number}", at, who, item, known, "author", "mentioned", others
        )


def _act(
    kind: str, number: str, at: datetime | None, who: Identity | None, item: str | None,
    known: Mapping[str, str], role: str = "author", toward: str = "",
    others: tuple[str, ...] = (),
) -> Iterator[Act]:  # fmt: skip
    """The act, unless nobody did it."""
    address = _address(who, known)
    if who and address:
        is_automated = is_machine_name(who.display_name) or bool(
            _MACHINE.search(who.display_name or "")
        )
        yield Act(
            f"work:{item or 'azure-devops:'}:{number}", kind, at, address, role, toward, others,
            container=item, is_automated=is_automated,
        )  # fmt: skip


# --- names ------------------------------------------------------------------------------------


def _site(*urls: str | None) -> str:
    """The organisation in the cloud, or the server's host: numbers are its own."""
    for url in filter(None, urls):
        if found := _CLOUD.match(url):
            return (found[1] or found[2]).lower()
        if found := _HOST.match(url):
            return found[1].lower()
    return ""


def _new(fields: Mapping[str, Any], name: str) -> object:
    change = fields.get(name)
    return change.get("newValue") if isinstance(change, dict) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _identity(value: object) -> Identity | None:
    """A field's person: an object, or in older answers "Name <address>", of a domain "Name <login>"."""
    if isinstance(value, str):
        named = _NAMED.search(value)
        return Identity(unique_name=named[1]) if named else None
    if isinstance(value, dict) and "uniqueName" in value:
        try:
            return msgspec.convert(value, Identity)
        except msgspec.ValidationError:
            return None
    return None


def _login(who: Identity) -> str:
    """Mail address, or domain and login; empty where neither is shown."""
    named = _NAMED.search(who.name or "")
    return (who.unique_name or (named[1] if named else "")).strip().lower()


def _mail(who: Identity) -> str | None:
    login = _login(who)
    return login if "@" in login and not who.is_container else None


def _address(who: Identity | None, known: Mapping[str, str]) -> str | None:
    """The mail address, or else "azure-devops:" and the id or name; None for groups and nobody."""
    if who is None or who.is_container:
        return None
    number = _number(who)
    return _mail(who) or known.get(number) or (f"azure-devops:{number}" if number else None)


def _number(who: Identity | None) -> str:
    """What every answer shows of a person, whether it shows the address or not."""
    return (who.id or _login(who)).lower() if who else ""


SOURCE = Source(
    name="azure-devops",
    title="Azure DevOps pull requests, threads, work items, updates and comments (JSON)",
    channel="work",
    how=(
        "Pages of _apis/git/pullrequests?searchCriteria.status=all, of pullRequests/ID/threads, of "
        "_apis/wit/workitems?ids=..., of workItems/ID/updates and workItems/ID/comments"
    ),
    reads=(
        "pull requests: pullRequestId, url, createdBy, creationDate, closedBy, closedDate",
        "threads: properties (whether it is a vote), comments: author, publishedDate, commentType, "
        "ids of people mentioned",
        "work items: id, url, System.CreatedBy, System.CreatedDate",
        "updates: rev, revisedBy, System.ChangedDate, whether System.State changed, whom "
        "System.AssignedTo names; comments: createdBy, createdDate, ids of people mentioned",
        "people: uniqueName or name, id, isContainer, displayName (to tell services)",
    ),
    sniff=sniff,
    read=read,
)
