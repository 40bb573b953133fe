"""Jira: comments, worklogs and changes apart from their issues, as their own pages of the REST API return them.

Each comment and worklog names its issue in its link, a page of changes does so for all of them. So they
are the same events as within a search (format `jira`).
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources.base import BATCH_ROWS, Batch, Options, Source
from transforms.sources.jira_acts import Acts, People, Told
from transforms.sources.jira_records import (
    Changelog,
    Comment,
    Comments,
    Fields,
    History,
    Issue,
    User,
    Worklog,
    Worklogs,
    shown,
    users_of,
)
from transforms.sources.jira_rows import batch, nothing_seen
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, NULL, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = 1000  # records of which acts become columns together
_LISTS = ("comments", "worklogs")
_API = r"https?://(?:api\.atlassian\.com/ex/jira/)?([^/?#\"]+)[^\"]*?/rest/api/[^/\"]+"
_PLACE = _API + r"/issue/([^/?#\"]+)/(?:(comment|worklog)/|(changelog)\b)"
_LINK = re.compile(_PLACE)
_SELF = re.compile(r'"self"\s*:\s*"' + _PLACE)
_USER_LINK = re.compile((r'"self"\s*:\s*"' + _API + "/user").encode())
_MANY = '"issueChangeLogs"'
_WANTED = "comment, worklog or page of changes as Jira returns it"


class _OfIssue(msgspec.Struct, rename="camel", gc=False):
    """The changes of one issue, of those that were asked for together."""

    issue_id: str | int
    change_histories: list[msgspec.Raw]


class _Part(msgspec.Struct, gc=False):
    """A comment or worklog, which its link tells; or a page of changes, of one issue or of several."""

    self: str = ""
    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    started: str | None = None
    body: msgspec.Raw = NULL
    values: list[msgspec.Raw] | None = None
    many: list[_OfIssue] | None = msgspec.field(default=None, name="issueChangeLogs")


_PART = msgspec.json.Decoder(_Part)
_HISTORY = msgspec.json.Decoder(History)


class _Found(NamedTuple):
    """A record of the file: the issue, of which it is all that is known, or why it is none."""

    position: int
    place: str
    item: str
    issue: Issue | str


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    A mention is an id, whose address may stand anywhere: where one is missing the file is read twice.
    Raises UnreadableFileError when the file is no JSON.
    """

    @cache
    def known() -> dict[str, str]:
        found = (one.issue for one in _found(path))
        return shown(chain.from_iterable(users_of(one) for one in found if isinstance(one, Issue)))

    seen = nothing_seen()
    acts, count = Acts(People(known)), 0
    waiting: list[Told] = []
    for position, place, item, issue in _found(path):
        count += 1
        if isinstance(issue, str):
            acts.rejects.append((position, place, issue))
        else:
            waiting.append(Told(position, place, item, issue))
        if len(waiting) >= AT_ONCE:
            acts.add(waiting)
            waiting = []
        if max(len(acts), len(acts.rejects)) >= BATCH_ROWS:
            acts.add(waiting)
            yield batch(acts, options, seen, count)
            acts, count, waiting = Acts(People(known)), 0, []
    acts.add(waiting)
    yield batch(acts, options, seen, count)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of comments, worklogs or changes without their issues."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    at = min((place for place in (text.find(_MANY), _at(text)) if place >= 0), default=-1)
    return 0.95 if at >= 0 and '"fields"' not in text[:at] else 0.0


def _at(text: str) -> int:
    link = _SELF.search(text)
    return link.start() if link else -1


# --- JSON → issues with one act ---------------------------------------------------------------


def _found(path: Path) -> Iterator[_Found]:
    number = 0
    for at, place, raw in records(path, _LISTS):
        for item, issue in _told(raw):
            number += 1
            yield _Found(at if place == "line" else number, place, item, issue)


def _told(raw: msgspec.Raw | bytes) -> Iterator[tuple[str, Issue | str]]:
    """Site and number of the issue, and what is told of it: for each change of a page."""
    try:
        part = _PART.decode(raw)
    except BROKEN as error:
        yield "", refusal(error, _WANTED)
        return
    link = _LINK.match(part.self)
    if part.many is not None:
        site = _USER_LINK.search(bytes(raw))  # only people are told with a link
        for one in part.many:
            item = f"{site[1].decode().lower() if site else ''}/{one.issue_id}"
            yield from ((item, _changed(history)) for history in one.change_histories)
    elif link and link[4] and part.values is not None:
        item = f"{link[1].lower()}/{link[2]}"
        yield from ((item, _changed(history)) for history in part.values)
    elif link is None or not link[3] or part.id is None:
        yield "", f"no {_WANTED}"
    else:
        fields = (
            Fields(comment=Comments([Comment(part.id, part.author, part.created, part.body)]))
            if link[3] == "comment"
            else Fields(worklog=Worklogs([Worklog(part.id, part.author, part.created, part.started)]))
        )  # fmt: skip
        yield f"{link[1].lower()}/{link[2]}", Issue(fields)


def _changed(raw: msgspec.Raw) -> Issue | str:
    try:
        return Issue(Fields(), changelog=Changelog([_HISTORY.decode(raw)]))
    except BROKEN as error:
        return refusal(error, "change as Jira returns it")


SOURCE = Source(
    name="jira-parts",
    title="Jira comments, worklogs and changes, apart from their issues (REST, JSON or ndjson)",
    channel="work",
    how=(
        "Pages of /rest/api/3/issue/ID/comment, /rest/api/3/issue/ID/worklog (server: /2/) and "
        "/rest/api/3/issue/ID/changelog, of /rest/api/3/worklog/list or /rest/api/3/changelog/bulkfetch: "
        "for what a search does not hold, beyond an issue's first page. ID is the issue's number, as 10010; "
        "asked for by key, changes name their issue otherwise than a search"
    ),
    reads=(
        "self (the site's name and the issue's number), id",
        "comments: author, created, ids of people mentioned",
        "worklogs: author, started, created",
        "changes: id, author, created, which field, who was assigned; issueId where they are of several issues",
        "people: emailAddress, name, key, accountId, accountType, displayName (to tell robots)",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
