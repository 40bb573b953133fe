"""The same meeting in four calendars, and the same mail in five mail systems, is one event each.

Every file goes through the real ingest: read, made pseudonymous, staged, checked, loaded.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import ingest
from flows.config import Config
from flows.config_read import read_config
from flows.key import read_key
from flows.plan import export_files
from tests.network import empty_warehouse
from transforms.people import keyed_id
from warehouse import identity, load, schema
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PEOPLE = {
    "ada@north.example": "Ada Brook",
    "ben@south.example": "Ben Dale",
    "cleo@east.example": "Cleo Fen",
    "dirk@west.example": "Dirk Ash",
}
ADA, BEN, CLEO, DIRK = PEOPLE
UID = "weekly@north.example"
FORM = "%Y%m%dT%H%M%S"


# --- a home and its warehouse --------------------------------------------------------------------


@dataclass
class Home:
    config: Config
    con: duckdb.DuckDBPyConnection
    identity: duckdb.DuckDBPyConnection
    key: bytes

    def load(self, *orders: Sequence[str]) -> None:
        """Each of `orders` is one batch: names of sources, in the order in which they are read."""
        files = {file.source.name: file for file in export_files(self.config)}
        for batch, names in enumerate(orders, 1):
            for name in names:
                run = f"run {batch}"
                args = (self.con, self.identity, self.config, files[name], self.key, run)
                assert ingest.stage_file(*args).refused is None, name
            told = ingest.read_directories(self.con, self.identity, self.config)
            found = ingest.stage_people(self.con, self.identity, self.config, told, self.key)
            done = ingest.check_and_load(
                self.con, self.config, found, run_id=f"run {batch}", batch=batch
            )
            assert not done.refused
            assert not done.quarantined

    def stage(self, names: Sequence[str]) -> None:
        """The same without checks, which take a second each."""
        files = {file.source.name: file for file in export_files(self.config)}
        for name in names:
            args = (self.con, self.identity, self.config, files[name], self.key, "run")
            assert ingest.stage_file(*args).refused is None, name
            told = ingest.read_directories(self.con, self.identity, self.config)
            found = ingest.stage_people(self.con, self.identity, self.config, told, self.key)
            load.load(self.con, found.alias)

    def events(self) -> list[tuple[object, ...]]:
        """Kind, start, addresses with role and answer, and who saw it, of every event."""
        ids = {keyed_id(address, self.key): address for address in PEOPLE}
        rows = self.con.execute("""
            SELECT kind, started_at,
              (SELECT list((address_id, role, response)) FROM participation AS p
               WHERE p.event_id = e.event_id AND p.day = e.day),
              (SELECT list(DISTINCT o.partner ORDER BY o.partner) FROM observation AS o
               JOIN source_file USING (source) WHERE o.event_id = e.event_id)
            FROM event AS e ORDER BY started_at""").fetchall()
        return [
            (
                kind,
                f"{at:%m-%d %H:%M}",
                sorted((ids.get(a, "?"), r, s) for a, r, s in seats),
                partners,
            )
            for kind, at, seats, partners in rows
        ]


@contextmanager
def home(
    folder: Path, exports: Mapping[str, tuple[str, str, str]], people: str = ""
) -> Iterator[Home]:
    """`exports`: source → format, its options, and what the file says; partners have its name."""
    (folder / "incoming").mkdir(parents=True)
    (folder / "secret").mkdir()
    key = folder / "secret" / "tieline.key"
    key.write_text("5" * 64)
    key.chmod(0o600)
    blocks = ""
    for name, (form, options, data) in exports.items():
        (folder / "incoming" / name).write_text(data, newline="")
        blocks += (
            f'[[source]]\nname = "{name}"\npartner = "{name.title()}"\nformat = "{form}"\n'
            f'files = "incoming/{name}"\n{options}\n'
        )
    (folder / "people.csv").write_text(people or directory())
    (folder / "tieline.toml").write_text(f'[people]\ndirectories = ["people.csv"]\n{blocks}')
    config = read_config(folder / "tieline.toml")
    with open_warehouse(config.warehouse) as con, open_warehouse(config.identity) as private:
        load.create(con)
        identity.create(private)
        yield Home(config, con, private, read_key(config))


def directory(people: Mapping[str, str] = PEOPLE) -> str:
    rows = [
        f"{address},{name},{address.partition('@')[2].partition('.')[0].title()}"
        for address, name in people.items()
    ]
    return "\n".join(["email,name,organisation", *rows, ""])


# --- one meeting and one series, as four calendars have them -------------------------------------

SINGLE = datetime(2026, 3, 2, 10, tzinfo=AMSTERDAM)
SERIES = [SINGLE.replace(day=3) + timedelta(weeks=n) for n in range(3)]
MOVED = SERIES[1] + timedelta(days=1, hours=4)
MEETINGS = [("single@north.example", SINGLE, SINGLE)] + [
    (UID, start, MOVED if start == SERIES[1] else start) for start in SERIES
]
GUESTS = [BEN, CLEO, DIRK]


def ics() -> str:
    """North's: the organiser's own, where nobody has answered yet."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN"]
    for uid, at, more in (
        (MEETINGS[0][0], SINGLE, ""),
        (UID, SERIES[0], "RRULE:FREQ=WEEKLY;COUNT=3"),
        (UID, MOVED, f"RECURRENCE-ID;TZID=Europe/Amsterdam:{SERIES[1].strftime(FORM)}"),
    ):
        lines += [
            "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260105T080000Z", "SEQUENCE:0",
            *([more] if more else []),
            f"DTSTART;TZID=Europe/Amsterdam:{at.strftime(FORM)}", "DURATION:PT1H",
            f"ORGANIZER:mailto:{ADA}", "SUMMARY:x",
            *(f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{guest}" for guest in GUESTS), "END:VEVENT",
        ]  # fmt: skip
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def graph() -> str:
    """South's, as Ben sees it: he has accepted."""

    def event(number: int, uid: str, first: datetime, at: datetime) -> dict[str, object]:
        kind = "singleInstance" if first == SINGLE else "exception" if at != first else "occurrence"
        return {
            "id": f"id{number}", "iCalUId": uid, "uid": uid, "type": kind,
            "seriesMasterId": None if kind == "singleInstance" else "master",
            "lastModifiedDateTime": "2026-01-05T08:00:00Z", "originalStartTimeZone": "UTC",
            "originalStart": None if kind == "singleInstance" else utc(first),
            "isAllDay": False, "isCancelled": False, "showAs": "busy",
            "responseStatus": {"response": "accepted"},
            "start": {"dateTime": utc(at)[:-1], "timeZone": "UTC"},
            "end": {"dateTime": utc(at + timedelta(hours=1))[:-1], "timeZone": "UTC"},
            "organizer": {"emailAddress": {"address": ADA, "name": PEOPLE[ADA]}},
            "attendees": [
                {"type": "required", "status": {"response": "none"},
                 "emailAddress": {"address": guest, "name": PEOPLE[guest]}}
                for guest in GUESTS
            ],
        }  # fmt: skip

    events = [event(n, *meeting) for n, meeting in enumerate(MEETINGS)]
    context = "https://graph.microsoft.com/v1.0/$metadata#users('ben%40south.example')/calendarView"
    return json.dumps({"@odata.context": context, "value": events})


def google() -> str:
    """East's, as Cleo sees it: she has declined."""
    items = [
        {
            "kind": "calendar#event", "id": f"id{n}", "status": "confirmed", "iCalUID": uid,
            "created": "2026-01-01T00:00:00Z", "updated": "2026-01-05T08:00:00Z", "sequence": 0,
            **({} if first == SINGLE else {
                "recurringEventId": "master", "originalStartTime": {"dateTime": first.isoformat()},
            }),
            "organizer": {"email": ADA}, "start": {"dateTime": at.isoformat()},
            "end": {"dateTime": (at + timedelta(hours=1)).isoformat()},
            "attendees": [
                {"email": ADA, "organizer": True, "responseStatus": "accepted"},
                *({"email": guest, "responseStatus": "declined" if guest == CLEO else "needsAction",
                   **({"self": True} if guest == CLEO else {})} for guest in GUESTS),
            ],
        }
        for n, (uid, first, at) in enumerate(MEETINGS)
    ]  # fmt: skip
    return json.dumps({"kind": "calendar#events", "timeZone": "Europe/Amsterdam", "items": items})


def outlook(names: Mapping[str, str] = PEOPLE) -> str:
    """West's: names, and no number of any meeting."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(
        ["Subject", "Start Date", "Start Time", "End Date", "End Time", "All day event",
         "Meeting Organizer", "Required Attendees", "Optional Attendees", "Meeting Resources", "Show time as"]
    )  # fmt: skip
    for _, _, at in MEETINGS:
        end = at + timedelta(hours=1)
        table.writerow(
            ["x", f"{at:%d-%m-%Y}", f"{at:%H:%M:%S}", f"{end:%d-%m-%Y}", f"{end:%H:%M:%S}", "Onwaar",
             names[ADA], ";".join(names[guest] for guest in (ADA, *GUESTS)), "", "", "2"]
        )  # fmt: skip
    return text.getvalue()


def utc(at: datetime) -> str:
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def orders(exports: Mapping[str, object]) -> list[list[str]]:
    """There and back from each of them: everybody is first once, and last, and before and after."""
    names = [*exports]
    turned = [names[n:] + names[:n] for n in range(len(names))]
    return [*turned, *([*reversed(one)] for one in turned)]


CALENDARS = {
    "north": ("icalendar", "", ics()),
    "south": ("graph-events", "", graph()),
    "east": ("google-events", "", google()),
    "west": ("outlook-csv", "", outlook()),
}
ATTENDING = [
    (ADA, "organiser", "accepted"),
    (BEN, "required", "accepted"),
    (CLEO, "required", "declined"),
    (DIRK, "required", "none"),
]
STARTS = ["03-02 09:00", "03-03 09:00", "03-11 13:00", "03-17 09:00"]
ALL_FOUR = ["East", "North", "South", "West"]
MET = [("meeting", start, ATTENDING, ALL_FOUR) for start in STARTS]


@pytest.mark.parametrize("batches", [1, 4])
def test_a_meeting_in_four_calendars_is_one_event(tmp_path: Path, batches: int) -> None:
    with home(tmp_path, CALENDARS) as there:
        names = [*CALENDARS]
        there.load(*([names] if batches == 1 else [[name] for name in reversed(names)]))
        assert there.events() == MET


@pytest.mark.parametrize("order", orders(CALENDARS), ids="-".join)
def test_in_whatever_order_they_come(tmp_path: Path, order: list[str]) -> None:
    with home(tmp_path, CALENDARS) as there:
        there.stage(order)
        assert there.events() == MET


def without_the_last(owner: str) -> str:
    """`owner`'s calendar after they took the last day of the series out of it."""
    last = f"EXDATE;TZID=Europe/Amsterdam:{SERIES[2].strftime(FORM)}"
    return calendar_of(owner).replace("COUNT=3", f"COUNT=3\r\n{last}").replace("0105T", "0401T")


def calendar_of(owner: str) -> str:
    return ics().replace("VERSION:2.0", f"X-WR-CALNAME:{owner}")


@pytest.mark.parametrize(
    ("calendars", "expected"),
    [
        ([calendar_of(ADA), without_the_last(BEN)], STARTS),
        ([without_the_last(ADA), calendar_of(BEN)], STARTS[:3]),
        ([without_the_last(BEN)], STARTS[:3]),  # which nobody else shows
    ],
    ids=["guest", "organiser", "guest alone"],
)
def test_a_day_is_called_off_by_the_organiser_alone(
    tmp_path: Path, calendars: list[str], expected: list[str]
) -> None:
    exports = {f"c{n}": ("icalendar", "", told) for n, told in enumerate(calendars)}
    with home(tmp_path, exports) as there:
        there.stage([*exports])
        assert [start for _, start, *_ in there.events()] == expected


def test_without_the_directory_nobody_knows_whose_the_appointments_are(tmp_path: Path) -> None:
    """They count twice until the directory knows the names; then they are one again."""
    with home(tmp_path, CALENDARS, directory(dict.fromkeys(PEOPLE, ""))) as there:
        there.stage([*CALENDARS])
        count = "SELECT kind, count(*) FROM event GROUP BY ALL ORDER BY ALL"
        assert there.con.execute(count).fetchall() == [("appointment", 4), ("meeting", 4)]
        there.con.execute("DELETE FROM stale_day")
        (tmp_path / "people.csv").write_text(directory())
        there.load([])
        assert there.events() == MET
        stale = {f"{day:%m-%d}" for (day,) in there.con.execute("FROM stale_day").fetchall()}
        assert {start[:5] for start in STARTS} <= stale


def test_a_guest_whom_no_directory_knows_is_still_one_of_as_many(tmp_path: Path) -> None:
    known = {address: name for address, name in PEOPLE.items() if address != CLEO}
    with home(tmp_path, CALENDARS, directory(known)) as there:
        there.stage([*CALENDARS])
        assert there.events() == MET


def test_an_organiser_whom_no_directory_knows_is_told_by_the_guests(tmp_path: Path) -> None:
    known = {address: name for address, name in PEOPLE.items() if address != ADA}
    with home(tmp_path, CALENDARS, directory(known)) as there:
        there.stage([*CALENDARS])
        assert there.events() == MET


def test_of_two_meetings_that_it_may_be_an_appointment_is_neither(tmp_path: Path) -> None:
    """The organiser is not known, and the same guests are in two meetings of that hour."""
    known = {address: name for address, name in PEOPLE.items() if address != ADA}
    calendars = {
        "north": CALENDARS["north"],
        "south": ("icalendar", "", ics().replace("UID:", "UID:other-")),
        "west": CALENDARS["west"],
    }
    with home(tmp_path, calendars, directory(known)) as there:
        there.stage([*calendars])
        found = there.con.execute("SELECT kind, count(*) FROM event GROUP BY ALL ORDER BY ALL")
        assert found.fetchall() == [("appointment", 4), ("meeting", 8)]


@pytest.mark.parametrize(
    "names",
    [
        PEOPLE | {ADA: "Ben Dale", BEN: "Ada Brook"},  # another organiser
        PEOPLE | {DIRK: "Eva Holm"},  # another guest, whom the directory knows
        PEOPLE | {DIRK: "Cleo Fen"},  # one guest less
    ],
    ids=["organiser", "guest", "number"],
)
def test_another_meeting_of_that_hour_stays_another(tmp_path: Path, names: dict[str, str]) -> None:
    calendars = CALENDARS | {"west": ("outlook-csv", "", outlook(names))}
    with home(tmp_path, calendars, directory(PEOPLE | {"eva@west.example": "Eva Holm"})) as there:
        there.stage([*calendars])
        found = there.con.execute("SELECT kind, count(*) FROM event GROUP BY ALL ORDER BY ALL")
        assert found.fetchall() == [("appointment", 4), ("meeting", 4)]
        seen = there.con.execute(
            "SELECT source, count(*) FROM observation GROUP BY ALL ORDER BY ALL"
        )
        assert seen.fetchall() == [("east", 4), ("north", 4), ("south", 4), ("west", 4)]


def test_a_meeting_that_moves_lets_go_of_its_appointment_and_finds_it_again(tmp_path: Path) -> None:
    north, west = {"north": CALENDARS["north"]}, {"west": CALENDARS["west"]}
    with home(tmp_path, north | west) as there:
        there.stage(["north", "west"])
        together = there.events()
        assert [event[3] for event in together] == [["North", "West"]] * 4
        path = tmp_path / "incoming" / "north"
        text = path.read_text()
        path.write_text(text.replace("20260302T100000", "20260302T113000"))
        there.stage(["north"])
        first = [(event[0], event[1]) for event in there.events()[:2]]
        assert first == [("appointment", "03-02 09:00"), ("meeting", "03-02 10:30")]
        path.write_text(text)
        there.stage(["north"])
        assert there.events() == together
        (tmp_path / "incoming" / "west").write_text(CALENDARS["west"][2].split("\n")[0] + "\n")
        there.stage(["west"])
        assert [event[3] for event in there.events()] == [["North"]] * 4


# --- one mail, as five mail systems have it ------------------------------------------------------

SENT = "2026-03-02T09:00:05Z"
ID = "<plan@north.example>"


def message(*received: str) -> str:
    return "\n".join([
        "From x Mon Mar 02 09:00:05 2026", *received, f"From: {PEOPLE[ADA]} <{ADA}>", f"To: {BEN}",
        f"Cc: {CLEO}", "Date: Mon, 02 Mar 2026 10:00:05 +0100", f"Message-ID: {ID}", "", "Text.", "",
    ])  # fmt: skip


def page() -> str:
    def person(address: str) -> dict[str, object]:
        return {"emailAddress": {"address": address}}

    mail = {
        "id": "AAMk", "internetMessageId": ID, "sentDateTime": SENT, "isDraft": False, "conversationId": "x",
        "from": person(ADA), "toRecipients": [person(BEN)], "ccRecipients": [person(CLEO)],
    }  # fmt: skip
    return json.dumps({"value": [mail]})


def trace() -> str:
    head = "MessageTraceId,Received,SenderAddress,RecipientAddress,Subject,Status,Size,MessageId"
    rows = (f"0a-1,2026-03-02T09:00:06Z,{ADA},{one},x,Delivered,1,{ID}" for one in (BEN, CLEO))
    return "\n".join([head, *rows, ""])


def log() -> str:
    head = "Message ID,Start date,End date,Sender,Message size,Subject,Direction,Attachments,Recipient address,Event target"
    row = f"{ID},2026/03/02 10:00:07,2026/03/02 10:00:08,{ADA},1,x,Received,0,{CLEO},GMAIL_INBOX"
    return f"{head}\n{row}\n"


MAILS = {
    "north": ("mbox", "", message()),
    "south": (
        "mbox",
        "",
        message("Received: from north by south; Mon, 02 Mar 2026 09:00:09 +0000"),
    ),
    "harbour": ("graph-messages", "", page()),
    "meadow": ("message-trace", "", trace()),
    "east": ("google-mail-log", "", log()),
}
READ_BY = ["East", "Harbour", "Meadow", "North", "South"]
ROLES = {(ADA, "from", "none"), (BEN, "to", "none"), (CLEO, "cc", "none")}


def test_a_mail_in_five_systems_is_one_event(tmp_path: Path) -> None:
    with home(tmp_path, MAILS) as there:
        there.load([*MAILS])
        [(kind, start, seats, partners)] = there.events()
    assert (kind, start, {*seats}, partners) == ("mail", "03-02 09:00", ROLES, READ_BY)


@pytest.mark.parametrize("order", orders(MAILS)[::2], ids="-".join)
def test_in_whatever_order_its_copies_come(tmp_path: Path, order: list[str]) -> None:
    with home(tmp_path, MAILS) as there:
        there.stage(order)
        [(_, start, seats, partners)] = there.events()
        assert (start, {*seats}, partners) == ("03-02 09:00", ROLES, READ_BY)


@pytest.mark.parametrize("envelope", ["list-bounces@north.example", "SRS0=x=y=a=ada@hop.example"])
@pytest.mark.parametrize("order", [["meadow", "north"], ["north", "meadow"]], ids="-".join)
def test_who_passed_a_mail_on_is_no_second_sender(
    tmp_path: Path, envelope: str, order: list[str]
) -> None:
    passed_on = trace().replace(ADA, envelope)
    with home(tmp_path, MAILS | {"meadow": ("message-trace", "", passed_on)}) as there:
        there.stage(order)
        [(_, _, seats, partners)] = there.events()
    assert ({*seats}, partners) == (ROLES, ["Meadow", "North"])


@pytest.mark.parametrize("direct", ["east", "meadow"])
def test_of_two_logs_the_one_that_names_a_person_tells_the_sender(
    tmp_path: Path, direct: str
) -> None:
    logs = {name: MAILS[name] for name in ("east", "meadow")}
    passed_on = {n: (*m[:2], m[2].replace(ADA, "list-bounces@a.example")) for n, m in logs.items()}
    with home(tmp_path, passed_on | {direct: logs[direct]}) as there:
        there.stage([*logs])
        [(_, _, seats, _)] = there.events()
    assert [seat for seat in seats if seat[1] == "from"] == [(ADA, "from", "none")]


# --- whatever meetings and appointments there are ------------------------------------------------

calendar = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "~"]),  # "~" has no number: what is in it is its key
        st.integers(0, 1),
        st.sampled_from(["h1", "h1-name"]),
        st.sampled_from([("p1",), ("p1-name",), ("p2-name",), ("p1", "p3")]),
    ),
    max_size=3,
)
calendars = st.dictionaries(st.sampled_from(["f1", "f2"]), calendar, min_size=1)
KNOWN = {"h1-name": "h1", "p1-name": "p1"}


