"""The reader of Azure DevOps' query against its golden table, its traps, and the JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sources.golden import EVERYTHING, assert_golden, whole
from transforms.sources import azure_devops
from transforms.sources.azure_devops_csv import SOURCE
from transforms.sources.base import UnreadableFileError

HERE = Path(__file__).parent


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "query.csv")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (7, 0, 1)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_columns_that_the_query_lacks_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "query.csv"
    path.write_text(
        "ID,Work Item Type,Title,Assigned To,Created Date\n1,Bug,x,Ada <a@n.example>,\n"
    )
    assert SOURCE.sniff(path, path.read_bytes()) == 0
    with pytest.raises(UnreadableFileError, match=r"no column 'Created By'; did you mean .*add it"):
        whole(SOURCE, path)


def test_with_its_organisation_an_item_is_that_of_the_json(tmp_path: Path) -> None:
    page = tmp_path / "items.json"
    page.write_text(json.dumps({"value": [{
        "id": 7, "url": "https://dev.azure.com/Waters/_apis/wit/workItems/7",
        "fields": {
            "System.CreatedDate": "2026-03-02T08:00:00Z",
            "System.CreatedBy": "Ada Brook <ADA@north.example>",
        },
    }]}))  # fmt: skip
    told = whole(azure_devops.SOURCE, page).events.drop("position").rows()
    options = replace(EVERYTHING, mapping={"system": "Waters"})
    assert told[0] in whole(SOURCE, HERE / "query.csv", options).events.drop("position").rows()
