"""The iCalendar reader against its golden files, its traps and recurring-ical-events."""

from __future__ import annotations

import gzip
import time
import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import icalendar
import polars as pl
import pytest
import recurring_ical_events
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar.timezone import tzp
from polars.testing import assert_frame_equal

from transforms.sources import icalendar as reader
from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    UnreadableFileError,
)

if TYPE_CHECKING:
    import random

HERE = Path(__file__).parent
YEAR = Options(since=datetime(2025, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC))
WIDE = Options(since=datetime(1990, 1, 1, tzinfo=UTC), until=datetime(2030, 1, 1, tzinfo=UTC))

PEOPLE = ("ORGANIZER:mailto:ada@north.example", "ATTENDEE:mailto:ben@south.example")

# Files where we mean to differ from recurring-ical-events, and why.
DIFFERENT = {
    "schedule-unstable.ics": "a bare date with a TZID is an all-day event, not midnight",
    "google_aus_holidays.ics": "a bare date with a TZID is an all-day event, not midnight",
    "japan_west.ics": "a bare date with a TZID is an all-day event, not midnight",
    "classify.ics": "one UID in several VCALENDARs is one meeting, its highest SEQUENCE counts",
    "issue_526_calendar_with_different_events.ics": "an unknown TZID is refused, not floating",
    "issue_526_calendar_with_event_subset.ics": "an unknown TZID is refused, not floating",
    "issue_526_calendar_with_events.ics": "an unknown TZID is refused, not floating",
    "issue_526_calendar_with_shuffeled_events.ics": "an unknown TZID is refused, not floating",
    "end_before_start_event.ics": "an end before the start is refused, not swapped",
    "issue_132_swapped_start_and_end.ics": "an end before the start is refused, not swapped",
    "issue_201_test_matrix.ics": "a floating start beside a UTC end floats still",
}


def calendar(*events: tuple[str, ...], header: tuple[str, ...] = ()) -> bytes:
    lines = ["BEGIN:VCALENDAR", *header]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def event(uid: str, *lines: str) -> tuple[str, ...]:
    return (f"UID:{uid}", *PEOPLE, *lines)


def whole(folder: Path, data: bytes, options: Options = YEAR) -> Batch:
    """The file as one batch."""
    path = folder / "calendar.ics"
    path.write_bytes(data)
    return together(list(reader.read(path, options)))


def together(batches: list[Batch]) -> Batch:
    return Batch(
        events=pl.concat([batch.events for batch in batches]),
        participations=pl.concat([batch.participations for batch in batches]),
        rejects=pl.concat([batch.rejects for batch in batches]),
        records=sum(batch.records for batch in batches),
        skipped=sum(batch.skipped for batch in batches),
        duplicates=sum(batch.duplicates for batch in batches),
    )


def starts(batch: Batch, *, cancelled: bool = False) -> list[str]:
    rows = batch.events.filter(pl.col("is_cancelled") == cancelled).sort("started_at")
    return rows["started_at"].dt.strftime("%m-%d %H:%M").to_list()


def reasons(batch: Batch) -> list[str]:
    return batch.rejects.sort("position")["reason"].to_list()


# --- golden files ------------------------------------------------------------------------------


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress])
def test_golden(tmp_path: Path, squeeze: type[bytes]) -> None:
    read = whole(tmp_path, squeeze((HERE / "meetings.ics").read_bytes()))
    for name, rows, schema, order in (
        ("events", read.events, RAW_EVENT, ["event_key"]),
        ("participations", read.participations, RAW_PARTICIPATION, ["event_key", "address"]),
        ("rejects", read.rejects, RAW_REJECT, ["position"]),
    ):
        assert rows.schema == pl.Schema(schema), name
        written = rows.sort(order).write_csv()
        assert written == (HERE / f"{name}.csv").read_text(), name
    assert (read.records, read.skipped, read.duplicates) == (23, 5, 2)


