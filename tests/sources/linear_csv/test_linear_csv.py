"""The reader of Linear's CSV against its golden table and its traps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.sources.golden import EVERYTHING, assert_golden, whole
from transforms.sources.linear_csv import SOURCE

HERE = Path(__file__).parent


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "issues.csv")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (7, 1, 0)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_newer_columns_change_nothing(tmp_path: Path) -> None:
    header, *rows = (HERE / "issues.csv").read_text().split("\n")
    path = tmp_path / "issues.csv"
    newer = "SLA Status,UUID,Time in status (minutes),Related to,Blocked by,Duplicate of"
    path.write_text("\n".join([header.replace("SLA Status,Roadmaps", newer), *rows]))
    assert_golden(whole(SOURCE, path), HERE)


def test_a_workspace_can_be_named() -> None:
    options = replace(EVERYTHING, mapping={"system": "Waters"})
    items = whole(SOURCE, HERE / "issues.csv", options).events["container_key"]
    assert items[0] == "linear:waters/dik-10"
