"""Traps of the list of formats that no reader's own tests hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from tests.sources.golden import EVERYTHING, together, whole
from tests.sources.slack.test_slack import packed
from tests.sources.test_item_tables import TABLES
from transforms.sources import SOURCES, sniff

HERE = Path(__file__).parent
# Formats of JSON records: their golden page, and the members of a page that hold records.
PAGES = {
    "jira": ("jira/issues.json", ("issues",)),
    "jira-parts": ("jira_parts/comments.json", ("comments",)),
    "gitlab": ("gitlab/records.json", ()),
    "github": ("github/records.json", ()),
    "azure-devops": ("azure_devops/records.json", ("value",)),
    "asana": ("asana/tasks.json", ("data",)),
    "trello": ("trello/board.json", ("actions",)),
    "teams-chat": ("teams_chat/messages.json", ("value",)),
    "teams-attendance": ("teams_attendance/reports.json", ("value",)),
    "graph-events": ("graph_events/events.json", ("value",)),
    "graph-messages": ("graph_messages/messages.json", ("value",)),
    "google-events": ("google_events/events.json", ("items",)),
    "gmail-api": ("gmail_api/messages.json", ()),
}
MESSAGE = "From: Ada <ada@north.example>\nTo: {to}\nDate: Mon, 02 Mar 2026 10:00:00 +0100\nMessage-ID: <{number}@n.example>\n"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


# --- every record by itself ----------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_one_bad_record_costs_itself_alone(tmp_path: Path, name: str) -> None:
    """The most common complaint about others: one bad record that ends a load."""
    golden, lists = PAGES[name]
    page = json.loads((HERE / golden).read_text())
    held = next((page[member] for member in lists), page)
    lines = [json.dumps(record) for record in held]
    middle = len(lines) // 2
    sound = whole(SOURCES[name], write(tmp_path, "sound.ndjson", "\n".join(lines)))
    torn = [*lines[:middle], lines[0][:40], "{}", "[", '"a word"', *lines[middle:]]
    batch = whole(SOURCES[name], write(tmp_path, "torn.ndjson", "\n".join(torn)))
    assert_frame_equal(batch.events.drop("position"), sound.events.drop("position"))
    assert_frame_equal(batch.participations, sound.participations)
    assert batch.rejects.filter(place="line")["position"].to_list()[0] == middle + 1
    more = batch.rejects.height - sound.rejects.height
    assert 2 <= more + (batch.skipped - sound.skipped) <= 4


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name, (_, lists) in PAGES.items()
        for form in ("[\n{}\n]\n", "[{}\n]\n", '{{"{page}":\n[\n\n{}\n] }}\n')
        if lists or "page" not in form
    ],
)
def test_an_array_with_a_record_a_line_is_no_ndjson(tmp_path: Path, name: str, form: str) -> None:
    """Its last record has no comma behind it: a line of JSON like one of ndjson."""
    golden, lists = PAGES[name]
    page = json.loads((HERE / golden).read_text())
    records = [json.dumps(record) for record in next((page[member] for member in lists), page)]
    lines = whole(SOURCES[name], write(tmp_path, "lines.ndjson", "\n".join(records)))
    text = form.format(",\n".join(records), page="".join(lists))
    array = whole(SOURCES[name], write(tmp_path, "array.json", text))
    assert_frame_equal(array.events, lines.events)
    assert_frame_equal(array.participations, lines.participations)
    assert (array.records, array.rejects.height) == (lines.records, lines.rejects.height)


@pytest.mark.parametrize(
    "page", [{"startAt": 50, "total": 51}, {"nextPageToken": "x"}, {"isLast": True}]
)
def test_both_ways_of_jira_to_turn_pages(tmp_path: Path, page: dict[str, object]) -> None:
    issues = json.loads((HERE / "jira" / "issues.json").read_text())["issues"]
    turned = [{**page, "issues": issues[:2]}, {**page, "issues": issues[2:]}]
    path = write(tmp_path, "pages.json", json.dumps(turned))
    told = whole(SOURCES["jira"], HERE / "jira" / "issues.json")
    assert whole(SOURCES["jira"], path).events.equals(told.events)


# --- calendars -----------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["CLASS:PRIVATE", "CLASS:CONFIDENTIAL", "CLASS:PUBLIC"])
def test_a_private_meeting_is_a_meeting(tmp_path: Path, line: str) -> None:
    """What is private is what it is about, which is never read."""
    text = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20260302T090000Z\nDURATION:PT1H\nSUMMARY:SECRET\n"
        f"{line}\nORGANIZER:mailto:ada@north.example\nATTENDEE:mailto:ben@south.example\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    batch = whole(SOURCES["icalendar"], write(tmp_path, "a.ics", text))
    assert (batch.events.height, batch.participations.height) == (1, 2)


@pytest.mark.parametrize(
    "zone", ["W. Europe Standard Time", "Europe/Amsterdam", "Romance Standard Time"]
)
def test_a_windows_zone_is_a_zone_in_every_calendar(tmp_path: Path, zone: str) -> None:
    ics = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n"
        f"DTSTART;TZID={zone}:20260702T100000\nDURATION:PT1H\nORGANIZER:mailto:ada@north.example\n"
        "ATTENDEE:mailto:ben@south.example\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    times = {"dateTime": "2026-07-02T10:00:00.0000000", "timeZone": zone}
    event = {
        "id": "1", "iCalUId": "a", "type": "singleInstance", "isAllDay": False, "isCancelled": False,
        "start": times, "end": times | {"dateTime": "2026-07-02T11:00:00"},
        "organizer": {"emailAddress": {"address": "ada@north.example"}},
        "attendees": [{"type": "required", "emailAddress": {"address": "ben@south.example"}}],
    }  # fmt: skip
    both = (
        whole(SOURCES["icalendar"], write(tmp_path, "a.ics", ics)),
        whole(SOURCES["graph-events"], write(tmp_path, "a.json", json.dumps({"value": [event]}))),
    )
    told = [batch.events.select("event_key", "started_at", "ended_at").row(0) for batch in both]
    assert told[0] == told[1]
    assert told[0][1].hour == 8


# --- mail ----------------------------------------------------------------------------------------


def test_a_maildir_is_a_mailbox_in_pieces(tmp_path: Path) -> None:
    """A file a mail, named by when, where and which flags; and an .eml with Windows' line ends."""
    mails = [
        MESSAGE.format(to=f"p{n}@s.example", number=n) + "\nFrom here on: text.\n" for n in range(3)
    ]
    pieces = [
        write(tmp_path, "cur/1583100000.M1P1.host,S=100:2,S", mails[0]),
        write(tmp_path, "new/1583100001.M2P1.host", mails[1]),
        write(tmp_path, "mail.eml", mails[2].replace("\n", "\r\n")),
    ]
    assert [sniff(piece)[0][1].name for piece in pieces] == ["mbox"] * 3
    batch = together(one for piece in pieces for one in SOURCES["mbox"].read(piece, EVERYTHING))
    box = "\n".join(f"From x Mon Mar 02 10:00:00 2026\n{mail}" for mail in mails)
    told = whole(SOURCES["mbox"], write(tmp_path, "all.mbox", box))
    assert_frame_equal(batch.events.drop("position"), told.events.drop("position"))
    assert_frame_equal(batch.participations, told.participations)