def test_nothing_but_the_named_fields_leaves_the_reader(tmp_path: Path) -> None:
    secret = ("SUMMARY:Xyzzy", "DESCRIPTION:Xyzzy", "LOCATION:Xyzzy", "ATTACH:http://Xyzzy/",
              "RRULE:FREQ=Xyzzy", "X-ALT-DESC:Xyzzy")  # fmt: skip
    read = whole(
        tmp_path,
        calendar(
            event("a", "DTSTART:20250301T100000Z", *secret[:4], secret[5]),
            event("b", "DTSTART:20250301T100000Z", *secret),
            event("c", "DTSTART:Xyzzy"),
        ),
    )
    assert read.events.height == 1
    assert read.rejects.height == 2
    for rows in (read.events, read.participations, read.rejects):
        assert "xyzzy" not in rows.write_csv().lower()


# --- traps -------------------------------------------------------------------------------------


ACCENTS = calendar(
    ("UID:é€", "ORGANIZER:mailto:renée@north.example", PEOPLE[1], "DTSTART:20250301T100000Z")
)


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_character_sets_and_line_ends(tmp_path: Path, charset: str, newline: str) -> None:
    data = ACCENTS.decode().replace("\r\n", newline).encode(charset)
    read = whole(tmp_path, data)
    assert read.events["event_key"].to_list() == ["meeting:é€|"]
    assert read.events["initiator"].to_list() == ["renée@north.example"]


def test_a_fold_may_split_a_character_or_a_name(tmp_path: Path) -> None:
    data = ACCENTS.replace("é€".encode(), b"\xc3\r\n \xa9\xe2\r\n\t\x82\xac")
    data = data.replace(b"UID:", b"UID\r\n :").replace(b"DTSTART:", b"DTSTART\r\n :")
    assert whole(tmp_path, data).events["event_key"].to_list() == ["meeting:é€|"]


@pytest.mark.parametrize(
    "data", [b"", b"Subject,Start Date\r\n", b"\x1f\x8bbroken", b"PK\x03\x04", b"BEGIN:VCARD\r\n"]
)
def test_what_is_no_calendar_is_refused_as_a_whole(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match=r"calendar\.ics: .*export"):
        whole(tmp_path, data)
    assert reader.sniff(Path("export.csv"), data) == 0


def test_sniff() -> None:
    assert reader.sniff(Path("x"), ACCENTS) == 1
    assert reader.sniff(Path("x"), ACCENTS.decode().encode("utf-16-le")) == 1


def test_a_broken_event_is_one_reject_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = event("good", "DTSTART:20250301T100000Z")
    data = calendar(event("bad", "DTSTART:2025-03-01"), good).replace(
        b"END:VCALENDAR", b"BEGIN:VEVENT\r\nUID:open\r\nEND:VCALENDAR"
    )
    read = whole(tmp_path, data)
    assert read.events.height == 1
    assert read.rejects.sort("position").rows() == [
        (2, "line", "has a time that cannot be read"),
        (14, "line", "has no END:VEVENT"),
    ]
    assert (read.records, read.skipped) == (3, 0)


def test_revision_puts_override_before_sequence_before_stamp(tmp_path: Path) -> None:
    def revision(*lines: str) -> int:
        read = whole(tmp_path, calendar(event("a", "DTSTART:20250301T100000Z", *lines)))
        return int(read.events["revision"].item())

    override = "RECURRENCE-ID:20250301T100000Z"
    versions = [
        revision(),
        revision("DTSTAMP:20250101T000000Z"),
        revision("DTSTAMP:20250101T000001Z"),
        revision("DTSTAMP:20250101T000001Z", "LAST-MODIFIED:20250101T000002Z"),
        revision("DTSTAMP:20250101T000003Z", "LAST-MODIFIED:20250101T000000Z"),
        revision("SEQUENCE:1"),
        revision("SEQUENCE:1", "DTSTAMP:20250101T000000Z"),
        revision("SEQUENCE:99999999999", "DTSTAMP:99990101T000000Z"),
        revision(override),
        revision(override, "SEQUENCE:1"),
    ]
    assert versions == sorted(set(versions))
    assert versions[-1] < 2**63


