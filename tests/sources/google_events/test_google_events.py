"""The Google event reader against its golden page, its traps, the same meeting as .ics, and stdlib."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources import icalendar
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.google_events import SOURCE

HERE = Path(__file__).parent
PAGE = json.loads((HERE / "events.json").read_text())
EVENTS = PAGE["items"]
YEAR = Options(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC))


def read(folder: Path, *events: object) -> Batch:
    path = folder / "export.json"
    path.write_text(json.dumps({"items": events}))
    return whole(SOURCE, path, YEAR)


def event(**more: object) -> dict[str, object]:
    return {
        "id": "x", "iCalUID": "x@google.com", "updated": "2026-01-05T08:00:00.000Z",
        "start": {"dateTime": "2026-03-02T10:00:00+01:00"},
        "end": {"dateTime": "2026-03-02T11:00:00+01:00"},
        "organizer": {"email": "ada@north.example"},
        "attendees": [{"email": "ben@south.example"}],
    } | more  # fmt: skip


def test_golden_page() -> None:
    batch = whole(SOURCE, HERE / "events.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (22, 5, 1)


def test_no_text_leaves_the_reader() -> None:
    batch = whole(SOURCE, HERE / "events.json")
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize("shape", ["pages", "ndjson of pages", "gzip", "utf-16"])
def test_every_shape_gives_the_same(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "export.json"
    halves = [{**PAGE, "items": EVENTS[:8]}, {**PAGE, "items": EVENTS[8:]}]
    data = {
        "pages": json.dumps(halves).encode(),
        "ndjson of pages": "\n".join(map(json.dumps, halves)).encode(),
        "gzip": gzip.compress(json.dumps(PAGE).encode()),
        "utf-16": json.dumps(PAGE, indent=2).encode("utf-16"),
    }
    path.write_bytes(data[shape])
    assert_golden(whole(SOURCE, path), HERE)


def test_a_broken_line_is_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text("\n".join([json.dumps(event()), '{"id": "', json.dumps(event(iCalUID="y"))]))
    batch = whole(SOURCE, path)
    assert batch.rejects.rows() == [(2, "line", "no JSON: it is cut off, or longer than 256 MB")]
    assert (batch.records, batch.events.height) == (3, 2)


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text('{"items": [}')
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, path)


def test_the_same_meetings_as_ics_have_the_same_keys_and_times(tmp_path: Path) -> None:
    lines = [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:hosted@google.com", "DTSTAMP:20260105T080000Z",
        "DTSTART;TZID=Europe/Amsterdam:20260320T100000", "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;UNTIL=20260410T215959Z;BYDAY=FR",
        "EXDATE;TZID=Europe/Amsterdam:20260327T100000,20260403T100000",
        "ORGANIZER:mailto:ben@south.example", "ATTENDEE:mailto:cleo@south.example", "END:VEVENT",
        "BEGIN:VEVENT", "UID:plain@google.com", "DTSTAMP:20260105T080000Z", "SEQUENCE:2",
        "DTSTART;TZID=Europe/Amsterdam:20260302T100000", "DURATION:PT1H",
        "ORGANIZER:mailto:ada@north.example", "ATTENDEE:mailto:ben@south.example", "END:VEVENT",
        "END:VCALENDAR", "",
    ]  # fmt: skip
    path = tmp_path / "same.ics"
    path.write_text("\r\n".join(lines))
    columns = ["event_key", "started_at", "is_cancelled", "container_key"]
    ics = whole(icalendar.SOURCE, path).events.select(columns).rows()
    google = read(tmp_path, EVENTS[0], *EVENTS[6:8]).events.select(columns).rows()
    assert len(ics) == 5
    assert {*google} == {*ics}


def test_attendees_left_out_are_not_few(tmp_path: Path) -> None:
    partial = event(attendeesOmitted=True, organizer=None, updated="2026-02-05T08:00:00.000Z")
    alone = read(tmp_path, partial)
    assert alone.participations["address"].to_list() == ["ben@south.example"]
    both = read(tmp_path, partial, event())
    assert both.participations.height == 2
    assert both.events["revision"].item() > alone.events["revision"].item()
    assert read(tmp_path, event(organizer=None)).skipped == 1  # whole, and of one person


def test_only_the_host_calls_off(tmp_path: Path) -> None:
    off = event(status="cancelled", updated="2026-02-05T08:00:00.000Z")
    hosted = {**off, "organizer": {"email": "ada@north.example", "self": True}}
    for cancelled, is_off in ((off, False), (hosted, True)):
        assert read(tmp_path, cancelled, event()).events["is_cancelled"].to_list() == [is_off]
        assert read(tmp_path, cancelled).events["is_cancelled"].to_list() == [True]


@pytest.mark.parametrize("other", [{}, {"organizer": {"email": "a@b.example", "self": True}}])
def test_a_bare_cancelled_instance_is_known_by_its_series(
    tmp_path: Path, other: dict[str, object]
) -> None:
    bare = {
        "id": "x_20260309T090000Z", "status": "cancelled", "recurringEventId": "x",
        "originalStartTime": {"dateTime": "2026-03-09T10:00:00+01:00"},
    }  # fmt: skip
    row = read(tmp_path, bare, event(iCalUID="elsewhere", **other)).events.filter("is_cancelled")
    assert row["event_key"].to_list() == ["meeting:elsewhere|20260309T090000Z"]
    assert (row["revision"].item() >= 1 << 60) == bool(other)
    assert read(tmp_path, bare).events["event_key"].to_list() == [
        "meeting:x@google.com|20260309T090000Z"
    ]


@pytest.mark.parametrize("name", ["_", "_0", "_zzz", "_é", "_w0"])
def test_an_id_that_cannot_be_read_is_no_crash(tmp_path: Path, name: str) -> None:
    batch = read(tmp_path, event(id=name, iCalUID=None))
    assert batch.events.height + batch.rejects.height == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(
        ["cancelled", "2026-03-02T10:00:00Z", "2026-03-02", "x", "RRULE:FREQ=DAILY;COUNT=2",
         "EXDATE:20260303T090000Z", "RDATE;TZID=Nowhere:1", "9999-12-31T23:59:00-10:00"]
    ),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["id", "iCalUID", "start", "end", "dateTime", "date", "timeZone",
                         "attendees", "organizer", "email", "recurringEventId", "recurrence",
                         "originalStartTime", "status", "sequence"]),
        inner, max_size=6,
    ),
    max_leaves=14,
)  # fmt: skip
WHEN = st.sampled_from(
    [None, {"date": "2026-03-03"}, {"dateTime": "2026-03-03T09:00:00Z"}, {"dateTime": "odd"}]
)


@given(
    records=st.lists(
        json_values
        | st.builds(
            event,
            status=st.sampled_from(["confirmed", "cancelled"]),
            originalStartTime=WHEN,
            recurringEventId=st.sampled_from([None, "x", "known"]),
            recurrence=st.sampled_from([None, ["RRULE:FREQ=DAILY;COUNT=3"], ["EXDATE:odd"]]),
        ),
        max_size=4,
    )
)
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    batch = read(tmp_path_factory.mktemp("any"), event(iCalUID="known", id="known"), *records)
    assert batch.records == len(records) + 1
    named = batch.events["position"].n_unique()
    assert batch.records == named + batch.skipped + batch.duplicates + batch.rejects.height
    assert batch.events["event_key"].is_unique().all()
    assert "meeting:known|" in batch.events["event_key"]


def test_real_samples_against_stdlib_json(shared_data: Path) -> None:
    paths = sorted(
        (shared_data / "exports" / "api-samples").glob("google-workspace__calendar__event*.json")
    )
    assert len(paths) == 2
    for path in paths:
        assert SOURCE.sniff(path, path.read_bytes()) >= 0.9
        page = json.loads(path.read_text())
        events = page.get("items", [page])
        batch = whole(SOURCE, path)
        met = {
            number: people
            for number, one in enumerate(events, 1)
            if "dateTime" in one["start"] and one.get("transparency") != "transparent"
            and len(people := {who["email"].lower() for who in
                               [one["organizer"], *one.get("attendees", [])]}) > 1
        }  # fmt: skip
        assert met
        assert batch.records == len(events)
        assert batch.rejects.is_empty()
        assert {*batch.events["position"]} == {*met}
        assert batch.participations.height == sum(map(len, met.values()))
        for key, start, position in batch.events.select(
            "event_key", "started_at", "position"
        ).rows():
            assert key == f"meeting:{events[position - 1]['iCalUID']}|"
            assert start == datetime.fromisoformat(events[position - 1]["start"]["dateTime"])
