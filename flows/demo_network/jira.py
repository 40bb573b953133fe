"""The shared board as Jira's search answers it: pages of issues with changelog and comments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flows.demo_network import texts
from flows.demo_network.work import STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flows.demo_network.happenings import Action, Issue
    from flows.demo_network.people import Seat

PAGE = 50
PROJECT = {"id": "10001", "key": "RNO", "name": "Rijnoever samen"}
SITE = "https://rijnoever.example/rest/api/3"


def pages(issues: Sequence[Issue], broken: int) -> list[bytes]:
    """Pages of at most PAGE issues; `broken` adds issues that do not say when they were made."""
    places = {found.number: place for place, found in enumerate(issues, start=1)}
    records = [_issue(found, places) for found in issues]
    for number in range(broken):
        place = len(issues) + number + 1
        fields = {"project": PROJECT, "summary": "Zonder aanmaakdatum", "created": None}
        records.append({"id": str(20000 + place), "key": f"RNO-{place}", "fields": fields})
    return [
        json.dumps(
            {
                "startAt": start,
                "maxResults": PAGE,
                "total": len(records),
                "issues": records[start : start + PAGE],
            },
            ensure_ascii=False,
            indent=1,
        ).encode()
        for start in range(0, len(records), PAGE)
    ]


def _issue(found: Issue, places: dict[int, int]) -> dict[str, Any]:
    place = places[found.number]
    last = found.actions[-1].when if found.actions else found.created
    comments = [
        _comment(action, place, i) for i, action in enumerate(found.actions)
        if action.kind == "comment"
    ]  # fmt: skip
    histories = _histories(found, place)
    assignee, status = found.assignee, STATUSES[0]
    for action in found.actions:
        assignee = action.target if action.kind == "assignee" else assignee
        status = action.status or status
    parent = {"parent": {"key": f"RNO-{places[found.epic]}"}} if found.epic in places else {}
    return {
        "id": str(20000 + place),
        "key": f"RNO-{place}",
        "self": f"{SITE}/issue/{20000 + place}",
        "fields": {
            "project": PROJECT,
            "issuetype": {"name": "Epic" if found.is_epic else "Task", "subtask": False},
            "summary": "Samen rond het kind"
            if found.is_epic
            else texts.TASKS[place % len(texts.TASKS)],
            "status": {"name": status},
            "created": _time(found.created),
            "updated": _time(last),
            "creator": _user(found.reporter),
            "reporter": _user(found.reporter),
            "assignee": _user(assignee) if assignee else None,
            **parent,
            "comment": {
                "comments": comments,
                "maxResults": len(comments),
                "total": len(comments),
                "startAt": 0,
            },
        },
        "changelog": {
            "startAt": 0,
            "maxResults": len(histories),
            "total": len(histories),
            "histories": histories,
        },
    }


def _histories(found: Issue, place: int) -> list[dict[str, Any]]:
    histories = []
    assignee, status = found.assignee, STATUSES[0]
    for i, action in enumerate(found.actions):
        if action.kind == "comment":
            continue
        if action.kind == "status":
            item = _change("status", None, status, None, action.status)
            status = action.status
        else:
            item = _change("assignee", *_named(assignee), *_named(action.target))
            assignee = action.target
        histories.append({
            "id": str(place * 100 + i), "author": _user(action.author),
            "created": _time(action.when), "items": [item],
        })  # fmt: skip
    return histories


def _change(
    field: str, old: str | None, old_name: str | None, new: str | None, new_name: str | None
) -> dict[str, Any]:
    return {
        "field": field, "fieldtype": "jira", "fieldId": field,
        "from": old, "fromString": old_name, "to": new, "toString": new_name,
    }  # fmt: skip


def _named(seat: Seat | None) -> tuple[str | None, str | None]:
    return (_account(seat), seat.name) if seat else (None, None)


def _comment(action: Action, place: int, i: int) -> dict[str, Any]:
    words: list[dict[str, Any]] = [{"type": "text", "text": texts.LINES[place % len(texts.LINES)]}]
    if action.target:
        mention = {"id": _account(action.target), "text": f"@{action.target.name}"}
        words.insert(0, {"type": "mention", "attrs": mention})
    return {
        "id": str(place * 100 + i),
        "author": _user(action.author),
        "body": {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": words}]},
        "created": _time(action.when),
        "updated": _time(action.when),
    }


def _user(seat: Seat) -> dict[str, Any]:
    return {
        "accountId": _account(seat),
        "emailAddress": seat.address,
        "displayName": seat.name,
        "active": True,
        "timeZone": "Europe/Amsterdam",
        "accountType": "atlassian",
    }


def _account(seat: Seat) -> str:
    return f"712020:{seat.person * 2654435761 % 2**32:08x}"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000%z")