def test_daylight_saving_keeps_the_hour_on_the_wall(tmp_path: Path) -> None:
    series = event("a", "DTSTART;TZID=Europe/Amsterdam:20250324T090000", "DURATION:PT1H",
                   "RRULE:FREQ=WEEKLY;COUNT=2")  # fmt: skip
    assert starts(whole(tmp_path, calendar(series))) == ["03-24 08:00", "03-31 07:00"]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("20250303T010000Z", 3),  # in UTC, as it should be: included
        ("20250303T005959Z", 2),
        ("20250302T200000", 3),  # without Z: on the wall clock of New York
        ("20250302T195959", 2),
        ("20250302", 2),  # a date is its midnight, as most programs have it
        ("20250303", 3),
        ("20250101", 0),  # before the start
    ],
)
def test_until(tmp_path: Path, until: str, expected: int) -> None:
    series = event("a", "DTSTART;TZID=America/New_York:20250228T200000",
                   f"RRULE:FREQ=DAILY;UNTIL={until}")  # fmt: skip
    data = calendar(series)
    assert len(starts(whole(tmp_path, data))) == expected
    if until.endswith("Z"):  # recurring-ical-events takes every other form for UTC
        assert set(reader.occurrences(data, YEAR)) == oracle(data, YEAR)


def test_rdate_adds_dates_and_periods(tmp_path: Path) -> None:
    series = event("a", "DTSTART:20250301T100000Z", "DTEND:20250301T110000Z",
                   "RDATE:20250302T100000Z", "RDATE;VALUE=PERIOD:20250303T100000Z/PT3H,"
                   "20250304T100000Z/20250304T103000Z")  # fmt: skip
    read = whole(tmp_path, calendar(series))
    lengths = read.events.select(pl.col("ended_at") - pl.col("started_at")).to_series().to_list()
    assert starts(read) == ["03-01 10:00", "03-02 10:00", "03-03 10:00", "03-04 10:00"]
    assert lengths == [timedelta(hours=hours) for hours in (1, 1, 3, 0.5)]


def test_this_and_future_moves_what_follows(tmp_path: Path) -> None:
    data = calendar(
        event("a", "DTSTART:20250301T100000Z", "DTEND:20250301T110000Z",
              "RRULE:FREQ=DAILY;COUNT=4"),
        event("a", "RECURRENCE-ID;RANGE=THISANDFUTURE:20250302T100000Z",
              "DTSTART:20250302T120000Z", "DTEND:20250302T123000Z"),
    )  # fmt: skip
    read = whole(tmp_path, data)
    assert starts(read) == ["03-01 10:00", "03-02 12:00", "03-03 12:00", "03-04 12:00"]
    assert read.events.sort("started_at")["event_key"].to_list()[3] == "meeting:a|20250304T100000Z"
    assert set(reader.occurrences(data, YEAR)) == oracle(data, YEAR)


@pytest.mark.parametrize("name", ["tzone://Microsoft/Utc", '"tzone://Microsoft/Utc"'])
def test_a_zone_of_exchange_with_or_without_quotes(tmp_path: Path, name: str) -> None:
    data = calendar(
        event("a", f"DTSTART;TZID={name}:20250302T100000", "RRULE:FREQ=DAILY;COUNT=3",
              f"EXDATE;TZID={name}:20250303T100000,20250304T100000"),
    )  # fmt: skip
    read = whole(tmp_path, data)
    assert read.rejects.is_empty()
    assert starts(read) == ["03-02 10:00"]


@pytest.mark.parametrize(
    "mark",
    [
        "EXDATE;TZID=Europe/Amsterdam:20250302T100000",
        "EXDATE:20250302T090000Z",
        "EXDATE;VALUE=DATE:20250302",
        "EXDATE:20250302T100000",  # floats
    ],
)
def test_an_exdate_is_a_tombstone_and_stronger_than_an_override(tmp_path: Path, mark: str) -> None:
    zoned = ";TZID=Europe/Amsterdam:"
    series = event("a", f"DTSTART{zoned}20250301T100000", "RRULE:FREQ=DAILY;COUNT=3", mark)
    override = event("a", "RECURRENCE-ID:20250302T090000Z", f"DTSTART{zoned}20250302T110000")
    for data in (calendar(series), calendar(series, override)):
        read = whole(tmp_path, data)
        gone = read.events.filter("is_cancelled")
        assert starts(read) == ["03-01 09:00", "03-03 09:00"]
        assert gone["event_key"].to_list() == ["meeting:a|20250302T090000Z"]
        assert read.events["event_key"].is_unique().all()
    assert gone["revision"].item() >= 1 << 60  # beats the same override in another file


