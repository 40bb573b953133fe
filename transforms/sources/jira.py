"""Jira: issues with comments, worklogs and changelog, as the REST search returns them.

A file is one page {"issues": [...]}, an array of pages or issues, one issue, or ndjson with an
issue or page a line. Every act on an issue is an event: its creation, comments, changes, worklogs;
an assignment to somebody else and the mentions in a comment are directed. Of a comment only the ids
of mentioned people are read. Acts without an actor (anonymous, deleted) are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

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
from transforms.sources.opening import decoded, opened_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SITE = re.compile(r"https?://(?:api\.atlassian\.com/ex/jira/)?([^/?#]+)")
_WIKI_MENTION = re.compile(rb"\[~(?:accountid:)?([^\]\[\\\"\s~]{1,255})\]")
_MACHINE = re.compile(r"(?:^|[^a-z])bot(?:$|[^a-z])|\bautomation\b", re.IGNORECASE)
_BROKEN = (msgspec.MsgspecError, RecursionError)
_NONE = msgspec.Raw(b"null")


# --- what is read of the JSON; everything else is passed over ----------------------------------


class User(msgspec.Struct, rename="camel"):
    """A person as Jira Cloud or Server shows one."""

    account_id: str | None = None
    name: str | None = None
    key: str | None = None
    email_address: str | None = None
    display_name: str | None = None
    account_type: str | None = None


class Item(msgspec.Struct):
    """One field that a change touched."""

    field: str | None = None
    to: msgspec.Raw = _NONE
    from_: msgspec.Raw = msgspec.field(default=_NONE, name="from")


class History(msgspec.Struct):
    """One change."""

    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    items: list[Item] | None = None


class Comment(msgspec.Struct):
    """One comment; of its body only mentions are read."""

    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    body: msgspec.Raw = _NONE


class Worklog(msgspec.Struct):
    """Time written on the issue."""

    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    started: str | None = None


class Changelog(msgspec.Struct):
    """The changes that the page holds, of `total`."""

    histories: list[History] | None = None
    total: int | None = None


class Comments(msgspec.Struct):
    """The comments of an issue."""

    comments: list[Comment] | None = None


class Worklogs(msgspec.Struct):
    """The worklogs of an issue."""

    worklogs: list[Worklog] | None = None


class Fields(msgspec.Struct):
    """The fields that are read."""

    created: str | None = None
    creator: User | None = None
    reporter: User | None = None
    assignee: User | None = None
    comment: Comments | None = None
    worklog: Worklogs | None = None


class Issue(msgspec.Struct):
    """One issue; without `fields` it is none."""

    fields: Fields
    id: str | int | None = None
    key: str | None = None
    self: str | None = None
    changelog: Changelog | None = None


class Page(msgspec.Struct):
    """One page of a search."""

    issues: list[msgspec.Raw] | None = None


class Attributes(msgspec.Struct):
    """Of a mention: whom."""

    id: str | None = None


class Node(msgspec.Struct):
    """A node of Atlassian's document format; its text is not read."""

    type: str | None = None
    attrs: Attributes | None = None
    content: list[Node] | None = None


_ISSUE = msgspec.json.Decoder(Issue)
_PAGE = msgspec.json.Decoder(Page)
_PART = msgspec.json.Decoder(msgspec.Raw)
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])
_NODE = msgspec.json.Decoder(Node)
_ID = msgspec.json.Decoder(str | int | None)


