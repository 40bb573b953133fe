"""The Outlook CSV reader against its golden files, its traps, and stdlib csv."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.outlook_csv import SOURCE, meeting_key

HERE = Path(__file__).parent
HEADER = (
    "Subject", "Start Date", "Start Time", "End Date", "End Time", "All day event",
    "Meeting Organizer", "Required Attendees", "Optional Attendees", "Meeting Resources",
    "Show time as",
)  # fmt: skip


def write(folder: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Path:
    path = folder / "calendar.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def row(day: str, clock: str = "9:00:00 AM", **more: str) -> tuple[str, ...]:
    told = {
        "Subject": "SECRET", "Start Date": day, "Start Time": clock, "All day event": "False",
        "Meeting Organizer": "Ada Brook", "Required Attendees": "Ben Dale", "Show time as": "2",
    } | more  # fmt: skip
    return tuple(told.get(name, "") for name in HEADER)


def starts(folder: Path, *rows: tuple[str, ...]) -> list[str]:
    batch: Batch = whole(SOURCE, write(folder, *rows))
    assert batch.rejects.is_empty()
    return [f"{at:%m-%d %H:%M}" for at in batch.events["started_at"]]


def test_golden_files() -> None:
    english = whole(SOURCE, HERE / "calendar.csv")
    assert_golden(english, HERE, "calendar.")
    assert (english.records, english.skipped, english.duplicates) == (12, 5, 1)
    dutch = whole(SOURCE, HERE / "agenda.csv")
    assert_golden(dutch, HERE, "agenda.")
    assert (dutch.records, dutch.skipped, dutch.duplicates) == (4, 2, 0)


def test_rows_agree_with_stdlib_csv() -> None:
    for name, encoding, sign in (("calendar", "utf-8-sig", ","), ("agenda", "cp1252", ";")):
        with (HERE / f"{name}.csv").open(encoding=encoding, newline="") as file:
            rows = list(csv.DictReader(file, delimiter=sign))
        batch = whole(SOURCE, HERE / f"{name}.csv")
        assert batch.records == len(rows)
        told = batch.events["position"].n_unique() + batch.skipped + batch.duplicates
        assert batch.records == told + batch.rejects.height


def test_no_text_leaves_the_reader() -> None:
    for name in ("calendar", "agenda"):
        batch = whole(SOURCE, HERE / f"{name}.csv")
        for rows in (batch.events, batch.participations, batch.rejects):
            assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_every_encoding_gives_the_same(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "calendar.csv.gz"
    text = (HERE / "calendar.csv").read_bytes().decode("utf-8-sig")
    path.write_bytes(gzip.compress(text.encode(encoding)))
    assert SOURCE.sniff(path, text.encode(encoding)) > 0.9
    assert_golden(whole(SOURCE, path), HERE, "calendar.")


def test_the_same_meeting_in_two_languages_has_one_key() -> None:
    english = whole(SOURCE, HERE / "calendar.csv").events["event_key"]
    dutch = whole(SOURCE, HERE / "agenda.csv").events["event_key"]
    assert english[0] == dutch[0]
    assert english[0].startswith("meeting:~")


def test_the_file_tells_whether_the_month_comes_first(tmp_path: Path) -> None:
    assert starts(tmp_path, row("3/2/2026"), row("3/13/2026")) == ["03-02 08:00", "03-13 08:00"]
    assert starts(tmp_path, row("3/2/2026", "09:00:00"), row("13/2/2026", "09:00:00")) == [
        "02-03 08:00", "02-13 08:00",
    ]  # fmt: skip
    assert starts(tmp_path, row("3-2-2026", "09:00:00")) == ["02-03 08:00"]
    assert starts(tmp_path, row("3.2.2026", "9.00")) == ["02-03 08:00"]
    assert starts(tmp_path, row("2026-02-03", "09:00")) == ["02-03 08:00"]


@pytest.mark.parametrize("day", ["13-02-26", "13.2.26", "13/02/26", "2/13/26"])
def test_years_of_two_digits(tmp_path: Path, day: str) -> None:
    batch = whole(SOURCE, write(tmp_path, row(day)))
    assert batch.events["started_at"].to_list() == [datetime(2026, 2, 13, 8, tzinfo=UTC)]


def test_dates_that_could_be_either_follow_the_clock(tmp_path: Path) -> None:
    assert starts(tmp_path, row("3/2/2026")) == ["03-02 08:00"]  # with AM: an American file
    assert starts(tmp_path, row("3/2/2026", "09:00:00")) == ["02-03 08:00"]


@pytest.mark.parametrize(
    ("clock", "hour"),
    [("12:00:00 AM", 23), ("12:30:00 PM", 11), ("1:00 pm", 12), ("9:00:00\u202fAM", 8)],
)
def test_clocks(tmp_path: Path, clock: str, hour: int) -> None:
    batch = whole(SOURCE, write(tmp_path, row("3/13/2026", clock)))
    assert [at.hour for at in batch.events["started_at"]] == [hour]


def test_people(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        row("3/13/2026", **{
            "Meeting Organizer": "Brook, Ada",
            "Required Attendees": "brook,  ada; Ben Dale <BEN@south.example>;; 'cleo@south.example' ;Room 4",
            "Optional Attendees": "Ben@South.example;Eva\tHolm",
            "Meeting Resources": "Room 4",
        }),
    )  # fmt: skip
    people = whole(SOURCE, path).participations.select("address", "role", "response").rows()
    assert people == [
        ("name:brook, ada", "organiser", "accepted"),
        ("ben@south.example", "required", "none"),
        ("cleo@south.example", "required", "none"),
        ("name:eva holm", "optional", "none"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"All day event": "WAAR"}, {"Show time as": "3"}, {"Show time as": "Vrij"},
        {"Subject": "Geannuleerd: x"}, {"Subject": "Canceled: x"},
        {"Required Attendees": ""}, {"Required Attendees": "ada brook"},
    ],
)  # fmt: skip
def test_what_is_no_meeting_is_skipped(tmp_path: Path, more: dict[str, str]) -> None:
    batch = whole(SOURCE, write(tmp_path, row("3/13/2026", **more)))
    assert (batch.events.height, batch.skipped, batch.rejects.height) == (0, 1, 0)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, header=("Subject", "Start Date", "Start Time", "Meeting Organizers"))
    assert SOURCE.sniff(path, path.read_bytes()) == 0
    with pytest.raises(UnreadableFileError, match=r"no column 'Meeting Organizer'; did you mean"):
        whole(SOURCE, path)


def test_window(tmp_path: Path) -> None:
    path = write(tmp_path, row("3/13/2026"), row("3/14/2026"))
    batch = whole(SOURCE, path, Options(since=datetime(2026, 3, 14, tzinfo=UTC)))
    assert (batch.events.height, batch.skipped) == (1, 1)


def test_a_file_with_a_header_alone(tmp_path: Path) -> None:
    batch = whole(SOURCE, write(tmp_path))
    assert (batch.records, batch.events.height) == (0, 0)


@given(st.lists(st.text(min_size=1), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_attendees_does_not_matter(people: list[str], rng: object) -> None:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    shuffled = sorted([*people, "name:a"], key=lambda _: rng.random())  # type: ignore[attr-defined]
    assert meeting_key("name:a", start, people) == meeting_key("name:a", start, shuffled)
    assert meeting_key("name:b", start, people) != meeting_key("name:a", start, [*people, "name:b"])


@given(
    rows=st.lists(
        st.lists(
            st.text(max_size=6) | st.sampled_from(["3/2/2026", "13-2-2026", "9:00:00 AM", "a;b"]),
            max_size=12,
        ),
        max_size=4,
    )
)
def test_whatever_rows_come_every_one_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    clean = [tuple(cell.replace('"', "").replace("\0", "") for cell in one) for one in rows]
    path = write(tmp_path_factory.mktemp("any"), row("3/13/2026"), *clean)
    batch = whole(SOURCE, path)
    told = batch.events["position"].n_unique() + batch.skipped + batch.duplicates
    assert batch.records == told + batch.rejects.height
