"""GitHub: issues, pull requests, their comments, reviews and events.

Read are the arrays and pages of the REST API, GH Archive's ndjson of public events, and archives of
a whole repository ({"repo", "issues", "pulls"}). What happened is told by several of these at once,
so keys are made of what all of them show: item, person and second. Of a text only mentions of
people whom the file shows are read.
"""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from transforms.sources.acts import Act, Rows, mentioned, stamp, utc
from transforms.sources.base import Batch, Options, Source
from transforms.sources.machine_names import is_machine_name
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, NULL, records, refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime
    from pathlib import Path

_LISTS = ("items", "value", "data", "issues", "pulls")
_PLACE = re.compile(r"https?://([^/]+)/(?:api/v3/)?(?:repos/)?([^/]+/[^/?#]+)")
_ITEM = re.compile(_PLACE.pattern + r"/(?:issues|pulls?)/(\d+)(?![^/?#])")
_COMMIT = re.compile(_PLACE.pattern + r"/commits?/([0-9a-f]{40,64})")
_LOGIN = re.compile(rb'"(?:login|author|mergedBy)"\s*:\s*"([^"\\]{1,64})"')
_PUBLIC = re.compile(r'"type"\s*:\s*"[A-Z][A-Za-z]+Event"')
_API = re.compile(r'"https?://[^/"]+/(?:api/v3/)?repos/')

_REVIEW_STATES = {"APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"}
_STATUS = {"closed": "closed", "merged": "closed", "reopened": "reopened"}
# Told of a person, not done by one; or no act on the item.
_PASSIVE = {
    "mentioned", "subscribed", "unsubscribed", "referenced", "cross-referenced", "committed",
    "automatic_base_change_succeeded", "automatic_base_change_failed", "deployed",
}  # fmt: skip


# --- what is read of the JSON; everything else is passed over ----------------------------------


class User(msgspec.Struct):
    """A person or robot."""

    login: str | None = None
    type: str | None = None


class Repository(msgspec.Struct):
    """Where a public event happened."""

    name: str | None = None
    url: str | None = None


class Thing(msgspec.Struct):
    """Issue, pull request, comment, review or event; which one, its members tell."""

    id: int | str | None = None
    node_id: str | None = None
    number: int | None = None
    type: Any = None  # of a public event its name; of an issue an object
    event: str | None = None
    state: str | None = None
    url: str | None = None
    html_url: str | None = None
    issue_url: str | None = None
    pull_request_url: str | None = None
    commit_id: str | None = None
    user: User | None = None
    actor: User | None = None
    author: User | str | None = None
    assigner: User | None = None
    assignee: User | None = None
    review_requester: User | None = None
    requested_reviewer: User | None = None
    closed_by: User | None = None
    merged_by: User | None = None
    merged_by_login: User | str | None = msgspec.field(default=None, name="mergedBy")
    created_at: str | None = None
    submitted_at: str | None = None
    closed_at: str | None = None
    merged_at: str | None = None
    created: str | None = msgspec.field(default=None, name="createdAt")
    merged: str | None = msgspec.field(default=None, name="mergedAt")
    body: str | None = None
    comments: msgspec.Raw = NULL  # a number in the REST API
    reviews: list[Thing] | None = None
    issue: Thing | None = None
    payload: Payload | None = None
    repo: Repository | str | None = None


class Payload(msgspec.Struct):
    """What a public event is about."""

    action: str | None = None
    number: int | None = None
    issue: Thing | None = None
    pull_request: Thing | None = None
    comment: Thing | None = None
    review: Thing | None = None
    assignee: User | None = None
    requested_reviewer: User | None = None


class Item(NamedTuple):
    """Name of the issue, pull request or commit; where only the repository is known, that."""

    name: str
    is_whole: bool = True

    @property
    def container(self) -> str | None:
        """The work item, if it is known."""
        return f"github:{self.name}" if self.is_whole else None


_THING = msgspec.json.Decoder(Thing)
_THINGS = msgspec.json.Decoder(list[Thing])
_WANTED = "issue, pull request, comment, review or event as GitHub returns it"


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    The file is read twice: first to know who is a person. An act told again is a duplicate.
    Raises UnreadableFileError when the file is no JSON.
    """
    known = {
        login.decode().lower()
        for record in records(path, _LISTS)
        for login in _LOGIN.findall(bytes(record.raw))
    }
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            thing = _THING.decode(raw)
            acts = _acts(thing, known)
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
    """Certainty that `head` opens a file of GitHub's."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    if '"authorAssociation"' in text and '"createdAt"' in text:
        return 0.95
    if all(f'"{name}"' in text for name in ("payload", "actor", "repo")) and _PUBLIC.search(text):
        return 0.95
    if not _API.search(text) or '"login"' not in text:
        return 0.0
    is_item = '"number"' in text and '"comments_url"' in text
    is_about_one = '"issue_url"' in text or '"pull_request_url"' in text
    is_event = '"event"' in text and '"actor"' in text
    is_commit_comment = '"body"' in text and "#commitcomment-" in text
    return 0.95 if is_item or is_about_one or is_event or is_commit_comment else 0.0


