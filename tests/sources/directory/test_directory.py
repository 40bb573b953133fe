"""The directory reader against its golden file, its traps, and csv on a real directory."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from transforms.sources.base import RAW_REJECT, UnreadableFileError
from transforms.sources.directory import MEMBERS, Directory, looks_like_directory, read_directory

HERE = Path(__file__).parent
BOUNDARIES = ("organisation", "team", "sector")


def told(folder: Path, text: str, encoding: str = "utf-8", *boundaries: str) -> Directory:
    path = folder / "people.csv"
    path.write_bytes(text.encode(encoding))
    return read_directory(path, boundaries or ("organisation",))


def assert_golden(directory: Directory) -> None:
    members = pl.read_csv(HERE / "members.csv", schema=dict(MEMBERS), try_parse_dates=True)
    aliases = pl.read_csv(HERE / "aliases.csv")
    rejects = pl.read_csv(HERE / "rejects.csv", schema=dict(RAW_REJECT))
    assert_frame_equal(directory.members, members, check_row_order=False)
    assert_frame_equal(directory.aliases, aliases, check_row_order=False)
    assert_frame_equal(directory.rejects, rejects, check_row_order=False)
    assert directory.records == 12


def test_golden_directory() -> None:
    directory = read_directory(HERE / "people.csv", BOUNDARIES)
    assert_golden(directory)
    for rows in (directory.members, directory.aliases, directory.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_character_set(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = f"{mark}email,organisatie\nzoë@north.example,Coöperatie € één\n"
    directory = told(tmp_path, text, encoding)
    assert directory.members.select("address", "unit").rows() == [
        ("zoë@north.example", "Coöperatie € één")
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "header",
    [
        ("email", "organisation", "valid_from"),
        ("E-Mail", " Organization ", "From"),
        ("e-mailadres", "Organisatie", "geldig van"),
        ("MAILADRES", "ORGANISATIE", "Vanaf"),
        ('"email"', '"organisation"', '"Valid, from"'),
    ],
)
def test_headers_and_separators(tmp_path: Path, separator: str, header: tuple[str, ...]) -> None:
    text = separator.join(header) + "\n" + separator.join(["A@x.example", "North", "1-2-2026"])
    assert told(tmp_path, f"\n{text}\n").members.row(0)[:5] == (
        "a@x.example", "organisation", "North", date(2026, 2, 1), None,
    )  # fmt: skip


def test_signs_for_no_address_are_nobody(tmp_path: Path) -> None:
    signs = ["-", "--", "?", "n.v.t.", "NVT", "n/a", "#N/A", "#N/B", "#VERW!", "NULL", "onbekend"]
    rows = [f"{sign},-,A" for sign in signs] + ["-,x@x.example,B", "na@x.example,#N/A,B"]
    directory = told(tmp_path, "\n".join(["email,mail,organisation", *rows]) + "\n")
    assert directory.members.select("address", "unit").rows() == [
        ("x@x.example", "B"), ("na@x.example", "B"),
    ]  # fmt: skip
    assert directory.aliases.is_empty()
    assert set(directory.rejects["reason"]) == {"no mail address"}
    assert directory.rejects.height == len(signs)


def test_a_boundary_of_its_own_name_comes_first(tmp_path: Path) -> None:
    text = "email,team,afdeling,regio\na@x.example,T,A,R\n"
    directory = told(tmp_path, text, "utf-8", "afdeling", "team", "Regio")
    assert directory.members.select("boundary", "unit").rows() == [
        ("afdeling", "A"), ("team", "T"), ("Regio", "R"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column of mail addresses; columns are: none"),
        (
            "emial,organisation\n",
            "no column of mail addresses; columns are: emial, organisation; did you mean 'emial'[?]",
        ),
        ("email,orgnisation\n", "no column for any boundary .*did you mean 'orgnisation'[?]"),
    ],
)
def test_a_header_that_will_not_do_says_so(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UnreadableFileError, match=rf"people\.csv: row 1: {words}"):
        told(tmp_path, text)


def test_an_open_quote_is_a_reject(tmp_path: Path) -> None:
    text = 'email,organisation\na@x.example,"North\nb@x.example,South\nc@x.example,East\n'
    directory = told(tmp_path, text)
    assert directory.rejects.rows() == [(2, "row", "a quote is opened and not closed")]


cells = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=8)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["a@x.example", "b@x.example", ""]) | cells,
            cells,
            st.sampled_from(["2026-01-01", "31-12-2025", ""]) | cells,
            st.sampled_from(["2026-01-01", "31/12/2025", ""]) | cells,
            st.sampled_from(["1", "0,5", "50%", "nan", "inf", "-1", ""]) | cells,
        ),
        max_size=12,
    )
)
def test_every_row_is_a_member_or_a_reject(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
            [("email", "organisation", "van", "tot", "deel"), *rows]
        )
    directory = read_directory(path, ["organisation"])
    assert directory.records == sum(any(map(str.strip, row)) for row in rows)
    refused, kept = set(directory.rejects["position"]), set(directory.members["position"])
    assert not refused & kept
    members = directory.members
    assert members.filter((pl.col("share") <= 0) | (pl.col("share") > 1)).is_empty()
    assert members.filter(pl.col("valid_to") < pl.col("valid_from")).is_empty()
    assert members.filter((pl.col("unit") == "") | (pl.col("address") == "")).is_empty()
    assert dict(members.schema) == dict(MEMBERS)


def test_real_directory_against_csv(shared_data: Path) -> None:
    path = shared_data / "tc39" / "directory.csv"
    directory = read_directory(path, ["organisation"])
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert directory.records == len(rows)
    assert directory.rejects.is_empty()
    assert directory.members.select("address", "unit", "valid_from", "valid_to").rows() == [
        (row["email"].lower(), row["organisation"], day(row["valid_from"]), day(row["valid_to"]))
        for row in rows
        if row["organisation"]
    ]


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def test_real_headers(shared_data: Path) -> None:
    folder = shared_data / "exports" / "directories"
    found = read_directory(folder / "hris-example.csv", ["team"])
    assert (found.records, found.members.height, found.rejects.height) == (4, 3, 1)
    assert found.members["valid_from"].null_count() == 0
    quoted = read_directory(folder / "hris-example-quotes.csv", ["team"])
    assert quoted.members["unit"].to_list() == [",,,"]


def test_what_looks_like_a_directory() -> None:
    assert looks_like_directory(["\ufeffE-mail", "Naam", "Organisatie"])
    assert not looks_like_directory(["item", "timestamp", "person"])
