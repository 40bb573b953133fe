"""The reader of Planner's workbooks against its golden plan and its traps."""

from __future__ import annotations

import gzip
import zipfile
from datetime import date
from pathlib import Path

import pytest

from flows.recognise import recognise
from tests.sources.golden import assert_golden, whole
from tests.sources.planner.plan import HEADER, TASKS, plan, task
from tests.sources.planner.workbook import workbook
from transforms.sources import limits
from transforms.sources.archives import members
from transforms.sources.base import UnreadableFileError
from transforms.sources.planner import SOURCE

HERE = Path(__file__).parent


def write(folder: Path, data: bytes) -> Path:
    path = folder / "plan.xlsx"
    path.write_bytes(data)
    return path


def test_golden(tmp_path: Path) -> None:
    batch = whole(SOURCE, write(tmp_path, plan()))
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (8, 1, 1)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_a_header_on_a_sheet_of_its_own(tmp_path: Path) -> None:
    first = whole(SOURCE, write(tmp_path, plan())).events.drop("position")
    second = whole(SOURCE, write(tmp_path, plan(above=False))).events.drop("position")
    assert first.equals(second)


def test_packed(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx.gz"
    path.write_bytes(gzip.compress(plan()))
    assert_golden(whole(SOURCE, path), HERE)


def test_within_an_archive_of_many_files(tmp_path: Path) -> None:
    path = tmp_path / "plans.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr("team/plan.xlsx", plan())
        held.writestr("team/other.xlsx", workbook({"Sheet1": [["SECRET"]]}))
    found = {one.path.name: recognise(one.path).format for one in members(path)}
    assert found == {"other.xlsx": "", "plan.xlsx": "planner"}
    assert_golden(whole(SOURCE, path / "team" / "plan.xlsx"), HERE)


@pytest.mark.parametrize("place", ["plan.xlsx", "plan.xlsx.gz", "plans.zip/plan.xlsx"])
def test_a_workbook_that_unpacks_to_far_more_is_refused(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FREE", 1000)
    monkeypatch.setattr(limits, "RATIO", 2)
    path = tmp_path / place
    if place.startswith("plans"):
        with zipfile.ZipFile(path.parent, "w") as held:
            held.writestr(path.name, plan())
    else:
        path.write_bytes(gzip.compress(plan()) if place.endswith("gz") else plan())
    with pytest.raises(UnreadableFileError, match="far more than an export would"):
        whole(SOURCE, path)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        (date(2026, 3, 2), 2), (46083, 2), ("03/02/2026", 2), ("2-3-2026", 2), ("2 mrt. 2026", 2),
        ("2026-03-02", 2), ("3/2/2026 11:30 PM", 3), ("2-3-2026 23:30", 3),
    ],
)  # fmt: skip
def test_days_however_they_are_written(tmp_path: Path, written: object, day: int) -> None:
    american = task("c", "Ada Brook", "3/14/2026")  # tells that the month comes first
    rows = [HEADER, task("b", "Ada Brook", written), american]  # type: ignore[arg-type]
    batch = whole(SOURCE, write(tmp_path, workbook({"Tasks": rows})))
    times = dict(batch.events.select("container_key", "started_at").iter_rows())
    midnight = 23 if day == 2 else 22  # in Amsterdam, in winter
    assert (times["planner:b"].day, times["planner:b"].hour) == (1 if day == 2 else 2, midnight)


def test_columns_under_merged_cells(tmp_path: Path) -> None:
    """A band of merged cells above the header, as people add it, is no header."""
    band = ["SECRET", None, None, "Bucket Name", None]
    path = write(tmp_path, workbook({"Tasks": [band, HEADER, *TASKS]}, merged=("A1:C1", "D1:E1")))
    assert SOURCE.sniff(path, path.read_bytes()) > 0.9
    assert whole(SOURCE, path).events.height == 7


def test_any_other_workbook_is_none_of_its(tmp_path: Path) -> None:
    path = write(tmp_path, workbook({"Sheet1": [["Task ID", "Created By"], ["1", "Ada"]]}))
    assert SOURCE.sniff(path, path.read_bytes()) == 0
    with pytest.raises(UnreadableFileError, match=r"plan\.xlsx: no column 'Bucket Name'"):
        whole(SOURCE, path)


@pytest.mark.parametrize("data", [plan()[:900], b"PK\x03\x04", b"", b"no workbook"])
def test_a_damaged_workbook_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, data)
    assert SOURCE.sniff(path, data) == 0
    with pytest.raises(UnreadableFileError, match=r"plan\.xlsx: "):
        whole(SOURCE, path)