# --- acts -------------------------------------------------------------------------------------


def _acts(thing: Thing, known: Collection[str]) -> list[Act] | None:  # noqa: PLR0911
    """What the record tells; None where it is nothing that is read here."""
    if thing.payload is not None:
        return list(_public(thing, thing.payload, known))
    if thing.event is not None:
        return list(_event(thing, known))
    if thing.created is not None:
        return list(_archived(thing, known))
    item = _item(thing.html_url, thing.issue_url, thing.pull_request_url, thing.url)
    if thing.number is not None:
        return list(_opened(thing, item, known))
    if thing.state in _REVIEW_STATES and thing.pull_request_url:
        return list(_review(thing, item, known))
    if thing.issue_url or thing.pull_request_url or thing.commit_id:
        return list(_comment(thing, item, known))
    return None


def _opened(thing: Thing, item: Item, known: Collection[str]) -> Iterator[Act]:
    at = utc(thing.created_at or thing.created)
    yield from _act("create", "create", at, thing.user or thing.author, item)
    yield from _mention("create", at, thing.user or thing.author, item, thing.body, known)
    ender = thing.merged_by or thing.merged_by_login or thing.closed_by
    if ended := thing.merged_at or thing.merged or (thing.closed_at if thing.closed_by else None):
        yield from _status("closed", utc(ended), ender, item)


def _archived(thing: Thing, known: Collection[str]) -> Iterator[Act]:
    item = _item(thing.url)
    yield from _opened(thing, item, known)
    for comment in _nested(thing):
        yield from _comment(comment, item, known)
    for review in thing.reviews or ():
        yield from _review(review, item, known)
        for comment in _nested(review):
            comment.author = review.author
            yield from _comment(comment, item, known)


def _comment(thing: Thing, item: Item, known: Collection[str]) -> Iterator[Act]:
    at, who = utc(thing.created_at or thing.created), thing.user or thing.author
    number = f"{_login(who)}@{stamp(at)}"
    yield from _act("comment", f"comment:{number}", at, who, item, "commenter")
    yield from _mention(number, at, who, item, thing.body, known)


def _review(thing: Thing, item: Item, known: Collection[str]) -> Iterator[Act]:
    if thing.state and thing.state.upper() == "PENDING":
        return
    at, who = (
        utc(thing.submitted_at or thing.created_at or thing.created),
        thing.user or thing.author,
    )
    number = f"review:{_number(thing)}"
    yield from _act("review", number, at, who, item, "reviewer")
    yield from _mention(number, at, who, item, thing.body, known)


def _event(thing: Thing, known: Collection[str]) -> Iterator[Act]:
    """An event of an issue's history. The actor of an old assignment is who got it, not who gave."""
    if thing.event in _PASSIVE:
        return
    issue = thing.issue
    item = _item(issue.html_url if issue else None, thing.html_url, thing.issue_url, thing.url)
    if thing.event == "commented":
        yield from _comment(thing, item, known)
    elif thing.event in {"reviewed", "line-commented", "commit-commented"}:
        yield from _review(thing, item, known)
    else:
        giver = thing.review_requester or thing.assigner or thing.actor
        yield from _change(
            thing.event or "", utc(thing.created_at), giver, item,
            thing.requested_reviewer or thing.assignee,
        )  # fmt: skip


def _public(thing: Thing, payload: Payload, known: Collection[str]) -> Iterator[Act]:
    """A public event, of GH Archive or of a repository's feed; most kinds are no act on an item."""
    item = _public_item(thing, payload)
    subject = payload.issue or payload.pull_request
    if thing.type == "CommitCommentEvent" and payload.comment:
        about = payload.comment
        yield from _comment(about, _item(about.html_url, about.url), known)
    elif item is None or subject is None:
        return
    elif thing.type in {"IssueCommentEvent", "PullRequestReviewCommentEvent"}:
        if payload.comment and payload.action == "created":
            yield from _comment(payload.comment, item, known)
    elif thing.type == "PullRequestReviewEvent":
        if payload.review and payload.action in {"created", "submitted"}:
            yield from _review(payload.review, item, known)
    elif thing.type in {"IssuesEvent", "PullRequestEvent"}:
        at, action = utc(thing.created_at), payload.action or ""
        if action == "opened":
            opened = utc(subject.created_at) or at
            who = subject.user or thing.actor
            yield from _act("create", "create", opened, who, item)
            yield from _mention("create", opened, who, item, subject.body, known)
        else:
            other = payload.requested_reviewer or payload.assignee
            yield from _change(action, at, thing.actor, item, other)


