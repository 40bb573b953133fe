"""The GitLab reader against its golden file, its traps, and stdlib json on real exports."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import UnreadableFileError
from transforms.sources.gitlab import SOURCE

HERE = Path(__file__).parent
RECORDS = json.loads((HERE / "records.json").read_text())


def write(folder: Path, data: object) -> Path:
    path = folder / "export.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "records.json")
    assert_golden(batch, HERE)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize(
    "data",
    [[RECORDS[:3], RECORDS[3:]], "\n".join(map(json.dumps, RECORDS))],
    ids=["pages", "ndjson"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(whole(SOURCE, write(tmp_path, data)), HERE)


def test_state_is_one_event_however_it_is_told(tmp_path: Path) -> None:
    issue, event = RECORDS[0], RECORDS[12]
    alone = [whole(SOURCE, write(tmp_path, [record])) for record in (issue, event)]
    closed = [{key for key in batch.events["event_key"] if ":closed:" in key} for batch in alone]
    assert closed[0] == closed[1] != set()


def test_an_epic_is_no_issue_of_the_same_number(tmp_path: Path) -> None:
    issue = RECORDS[0]
    epic = {key: told for key, told in issue.items() if key != "project_id"} | {"group_id": 2}
    both = whole(SOURCE, write(tmp_path, [issue, epic]))
    alone = whole(SOURCE, write(tmp_path, [issue]))
    assert both.events.height == 2 * alone.events.height
    assert set(both.events["container_key"]) - set(alone.events["container_key"]) == {
        "gitlab:gitlab.waters.example/epic:600"
    }


def test_an_address_shown_once_is_the_person_everywhere() -> None:
    batch = whole(SOURCE, HERE / "records.json")
    addresses = set(batch.participations["address"])
    assert "fay@north.example" in addresses
    assert "gitlab:fay" not in addresses


@pytest.mark.parametrize("data", ["", "[{]"])
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, data: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, write(tmp_path, data))


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
names = st.sampled_from(
    ["id", "iid", "author", "username", "body", "system", "noteable_type", "noteable_id", "state",
     "resource_type", "created_at", "closed_by"]
)  # fmt: skip


@settings(deadline=None)
@given(
    records=st.lists(st.dictionaries(names, values | st.dictionaries(names, values)), max_size=4)
)
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    batch = whole(SOURCE, write(tmp_path_factory.mktemp("any"), [RECORDS[1], *records]))
    assert batch.records == len(records) + 1
    assert batch.events.height >= 2


def test_real_records_against_stdlib_json(shared_data: Path) -> None:
    folder = shared_data / "exports" / "gitlab"
    for name in ("issues", "merge_requests", "mr_notes"):
        path = folder / f"{name}.ndjson"
        with path.open() as lines:
            records = [json.loads(line) for line in lines]
        batch = whole(SOURCE, path)
        kinds = Counter(batch.events["kind"])
        assert SOURCE.sniff(path, path.read_bytes()[:65536]) > 0.7
        assert (batch.records, batch.rejects.height) == (len(records), 0)
        if name == "mr_notes":
            bodies = [record["body"] for record in records]
            assert kinds["comment"] == sum(not record["system"] for record in records)
            assert kinds["review"] == bodies.count("approved this merge request")
            assert kinds["status"] == bodies.count("merged")
            assert batch.skipped == sum(body.startswith("mentioned in ") for body in bodies)
        else:
            ended = [r for r in records if r["closed_by"] or r.get("merge_user")]
            assert kinds == Counter(create=len(records), status=len(ended))
    assert SOURCE.sniff(folder / "users.ndjson", (folder / "users.ndjson").read_bytes()) == 0


def test_real_samples_are_read(shared_data: Path) -> None:
    readable = ("issue", "issues", "merge_request", "merge_requests", "issue_notes",
                "merge_request_notes", "issue_events", "merge_request_events", "commit_discussion")  # fmt: skip
    for path in sorted((shared_data / "exports" / "api-samples").glob("*.json")):
        name = path.stem.split("__")[-1]
        certainty = SOURCE.sniff(path, path.read_bytes())
        assert (certainty > 0.7) == (path.stem.startswith("gitlab__") and name in readable), (
            path.name
        )
        if certainty:
            batch = whole(SOURCE, path)
            assert batch.rejects.is_empty(), path.name
            assert batch.events.height > 0, path.name