def observed(
    con: duckdb.DuckDBPyConnection, name: str, records: list[tuple], known: bool
) -> load.Loaded:
    number = int.from_bytes(name.encode())
    ids = {text: n for n, text in enumerate(["h1", "h1-name", "p1", "p1-name", "p2-name", "p3"])}
    events, seats = {}, {}
    for key, hour, host, guests in records:
        own = key if key in "ab" else f"{hour}{host}{sorted(guests)}"
        event = int.from_bytes(blake2b(own.encode(), digest_size=7).digest())
        at = datetime(2026, 3, 2, 9 + hour)  # noqa: DTZ001 - the warehouse's own are UTC
        kind = "meeting" if key in "ab" else schema.APPOINTMENT
        events[event] = (number, event, "meeting", kind, at.date(), at, None, ids[host], None, None, None,
                         False, 0, False, 1)  # fmt: skip
        people = {host: "organiser"} | dict.fromkeys(guests, "required")
        seats[event] = [
            (number, at.date(), event, ids[p], role, "none", False) for p, role in people.items()
        ]
    for table, rows in (
        (schema.OBSERVED_EVENT, [*events.values()]),
        (schema.OBSERVED_PARTICIPATION, [row for listed in seats.values() for row in listed]),
    ):
        staged = pl.DataFrame(rows, schema=schema.polars_schema(table), orient="row")
        load.stage(con, table, staged)
    ledger = {c.name: 0 if c.type == "BIGINT" else name for c in schema.SOURCE_FILE.columns}
    ledger |= {"file_id": number, "first_day": None, "last_day": None}
    load.stage(
        con,
        schema.SOURCE_FILE,
        pl.DataFrame([ledger], schema=schema.polars_schema(schema.SOURCE_FILE)),
    )
    alias = [(ids[name], ids[address]) for name, address in KNOWN.items()] if known else []
    return load.load(
        con, pl.DataFrame(alias, schema=schema.polars_schema(schema.ADDRESS_ALIAS), orient="row")
    )


