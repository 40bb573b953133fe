"""One export in every character set gives the same rows, in every family of formats."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from tests.sources.golden import whole
from transforms.sources import SOURCES, sniff
from transforms.sources.base import Options
from transforms.sources.directory import read_directory

if TYPE_CHECKING:
    from pathlib import Path

MAIL = """From zoe@north.example Mon Jan  5 10:00:00 2026
From: Zoë Größe <zoe@north.example>
To: "Café, René" <rené@south.example>, ben@south.example
Date: Mon, 5 Jan 2026 10:00:00 +0100
Message-ID: <één@north.example>
Subject: SECRET €

SECRET
"""
CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:één
DTSTART:20260105T090000Z
DTEND:20260105T100000Z
SUMMARY:SECRET €
ORGANIZER;CN=Zoë:mailto:zoë@north.example
ATTENDEE;CN=René:mailto:rené@south.example
END:VEVENT
END:VCALENDAR
"""
ISSUE = {
    "id": "1", "key": "A-1",
    "fields": {
        "created": "2026-01-05T09:00:00.000+0000", "issuetype": {}, "summary": "SECRET €",
        "creator": {"name": "zoë"}, "reporter": {"name": "zoë"}, "assignee": {"name": "rené"},
        "comment": {"comments": [
            {"id": "7", "author": {"name": "rené"}, "created": "2026-01-06T09:00:00.000+0000",
             "body": "SECRET [~zoë]"},
        ]},
    },
}  # fmt: skip
CALENDAR_JSON = {
    "items": [{
        "id": "één", "iCalUID": "één", "status": "confirmed", "summary": "SECRET €",
        "kind": "calendar#event",
        "start": {"dateTime": "2026-01-05T09:00:00Z"}, "end": {"dateTime": "2026-01-05T10:00:00Z"},
        "organizer": {"email": "zoë@north.example"},
        "attendees": [{"email": "rené@south.example", "responseStatus": "accepted"}],
    }],
}  # fmt: skip
TABLE = "Wié;Tijd;Notitie\nzoë;2026-01-05T09:00:00Z;SECRET €\nrené;2026-01-05T10:00:00Z;\n"
TRACE = """Received,SenderAddress,RecipientAddress,Subject,Status,MessageId
2026-01-05T09:00:00Z,zoe@north.example,rené@south.example,SECRET €,Delivered,<één@north.example>
"""
HASH = "0" * 40
LOG = (
    f"{HASH}\t\tZoë €\tzoë@north.example\t2026-01-05T09:00:00+01:00\tZoë\tzoë@north.example\t"
    "2026-01-05T09:00:00+01:00\tReviewed-by: René <rené@south.example>\n"
)
PEOPLE = "email;organisation;team\nzoe@north.example;Größe €;één\nben@south.example;Süd;twee\n"

MAPPING = {"time": "Tijd", "person": "Wié"}
FAMILIES = {
    "mail": ("mbox", MAIL, {}),
    "calendar": ("icalendar", CALENDAR, {}),
    "json": ("jira", json.dumps(ISSUE, ensure_ascii=False, indent=1), {}),
    "json, pages": ("google-events", json.dumps(CALENDAR_JSON, ensure_ascii=False), {}),
    "json, lines": ("jira", f"{json.dumps(ISSUE, ensure_ascii=False)}\n" * 2, {}),
    "ndjson": (
        "ndjson",
        '{"Wié": "zoë", "Tijd": "2026-01-05T09:00:00Z", "x": "€"}\n'
        '{"Wié": "rené", "Tijd": "2026-01-05T10:00:00Z"}\n',
        MAPPING,
    ),
    "table": ("csv", TABLE, MAPPING),
    "log of a mail server": ("message-trace", TRACE, {}),
    "git log": ("git-log", LOG, {}),
}
SETS = {
    "utf-8": lambda text: text.encode(),
    "utf-8, mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-le, mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-16-be, mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "cp1252": lambda text: text.encode("cp1252"),
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_family_reads_every_character_set(
    tmp_path: Path, family: str, name: str, end: str
) -> None:
    form, text, mapping = FAMILIES[family]
    options = Options(mapping=mapping)
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.write_bytes(text.encode())
    other.write_bytes(SETS[name](text.replace("\n", end)))
    expected, read = (whole(SOURCES[form], path, options) for path in (plain, other))
    assert expected.events.height
    assert not expected.rejects.height
    words = " ".join(expected.participations["address"])
    assert "ë" in words or "é" in words or family == "mail"  # no ASCII-only test
    assert_frame_equal(read.events.drop("position"), expected.events.drop("position"))
    assert_frame_equal(read.participations, expected.participations)
    assert (read.records, read.rejects.height) == (expected.records, 0)
    assert sniff(other)[0][1].name == sniff(plain)[0][1].name


@pytest.mark.parametrize("name", SETS)
def test_a_directory_in_every_character_set(tmp_path: Path, name: str) -> None:
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_bytes(PEOPLE.encode())
    other.write_bytes(SETS[name](PEOPLE))
    expected, read = (read_directory(path, ["organisation", "team"]) for path in (plain, other))
    assert "Größe €" in expected.members["unit"]
    assert_frame_equal(read.members, expected.members)


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be, mark"])
def test_a_long_file_in_utf_16(tmp_path: Path, name: str) -> None:
    text = "Tijd;Wié\n" + "".join(
        f"2026-01-05T09:{n % 60:02}:00Z;zoë€{n}\U0001f600\n" for n in range(30_000)
    )
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    plain.write_bytes(text.encode())
    other.write_bytes(SETS[name](text))
    options = Options(mapping=MAPPING)
    expected, read = (whole(SOURCES["csv"], path, options) for path in (plain, other))
    assert expected.events.height == 30_000
    assert_frame_equal(read.participations, expected.participations)


def test_a_mixed_file_keeps_both(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    row = "zoë;2026-01-05T09:00:00Z\n"
    path.write_bytes(b"who;at\n" + row.encode() + row.replace("ë", "é").encode("cp1252"))
    batch = whole(SOURCES["csv"], path, Options(mapping={"time": "at", "person": "who"}))
    assert sorted(batch.participations["address"]) == ["zoé", "zoë"]
