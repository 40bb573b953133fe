"""A generated network as export files: a home that a night can run on, and large single files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from flows.config import SETTINGS
from flows.key import make_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = ("event", "time", "end", "channel", "kind", "address", "role", "item")
MAPPING = {
    "time": "time", "end": "end", "person": "address", "role": "role", "item": "item",
    "event": "event", "channel": "channel", "action": "kind", "time_zone": "UTC",
}  # fmt: skip
SITE = "https://bench.example/rest/api/3"
RULES = (
    "FREQ=WEEKLY;COUNT=12",
    "FREQ=WEEKLY;INTERVAL=2;COUNT=8;BYDAY=MO,TH",
    "FREQ=MONTHLY;COUNT=6",
)
PROSE = "Zullen we dit in het overleg van volgende week bespreken? Groet.\n"
SIGNED = (
    "v=1; a=rsa-sha256; c=relaxed/relaxed; d=bench.example; s=2026;\n h=" + "from:to:cc:date:" * 4
)
MAPPED = ("csv", "ndjson", "parquet")  # formats that take a mapping
ARCHIVE = {  # the mapping of `write_archive`
    "time": "created_at", "person": "actor.login", "item": "repo.name", "action": "type", "event": "id",
}  # fmt: skip


def write_home(
    folder: Path, people: pl.DataFrame, log: pl.DataFrame, *, native: bool = False
) -> None:
    """Settings, key, directory and a file a month.

    With `native`, settings also name an mbox and an ics that `write_mbox` and `write_ics` put there: of the first
    months alone, so nothing is expected of them.
    """
    (folder / "incoming").mkdir(parents=True)
    (folder / "directory").mkdir()
    make_key(folder / "secret" / "tieline.key")
    directory = people.select("organisation", "team", email="address", name="address")
    directory.write_csv(folder / "directory" / "people.csv")
    formats = {"ndjson": "ndjson"} | ({"mbox": "mbox", "icalendar": "ics"} if native else {})
    mapping = ", ".join(f'{key} = "{value}"' for key, value in MAPPING.items())
    text = '[people]\ndirectories = ["directory/*.csv"]\nboundaries = ["organisation", "team"]\n'
    for name, ending in formats.items():
        text += f'\n[[source]]\nname = "{name}"\nformat = "{name}"\nfiles = "incoming/*.{ending}"\n'
        ended = f"until = {log['time'].min():%Y-%m-%d}\n"
        text += f"mapping = {{ {mapping} }}\n" if name == "ndjson" else ended
    (folder / SETTINGS).write_text(text)
    months = log.with_columns(pl.col("time").min().over("event").alias("begun")).sort(
        "begun", "event"
    )
    for (month,), rows in months.group_by(
        pl.col("begun").dt.strftime("%Y-%m"), maintain_order=True
    ):
        write_log(folder / "incoming" / f"{month}.ndjson", rows)


def write_log(path: Path, rows: pl.DataFrame) -> None:
    """A row per participation, as a generic export; rows of an event stand together."""
    chosen = rows.select(COLUMNS)
    write = {
        ".parquet": chosen.write_parquet,
        ".ndjson": chosen.write_ndjson,
        ".csv": chosen.write_csv,
    }
    write[path.suffix](path)


def write_mbox(path: Path, log: pl.DataFrame, megabytes: float) -> None:
    """Mails of `log`, answers with In-Reply-To, until the file has the size."""
    _fill(path, megabytes, (_mail(event) for event in _events(log, "message")))


def write_ics(path: Path, log: pl.DataFrame, megabytes: float) -> None:
    """Meetings of `log`, one in ten of them a series, until the calendar has the size."""
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n"
    meetings = (_meeting(n, event) for n, event in enumerate(_events(log, "meeting")))
    _fill(path, megabytes, meetings, head, "END:VCALENDAR\r\n")


def write_jira(path: Path, log: pl.DataFrame, megabytes: float) -> None:
    """Pages of the REST search, one a line: issues with their comments and changes."""
    work = log.filter(pl.col("channel") == "work").sort("item", "time")
    issues = (
        _issue(n, rows) for n, (_, rows) in enumerate(work.group_by("item", maintain_order=True))
    )
    pages = (json.dumps({"issues": [issue]}) + "\n" for issue in issues)
    _fill(path, megabytes, pages)


def write_archive(path: Path, log: pl.DataFrame, megabytes: float) -> None:
    """Comments on issues as GH Archive has them, one a line, some 3 kB each."""
    acts = log.filter(pl.col("channel") == "work").iter_rows(named=True)
    lines = (json.dumps(_archived(act, number)) + "\n" for number, act in enumerate(acts))
    _fill(path, megabytes, lines)


def write_trace(path: Path, log: pl.DataFrame, megabytes: float) -> None:
    """Deliveries of mail as Get-MessageTraceV2 lists them: a row per recipient, every cell quoted."""
    mails = log.filter(pl.col("channel") == "message")
    sender = mails.filter(pl.col("role") == "from").select("event", sender="address")
    rows = mails.filter(pl.col("role") != "from").join(sender, on="event", maintain_order="left").select(
        Received=pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S.0000000"),
        SenderAddress="sender",
        RecipientAddress="address",
        Subject=pl.lit("Overleg, volgende week"),
        Status=pl.lit("Delivered"),
        ToIP=pl.lit(""),
        FromIP=pl.lit("192.0.2.1"),
        Size=pl.col("event").str.len_bytes() * 1001,
        MessageId=pl.format("<mail-{}@bench.example>", "event"),
        MessageTraceId=pl.format("{}-1111-2222-3333-444444444444", "event"),
    )  # fmt: skip
    rows.head(int(megabytes * 1e6 / 270)).write_csv(
        path, quote_style="always", line_terminator="\r\n"
    )


def _fill(
    path: Path, megabytes: float, parts: Iterator[str], head: str = "", tail: str = ""
) -> None:
    left = int(megabytes * 1e6)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(head)
        for part in parts:
            left -= file.write(part)
            if left < 0:
                break
        file.write(tail)


def _events(log: pl.DataFrame, channel: str) -> Iterator[dict[str, Any]]:
    """Events of a channel, spread over the whole log, with lists of addresses and roles."""
    events = (
        log.filter(pl.col("channel") == channel)
        .group_by("event")
        .agg(pl.col("time", "end", "answers").first(), "address", "role")
        .filter(pl.col("address").list.len() > 1)  # alone is no meeting
        .sort(pl.col("event").hash(seed=7))
    )
    return events.iter_rows(named=True)


def _mail(event: dict[str, Any]) -> str:
    """4 to 6 kB, half of it headers: folded, some encoded, as servers and mail programs write them."""
    when: datetime = event["time"]
    by_role = {role: list[str]() for role in ("from", "to", "cc")}
    for address, role in zip(event["address"], event["role"], strict=True):
        by_role[role].append(f"{_shown(address)} <{address}>")
    sender, number = by_role["from"][0], event["event"]
    stamp = f"{when:%a, %d %b %Y %H:%M:%S} +0000"
    lines = [
        f"From {sender.partition('<')[2][:-1]} {when:%a %b %d %H:%M:%S %Y}",
        *(f"Received: from mx{n}.example (mx{n}.example [192.0.2.{n}])\n by mx{n + 1}.example with ESMTPS id {number}{n}\n for <list@bench.example>; {stamp}" for n in range(4)),
        f"DKIM-Signature: {SIGNED}\n b=" + "\n ".join([number.ljust(70, "A")] * 5),
        "Authentication-Results: mx.example; dkim=pass header.d=bench.example;\n spf=pass smtp.mailfrom=bench.example",
        f"From: {sender}",
        "To: " + ",\n ".join(by_role["to"]),
        *(["Cc: " + ",\n\t".join(by_role["cc"])] if by_role["cc"] else []),
        "Subject: =?UTF-8?Q?Overleg_co=C3=B6rdinatie?=\n =?UTF-8?Q?_en_voortgang?=",
        f"Date: {stamp}",
        f"Message-ID: <mail-{number}@bench.example>",
        *([f"In-Reply-To: <mail-{event['answers']}@bench.example>",
           f"References: <mail-root-{event['answers']}@bench.example>\n <mail-{event['answers']}@bench.example>"] if event["answers"] else []),
        "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Language: nl",
        "User-Agent: Mozilla Thunderbird", "X-Spam-Status: No, score=-1.9 required=5.0\n\ttests=[BAYES_00=-1.9]",
        "",
        PROSE * (35 + int(number[1:]) % 30),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _shown(address: str) -> str:
    """A name as it stands before an address: every fifth one is encoded."""
    name = address.split("@", maxsplit=1)[0].title()
    return f"=?UTF-8?Q?{name}_Andr=C3=A9?=" if name.endswith(("0", "5")) else f'"{name}, Andrea"'


def _meeting(number: int, event: dict[str, Any]) -> str:
    first, last = event["time"], event["end"]
    people = list(zip(event["address"], event["role"], strict=True))
    chair = next(address for address, role in people if role == "organiser")
    lines = [
        "BEGIN:VEVENT", f"UID:{event['event']}@bench.example", "DTSTAMP:20261031T120000Z", "SEQUENCE:0",
        f"DTSTART:{first:%Y%m%dT%H%M%SZ}", f"DTEND:{last or first + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        *([f"RRULE:{RULES[number // 10 % len(RULES)]}"] if number % 10 == 0 else []),
        f"ORGANIZER;CN=Chair:mailto:{chair}",
        *(f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;\r\n CN={a.split('@')[0]}:mailto:{a}"
          for a, _ in people),
        "SUMMARY:Overleg", "DESCRIPTION:" + "\r\n ".join(["lorem ipsum dolor " * 4] * 4),
        "STATUS:CONFIRMED", "TRANSP:OPAQUE", "END:VEVENT",
    ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def _issue(number: int, rows: pl.DataFrame) -> dict[str, Any]:
    acts = rows.head(60).select("time", "address", "event").rows(named=True)
    text = {"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": PROSE * 2}]}] * 2}  # fmt: skip
    comments = [
        {
            "self": f"{SITE}/issue/{number}/comment/{number}{n}", "id": f"{number}{n}",
            "author": _user(act["address"]), "body": text, "updateAuthor": _user(act["address"]),
            "created": _moment(act["time"]), "updated": _moment(act["time"]), "jsdPublic": True,
        }
        for n, act in enumerate(acts)
    ]  # fmt: skip
    histories = [
        {
            "id": f"{number}9{n}", "author": _user(act["address"]), "created": _moment(act["time"]),
            "items": [{"field": "status", "fieldtype": "jira", "fieldId": "status", "from": "1",
                       "fromString": "To do", "to": "2", "toString": "Doing"}],
        }
        for n, act in enumerate(acts[::3])
    ]  # fmt: skip
    return {
        "id": str(number), "key": f"BN-{number}", "self": f"{SITE}/issue/{number}",
        "fields": {
            "summary": "Taak", "created": _moment(acts[0]["time"]), "updated": _moment(acts[-1]["time"]),
            "creator": _user(acts[0]["address"]), "reporter": _user(acts[0]["address"]),
            "assignee": None, "description": text, "labels": ["overleg"],
            **{name: {"self": f"{SITE}/{name}/1", "id": "1", "name": "Doing", "iconUrl": f"{SITE}/{name}.png"}
               for name in ("status", "priority", "issuetype", "project")},
            **{f"customfield_{n}": None for n in range(10000, 10060)},
            "comment": {"comments": comments, "total": len(comments), "startAt": 0},
        },
        "changelog": {"startAt": 0, "total": len(histories), "histories": histories},
    }  # fmt: skip


def _user(address: str) -> dict[str, Any]:
    account = f"712020:{address.split('@', maxsplit=1)[0]}"
    avatar = f"https://avatars.example/initials/{account}"
    return {
        "self": f"{SITE}/user?accountId={account}", "accountId": account, "emailAddress": address,
        "avatarUrls": {f"{n}x{n}": f"{avatar}/{n}?default=https%3A%2F%2Favatars.example%2F{n}.png" for n in (48, 24, 16, 32)},
        "displayName": address, "active": True, "timeZone": "Europe/Amsterdam", "accountType": "atlassian",
    }  # fmt: skip


def _archived(event: dict[str, Any], number: int) -> dict[str, Any]:
    """An event as GH Archive has it: whom and what, and the whole issue and comment again."""
    person, when = event["address"].split("@", maxsplit=1)[0], f"{event['time']:%Y-%m-%dT%H:%M:%SZ}"
    api = "https://api.code.example"
    user = {
        "login": person, "id": number % 600, "node_id": "MDQ6VXNlcjE=", "avatar_url": f"https://avatars.example/u/{person}?v=4",
        **{f"{name}_url": f"{api}/users/{person}/{name}{{/other}}" for name in (
            "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events")},
        "type": "User", "site_admin": False,
    }  # fmt: skip
    issue = {
        "url": f"{api}/repos/bench/{event['item']}/issues/{number}", "id": number, "number": number % 99,
        "title": 'Zullen we dit "even" doen?', "user": user, "labels": [{"id": 1, "name": "bug", "color": "ff0000"}],
        "state": "open", "comments": 3, "created_at": when, "body": PROSE * 8,
    }  # fmt: skip
    return {
        "id": str(20_000_000_000 + number), "type": "IssueCommentEvent",
        "actor": {"id": number % 600, "login": person, "url": f"{api}/users/{person}", "avatar_url": user["avatar_url"]},
        "repo": {"id": 7, "name": f"bench/{event['item']}", "url": f"{api}/repos/bench/{event['item']}"},
        "payload": {"action": "created", "issue": issue,
                    "comment": {"id": number, "user": user, "created_at": when, "body": PROSE * 4}},
        "public": True, "created_at": when, "org": {"id": 1, "login": "bench", "url": f"{api}/orgs/bench"},
    }  # fmt: skip


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}.000+0000"