def contents(con: duckdb.DuckDBPyConnection) -> list[list[tuple]]:
    tables = ("event", "participation", "observation")
    return [con.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables]


@pytest.fixture(scope="module")
def two() -> list[duckdb.DuckDBPyConnection]:
    return [empty_warehouse(), empty_warehouse()]


def emptied(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    tables = (schema.EVENT, schema.PARTICIPATION, schema.OBSERVATION, schema.SOURCE_FILE)
    for table in (*tables, schema.OBSERVED_EVENT, schema.OBSERVED_PARTICIPATION):
        con.execute(f"DELETE FROM {table.name}")
    return con


@settings(max_examples=25)
@given(calendars, calendars, st.booleans(), st.booleans())
def test_what_is_loaded_is_a_function_of_files_and_directory(
    two: list[duckdb.DuckDBPyConnection],
    before: dict[str, list[tuple]],
    after: dict[str, list[tuple]],
    was_known: bool,
    known: bool,
) -> None:
    changed, fresh = map(emptied, two)
    for name, records in before.items():
        observed(changed, name, records, was_known)
    for name, records in (before | after).items():
        observed(changed, name, records, known)
    for name, records in reversed((before | after).items()):
        observed(fresh, name, records, known)
    assert contents(changed) == contents(fresh)
    name, records = next(iter((before | after).items()))
    assert observed(changed, name, records, known) == load.Loaded(0, 0)
    seen, there = contents(fresh)[2], {event[0] for event in contents(fresh)[0]}
    assert {event for _, event, *_ in seen} == there
