"""Asana: tasks and their stories, as the API returns them.

A story is a comment or a change of a task; the task itself tells who made and who completed it.
The CSV that Asana exports tells far less: see `asana_csv`.
Of a comment only the ids of mentioned people are read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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

_LISTS = ("data",)
_TYPE = re.compile(r'"resource_type"\s*:\s*"(\w+)"')
_LINK = re.compile(r"<a\s[^>]*>")
_GID = re.compile(r'data-asana-gid="(\d+)"')
_WANTED = "task or story as Asana returns it"
_STATUS = {"marked_complete": "completed", "marked_incomplete": "reopened", "section_changed": ""}
_NO_ACT = {
    "mentioned",
    "duplicated",
    "added_dependent",
    "reset_story_id",
}  # echoes of acts elsewhere


# --- what is read of the JSON; everything else is passed over ----------------------------------


class User(msgspec.Struct):
    """A person."""

    gid: str | None = None
    email: str | None = None
    name: str | None = None  # to tell robots


class Target(msgspec.Struct):
    """The task that a story is about."""

    gid: str | None = None


class Thing(msgspec.Struct):
    """A task or a story."""

    gid: str | None = None
    resource_type: str | None = None
    resource_subtype: str | None = None
    created_at: str | None = None
    created_by: User | None = None
    completed_at: str | None = None
    completed_by: User | None = None
    completed: bool | None = None
    assignee: User | None = None
    target: Target | None = None
    html_text: str | None = None


_THING = msgspec.json.Decoder(Thing)


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are records from 1; of a line that is no JSON, lines.

    The file is read twice: a person whose address it shows anywhere is that address everywhere.
    Raises UnreadableFileError when the file is no JSON.
    """
    known = _addresses(path)
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            thing = _THING.decode(raw)
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        if thing.gid is None or thing.resource_type not in {"task", "story"}:
            rows.reject(position, place, f"no {_WANTED}")
            continue
        told = _task if thing.resource_type == "task" else _story
        rows.add(told(thing, known), position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("work", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Asana's tasks or stories."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")) or '"gid"' not in text:
        return 0.0
    found = _TYPE.search(text)  # the first record's own
    return 0.9 if found and found[1] in {"task", "story"} else 0.0


def _addresses(path: Path) -> dict[str, str]:
    """Id → mail address, for everybody whose address the file shows."""
    known: dict[str, str] = {}
    for record in records(path, _LISTS):
        try:
            thing = _THING.decode(record.raw)
        except BROKEN:
            continue
        for user in (thing.created_by, thing.completed_by, thing.assignee):
            if user and user.gid and user.email and "@" in user.email:
                known[user.gid] = user.email.strip().lower()
    return known


# --- acts -------------------------------------------------------------------------------------


def _task(task: Thing, known: Mapping[str, str]) -> Iterator[Act]:
    item = f"asana:{task.gid}"
    yield from _act(
        "create", f"work:{item}:create", utc(task.created_at), task.created_by, item, known
    )
    if task.completed and task.completed_by:
        yield from _status("completed", utc(task.completed_at), task.completed_by, item, known)


def _story(story: Thing, known: Mapping[str, str]) -> Iterator[Act]:
    kind, who, at = story.resource_subtype or "", story.created_by, utc(story.created_at)
    item = f"asana:{story.target.gid}" if story.target and story.target.gid else None
    key = f"work:asana:story:{story.gid}"
    if kind == "comment_added":
        yield from _act("comment", key, at, who, item, known, "commenter")
        if others := _mentioned(story.html_text, known):
            yield from _act(
                "mention", f"{key}:mention", at, who, item, known, "author", "mentioned", others
            )
    elif kind == "assigned" and story.assignee and story.assignee.gid:
        other = _address(story.assignee.gid, known)
        yield from _act("assignment", key, at, who, item, known, "author", "assignee", (other,))
    elif item and _STATUS.get(kind):
        yield from _status(_STATUS[kind], at, who, item, known)
    elif kind not in _NO_ACT:
        yield from _act("status" if kind in _STATUS else "change", key, at, who, item, known)


def _status(
    state: str, at: datetime | None, who: User | None, item: str, known: Mapping[str, str]
) -> Iterator[Act]:
    # Told by the task and by a story: once a day is enough.
    key = f"work:{item}:{state}:{who.gid if who else ''}@{stamp(at)[:8]}"
    yield from _act("status", key, at, who, item, known)


def _act(
    kind: str, key: str, at: datetime | None, who: User | None, item: str | None,
    known: Mapping[str, str], role: str = "author", toward: str = "",
    others: tuple[str, ...] = (),
) -> Iterator[Act]:  # fmt: skip
    """The act, unless nobody did it: a rule, or an account that is gone."""
    if who and who.gid:
        yield Act(
            key, kind, at, _address(who.gid, known), role, toward, others,
            container=item, is_automated=is_machine_name(who.name),
        )  # fmt: skip


def _mentioned(text: str | None, known: Mapping[str, str]) -> tuple[str, ...]:
    links = (link for link in _LINK.findall(text or "") if 'data-asana-type="user"' in link)
    return tuple(_address(gid, known) for link in links for gid in _GID.findall(link))


def _address(gid: str, known: Mapping[str, str]) -> str:
    return known.get(gid, f"asana:{gid}")


SOURCE = Source(
    name="asana",
    title="Asana tasks and stories (API, JSON or ndjson)",
    channel="work",
    how=(
        "Pages of /tasks?project=ID&opt_fields=resource_type,created_at,created_by.email,completed,"
        "completed_at,completed_by.email and of /tasks/ID/stories?opt_fields=resource_type,"
        "resource_subtype,created_at,created_by.email,assignee.email,target,html_text"
    ),
    reads=(
        "tasks: gid, created_at, created_by, completed, completed_at, completed_by",
        "stories: gid, resource_subtype, created_at, created_by, target, assignee, "
        "ids of people mentioned",
        "people: gid, email, name (to tell robots)",
    ),
    sniff=sniff,
    read=read,
)