def test_whoever_sends_on_behalf_is_not_the_author(tmp_path: Path) -> None:
    def person(name: str) -> dict[str, object]:
        return {"emailAddress": {"address": f"{name}@north.example"}}

    mail = {
        "internetMessageId": "<1@n.example>", "sentDateTime": "2026-03-02T09:00:00Z", "isDraft": False,
        "conversationId": "x", "from": person("ada"), "sender": person("office"),
        "toRecipients": [person("ben")], "replyTo": [person("desk")],
    }  # fmt: skip
    box = "From x Mon Mar 02 10:00:00 2026\n" + MESSAGE.format(to="ben@north.example", number=1)
    box += "Sender: office@north.example\n\nText.\n"
    graph = whole(
        SOURCES["graph-messages"], write(tmp_path, "a.json", json.dumps({"value": [mail]}))
    )
    mbox = whole(SOURCES["mbox"], write(tmp_path, "a.mbox", box))
    people = [("ada@north.example", "from"), ("ben@north.example", "to")]
    for batch in (graph, mbox):
        assert batch.participations.select("address", "role").rows() == people


# --- work and chat -------------------------------------------------------------------------------


def test_a_reaction_is_no_message(tmp_path: Path) -> None:
    day = HERE / "slack" / "export" / "dike" / "2026-02-02.json"
    messages = json.loads(day.read_text())
    for message in messages:
        message["reactions"] = [{"name": "+1", "users": ["U1", "U2", "U9"], "count": 3}]
    plain = whole(SOURCES["slack"], packed(tmp_path, **{"2026-02-02": day.read_text()}))
    liked = whole(SOURCES["slack"], packed(tmp_path, **{"2026-02-02": json.dumps(messages)}))
    assert_frame_equal(liked.events, plain.events)
    assert_frame_equal(liked.participations, plain.participations)


DUTCH = {
    "jira-csv": {"Issue key": "Issuesleutel", "Issue id": "Issue-id", "Created": "Aangemaakt",
                 "Reporter": "Melder", "Creator": "Maker", "Creator Id": "Maker-ID", "Comment": "Opmerking",
                 "Log Work": "Werkregistratie", "Reporter Id": "Melder-ID"},
    "asana-csv": {"Task ID": "Taak-ID", "Completed At": "Voltooid op", "Assignee": "Toegewezen aan",
                  "Section/Column": "Sectie/kolom", "Assignee Email": "E-mail toegewezene"},
    "azure-devops-csv": {"Work Item Type": "Type werkitem", "Created By": "Gemaakt door",
                         "Created Date": "Gemaakt op", "Changed By": "Gewijzigd door",
                         "Changed Date": "Gewijzigd op"},
}  # fmt: skip


@pytest.mark.parametrize("name", DUTCH)
def test_dutch_headers_of_work_items_give_the_same(tmp_path: Path, name: str) -> None:
    with TABLES[name].open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert DUTCH[name].keys() <= {*header}
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="cp1252") as file:
        csv.writer(file, delimiter=";").writerows([[DUTCH[name].get(n, n) for n in header], *rows])
    assert sniff(path)[0][1].name == name
    assert_frame_equal(whole(SOURCES[name], path).events, whole(SOURCES[name], TABLES[name]).events)
