"""The Teams attendance reader against its golden page, its traps and real reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources import graph_events
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.teams_attendance import SOURCE

HERE = Path(__file__).parent
PAGE = json.loads((HERE / "reports.json").read_text())
REPORTS = PAGE["value"]
ADA, BEN, CLEO = "ada@north.example", "ben@south.example", "cleo@south.example"
SERIES = f"040000008200E00074C5B7101A82E008{'0' * 63}7"  # as Exchange numbers it


def read(folder: Path, data: object) -> Batch:
    path = folder / "export.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return whole(SOURCE, path)


def test_golden_page() -> None:
    batch = whole(SOURCE, HERE / "reports.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (9, 2, 1)


@pytest.mark.parametrize(
    "data", [[PAGE], REPORTS, "\n".join(map(json.dumps, REPORTS)), json.dumps(PAGE, indent=1)]
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(read(tmp_path, data), HERE)


def test_one_report_and_parts_of_a_second(tmp_path: Path) -> None:
    report = REPORTS[0] | {"meetingStartDateTime": "2026-03-02T09:00:13.9451234Z"}
    batch = read(tmp_path, report)
    assert batch.events["started_at"].to_list() == [
        datetime(2026, 3, 2, 9, 0, 13, 945123, tzinfo=UTC)
    ]


def test_a_broken_line_is_one_reject(tmp_path: Path) -> None:
    batch = read(tmp_path, "\n".join([json.dumps(REPORTS[0]), "{", json.dumps(REPORTS[2])]))
    assert batch.rejects.rows() == [(2, "line", "no JSON: it is cut off, or longer than 256 MB")]
    assert batch.events.height == 2


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        read(tmp_path, "no json")


def test_presence_counts_in_the_calendar_event_that_a_report_names(tmp_path: Path) -> None:
    reports = whole(SOURCE, HERE / "reports.json").events
    calendar = whole(
        graph_events.SOURCE, HERE.parent / "graph_events" / "events.json",
        Options(until=datetime(2026, 5, 1, tzinfo=UTC)),
    ).events  # fmt: skip
    both = reports.join(calendar, on="event_key")
    assert both.height == 1
    assert both["revision"].item() > calendar["revision"].max()  # type: ignore[operator]
    assert both["container_key"].item() == both["container_key_right"].item()


def session(start: str, *addresses: str, uid: str = SERIES, **more: str) -> dict[str, object]:
    begun = datetime.fromisoformat(start)
    return {
        "id": start, "iCalUId": uid, "meetingStartDateTime": start,
        "meetingEndDateTime": (begun + timedelta(minutes=20)).isoformat(),
        "attendanceRecords": [
            {"emailAddress": address, "totalAttendanceInSeconds": 600,
             "role": "Organizer" if address == ADA else "Attendee"}
            for address in addresses
        ],
    } | more  # fmt: skip


def test_sessions_of_a_calendar_event_are_one_meeting(tmp_path: Path) -> None:
    """Whoever was in any of them was there, also alone, from the first start to the last end."""
    early = session("2026-03-02T08:58:00Z", BEN)
    late = session("2026-03-02T09:25:00Z", ADA, CLEO)
    for reports in ([early, late], [late, early], [late, early, early]):
        batch = read(tmp_path, reports)
        assert batch.events.select("event_key", "started_at", "ended_at", "initiator").rows() == [
            (f"meeting:{SERIES}|", datetime(2026, 3, 2, 8, 58, tzinfo=UTC),
             datetime(2026, 3, 2, 9, 45, tzinfo=UTC), ADA),
        ]  # fmt: skip
        assert sorted(batch.participations.select("address", "role").rows()) == [
            (ADA, "organiser"), (BEN, "required"), (CLEO, "required")
        ]  # fmt: skip
        assert batch.duplicates == len(reports) - 1


def test_a_series_is_not_folded_into_one_meeting(tmp_path: Path) -> None:
    days = [f"2026-03-{day:02}T09:00:00Z" for day in (2, 9, 16)]
    told = read(tmp_path, [session(day, ADA, BEN, originalStart=day) for day in days])
    assert told.events["container_key"].to_list() == [f"series:{SERIES}"] * 3

    of_days = [SERIES.replace("E00800000000", f"E00807EA03{day:02X}") for day in (2, 9, 16)]
    untold = read(
        tmp_path, [session(day, ADA, BEN, uid=uid) for day, uid in zip(days, of_days, strict=True)]
    )
    assert untold.events.is_empty()
    assert untold.rejects["reason"].unique().to_list() == [
        "names a day of a series (iCalUId); add its originalStart too"
    ]

    of_series = read(
        tmp_path, [*(session(day, ADA, BEN) for day in days), session("2026-03-09T09:30:00Z", CLEO)]
    )
    assert of_series.events["started_at"].to_list() == [datetime(2026, 3, 9, 9, tzinfo=UTC)]
    assert of_series.rejects["position"].to_list() == [1, 3]
    assert "if that is a series, add originalStart" in of_series.rejects["reason"][0]


def test_records_without_their_report_say_what_to_do(tmp_path: Path) -> None:
    batch = read(tmp_path, {"value": REPORTS[0]["attendanceRecords"]})
    assert batch.rejects.height == 6
    assert "fetch the report" in batch.rejects["reason"][0]


def test_window(tmp_path: Path) -> None:
    batch = whole(SOURCE, HERE / "reports.json", Options(since=datetime(2026, 4, 1, tzinfo=UTC)))
    assert (batch.events.height, batch.skipped) == (0, 7)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("2026-03-02T09:00Z"),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["id", "meetingStartDateTime", "meetingEndDateTime", "attendanceRecords",
                         "emailAddress", "role", "totalAttendanceInSeconds", "identity"]),
        inner, max_size=5,
    ),
    max_leaves=10,
)  # fmt: skip


@given(records=st.lists(json_values.filter(lambda value: not isinstance(value, list)), max_size=4))
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    batch = read(tmp_path_factory.mktemp("any"), [REPORTS[0], *records])
    told = batch.events["position"].n_unique() + batch.skipped + batch.duplicates
    assert batch.records == len(records) + 1 == told + batch.rejects.height


def test_real_reports_are_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "exports" / "api-samples").glob("*attendanceReport*.json"))
    assert len(paths) == 2
    for path in paths:
        assert SOURCE.sniff(path, path.read_bytes()) >= 0.9
        page = json.loads(path.read_text())
        reports = page.get("value", [page])
        present = [
            sum(r["totalAttendanceInSeconds"] > 0 for r in one["attendanceRecords"])
            for one in reports
        ]
        batch = whole(SOURCE, path)
        assert batch.records == len(reports)
        assert batch.events.height == sum(number > 1 for number in present)
        assert batch.skipped == len(reports) - batch.events.height
        assert batch.rejects.is_empty()
