"""The GitHub reader against its golden files, its traps, and stdlib json on real exports."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.github import SOURCE
from transforms.sources.wrapped_json import CUT_OFF

HERE = Path(__file__).parent
RECORDS = json.loads((HERE / "records.json").read_text())
GOLDEN = {"records.json": "", "archive.json": "archive.", "public.ndjson": "public."}


def write(folder: Path, data: object, name: str = "export.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    batch = whole(SOURCE, HERE / name)
    assert_golden(batch, HERE, GOLDEN[name])
    assert SOURCE.sniff(HERE / name, (HERE / name).read_bytes()) > 0.9
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


def test_what_happened_has_one_key_in_every_export() -> None:
    told = {name: set(whole(SOURCE, HERE / name).events["event_key"]) for name in GOLDEN}
    assert told["archive.json"] == told["public.ndjson"]
    assert told["archive.json"] < told["records.json"]


@pytest.mark.parametrize(
    "data",
    [
        {"items": RECORDS},
        [RECORDS[:4], RECORDS[4:]],
        [{"items": RECORDS[:4]}, {"items": RECORDS[4:]}],
        json.dumps(RECORDS[:4]) + json.dumps(RECORDS[4:]),
        json.dumps(RECORDS[:4], indent=1) + "\n" + json.dumps(RECORDS[4:], indent=1),
        "\n".join(map(json.dumps, RECORDS)),
        json.dumps(RECORDS[:4]) + "\n" + json.dumps(RECORDS[4:]),
        "\ufeff" + json.dumps(RECORDS),
    ],
    ids=["page", "slurped", "pages", "paginated", "indented", "ndjson", "array a line", "mark"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(whole(SOURCE, write(tmp_path, data)), HERE)


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_broken_line_is_one_reject(tmp_path: Path, broken: int) -> None:
    lines = [json.dumps(RECORDS[0]), json.dumps(RECORDS[3])]
    lines.insert(broken, '{"id": 1, "user"')
    batch = whole(SOURCE, write(tmp_path, "\n".join(lines)))
    assert batch.records == 3
    assert batch.rejects.rows() == [(broken + 1, "line", CUT_OFF)]
    assert batch.events.height == 4


def test_an_enterprise_server_is_another_place(tmp_path: Path) -> None:
    text = json.dumps(RECORDS[0])
    text = text.replace("https://api.github.com/", "https://git.north.example/api/v3/")
    text = text.replace("https://github.com/", "https://git.north.example/")
    batch = whole(SOURCE, write(tmp_path, [RECORDS[0], json.loads(text)]))
    assert sorted(batch.events["container_key"].unique()) == [
        "github:example-waters/dike#1",
        "github:git.north.example/example-waters/dike#1",
    ]


@pytest.mark.parametrize(
    ("node", "number"),
    [("MDE3OlB1bGxSZXF1ZXN0UmV2aWV3MTIz", "123"), ("PRR_kwABzQKa", "666"), ("odd", "odd")],
)
def test_a_review_is_known_by_its_number(tmp_path: Path, node: str, number: str) -> None:
    archive = json.loads((HERE / "archive.json").read_text())
    archive["pulls"][0]["reviews"][0]["id"] = node
    batch = whole(SOURCE, write(tmp_path, archive))
    assert f"work:github:example-waters/dike#2:review:{number}" in batch.events["event_key"]


def test_window_and_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, RECORDS[:1])
    assert whole(SOURCE, path, Options(since=datetime(2026, 3, 1, tzinfo=UTC))).skipped == 1
    assert whole(SOURCE, path, Options(until=datetime(2026, 2, 2, 9, tzinfo=UTC))).skipped == 1


@pytest.mark.parametrize("data", ["", "no json", "[{]", '[{"id": 1}] and more'])
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, data: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, write(tmp_path, data))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["id", "number", "user", "login", "event", "payload", "repo", "comments",
                         "createdAt", "reviews", "issue", "body", "html_url", "state"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(records=st.lists(json_values.filter(lambda value: not isinstance(value, list)), max_size=4))
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    batch = whole(SOURCE, write(tmp_path_factory.mktemp("any"), [RECORDS[0], *records]))
    assert batch.records == len(records) + 1
    assert batch.events.height >= 1


@pytest.mark.parametrize("name", ["mls-protocol", "multipath"])
def test_real_archive_against_stdlib_json(shared_data: Path, name: str) -> None:
    path = shared_data / "exports" / "github" / f"{name}.archive.json.gz"
    batch = whole(SOURCE, path)
    with gzip.open(path) as file:
        archive = json.load(file)
    items = [*archive["issues"], *archive["pulls"]]
    reviews = [(item, review) for item in archive["pulls"] for review in item["reviews"]]
    comments = {
        (item["number"], c["author"], c["createdAt"]) for item in items for c in item["comments"]
    }
    comments |= {
        (item["number"], review["author"], comment["createdAt"])
        for item, review in reviews
        for comment in review["comments"]
    }
    found = dict(batch.events["kind"].value_counts().rows())
    assert (batch.records, batch.rejects.height) == (len(items), 0)
    assert found["create"] == len(items)
    assert found["comment"] == len(comments)
    assert found["review"] == len(reviews)
    assert found["status"] == sum(pull["mergedBy"] is not None for pull in archive["pulls"])
    assert batch.events["container_key"].n_unique() == len(items)
    assert SOURCE.sniff(path, json.dumps(archive)[:65536].encode()) > 0.7


def test_real_records_against_stdlib_json(shared_data: Path) -> None:
    folder = shared_data / "exports" / "github"
    rows: dict[str, list[dict[str, Any]]] = {
        name: [*map(json.loads, (folder / f"{name}.ndjson").read_bytes().splitlines())]
        for name in ("issues", "pulls", "comments", "review_comments", "reviews", "events")
    }
    found = {}
    for name, records in rows.items():
        path = folder / f"{name}.ndjson"
        batch = whole(SOURCE, path)
        assert SOURCE.sniff(path, path.read_bytes()[:65536]) > 0.7
        assert (batch.records, batch.rejects.height) == (len(records), 0)
        found[name] = Counter(batch.events["kind"])
    for name, kind in {"issues": "create", "pulls": "create", "reviews": "review",
                       "comments": "comment", "review_comments": "comment"}.items():  # fmt: skip
        assert found[name][kind] == len({record["id"] for record in rows[name]}), name
    assigned = [event for event in rows["events"] if event["event"] == "assigned"]
    assert found["events"]["assignment"] == len({event["id"] for event in assigned}) == 10


def test_real_samples_are_read(shared_data: Path) -> None:
    readable = (
        "issue", "issues", "pull", "pulls", "issue_events", "issue_timeline", "issues_comments",
        "pull_comments", "pulls_comments", "pull_review_comments", "pull_reviews", "repo_events",
        "commit_comments",
    )  # fmt: skip
    samples = shared_data / "exports" / "api-samples"
    for path in sorted(chain(samples.glob("github__*.json"), samples.glob("gitlab__*.json"))):
        vendor, _, name = path.stem.split("__")
        certainty = SOURCE.sniff(path, path.read_bytes())
        assert (certainty > 0.7) == (vendor == "github" and name in readable), path.name
        if certainty:
            batch = whole(SOURCE, path)
            assert batch.rejects.is_empty(), path.name
            assert batch.events.height > 0 or name == "repo_events", path.name