def _change(
    name: str, at: datetime | None, actor: User | None, item: Item, other: User | None
) -> Iterator[Act]:
    if name in _STATUS:
        yield from _status(_STATUS[name], at, actor, item)
    elif name in {"assigned", "review_requested"}:
        login = _login(other)
        if login and not _is_machine(other):
            toward = "assignee" if name == "assigned" else "reviewer"
            number = f"assignment:{login}@{stamp(at)}"
            yield from _act("assignment", number, at, actor, item, "author", toward, (login,))
    else:
        yield from _act("change", f"change:{_login(actor)}@{stamp(at)}", at, actor, item)


def _status(name: str, at: datetime | None, who: User | str | None, item: Item) -> Iterator[Act]:
    # A merge is told as merged and as closed, seconds apart: once a day is enough.
    number = f"{name}:{_login(who)}@{stamp(at)[:8]}"
    yield from _act("status", number, at, who, item)


def _mention(
    number: str, at: datetime | None, who: User | str | None, item: Item,
    text: str | None, known: Collection[str],
) -> Iterator[Act]:  # fmt: skip
    if names := mentioned(text, known):
        yield from _act("mention", f"mention:{number}", at, who, item, "author", "mentioned", names)


def _act(
    kind: str, number: str, at: datetime | None, who: User | str | None, item: Item,
    role: str = "author", toward: str = "", others: tuple[str, ...] = (),
) -> Iterator[Act]:  # fmt: skip
    """The act, unless nobody did it: the account is gone."""
    login = _login(who)
    if login and login != "ghost":
        yield Act(
            f"work:github:{item.name}:{number}", kind, at, f"github:{login}", role, toward,
            tuple(f"github:{other}" for other in others),
            container=item.container, is_automated=_is_machine(who),
        )  # fmt: skip


# --- names ------------------------------------------------------------------------------------


def _item(*urls: str | None) -> Item:
    """The item that one of the addresses names; github.com goes without saying."""
    for url in filter(None, urls):
        if found := _ITEM.match(url):
            return Item(f"{_repository(found[1], found[2])}#{found[3]}")
        if found := _COMMIT.match(url):
            return Item(f"{_repository(found[1], found[2])}@{found[3]}")
    found = next(filter(None, (_PLACE.match(url) for url in urls if url)), None)
    return Item(_repository(found[1], found[2]) if found else "", is_whole=False)


def _repository(host: str, name: str) -> str:
    host = host.lower()
    return name.lower() if host in {"github.com", "api.github.com"} else f"{host}/{name.lower()}"


def _public_item(thing: Thing, payload: Payload) -> Item | None:
    subject = payload.issue or payload.pull_request
    number = payload.number or (subject.number if subject else None)
    if not isinstance(thing.repo, Repository) or not thing.repo.name or number is None:
        return None
    place = _PLACE.match(thing.repo.url or "")
    return Item(f"{_repository(place[1] if place else 'github.com', thing.repo.name)}#{number}")


def _login(who: User | str | None) -> str:
    return ((who.login if isinstance(who, User) else who) or "").strip().lower()


def _is_machine(who: User | str | None) -> bool:
    is_app = isinstance(who, User) and who.type == "Bot"
    return is_app or is_machine_name(_login(who))


def _nested(thing: Thing) -> list[Thing]:
    return _THINGS.decode(thing.comments) if bytes(thing.comments)[:1] == b"[" else []


def _number(thing: Thing) -> str:
    """The number of a review; archives have only GitHub's global id, of which it is a part."""
    if isinstance(thing.id, int):
        return str(thing.id)
    text = thing.node_id or str(thing.id)
    try:
        if "_" in text:
            data = text.partition("_")[2]
            parts = msgspec.msgpack.decode(urlsafe_b64decode(data + "=" * (-len(data) % 4)))
            return str(parts[-1])
        plain = b64decode(text, validate=True).decode()
        return re.sub(r"^.*\D(?=\d+$)", "", plain)
    except (ValueError, TypeError, LookupError, msgspec.MsgspecError):
        return text


SOURCE = Source(
    name="github",
    title="GitHub issues, pull requests, comments, reviews and events (JSON or ndjson)",
    channel="work",
    how=(
        "`gh api --paginate 'repos/OWNER/REPO/issues?state=all&per_page=100'`, and the same with "
        "pulls, issues/comments, pulls/comments, issues/events and pulls/NUMBER/reviews; or an hour "
        "of https://www.gharchive.org; or a whole repository's archive.json (archive_repo.py)"
    ),
    reads=(
        "issues and pulls: html_url, number, user, created_at, merged_at, merged_by, closed_at, "
        "closed_by",
        "comments and reviews: html_url, issue_url, pull_request_url, user, created_at, "
        "submitted_at, state, logins mentioned",
        "events: event, actor, created_at, assigner, assignee, review_requester, "
        "requested_reviewer, issue",
        "public events: type, actor, repo, payload (action, issue, pull_request, comment, review)",
        "people: login, type (to tell robots)",
    ),
    sniff=sniff,
    read=read,
)