def test_a_guest_who_takes_a_day_out_does_not_call_it_off(tmp_path: Path) -> None:
    series = event("a", "DTSTART:20250301T100000Z", "DTSTAMP:20250201T000000Z",
                   "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20250302T100000Z")  # fmt: skip
    for owner, is_off in (
        ("ben@south.example", False),
        ("ada@north.example", True),
        ("cleo@south.example", True),  # not invited by this address: nobody knows
        ("Holidays", True),
    ):
        read = whole(tmp_path, calendar(series, header=(f"X-WR-CALNAME:{owner}",)))
        assert bool(read.events.filter("is_cancelled")["revision"].item()) == is_off


def test_a_series_without_end_is_followed_to_the_horizon(tmp_path: Path) -> None:
    """Of what its rule gives; what the file tells one by one goes on."""
    near = replace(YEAR, horizon=datetime(2025, 3, 4, tzinfo=UTC))
    series = event("a", "DTSTART:20250301T100000Z", "RRULE:FREQ=DAILY", "EXDATE:20250305T100000Z")
    apart = event("a", "RECURRENCE-ID:20250309T100000Z", "DTSTART:20250309T120000Z")
    shift = event("a", "RECURRENCE-ID;RANGE=THISANDFUTURE:20250302T100000Z",
                  "DTSTART:20250303T090000Z")  # fmt: skip
    single = event("b", "DTSTART:20250401T100000Z")
    read = whole(tmp_path, calendar(series, apart, single), near)
    assert starts(read) == [
        "03-01 10:00",
        "03-02 10:00",
        "03-03 10:00",
        "03-09 12:00",
        "04-01 10:00",
    ]
    assert starts(read, cancelled=True) == []
    assert (read.records, read.skipped) == (3, 0)
    shifted = whole(tmp_path, calendar(series, shift), near)
    assert starts(shifted) == ["03-01 10:00", "03-03 09:00"]
    beyond = whole(
        tmp_path, calendar(series), replace(near, until=datetime(2025, 3, 3, tzinfo=UTC))
    )
    assert starts(beyond) == ["03-01 10:00", "03-02 10:00"]


def test_an_override_may_move_into_the_window_or_out(tmp_path: Path) -> None:
    series = event("a", "DTSTART:20241230T100000Z", "RRULE:FREQ=DAILY;COUNT=4")
    inward = event("a", "RECURRENCE-ID:20241231T100000Z", "DTSTART:20250105T100000Z")
    outward = event("a", "RECURRENCE-ID:20250102T100000Z", "DTSTART:20241201T100000Z")
    read = whole(tmp_path, calendar(series, inward, outward))
    assert starts(read) == ["01-01 10:00", "01-05 10:00"]
    assert (read.records, read.skipped) == (3, 1)


def test_an_override_without_its_series_belongs_to_the_series(tmp_path: Path) -> None:
    lone = event("a", "RECURRENCE-ID;TZID=Europe/Amsterdam:20250301T100000",
                 "DTSTART:20250301T120000Z")  # fmt: skip
    row = whole(tmp_path, calendar(lone)).events.row(0, named=True)
    assert row["event_key"] == "meeting:a|20250301T090000Z"
    assert row["container_key"] == "series:a"


def test_a_cancelled_series_is_cancelled_day_by_day(tmp_path: Path) -> None:
    series = event("a", "DTSTART:20250301T100000Z", "RRULE:FREQ=DAILY;COUNT=3")
    for data in (
        calendar((*series, "STATUS:CANCELLED")),
        calendar(series, header=("METHOD:CANCEL",)),
    ):
        read = whole(tmp_path, data)
        assert len(starts(read, cancelled=True)) == 3
        assert read.participations.is_empty()