class Act(NamedTuple):
    """One thing done to an issue, in `role`; `others` are those it is done to, in role `toward`."""

    kind: str
    number: str
    at: str | None
    actor: User
    role: str = "author"
    toward: str = ""
    others: tuple[str, ...] = ()


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the issues at `path`. Positions are issues from 1; of a line that is no JSON, the line.

    The file is read twice: a person whose address it shows anywhere is that address everywhere. An
    issue told again (pages shift while they are fetched) is a duplicate and adds only what is new.
    Raises UnreadableFileError when the file is no JSON.
    """
    known, seen = _addresses(path), set[int]()
    batch = _Pending(known, options, seen)
    for position, place, raw in _records(path):
        batch.records += 1
        try:
            issue = _ISSUE.decode(raw)
        except _BROKEN as error:
            batch.reject(position, place, _refusal(error))
            continue
        batch.add(issue, position, place)
        if len(batch.participations["role"]) >= BATCH_ROWS:
            yield batch.finished()
            batch = _Pending(known, options, seen)
    yield batch.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Jira issues."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")) or '"fields"' not in text or '"key"' not in text:
        return 0.0
    signs = ("/rest/api/", "/rest/agile/", '"issuetype"', '"changelog"', '"histories"')
    return (0.0, 0.75, 0.95)[min(2, sum(sign in text for sign in signs))]


def _records(path: Path) -> Iterator[tuple[int, str, msgspec.Raw | bytes]]:
    """Position, what it counts, and the JSON of each issue."""
    for number, (line, raw) in enumerate(_raw_issues(path), 1):
        yield (line, "line", raw) if line else (number, "record", raw)


def _raw_issues(path: Path) -> Iterator[tuple[int, msgspec.Raw | bytes]]:
    """The JSON of each issue; before it the number of the line, if that is no JSON, or else 0."""
    with opened_text(path) as text:
        start = [text.readline(), text.readline()]
        if any(map(_is_object, start)):  # the first line may be the broken one
            for number, line in enumerate(chain(start, text), 1):
                if line.strip():
                    raw = line.encode()
                    issues = _issues(raw)
                    yield from ((0, issue) for issue in issues or ())
                    if issues is None:
                        yield number, raw
            return
        data = ("".join(start) + text.read()).encode()
    try:
        parts = _PARTS.decode(data) if data.lstrip().startswith(b"[") else [_PART.decode(data)]
    except _BROKEN as error:
        message = f"{path}: no JSON as Jira returns it ({error}); export it again"
        raise UnreadableFileError(message) from error
    for part in parts:
        issues = _issues(part)
        yield from ((0, issue) for issue in ([part] if issues is None else issues))


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        _PAGE.decode(line)
    except _BROKEN:
        return False
    return True


def _issues(raw: msgspec.Raw | bytes) -> list[msgspec.Raw] | None:
    """The issues of a page; anything else as it is; None of what is no JSON."""
    try:
        issues = _PAGE.decode(raw).issues
    except msgspec.ValidationError:
        issues = None
    except _BROKEN:
        return None
    return [msgspec.Raw(raw)] if issues is None else issues


def _refusal(error: Exception) -> str:
    if isinstance(error, msgspec.ValidationError):
        return f"no issue as Jira returns it: {error}"
    return "no JSON"


# --- people -----------------------------------------------------------------------------------


def _addresses(path: Path) -> dict[str, str]:
    """Account id, name or key → mail address, for everybody whose address the file shows."""
    known: dict[str, str] = {}
    for _, _, raw in _records(path):
        try:
            issue = _ISSUE.decode(raw)
        except _BROKEN:
            continue
        for user in _users(issue):
            if mail := _mail(user):
                known.update(dict.fromkeys(filter(None, _ids(user)), mail))
    return known


def _users(issue: Issue) -> Iterator[User]:
    fields = issue.fields
    changes = issue.changelog.histories if issue.changelog else None
    comments = fields.comment.comments if fields.comment else None
    worklogs = fields.worklog.worklogs if fields.worklog else None
    acts = (*(changes or ()), *(comments or ()), *(worklogs or ()))
    people = (fields.creator, fields.reporter, fields.assignee, *(act.author for act in acts))
    return (user for user in people if user)


def _ids(user: User) -> tuple[str | None, str | None, str | None]:
    return user.account_id, user.name, user.key


def _mail(user: User) -> str | None:
    for text in (user.email_address, user.name):
        if text and "@" in text:
            return text.strip().lower()
    return None


def _address(user: User | str | None, known: Mapping[str, str]) -> str | None:
    """The mail address, or else "jira:" and the name or account id; None for nobody."""
    if isinstance(user, User):
        if mail := _mail(user):
            return mail
        ids = [text for text in _ids(user) if text]
        shown = next((known[text] for text in ids if text in known), None)
        name = user.name or user.account_id or user.key
        return shown or (f"jira:{name}" if name else None)
    return (known.get(user) or f"jira:{user}") if user else None


def _is_machine(user: User) -> bool:
    if user.account_type == "app":
        return True
    return any(_MACHINE.search(name) for name in (user.name, user.display_name) if name)


# --- acts -------------------------------------------------------------------------------------


def _acts(issue: Issue) -> Iterator[Act]:
    fields = issue.fields
    creator = fields.creator or fields.reporter
    if creator:
        yield Act("create", "", fields.created, creator)
        first = _first_assignee(issue)
        if first and first not in _ids(creator):
            yield Act(
                "assignment", "create", fields.created, creator, toward="assignee", others=(first,)
            )
    for comment in (fields.comment and fields.comment.comments) or ():
        if comment.author:
            number = str(comment.id)
            yield Act("comment", number, comment.created, comment.author, "commenter")
            if mentioned := tuple(sorted(_mentioned(comment.body) - {*_ids(comment.author)})):
                yield Act(
                    "mention", number, comment.created, comment.author,
                    toward="mentioned", others=mentioned,
                )  # fmt: skip
    for history in (issue.changelog and issue.changelog.histories) or ():
        if history.author:
            yield _change(history, history.author)
    for worklog in (fields.worklog and fields.worklog.worklogs) or ():
        if worklog.author:
            at = worklog.started or worklog.created
            yield Act("worklog", str(worklog.id), at, worklog.author)


def _change(history: History, author: User) -> Act:
    items = history.items or []
    number = str(history.id)
    assigned = next((_text(item.to) for item in reversed(items) if item.field == "assignee"), None)
    if assigned and assigned not in _ids(author):
        return Act(
            "assignment", number, history.created, author, toward="assignee", others=(assigned,)
        )
    is_status = any(item.field == "status" for item in items)
    return Act("status" if is_status else "change", number, history.created, author)


def _first_assignee(issue: Issue) -> str | None:
    """Id of who had the issue when it was made; None where the changelog is not there to tell."""
    changelog, assignee = issue.changelog, issue.fields.assignee
    histories = changelog.histories if changelog else None
    if changelog is None or histories is None or (changelog.total or 0) > len(histories):
        return None
    changes = [
        (history.created or "", _text(item.from_))
        for history in histories
        for item in history.items or ()
        if item.field == "assignee"
    ]
    if changes:
        return min(changes, key=itemgetter(0))[1]
    return next(filter(None, _ids(assignee)), None) if assignee else None


def _text(raw: msgspec.Raw) -> str | None:
    try:
        value = _ID.decode(raw)
    except _BROKEN:
        return None
    return None if value is None else str(value)


def _mentioned(body: msgspec.Raw) -> set[str]:
    """Ids of the people named in a comment, in wiki markup or in Atlassian's document format."""
    data = bytes(body)
    if not data.startswith(b"{"):
        return {name.decode() for name in _WIKI_MENTION.findall(data)}
    if b'"mention"' not in data:
        return set()
    try:
        nodes = [_NODE.decode(data)]
    except _BROKEN:
        return set()
    found: set[str] = set()
    while nodes:
        node = nodes.pop()
        nodes.extend(node.content or ())
        if node.type == "mention" and node.attrs and node.attrs.id:
            found.add(node.attrs.id)
    return found


