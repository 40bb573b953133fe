"""The reader of Jira's comments and worklogs against its golden page, the search, and real samples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.sources.golden import assert_golden, whole
from transforms.sources import jira
from transforms.sources.base import UnreadableFileError
from transforms.sources.jira_parts import SOURCE

HERE = Path(__file__).parent
PARTS = json.loads((HERE / "comments.json").read_text())["comments"]
LISTS = ("comments", "worklogs", "values")
READ = ("comment", "worklog", "changelog")


def write(folder: Path, data: object) -> Path:
    path = folder / "parts.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "comments.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (9, 1, 1)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize(
    "data",
    [
        PARTS,
        [{"comments": PARTS[:6]}, {"worklogs": PARTS[6:]}],
        "\n".join(map(json.dumps, PARTS)),
    ],
    ids=["array", "pages", "ndjson"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    path = write(tmp_path, data)
    assert SOURCE.sniff(path, path.read_bytes()) > 0.9
    assert_golden(whole(SOURCE, path), HERE)


def test_within_a_search_they_are_the_same_events(tmp_path: Path) -> None:
    issue = {
        "id": "10001", "key": "DIKE-1", "self": "https://tool.example/rest/api/3/issue/10001",
        "fields": {"created": "2026-03-01T09:00:00.000+0100", "comment": {"comments": PARTS[:2]}},
    }  # fmt: skip
    search = write(tmp_path, {"issues": [issue]})
    assert SOURCE.sniff(search, search.read_bytes()) == 0
    told = whole(jira.SOURCE, search)
    apart = whole(SOURCE, write(tmp_path, {"comments": PARTS[:2]}))
    assert told.events.drop("position").equals(apart.events.drop("position"))
    assert told.participations.equals(apart.participations)
    assert sorted(told.events["kind"]) == ["comment"] * 2 + ["mention"] * 2


CHANGES = [
    {
        "id": "77", "author": {"accountId": "a-1", "emailAddress": "noor@waters.example",
                               "self": "https://tool.example/rest/api/3/user?accountId=a-1"},
        "created": "2026-03-03T09:00:00.000+0100",
        "items": [{"field": "assignee", "from": None, "to": "a-2"}],
    },
    {
        "id": "78", "author": {"accountId": "a-2", "emailAddress": "finn@dunes.example",
                               "self": "https://tool.example/rest/api/3/user?accountId=a-2"},
        "created": "2026-03-04T09:00:00.000+0100",
        "items": [{"field": "status", "from": "1", "to": "2"}],
    },
]  # fmt: skip


@pytest.mark.parametrize(
    "page",
    [
        {
            "self": "https://tool.example/rest/api/3/issue/DIKE-1/changelog?startAt=0",
            "values": CHANGES,
        },
        {"issueChangeLogs": [{"issueId": "10001", "changeHistories": CHANGES}]},
    ],
    ids=["of an issue, by its key", "of several issues"],
)
def test_changes_apart_are_the_same_events_as_within_a_search(
    tmp_path: Path, page: dict[str, object]
) -> None:
    issue = {
        "id": "10001", "key": "DIKE-1", "self": "https://tool.example/rest/api/3/issue/10001",
        "fields": {"created": "2026-03-01T09:00:00.000+0100"}, "changelog": {"histories": CHANGES},
    }  # fmt: skip
    search = write(tmp_path, {"issues": [issue]})
    told = whole(jira.SOURCE, search)
    path = write(tmp_path, page)
    assert SOURCE.sniff(path, path.read_bytes()) > 0.9
    apart = whole(SOURCE, path)
    assert (apart.records, apart.rejects.height) == (2, 0)
    loose = ["position", "container_key"]  # DIKE-1 is not known to be number 10001
    assert_frame_equal(told.events.drop(loose), apart.events.drop(loose))
    assert_frame_equal(told.participations, apart.participations)
    assert told.participations.select("address", "role").rows() == [
        ("noor@waters.example", "author"), ("finn@dunes.example", "author"),
        ("finn@dunes.example", "assignee"),
    ]  # fmt: skip


def test_a_page_of_changes_that_names_no_issue_is_refused(tmp_path: Path) -> None:
    batch = whole(SOURCE, write(tmp_path, {"values": CHANGES}))
    assert batch.rejects.rows() == [
        (1, "record", "no comment, worklog or page of changes as Jira returns it")
    ]


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"parts\.json: no JSON"):
        whole(SOURCE, write(tmp_path, '{"comments": ['))


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
names = st.sampled_from(["self", "id", "author", "body", "created", "started", "accountId", "type"])
links = st.just("https://tool.example/rest/api/2/issue/1/comment/2")


@given(
    st.lists(st.dictionaries(names, values | links | st.dictionaries(names, values)), max_size=4)
)
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, parts: list[object]
) -> None:
    batch = whole(SOURCE, write(tmp_path_factory.mktemp("any"), [PARTS[0], *parts]))
    assert batch.records == len(parts) + 1
    told = batch.events["position"].n_unique() + batch.skipped + batch.duplicates
    assert told <= batch.records <= told + batch.rejects.height


def test_real_samples_and_no_others(shared_data: Path) -> None:
    exports = shared_data / "exports"
    samples = [exports / "jira" / "worklogs.ndjson", *(exports / "api-samples").glob("*.json")]
    for path in sorted(samples):
        is_part = path.name == "worklogs.ndjson" or (
            "__jira__" in path.name and any(f"issue_{kind}" in path.name for kind in READ)
        )
        assert (SOURCE.sniff(path, path.read_bytes()) > 0.7) == is_part, path.name
        if is_part:
            text = path.read_text()
            count = (
                len(text.splitlines())
                if path.suffix == ".ndjson"
                else sum(len(json.loads(text).get(kind, ())) for kind in LISTS)
            )
            batch = whole(SOURCE, path)
            assert (batch.records, batch.rejects.height) == (count, 0), path.name
            assert batch.events["position"].n_unique() == count, path.name
