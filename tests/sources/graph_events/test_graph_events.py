"""The Graph event reader against its golden page, its traps, the same meeting as .ics, and stdlib."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources import icalendar
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.graph_events import SOURCE, uid_of

HERE = Path(__file__).parent
PAGE = json.loads((HERE / "events.json").read_text())
EVENTS = PAGE["value"]
YEAR = Options(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC))


def read(folder: Path, *events: object, options: Options = YEAR) -> Batch:
    path = folder / "export.json"
    path.write_text(json.dumps({"value": events}))
    return whole(SOURCE, path, options)


def event(
    start: str = "2026-03-02T10:00", zone: str = "Europe/Amsterdam", **more: object
) -> object:
    end = (datetime.fromisoformat(start) + timedelta(hours=1)).isoformat()
    return {
        "id": "x", "iCalUId": "x", "type": "singleInstance",
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
        "organizer": {"emailAddress": {"address": "ada@north.example"}},
        "attendees": [{"emailAddress": {"address": "ben@south.example"}}],
    } | more  # fmt: skip


def series(pattern: dict[str, object], limits: dict[str, object], start: str) -> object:
    limits = {"type": "noEnd", "recurrenceTimeZone": "W. Europe Standard Time"} | limits
    return event(
        start, "UTC", type="seriesMaster", recurrence={"pattern": pattern, "range": limits}
    )


def starts(batch: Batch) -> list[str]:
    return sorted(
        f"{at:%m-%d %H:%M}"
        for at in batch.events.filter(~batch.events["is_cancelled"])["started_at"]
    )


def test_golden_page() -> None:
    batch = whole(SOURCE, HERE / "events.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (18, 5, 1)


def test_no_text_leaves_the_reader() -> None:
    batch = whole(SOURCE, HERE / "events.json")
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize("shape", ["pages", "ndjson of pages", "gzip", "utf-16"])
def test_every_shape_gives_the_same(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "export.json"
    halves = [{**PAGE, "value": EVENTS[:9]}, {**PAGE, "value": EVENTS[9:]}]
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
    path.write_text("\n".join([json.dumps(event()), '{"id": "', json.dumps(event(iCalUId="y"))]))
    batch = whole(SOURCE, path)
    assert batch.rejects.rows() == [(2, "line", "no JSON: it is cut off, or longer than 256 MB")]
    assert (batch.records, batch.events.height) == (3, 2)


@pytest.mark.parametrize("data", ["", "no json", "[{]", '{"value": [}'])
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, data: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(data)
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, path)


def test_the_uid_is_the_one_of_the_ics() -> None:
    head, tail = "040000008200E00074C5B7101A82E008", "0" * 32 + "10000000" + "AB" * 16
    clean = f"{head}00000000{tail}"
    assert uid_of(clean) == clean
    assert uid_of(f"{head}07EA0309{tail}".lower()) == clean
    foreign = b"vCal-Uid\x01\x00\x00\x00plum@google.com\x00".hex()
    assert uid_of(f"{head}07EA0309{'0' * 32}20000000{foreign}") == "plum@google.com"
    assert uid_of("plum@google.com") == "plum@google.com"


def test_the_same_meetings_as_ics_have_the_same_keys_and_times(tmp_path: Path) -> None:
    uid = uid_of(EVENTS[2]["iCalUId"])
    lines = [
        "BEGIN:VCALENDAR", "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260105T080000Z",
        "DTSTART;TZID=Europe/Amsterdam:20260302T100000", "DURATION:PT30M",
        "RRULE:FREQ=WEEKLY;COUNT=3", "ORGANIZER:mailto:ada@north.example",
        "ATTENDEE:mailto:ben@south.example", "END:VEVENT", "BEGIN:VEVENT", f"UID:{uid}",
        "RECURRENCE-ID;TZID=Europe/Amsterdam:20260316T100000", "DTSTAMP:20260105T080000Z",
        "DTSTART:20260317T130000Z", "DURATION:PT30M", "ORGANIZER:mailto:ada@north.example",
        "ATTENDEE:mailto:ben@south.example", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    path = tmp_path / "same.ics"
    path.write_text("\r\n".join(lines))
    columns = ["event_key", "started_at", "ended_at", "initiator", "container_key", "revision"]
    ics = whole(icalendar.SOURCE, path).events.select(columns).rows()
    graph = read(tmp_path, *EVENTS[2:4]).events.select(columns).rows()
    assert len(graph) == 2
    assert {*graph} < {*ics}


def test_a_copy_without_its_people_yields_to_a_whole_one(tmp_path: Path) -> None:
    hidden = event(hideAttendees=True, attendees=[], lastModifiedDateTime="2026-02-02T00:00:00Z")
    shown = event(lastModifiedDateTime="2026-02-01T00:00:00Z")
    alone = read(tmp_path, hidden)
    assert alone.participations["address"].to_list() == ["ada@north.example"]
    both = read(tmp_path, hidden, shown)
    assert both.participations.height == 2
    assert both.events["revision"].item() > alone.events["revision"].item()


def test_own_answer_is_told_by_the_page(tmp_path: Path) -> None:
    one = event(responseStatus={"response": "declined"})
    for context, own in (("users('BEN%40south.example')/events", ["ben@south.example"]), ("", [])):
        path = tmp_path / "own.json"
        path.write_text(json.dumps({"@odata.context": context, "value": [one]}))
        people = whole(SOURCE, path).participations.filter("is_own")
        assert people["address"].to_list() == own
        assert people["response"].to_list() == ["declined"] * len(own)


@pytest.mark.parametrize(
    ("pattern", "limits", "expected"),
    [
        ({"type": "daily", "interval": 2}, {"type": "numbered", "numberOfOccurrences": 3},
         ["03-27 09:00", "03-29 08:00", "03-31 08:00"]),
        ({"type": "weekly", "interval": 1, "daysOfWeek": ["friday"], "firstDayOfWeek": "monday"},
         {"type": "endDate", "endDate": "2026-04-03"}, ["03-27 09:00", "04-03 08:00"]),
        ({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31},
         {"type": "endDate", "endDate": "2026-06-30"},
         ["03-27 09:00", "03-31 08:00", "04-30 08:00", "05-31 08:00", "06-30 08:00"]),
        ({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["friday"], "index": "last"},
         {"type": "numbered", "numberOfOccurrences": 3},
         ["03-27 09:00", "04-24 08:00", "05-29 08:00"]),
        ({"type": "relativeYearly", "interval": 1, "month": 4, "index": "first",
          "daysOfWeek": ["monday"]}, {}, ["03-27 09:00", "04-06 08:00"]),
        ({"type": "absoluteYearly", "interval": 1, "month": 3, "dayOfMonth": 27}, {},
         ["03-27 09:00"]),
    ],
)  # fmt: skip
def test_a_series_without_its_occurrences_keeps_its_hour(
    tmp_path: Path, pattern: dict[str, object], limits: dict[str, object], expected: list[str]
) -> None:
    batch = read(tmp_path, series(pattern, limits, "2026-03-27T09:00"))
    assert starts(batch) == expected
    assert batch.events["container_key"].unique().to_list() == ["series:x"]


def test_a_series_without_end_is_followed_to_the_horizon(tmp_path: Path) -> None:
    near = Options(horizon=datetime(2026, 4, 11, tzinfo=UTC))
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": ["friday"]}
    batch = read(tmp_path, series(weekly, {}, "2026-03-27T09:00"), options=near)
    assert starts(batch) == ["03-27 09:00", "04-03 08:00", "04-10 08:00"]


def test_a_series_that_is_not_known_is_a_reject(tmp_path: Path) -> None:
    batch = read(tmp_path, series({"type": "lunar"}, {}, "2026-03-27T09:00"), event(iCalUId="y"))
    assert batch.rejects["reason"].to_list() == ["has a recurrence that is not known"]
    assert batch.events.height == 1


def test_an_occurrence_replaces_the_one_of_its_series(tmp_path: Path) -> None:
    master = series({"type": "daily", "interval": 1}, {"type": "numbered", "numberOfOccurrences": 3},
                    "2026-03-02T09:00")  # fmt: skip
    moved = event("2026-03-03T14:00", "UTC", id="m", type="exception", seriesMasterId="x",
                  originalStart="2026-03-03T09:00:00Z")  # fmt: skip
    untold = event("2026-03-04T13:00", "UTC", id="u", type="exception", seriesMasterId="x",
                   originalStartTimeZone="UTC", occurrenceId="OID.x.2026-03-04")  # fmt: skip
    batch = read(tmp_path, moved, master)
    assert starts(batch) == ["03-02 09:00", "03-03 14:00", "03-04 09:00"]
    lone = read(tmp_path, untold)
    assert lone.events["event_key"].to_list() == ["meeting:x|20260304T130000Z"]


def test_an_occurrence_of_a_delta_takes_its_people_from_its_series(tmp_path: Path) -> None:
    bare = {"id": "b", "type": "occurrence", "seriesMasterId": "x",
            "start": {"dateTime": "2026-03-09T09:00", "timeZone": "UTC"}}  # fmt: skip
    batch = read(tmp_path, bare, event())
    assert batch.participations.height == 4
    assert "meeting:x|20260309T090000Z" in batch.events["event_key"]
    assert read(tmp_path, bare).rejects["reason"].to_list() == [
        "has no iCalUId, and its series is not in the file"
    ]


def test_a_bare_occurrence_of_an_all_day_series_is_all_day(tmp_path: Path) -> None:
    bare = {"id": "b", "type": "occurrence", "seriesMasterId": "x",
            "start": {"dateTime": "2026-03-09T00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-03-10T00:00", "timeZone": "UTC"}}  # fmt: skip
    batch = read(tmp_path, bare, event("2026-03-02T00:00", "UTC", isAllDay=True))
    assert (batch.events.height, batch.skipped) == (0, 2)


def test_window(tmp_path: Path) -> None:
    batch = read(tmp_path, event(), options=Options(since=datetime(2026, 4, 1, tzinfo=UTC)))
    assert (batch.events.height, batch.skipped) == (0, 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(
        ["UTC", "2026-03-02T10:00:00", "occurrence", "exception", "x", "weekly", "9999-12-31T23:59"]
    ),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["id", "iCalUId", "start", "end", "dateTime", "timeZone", "type",
                         "attendees", "organizer", "emailAddress", "address", "seriesMasterId",
                         "recurrence", "pattern", "range", "originalStart", "isAllDay"]),
        inner, max_size=6,
    ),
    max_leaves=14,
)  # fmt: skip


@given(records=st.lists(json_values | st.builds(event, seriesMasterId=st.none() | st.text(max_size=2),
                                                type=st.sampled_from(["occurrence", "exception"]),
                                                isCancelled=st.booleans()), max_size=4))  # fmt: skip
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    batch = read(tmp_path_factory.mktemp("any"), event(iCalUId="known", id="known"), *records)
    assert batch.records == len(records) + 1
    named = batch.events["position"].n_unique()
    assert batch.records == named + batch.skipped + batch.duplicates + batch.rejects.height
    assert batch.events["event_key"].is_unique().all()
    assert "meeting:known|" in batch.events["event_key"]


def test_real_samples_against_stdlib_json(shared_data: Path) -> None:
    paths = sorted(
        (shared_data / "exports" / "api-samples").glob("microsoft-365__outlook-cal__*.json")
    )
    assert len(paths) == 6
    for path in paths:
        assert SOURCE.sniff(path, path.read_bytes()) >= 0.9
        page = json.loads(path.read_text())
        events = page.get("value", [page])
        batch = whole(SOURCE, path, Options(until=datetime(2026, 1, 1, tzinfo=UTC)))
        met = [
            number
            for number, one in enumerate(events, 1)
            if len({str(who["emailAddress"].get("address")).lower()
                    for who in [one["organizer"], *one["attendees"]]}) > 1
            and not one["isAllDay"] and one["showAs"] != "free"
        ]  # fmt: skip
        assert batch.records == len(events)
        assert batch.rejects.is_empty()
        assert batch.events["position"].unique().sort().to_list() == met
        first = {
            (row[0], f"{row[1]:%Y-%m-%dT%H:%M:%S}")
            for row in batch.events.select("position", "started_at").rows()
        }
        for number in met:
            assert (number, events[number - 1]["start"]["dateTime"][:19]) in first
