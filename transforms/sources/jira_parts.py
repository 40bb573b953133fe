"""Jira: comments and worklogs apart from their issues, as their own pages of the REST API return them.

Each names its issue in its link, so it is the same event as within a search (format `jira`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from transforms.sources.acts import Act, Rows
from transforms.sources.base import Batch, Options, Source
from transforms.sources.jira import (
    Comment,
    Comments,
    Fields,
    Issue,
    User,
    Who,
    Worklog,
    Worklogs,
    _acts,
    _ids,
    _is_machine,
    _mail,
)
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, NULL, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LISTS = ("comments", "worklogs")
_PLACE = (
    r"https?://(?:api\.atlassian\.com/ex/jira/)?([^/?#\"]+)[^\"]*?/rest/api/[^/\"]+"
    r"/issue/([^/?#\"]+)/(comment|worklog)/"
)
_LINK = re.compile(_PLACE)
_SELF = re.compile(r'"self"\s*:\s*"' + _PLACE)
_WANTED = "comment or worklog as Jira returns it"


class Part(msgspec.Struct, gc=False):
    """A comment or worklog; which of them, and of which issue, its link tells."""

    self: str
    id: str | int | None = None
    author: User | None = None
    created: str | None = None
    started: str | None = None
    body: msgspec.Raw = NULL


_PART = msgspec.json.Decoder(Part)


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    The file is read twice: a mention is an id, whose address may stand anywhere.
    Raises UnreadableFileError when the file is no JSON.
    """
    who = _who(_addresses(path))
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            part = _PART.decode(raw)
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        link = _LINK.match(part.self)
        if link is None or part.id is None:
            rows.reject(position, place, f"no {_WANTED}")
            continue
        rows.add(_told(part, link, who), position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("work", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of comments or worklogs without their issues."""
    text = decoded(head).lstrip()
    found = _SELF.search(text) if text.startswith(("{", "[")) else None
    return 0.95 if found and '"fields"' not in text[: found.start()] else 0.0


def _told(part: Part, link: re.Match[str], who: Who) -> Iterator[Act]:
    """As the issue tells it, of which this is all that is known."""
    site, issue, kind = link[1].lower(), link[2], link[3]
    fields = (
        Fields(comment=Comments([Comment(part.id, part.author, part.created, part.body)]))
        if kind == "comment"
        else Fields(worklog=Worklogs([Worklog(part.id, part.author, part.created, part.started)]))
    )
    return filter(None, _acts(Issue(fields), f"{site}/{issue}", who))


def _addresses(path: Path) -> dict[str, str]:
    """Account id, name or key → mail address, for everybody whose address the file shows."""
    known: dict[str, str] = {}
    for record in records(path, _LISTS):
        try:
            author = _PART.decode(record.raw).author
        except BROKEN:
            continue
        if author and (mail := _mail(author)):
            known.update(dict.fromkeys(filter(None, _ids(author)), mail))
    return known


def _who(known: Mapping[str, str]) -> Who:
    def who(user: User | str | None) -> tuple[str | None, bool]:
        if not isinstance(user, User):
            return (known.get(user) or f"jira:{user}") if user else None, False
        name = user.name or user.account_id or user.key
        shown = next((known[text] for text in _ids(user) if text and text in known), None)
        return _mail(user) or shown or (f"jira:{name}" if name else None), _is_machine(user)

    return who


SOURCE = Source(
    name="jira-parts",
    title="Jira comments and worklogs, apart from their issues (REST, JSON or ndjson)",
    channel="work",
    how=(
        "Pages of /rest/api/3/issue/KEY/comment and /rest/api/3/issue/KEY/worklog (server: /2/), or "
        "of /rest/api/3/worklog/list: for what a search does not hold, beyond an issue's first page"
    ),
    reads=(
        "self (the site's name and the issue's number)", "id",
        "comments: author, created, ids of people mentioned",
        "worklogs: author, started, created",
        "people: emailAddress, name, key, accountId, accountType, displayName (to tell robots)",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