def test_own_copy_and_addresses(tmp_path: Path) -> None:
    lines = (
        "UID:a", "DTSTART:20250301T100000Z", "ORGANIZER:mailto:shared@group.calendar.google.com",
        "ATTENDEE:MAILTO: Ada@North.example ", "ATTENDEE:mailto:ada@north.example",
        'ATTENDEE;CN="broken:mailto:ben@south.example', "ATTENDEE:cleo@south.example",
        "attendee;role=opt-participant;partstat=declined:mailto:dirk@east.example",
        "ATTENDEE:mailto:", "ATTENDEE:invalid:nomail",
    )  # fmt: skip
    for header, own in (
        ("X-WR-RELCALID:BEN@south.example", ["ben@south.example"]),
        ("X-WR-CALNAME:Holidays", []),
        ('X-OWNER;CN="Ben Dale":mailto:BEN@south.example', ["ben@south.example"]),
        ("METHOD:REPLY", [f"{name}.example" for name in
                          ("ada@north", "ben@south", "cleo@south", "dirk@east")]),
    ):  # fmt: skip
        read = whole(tmp_path, calendar(lines, header=(header,)))
        people = read.participations.sort("address")
        assert read.events["initiator"].to_list() == [None]
        assert people["address"].to_list() == [
            "ada@north.example", "ben@south.example", "cleo@south.example", "dirk@east.example",
        ]  # fmt: skip
        assert people["role"].to_list() == ["required", "required", "required", "optional"]
        assert people["response"].to_list() == ["none", "none", "none", "declined"]
        assert people.filter("is_own")["address"].to_list() == own


HOSTILE = [
    "FREQ=SECONDLY", "FREQ=SECONDLY;BYSETPOS=5", "FREQ=MINUTELY;BYMONTHDAY=31;BYMONTH=2",
    "FREQ=DAILY;COUNT=999999999", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYWEEKNO=54",
    "FREQ=SECONDLY;INTERVAL=7;BYHOUR=3;BYMINUTE=61", "FREQ=WEEKLY;INTERVAL=0", "FREQ=DAILY;COUNT=",
    "FREQ=WEEKLY;INTERVAL=99999999999999", "FREQ=YEARLY;BYDAY=+99MO", "FREQ=MONTHLY;BYDAY=0MO",
    "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;BYMINUTE=" + ",".join(map(str, range(60)))
    + ";BYSECOND=" + ",".join(map(str, range(60))),
    "FREQ=YEARLY;BYHOUR=" + ",".join(map(str, range(24)))
    + ";BYMINUTE=" + ",".join(map(str, range(60))) + ";BYSECOND=" + ",".join(map(str, range(60)))
    + ";BYYEARDAY=" + ",".join(map(str, range(1, 367))),
    "FREQ=FORTNIGHTLY", "COUNT=3", "", "FREQ=DAILY;UNTIL=tomorrow", "FREQ=DAILY;BYDAY=XX",
    "FREQ=DAILY;COUNT=" + "9" * 5000, "FREQ=SECONDLY;COUNT=999999999;BYSETPOS=-366",
    "FREQ=YEARLY;BYSETPOS=" + ",".join(map(str, range(1, 367))) + ";BYDAY=MO,TU,WE,TH,FR,SA,SU",
]  # fmt: skip


@pytest.mark.parametrize("rule", HOSTILE)
def test_no_rule_hangs_or_floods(tmp_path: Path, rule: str) -> None:
    began = time.process_time()
    data = calendar(
        event("a", "DTSTART:19900101T100000Z", f"RRULE:{rule}"),
        event("good", "DTSTART:20250301T100000Z"),
    )
    read = whole(tmp_path, data, Options())
    assert time.process_time() - began < 5
    assert read.events.height <= 41_001
    assert "meeting:good|" in read.events["event_key"].to_list()
    assert len(set(reasons(read))) <= 1


