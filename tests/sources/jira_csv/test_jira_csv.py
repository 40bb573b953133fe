"""The reader of Jira's CSV against its golden table, its traps, and Jira's JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.sources.golden import EVERYTHING, assert_golden, whole
from transforms.sources import jira
from transforms.sources.jira_csv import SOURCE

HERE = Path(__file__).parent
SITE = replace(EVERYTHING, mapping={"system": "Tool.Example"})


def write(folder: Path, *lines: str) -> Path:
    path = folder / "issues.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "issues.csv")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (7, 1, 1)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_every_comment_column_is_read_and_every_watcher_is_not(tmp_path: Path) -> None:
    comments = [f"0{n}/Mar/26 9:00 AM;u{n};x" for n in range(1, 8)]
    path = write(
        tmp_path,
        "Issue key,Issue id,Created,Creator" + ",Comment" * 7 + ",Watchers" * 3,
        ",".join(["A-1", "1", "01/Mar/26 8:00 AM", "Ada Brook", *comments, "w1", "w2", "w3"]),
    )
    people = set(whole(SOURCE, path).participations["address"])
    assert people == {"name:ada brook", *(f"jira:u{n}" for n in range(1, 8))}


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("11/May/24 03:26 PM", "2024-05-11T13:26"),
        ("11/mei/24 15:26", "2024-05-11T13:26"),
        ("14/mrt./25 3:42 PM", "2025-03-14T14:42"),
        ("11 okt 2024 09:00", "2024-10-11T07:00"),
        ("6/21/2025 16:14", "2025-06-21T14:14"),
        ("2024-03-14 14:15", "2024-03-14T13:15"),
        ("2024-03-14T14:15:00.000+0000", "2024-03-14T14:15"),
    ],
)
def test_times_in_the_sites_language(tmp_path: Path, written: str, utc: str) -> None:
    path = write(tmp_path, "Issue key,Issue id,Created,Creator", f"A-1,1,{written},ada b")
    [at] = whole(SOURCE, path).events["started_at"]
    assert at == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_times_are_on_the_networks_clock(tmp_path: Path) -> None:
    path = write(tmp_path, "Issue key,Issue id,Created,Creator", "A-1,1,11/May/24 3:26 PM,ada b")
    batch = whole(SOURCE, path, replace(EVERYTHING, time_zone=ZoneInfo("America/New_York")))
    assert batch.events["started_at"][0].hour == 19


def test_logins_are_no_names(tmp_path: Path) -> None:
    path = write(
        tmp_path, "Issue key,Issue id,Created,Reporter", "A-1,1,2026-03-02 09:00,abrook",
        "A-2,2,2026-03-02 09:00,Ada Brook", "A-3,3,2026-03-02 09:00,ADA@north.example",
    )  # fmt: skip
    addresses = whole(SOURCE, path).events["initiator"].to_list()
    assert addresses == ["jira:abrook", "name:ada brook", "ada@north.example"]


def test_issues_of_two_sites_stay_apart_and_those_of_one_meet(tmp_path: Path) -> None:
    header = "Issue key,Issue id,Created,Creator"
    ours = write(tmp_path, header, "KAN-1,10000,02/Mar/26 9:00 AM,Ada Brook")
    first = whole(SOURCE, ours).events
    again = whole(SOURCE, ours).events
    theirs = write(tmp_path, header, "KAN-1,10000,05/Mar/26 9:00 AM,Eva Holm")
    assert first.equals(again)
    assert set(first["event_key"]).isdisjoint(whole(SOURCE, theirs).events["event_key"])


def test_with_its_site_an_issue_is_that_of_the_json(tmp_path: Path) -> None:
    table = write(tmp_path, "Issue key,Issue id,Created,Creator,Creator Id",
                  "DIKE-1,10001,02/Mar/26 9:00 AM,Ada Brook,5b-ada")  # fmt: skip
    page = tmp_path / "page.json"
    page.write_text(json.dumps({"issues": [{
        "id": "10001", "key": "DIKE-1", "self": "https://tool.example/rest/api/3/issue/10001",
        "fields": {"created": "2026-03-02T09:00:00.000+0100", "creator": {"accountId": "5b-ada"}},
    }]}))  # fmt: skip
    columns = ["event_key", "container_key", "started_at", "initiator"]
    told = whole(jira.SOURCE, page).events.select(columns)
    assert whole(SOURCE, table, SITE).events.select(columns).equals(told)