# --- rows -------------------------------------------------------------------------------------


def _columns(schema: Mapping[str, Any]) -> dict[str, list[object]]:
    return {name: [] for name in schema}


@dataclass(slots=True)
class _Pending:
    """Rows of the batch in the making. `seen` holds hashes of the keys that were told before."""

    known: Mapping[str, str]
    options: Options
    seen: set[int]
    events: dict[str, list[object]] = field(default_factory=lambda: _columns(RAW_EVENT))
    participations: dict[str, list[object]] = field(
        default_factory=lambda: _columns(RAW_PARTICIPATION)
    )
    rejects: dict[str, list[object]] = field(default_factory=lambda: _columns(RAW_REJECT))
    records: int = 0
    skipped: int = 0
    duplicates: int = 0

    def reject(self, position: int, place: str, reason: str) -> None:
        _append(self.rejects, (position, place, reason))

    def add(self, issue: Issue, position: int, place: str) -> None:
        """Add the acts on the issue that lie in the window and are new."""
        number = issue.id or issue.key
        if number is None:
            self.reject(position, place, "the issue has neither id nor key")
            return
        if _time(issue.fields.created) is None:
            self.reject(position, place, "the issue's date of creation is missing or no date")
            return
        site = _SITE.match(issue.self or "")
        item = f"{site[1].lower() if site else ''}/{number}"  # numbers repeat from site to site
        is_repeat = not self._is_new(item)
        unreadable = inside = 0
        for act in _acts(issue):
            at = _time(act.at)
            if at is None:
                unreadable += 1
            elif self.options.since <= at < self.options.until:
                inside += 1
                self._act(act, item, at, position)
        if unreadable:
            self.reject(position, place, f"{unreadable} acts without a date that can be read")
        self.duplicates += is_repeat
        self.skipped += not inside and not is_repeat and not unreadable

    def _act(self, act: Act, item: str, at: datetime, position: int) -> None:
        actor = _address(act.actor, self.known)
        others = {address for other in act.others if (address := _address(other, self.known))}
        others.discard(actor or "")
        key = f"work:jira:{item}:{act.kind}:{act.number}".removesuffix(":")
        if actor is None or (act.others and not others) or not self._is_new(key):
            return
        _append(
            self.events,
            (key, "work", act.kind, at, None, actor, None, None, f"jira:{item}",
             _is_machine(act.actor), False, 0, position),
        )  # fmt: skip
        _append(self.participations, (key, actor, act.role, "none", False))
        for other in sorted(others):
            _append(self.participations, (key, other, act.toward, "none", False))

    def _is_new(self, key: str) -> bool:
        count = len(self.seen)
        self.seen.add(hash(key))
        return len(self.seen) > count

    def finished(self) -> Batch:
        return Batch(
            frame(self.events, RAW_EVENT),
            frame(self.participations, RAW_PARTICIPATION),
            frame(self.rejects, RAW_REJECT),
            self.records,
            self.skipped,
            self.duplicates,
        )


def _append(columns: dict[str, list[object]], row: tuple[object, ...]) -> None:
    for column, value in zip(columns.values(), row, strict=True):
        column.append(value)


def _time(text: str | None) -> datetime | None:
    """Jira's time with its offset ("2026-02-03T09:00:00.000+0100"), in UTC."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else None


SOURCE = Source(
    name="jira",
    title="Jira issues (REST search, JSON or ndjson)",
    channel="work",
    how=(
        "Pages of /rest/api/3/search/jql (server: /rest/api/2/search) with "
        "expand=changelog and fields=created,creator,reporter,assignee,comment,worklog"
    ),
    reads=(
        "id", "key", "self (the site's name)", "created", "creator", "reporter", "assignee",
        "comments: id, author, created, ids of people mentioned",
        "worklogs: id, author, started, created",
        "changelog: id, author, created, which field, who was assigned",
        "people: emailAddress, name, key, accountId, accountType, displayName (to tell robots)",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