def test_a_long_series_comes_in_several_batches_and_no_row_twice(tmp_path: Path) -> None:
    crowd = [f"ATTENDEE:mailto:p{number}@south.example" for number in range(40)]
    path = tmp_path / "calendar.ics"
    path.write_bytes(calendar(event("a", *crowd, "DTSTART:19900101T100000Z", "RRULE:FREQ=DAILY")))
    batches = list(reader.read(path, WIDE))
    read = together(batches)
    assert len(batches) > 5
    assert all(batch.participations.height < BATCH_ROWS + 100 for batch in batches)
    assert read.events.height == (WIDE.until - WIDE.since).days
    assert read.participations.height == 42 * read.events.height
    assert read.participations.select("event_key", "address").is_unique().all()
    assert (read.records, read.skipped) == (1, 0)
    for batch in batches:
        assert set(batch.participations["event_key"]) == set(batch.events["event_key"])


def test_a_rule_far_from_the_window_is_as_fast_and_in_step(tmp_path: Path) -> None:
    data = calendar(
        event("a", "DTSTART;TZID=Europe/Amsterdam:19910103T093000",
              "RRULE:FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,TH;WKST=SU"),
        event("b", "DTSTART;TZID=Europe/Amsterdam:20240103T003000", "RRULE:FREQ=HOURLY;INTERVAL=7"),
        event("c", "DTSTART:20100131T093000", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1,31;INTERVAL=5"),
    )  # fmt: skip
    found = reader.occurrences(data, YEAR)
    assert len(found) > 1000
    assert set(found) == oracle(data, YEAR)
    read = whole(tmp_path, data)
    assert read.events["event_key"].is_unique().all()


def test_a_zone_that_the_calendar_defines_may_not_hang(tmp_path: Path) -> None:
    zone = ("BEGIN:VTIMEZONE", "TZID:Odd", "BEGIN:STANDARD", "DTSTART:16010101T000000",
            "RRULE:FREQ=SECONDLY", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100", "END:STANDARD",
            "END:VTIMEZONE")  # fmt: skip
    data = calendar(event("a", "DTSTART;TZID=Odd:20250301T100000"), header=zone)
    assert reasons(whole(tmp_path, data)) == ["has a time zone that is not known"]


# --- invariants --------------------------------------------------------------------------------

DAYS = st.sampled_from(["20250303", "20250310", "20250317", "20250330"])
RECORD = st.builds(
    lambda uid, day, hour, sequence, stamp, extra, rid: event(
        uid,
        f"DTSTART;TZID=Europe/Amsterdam:{day}T{hour:02}0000",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:2025010{stamp}T000000Z",
        extra,
        *rid,
    ),
    st.sampled_from("ab"),
    DAYS,
    st.integers(0, 23),
    st.integers(0, 2),
    st.integers(1, 2),
    st.sampled_from([
        "X-A:1", "STATUS:CANCELLED", "TRANSP:TRANSPARENT", "RRULE:FREQ=WEEKLY;COUNT=5",
        "RRULE:FREQ=DAILY;UNTIL=20250401", "EXDATE;TZID=Europe/Amsterdam:20250310T100000",
        "ATTENDEE:mailto:cleo@south.example",
    ]),
    st.one_of(
        st.just(()),
        st.builds(lambda day, hour: (f"RECURRENCE-ID;TZID=Europe/Amsterdam:{day}T{hour:02}0000",),
                  DAYS, st.integers(9, 11)),
        st.builds(lambda day: (f"RECURRENCE-ID;RANGE=THISANDFUTURE:{day}T090000Z",), DAYS),
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(RECORD, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, ...]], rng: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("shuffled")
    first = whole(folder, calendar(*records))
    rng.shuffle(records)
    second = whole(folder, calendar(*records))
    columns = [name for name in RAW_EVENT if name != "position"]
    assert_frame_equal(
        first.events.select(columns), second.events.select(columns), check_row_order=False
    )
    assert_frame_equal(first.participations, second.participations, check_row_order=False)
    assert (first.records, first.skipped, first.duplicates) == (
        second.records, second.skipped, second.duplicates,
    )  # fmt: skip
    for key in (["event_key"], ["event_key", "address"]):
        rows = first.events if len(key) == 1 else first.participations
        assert rows.select(key).is_unique().all()
    named = first.events["position"].n_unique()
    assert first.records == named + first.skipped + first.duplicates + first.rejects.height


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_crashes_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole_file = (HERE / "meetings.ics").read_bytes()
    start = data.draw(st.integers(0, len(whole_file) - 1))
    length = data.draw(st.integers(0, 200))
    damage = data.draw(st.one_of(st.binary(max_size=20), st.text(max_size=20).map(str.encode)))
    damaged = whole_file[:start] + damage + whole_file[start + length :]
    assume(not damaged.startswith((b"\x1f\x8b", b"PK")))  # a damaged archive: refused as a whole
    if b"BEGIN:VCALENDAR" in damaged:
        until = datetime(2025, 7, 4, tzinfo=UTC)  # before the endless series
        read = whole(tmp_path_factory.getbasetemp(), damaged, replace(YEAR, until=until))
        assert read.records >= read.skipped + read.duplicates + read.rejects.height
        assert read.events["event_key"].is_unique().all()


# --- real calendars ----------------------------------------------------------------------------


def oracle(data: bytes, options: Options) -> set[tuple[str, datetime]]:
    """(UID, start in UTC) of timed occurrences, as recurring-ical-events sees them."""
    tzp.use_zoneinfo()  # forgets the zones that earlier files defined
    found = set()
    day = timedelta(days=40)
    for one in icalendar.Calendar.from_ical(data, multiple=True):
        query = recurring_ical_events.of(one, keep_recurrence_attributes=True)
        for occurrence in query._occurrences_between(options.since - day, options.until + day):
            component = occurrence._adapter._component
            start = occurrence.start
            is_timed = all(isinstance(at, datetime) for at in (start, component["DTSTART"].dt))
            if not is_timed or "UID" not in component:  # without a UID it is a reject
                continue
            home = start.tzinfo or options.time_zone
            moment = start.replace(tzinfo=home).astimezone(UTC)
            if options.since <= moment < options.until:
                found.add((str(component["UID"]).strip(), moment))
    return found


@pytest.mark.slow
def test_every_fixture_calendar_is_read_and_agrees(shared_data: Path, tmp_path: Path) -> None:
    paths = sorted((shared_data / "ics").rglob("*.ics"))
    assert len(paths) > 1500
    compared = instances = 0
    disagree: dict[str, str] = {}
    for path in paths:
        data = path.read_bytes()
        began = time.process_time()
        try:
            read = together(list(reader.read(path, WIDE)))
        except UnreadableFileError:
            assert b"BEGIN:VEVENT" not in data, path
            continue
        assert time.process_time() - began < 5, path
        assert read.events["event_key"].is_unique().all(), path
        named = read.events["position"].n_unique()
        told = named + read.skipped + read.duplicates + read.rejects.height
        assert read.records == told, path
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = oracle(data, WIDE)
            except (AttributeError, KeyError, TypeError, ValueError):
                continue  # the library does not read it
        compared += 1
        instances += len(expected)
        if set(reader.occurrences(data, WIDE)) != expected:
            disagree[path.name] = str(path)
    assert compared > 1500
    assert instances > 50_000
    assert disagree.keys() == DIFFERENT.keys(), disagree


def test_plenaries_are_all_there(shared_data: Path) -> None:
    path = shared_data / "tc39" / "plenaries.ics"
    lines = path.read_text().replace("\n ", "").splitlines()
    read = together(list(reader.read(path, Options())))
    people = [
        {
            line.rpartition("mailto:")[2].lower()
            for line in block.splitlines()
            if line.startswith("ATTENDEE")
        }
        for block in "\n".join(lines).split("BEGIN:VEVENT")[1:]
    ]
    assert len(people) == read.records == 261
    assert read.events.height == sum(len(one) > 1 for one in people) == 261 - read.skipped
    assert read.participations.height == sum(len(one) for one in people if len(one) > 1)
    assert read.rejects.is_empty()
