"""Jira: issues with comments, worklogs and changelog, as the REST search returns them.

A file is one page {"issues": [...]}, an array of pages or issues, one issue, or ndjson with an
issue or page a line. Every act on an issue is an event: its creation, comments, changes, worklogs;
an assignment to somebody else and the mentions in a comment are directed. Of a comment only the ids
of mentioned people are read. Acts without an actor (anonymous, deleted) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from transforms.sources.acts import Act, Rows, is_machine_name, utc
from transforms.sources.base import Batch, Options, Source
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, NULL, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SITE = re.compile(r"https?://(?:api\.atlassian\.com/ex/jira/)?([^/?#]+)")
_WIKI_MENTION = re.compile(rb"\[~(?:accountid:)?([^\]\[\\\"\s~]{1,255})\]")
_LISTS = ("issues",)
_WANTED = "issue as Jira returns it"


# --- what is read of the JSON; everything else is passed over ----------------------------------


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
    """One issue; without `fields` it is none."""

    fields: Fields
    id: str | int | None = None
    key: str | None = None
    self: str | None = None
    changelog: Changelog | None = None


class Attributes(msgspec.Struct, gc=False):
    """Of a mention: whom."""

    id: str | None = None


class Node(msgspec.Struct, gc=False):
    """A node of Atlassian's document format; its text is not read."""

    type: str | None = None
    attrs: Attributes | None = None
    content: list[Node] | None = None


_ISSUE = msgspec.json.Decoder(Issue)
_NODE = msgspec.json.Decoder(Node)
_ID = msgspec.json.Decoder(str | int | None)


Person = tuple[str | None, bool]  # address, or "jira:" and a name or id; whether it is a machine
Who = Callable[[User | str | None], Person]


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the issues at `path`. Positions are issues from 1; of a line that is no JSON, the line.

    A person whose address the file shows anywhere is that address everywhere: where it shows somebody
    without one, it is read twice. An issue told again (pages shift while they are fetched) adds only
    what is new. Raises UnreadableFileError when the file is no JSON.
    """
    who = _who(path)
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            issue = _ISSUE.decode(raw)
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        number = issue.id or issue.key
        if number is None:
            rows.reject(position, place, "the issue has neither id nor key")
        elif utc(issue.fields.created) is None:
            rows.reject(position, place, "the issue's date of creation is missing or no date")
        else:
            site = _SITE.match(issue.self or "")  # numbers repeat from site to site
            item = f"{site[1].lower() if site else ''}/{number}"
            rows.add(filter(None, _acts(issue, item, who)), position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("work", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Jira issues."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")) or '"fields"' not in text or '"key"' not in text:
        return 0.0
    signs = ("/rest/api/", "/rest/agile/", '"issuetype"', '"changelog"', '"histories"')
    return (0.0, 0.75, 0.95)[min(2, sum(sign in text for sign in signs))]


# --- people -----------------------------------------------------------------------------------


def _who(path: Path) -> Who:
    """Who a user is; an id stands for the address that any record of the file shows with it."""
    shown: dict[str, str] | None = None

    @lru_cache(65_536)
    def who(user: User | str | None) -> Person:
        nonlocal shown
        if isinstance(user, User) and (mail := _mail(user)):
            return mail, _is_machine(user)
        if not user:
            return None, False
        if shown is None:
            shown = _addresses(path)
        if isinstance(user, str):
            return shown.get(user) or f"jira:{user}", False
        ids = [text for text in _ids(user) if text]
        name = user.name or user.account_id or user.key
        address = next((shown[text] for text in ids if text in shown), name and f"jira:{name}")
        return address or None, _is_machine(user)

    return who


def _addresses(path: Path) -> dict[str, str]:
    """Account id, name or key → mail address, for everybody whose address the file shows."""
    known: dict[str, str] = {}
    for record in records(path, _LISTS):
        try:
            issue = _ISSUE.decode(record.raw)
        except BROKEN:
            continue
        for user in {*_users(issue)}:
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


def _is_machine(user: User) -> bool:
    return user.account_type == "app" or is_machine_name(user.name, user.display_name)


# --- acts -------------------------------------------------------------------------------------


def _acts(issue: Issue, item: str, who: Who) -> Iterator[Act | None]:
    fields = issue.fields
    creator = fields.creator or fields.reporter
    if creator:
        yield _act("create", "", fields.created, creator, item, who)
        first = _first_assignee(issue)
        if first and first not in _ids(creator):
            yield _act(
                "assignment", "create", fields.created, creator, item, who,
                toward="assignee", others=(first,),
            )  # fmt: skip
    for comment in (fields.comment and fields.comment.comments) or ():
        if comment.author:
            number = str(comment.id)
            yield _act("comment", number, comment.created, comment.author, item, who, "commenter")
            if mentioned := tuple(sorted(_mentioned(comment.body) - {*_ids(comment.author)})):
                yield _act(
                    "mention", number, comment.created, comment.author, item, who,
                    toward="mentioned", others=mentioned,
                )  # fmt: skip
    for history in (issue.changelog and issue.changelog.histories) or ():
        if history.author:
            yield _change(history, history.author, item, who)
    for worklog in (fields.worklog and fields.worklog.worklogs) or ():
        if worklog.author:
            at = worklog.started or worklog.created
            yield _act("worklog", str(worklog.id), at, worklog.author, item, who)


def _change(history: History, author: User, item: str, who: Who) -> Act | None:
    items = history.items or []
    number = str(history.id)
    assigned = next((_text(one.to) for one in reversed(items) if one.field == "assignee"), None)
    if assigned and assigned not in _ids(author):
        return _act(
            "assignment", number, history.created, author, item, who,
            toward="assignee", others=(assigned,),
        )  # fmt: skip
    kind = "status" if any(one.field == "status" for one in items) else "change"
    return _act(kind, number, history.created, author, item, who)


def _act(
    kind: str, number: str, at: str | None, actor: User, item: str, who: Who,
    role: str = "author", toward: str = "", others: tuple[str, ...] = (),
) -> Act | None:  # fmt: skip
    """The act, unless nobody did it: the account is gone."""
    address, is_machine = who(actor)
    if address is None:
        return None
    key = f"work:jira:{item}:{kind}:{number}" if number else f"work:jira:{item}:{kind}"
    if others:
        others = tuple(sorted(filter(None, (who(other)[0] for other in others))))
    return Act(
        key, kind, utc(at), address, role, toward, others,
        container=f"jira:{item}", is_automated=is_machine,
    )  # fmt: skip


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
    except BROKEN:
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
    except BROKEN:
        return set()
    found: set[str] = set()
    while nodes:
        node = nodes.pop()
        nodes.extend(node.content or ())
        if node.type == "mention" and node.attrs and node.attrs.id:
            found.add(node.attrs.id)
    return found


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
