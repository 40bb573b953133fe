"""Jira: issues with comments, worklogs and changelog, as the REST search returns them.

A file is one page {"issues": [...]}, an array of pages or issues, one issue, or ndjson with an
issue or page a line. What counts as an event, `jira_acts` says. Of a comment only the ids of
mentioned people are read.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources.acts import utc
from transforms.sources.base import BATCH_ROWS, Batch, Options, Source
from transforms.sources.blocks import split
from transforms.sources.jira_acts import Acts, People, Told
from transforms.sources.jira_records import SITE, Changelog, Fields, Issue, shown, users_of
from transforms.sources.jira_rows import batch, nothing_seen
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, NULL, parts_of, refusal, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = 8  # issues of which acts become columns together
_LISTS = ("issues",)
_WANTED = "issue as Jira returns it"


class _Page(msgspec.Struct, gc=False):
    """A page of issues, or an issue."""

    issues: list[Issue] | None = None
    fields: Fields | None = None
    id: str | int | None = None
    key: str | None = None
    self: str | None = None
    changelog: Changelog | None = None


_PAGE = msgspec.json.Decoder(_Page)
_ISSUE = msgspec.json.Decoder(Issue)


class _Found(NamedTuple):
    """A record of the file: an issue, or why it is none."""

    position: int
    place: str
    issue: Issue | str


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the issues at `path`. Positions are issues from 1; of a line that is no JSON, the line.

    A person whose address the file shows anywhere is that address everywhere: where it shows somebody
    without one, it is read twice. An issue told again (pages shift while they are fetched) adds only
    what is new. Raises UnreadableFileError when the file is no JSON.
    """

    @cache
    def known() -> dict[str, str]:
        found = (one.issue for one in _found(path))
        return shown(
            chain.from_iterable(users_of(one) for one in found if not isinstance(one, str))
        )

    seen = nothing_seen()
    acts, records = Acts(People(known)), 0
    waiting: list[Told] = []
    for position, place, issue in _found(path):
        records += 1
        told = _told(position, place, issue)
        if isinstance(told, str):
            acts.rejects.append((position, place, told))
        else:
            waiting.append(told)
        if len(waiting) >= AT_ONCE:
            acts.add(waiting)
            waiting = []
        if len(acts) >= BATCH_ROWS or len(acts.rejects) >= BATCH_ROWS:
            acts.add(waiting)
            yield batch(acts, options, seen, records)
            acts, records, waiting = Acts(People(known)), 0, []
    acts.add(waiting)
    yield batch(acts, options, seen, records)


def _told(position: int, place: str, issue: Issue | str) -> Told | str:
    """The issue with its site and number, or why it cannot be read."""
    if isinstance(issue, str):
        return issue
    number = issue.id or issue.key
    if number is None:
        return "the issue has neither id nor key"
    if utc(issue.fields.created) is None:
        return "the issue's date of creation is missing or no date"
    site = SITE.match(issue.self or "")  # numbers repeat from site to site
    return Told(position, place, f"{site[1].lower() if site else ''}/{number}", issue)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Jira issues."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")) or '"fields"' not in text or '"key"' not in text:
        return 0.0
    signs = ("/rest/api/", "/rest/agile/", '"issuetype"', '"changelog"', '"histories"')
    return (0.0, 0.75, 0.95)[min(2, sum(sign in text for sign in signs))]


# --- JSON → issues ----------------------------------------------------------------------------


def _found(path: Path) -> Iterator[_Found]:
    """Every record of the file. Usual pages are decoded in one go, any other record by record."""
    number = 0
    counted = enumerate(texts(path))  # read beside it as far as a line has to be named
    for block, (is_lines, text) in enumerate(texts(path, is_counted=False)):
        told = _issues(text, is_lines=is_lines > 0)
        if told is not None:
            yield from (_Found(at, "record", issue) for at, issue in enumerate(told, number + 1))
            number += len(told)
            continue
        line = next(first for other, (first, _) in counted if other == block)
        for at, value in enumerate(split(text) if line else [text], line):
            if line and not value.strip():
                continue
            held = parts_of(value, _LISTS)
            if held is None:
                number += 1
                yield _Found(at or number, "line" if line else "record", _broken(value))
                continue
            yield from (
                _Found(at, "record", _issue(raw)) for at, raw in enumerate(held, number + 1)
            )
            number += len(held)


def _issues(text: bytes, *, is_lines: bool) -> list[Issue] | None:
    """The issues of lines, or of one text, that are all pages of issues or issues; None of anything else."""
    found: list[Issue] = []
    try:
        for page in _PAGE.decode_lines(text) if is_lines else [_PAGE.decode(text)]:
            if page.issues is not None:
                found += page.issues
            elif page.fields is not None:
                found.append(Issue(page.fields, page.id, page.key, page.self, page.changelog))
            else:
                return None
    except BROKEN:
        return None
    return found if all(issue.issues is NULL for issue in found) else None


def _broken(value: msgspec.Raw | bytes) -> str:
    return str(_issue(value))


def _issue(raw: msgspec.Raw | bytes) -> Issue | str:
    try:
        return _ISSUE.decode(raw)
    except BROKEN as error:
        return refusal(error, _WANTED)


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
