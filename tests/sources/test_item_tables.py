"""What the readers of all tables of work items have in common."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import EVERYTHING, assert_golden, whole
from transforms.sources import SOURCES
from transforms.sources.base import UnreadableFileError
from transforms.sources.opening import SHORTENED
from transforms.sources.written_times import day_is_first, numbered, written_instants

HERE = Path(__file__).parent
TABLES = {
    "jira-csv": HERE / "jira_csv" / "issues.csv",
    "asana-csv": HERE / "asana_csv" / "tasks.csv",
    "linear-csv": HERE / "linear_csv" / "issues.csv",
    "azure-devops-csv": HERE / "azure_devops_csv" / "query.csv",
}
every_table = pytest.mark.parametrize("name", TABLES)


@every_table
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_encoding_gives_the_same(tmp_path: Path, name: str, encoding: str) -> None:
    data = TABLES[name].read_text(encoding="utf-8").encode(encoding)
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(data))
    assert SOURCES[name].sniff(path, data) > 0.9
    assert_golden(whole(SOURCES[name], path), TABLES[name].parent)


@every_table
@pytest.mark.parametrize("sign", [";", "\t"])
def test_every_separator_and_what_spreadsheets_write_above(
    tmp_path: Path, name: str, sign: str
) -> None:
    with TABLES[name].open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=sign).writerows(rows)
    assert_golden(whole(SOURCES[name], path), TABLES[name].parent)


@every_table
@pytest.mark.parametrize("number", ["1,20123E+15", "1.20123E+15", "1E+15"])
def test_numbers_that_a_spreadsheet_has_shortened_are_no_numbers(
    tmp_path: Path, name: str, number: str
) -> None:
    """All long numbers that begin alike are one then."""
    with TABLES[name].open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    at = header.index({"asana-csv": "Task ID", "jira-csv": "Issue id"}.get(name, "ID"))
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [header, *([*row[:at], number, *row[at + 1 :]] for row in rows if row)]
        )
    batch = whole(SOURCES[name], path)
    assert batch.events.is_empty()
    assert set(batch.rejects["reason"]) == {SHORTENED}
    assert batch.rejects.height == batch.records == len(rows)


@every_table
def test_headers_in_any_case_and_order(tmp_path: Path, name: str) -> None:
    with TABLES[name].open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        filled = [row + [""] * (len(header) - len(row)) for row in rows]
        wide = [(*reversed(row[: len(header)]), *row[len(header) :]) for row in filled]
        shown = [f" {cell.upper()} " for cell in reversed(header)]
        csv.writer(file).writerows([shown, *wide])
    found, told = whole(SOURCES[name], path), whole(SOURCES[name], TABLES[name])
    assert set(found.events["event_key"]) == set(told.events["event_key"])
    assert found.rejects.equals(told.rejects)


@every_table
def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("ID;Issue key;Task ID;Creatd\n1;A-1;1;2026-03-02\n")
    assert SOURCES[name].sniff(path, path.read_bytes()) == 0
    with pytest.raises(
        UnreadableFileError, match=r"^\S+table\.csv: no column '.+columns are: ID, "
    ):
        whole(SOURCES[name], path)


@every_table
def test_a_file_with_a_header_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(TABLES[name].read_text().split("\n")[0])
    batch = whole(SOURCES[name], path)
    assert (batch.records, batch.events.height) == (0, 0)


@every_table
def test_window(name: str) -> None:
    day = datetime(2026, 3, 5, tzinfo=UTC)
    early = whole(SOURCES[name], TABLES[name], replace(EVERYTHING, until=day))
    late = whole(SOURCES[name], TABLES[name], replace(EVERYTHING, since=day))
    keys = {*early.events["event_key"], *late.events["event_key"]}
    assert keys == {*whole(SOURCES[name], TABLES[name]).events["event_key"]}
    assert (late.events["started_at"] >= day).all()
    assert (early.events["started_at"] < day).all()


cells = st.text(max_size=6) | st.sampled_from(
    [
        "1",
        "3/2/2026",
        "13-2-2026 9:00",
        "02/Mar/26 9:00 AM;a;b",
        "a b <a@b.example>",
        "x;y;z;w",
        "46083",
    ]
)


@every_table
@settings(max_examples=40)
@given(rows=st.lists(st.lists(cells, max_size=40), max_size=4))
def test_whatever_rows_come_every_one_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, name: str, rows: list[list[str]]
) -> None:
    with TABLES[name].open(encoding="utf-8", newline="") as file:
        header, first, *_ = csv.reader(file)
    path = tmp_path_factory.mktemp("any") / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        clean = [[cell.replace("\0", "") for cell in row] for row in rows]
        csv.writer(file).writerows([header, first, *clean])
    batch = whole(SOURCES[name], path)
    told = {*batch.events["position"], *batch.rejects["position"]}
    assert batch.records <= len(told) + batch.skipped + batch.duplicates
    assert batch.events["position"][0] == 2


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2069, 12, 30)),  # noqa: DTZ001 - written on a clock
    st.sampled_from([
        ("%d/%b/%y %I:%M %p", 60), ("%d %b %Y %H:%M", 60), ("%a %b %d %Y %H:%M:%S GMT+0000 (UTC)", 1),
        ("%d/%b/%Y", 86_400), ("%d-%m-%y %H:%M", 60), ("%d.%m.%y", 86_400), ("serial", 1),
    ]),
)  # fmt: skip
def test_a_time_comes_back_however_it_is_written(at: datetime, form: tuple[str, int]) -> None:
    if form[0] == "serial":
        passed = at - datetime(1899, 12, 30)  # noqa: DTZ001
        text = f"{passed.days + passed.seconds / 86_400:.9f}"
    elif "%y" in form[0] and at.year < 2000:
        return  # of a year of two digits the century is this one
    else:
        text = at.strftime(form[0])
    cells = numbered(pl.Series([text]))
    [found] = written_instants(cells, "UTC", day_first=day_is_first(cells) is not False)
    step = form[1]
    seconds = int(at.replace(tzinfo=UTC, microsecond=0).timestamp()) // step * step
    assert found == datetime.fromtimestamp(seconds, ZoneInfo("UTC"))
