"""The Azure DevOps reader against its golden page, its traps, and a real pull request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources.azure_devops import SOURCE
from transforms.sources.base import UnreadableFileError

HERE = Path(__file__).parent
RECORDS = json.loads((HERE / "records.json").read_text())["value"]


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
    [
        RECORDS,
        [{"value": RECORDS[:3]}, {"value": RECORDS[3:]}],
        "\n".join(map(json.dumps, RECORDS)),
    ],
    ids=["array", "pages", "ndjson"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(whole(SOURCE, write(tmp_path, data)), HERE)


def test_a_comment_is_one_event_however_it_is_told(tmp_path: Path) -> None:
    update, comments = (whole(SOURCE, write(tmp_path, [RECORDS[i]])) for i in (9, 11))
    assert set(comments.events["event_key"]) <= set(update.events["event_key"])
    assert comments.events.height == 1


@pytest.mark.parametrize(
    ("login", "address"),
    [
        ("WATERS\\ida", "azure-devops:dddddddd-0000-4000-8000-dddddddddddd"),
        ("Ida@north.example", "ida@north.example"),
    ],
)
@pytest.mark.parametrize("member", ["name", "uniqueName"])
def test_an_old_server_names_one_person_with_and_without_an_id(
    tmp_path: Path, login: str, address: str, member: str
) -> None:
    """Whom a field names has none: who made the item, and to whom it is assigned."""
    text = f"Ida <{login}>"
    ida = {
        "id": "DDDDDDDD-0000-4000-8000-dddddddddddd",
        member: text if member == "name" else login,
    }
    item = RECORDS[5] | {"fields": {**RECORDS[5]["fields"], "System.CreatedBy": text}}
    fields = {**RECORDS[7]["fields"], "System.AssignedTo": {"newValue": text}}
    batch = whole(
        SOURCE, write(tmp_path, [item, RECORDS[7] | {"revisedBy": ida, "fields": fields}])
    )
    assert batch.events["initiator"].to_list() == [address] * 2
    assert set(batch.participations["address"]) == {address}


def test_sites_do_not_meet(tmp_path: Path) -> None:
    text = json.dumps(RECORDS[0]).replace("dev.azure.com/Waters", "devops.north.example/tfs")
    old = json.dumps(RECORDS[0]).replace("dev.azure.com/Waters", "waters.visualstudio.com")
    batch = whole(SOURCE, write(tmp_path, f"[{json.dumps(RECORDS[0])},{text},{old}]"))
    assert sorted(batch.events["container_key"].unique()) == [
        "azure-devops:devops.north.example/pull:7",
        "azure-devops:waters/pull:7",
    ]


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, write(tmp_path, '{"value": ['))


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
names = st.sampled_from(
    ["id", "rev", "url", "pullRequestId", "createdBy", "comments", "fields", "System.AssignedTo",
     "workItemId", "revisedBy", "uniqueName", "newValue", "properties", "_links"]
)  # fmt: skip


@settings(deadline=None)
@given(
    records=st.lists(st.dictionaries(names, values | st.dictionaries(names, values)), max_size=4)
)
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    batch = whole(SOURCE, write(tmp_path_factory.mktemp("any"), [RECORDS[0], *records]))
    assert batch.records == len(records) + 1
    assert batch.events.height >= 2


def test_real_pull_request_and_no_other_sample(shared_data: Path) -> None:
    exports = shared_data / "exports"
    path = exports / "azure_devops" / "pull_requests.ndjson"
    batch = whole(SOURCE, path)
    pull = json.loads(path.read_text())
    assert SOURCE.sniff(path, path.read_bytes()) > 0.7
    assert (batch.records, batch.rejects.height) == (1, 0)
    assert batch.events["kind"].to_list() == ["create"]
    assert batch.events["initiator"].to_list() == [pull["createdBy"]["uniqueName"].lower()]
    for other in sorted((exports / "api-samples").glob("*.json")):
        assert SOURCE.sniff(other, other.read_bytes()) == 0, other.name
