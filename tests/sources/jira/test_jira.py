"""The Jira reader against its golden page, its traps, and stdlib json on real issues."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.blocks import BLOCK
from transforms.sources.jira import SOURCE
from transforms.sources.wrapped_json import CUT_OFF

HERE = Path(__file__).parent
PAGE = json.loads((HERE / "issues.json").read_text())
ISSUES = PAGE["issues"]


def write(folder: Path, data: object, name: str = "export.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_golden_page() -> None:
    batch = whole(SOURCE, HERE / "issues.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (4, 0, 0)


def test_no_text_leaves_the_reader() -> None:
    batch = whole(SOURCE, HERE / "issues.json")
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize(
    "data",
    [
        PAGE,
        [PAGE],
        ISSUES,
        [{"issues": ISSUES[:2]}, {"issues": ISSUES[2:]}],
        "\ufeff" + json.dumps(ISSUES, indent=1),
    ],
    ids=["page", "pages", "issues", "two pages", "indented, with a mark"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(whole(SOURCE, write(tmp_path, data)), HERE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_ndjson_gives_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "issues.ndjson"
    path.write_bytes("\n".join(map(json.dumps, ISSUES)).encode(encoding))
    assert_golden(whole(SOURCE, path), HERE)


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_broken_line_is_one_reject(tmp_path: Path, broken: int) -> None:
    lines = [json.dumps(ISSUES[0]), json.dumps(ISSUES[2])]
    lines.insert(broken, '{"id": "1", "fields": {"creat')
    batch = whole(SOURCE, write(tmp_path, "\n".join(lines), "issues.ndjson"))
    assert batch.records == 3
    assert (
        broken + 1,
        "line",
        CUT_OFF,
    ) in batch.rejects.rows()
    assert batch.events.height == 15


def test_broken_lines_are_named_wherever_they_stand(tmp_path: Path) -> None:
    lines = [json.dumps(ISSUES[2]), ""] * (3 * BLOCK // len(json.dumps(ISSUES[2])))
    broken = [len(lines) // 7, len(lines) // 7 + 1, len(lines) // 2, len(lines) - 1]
    for line in broken:
        lines[line] = '{"id": "1", "fields": {"creat'
    path = write(tmp_path, "\n".join(lines), "issues.ndjson")
    assert path.stat().st_size > 2 * BLOCK
    rejects = whole(SOURCE, path).rejects.filter(place="line")
    assert rejects["position"].to_list() == [line + 1 for line in broken]


def test_an_issue_told_twice_adds_only_what_is_new(tmp_path: Path) -> None:
    early = json.loads(json.dumps(ISSUES[0]))
    del early["fields"]["worklog"]
    batch = whole(SOURCE, write(tmp_path, [early, ISSUES[0]]))
    assert (batch.records, batch.duplicates) == (2, 0)
    assert batch.events["event_key"].n_unique() == batch.events.height == 11


def test_numbers_of_two_sites_do_not_meet(tmp_path: Path) -> None:
    other = json.loads(json.dumps(ISSUES[0]).replace("waters.example", "dunes.example"))
    batch = whole(SOURCE, write(tmp_path, [ISSUES[0], other]))
    assert batch.duplicates == 0
    assert batch.events["event_key"].n_unique() == 22
    assert batch.events["container_key"].n_unique() == 2


def test_first_assignee_is_not_guessed_without_the_whole_changelog(tmp_path: Path) -> None:
    for changelog in (None, {"total": 3, "histories": []}):
        batch = whole(SOURCE, write(tmp_path, [{**ISSUES[2], "changelog": changelog}]))
        assert "assignment" not in batch.events["kind"]


def test_a_server_without_addresses_knows_a_person_by_name_and_by_key(tmp_path: Path) -> None:
    """Its changes tell keys alone. Bram was renamed; his old name, now another's, is still his key."""
    ada = {"name": "ada", "key": "JIRAUSER10100", "displayName": "Ada"}
    bram = {"name": "bram.j", "key": "bram", "displayName": "Bram"}
    other = {"name": "bram", "key": "JIRAUSER10300", "displayName": "Bram Bos"}
    change = {"field": "assignee", "from": None, "to": "JIRAUSER10100"}
    issue = {
        **{name: ISSUES[2][name] for name in ("id", "key", "self")},
        "fields": {
            "created": "2026-03-02T09:00:00.000+0000", "creator": bram, "assignee": ada,
            "comment": {"comments": [
                {"id": "5", "author": other, "created": "2026-03-02T10:00:00.000+0000"},
            ]},
        },
        "changelog": {"total": 1, "histories": [
            {"id": "9", "author": bram, "created": "2026-03-02T09:30:00.000+0000", "items": [change]},
        ]},
    }  # fmt: skip
    batch = whole(SOURCE, write(tmp_path, [issue]))
    assert set(batch.participations.select("address", "role").rows()) == {
        ("jira:bram.j", "author"), ("jira:ada", "assignee"), ("jira:bram", "commenter"),
    }  # fmt: skip


def test_window_and_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, [ISSUES[0], ISSUES[2]])
    march = Options(since=datetime(2026, 3, 1, tzinfo=UTC))
    assert whole(SOURCE, path, march).skipped == 1  # the other one has a reject
    half = whole(SOURCE, path, Options(until=datetime(2026, 2, 4, tzinfo=UTC)))
    assert half.events["started_at"].max() < datetime(2026, 2, 4, tzinfo=UTC)  # type: ignore[operator]


@pytest.mark.parametrize("data", ["", "no json", "[{]", '{"issues": [}'])
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, data: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, path)


def test_a_cut_off_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issues.ndjson.gz"
    path.write_bytes(gzip.compress((HERE / "issues.json").read_bytes())[:-20])
    with pytest.raises(UnreadableFileError, match="damaged or cut off"):
        whole(SOURCE, path)


def test_deep_nesting_does_not_stop_the_rest(tmp_path: Path) -> None:
    deep = '{"type": "doc", "content": [' * 5000 + "]}" * 5000
    comment = f'{{"id": "9", "author": {{"name": "x"}}, "created": "2026-02-02T09:00:00+00:00", "body": {deep}}}'
    issue = json.dumps(ISSUES[2]).replace('"comments": [', f'"comments": [{comment},')
    batch = whole(SOURCE, write(tmp_path, f"{issue}\n{json.dumps(ISSUES[0])}", "i.ndjson"))
    assert batch.records == 2
    assert "work:jira:waters.example/1001:create" in batch.events["event_key"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(["id", "fields", "created", "creator", "comment", "comments", "author",
                         "changelog", "histories", "items", "issues", "body"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def held(value: object) -> int:
    """Issues in an array or page, in each other or not; anything else is one."""
    if isinstance(value, list):
        return sum(map(held, value))
    listed = value.get("issues") if isinstance(value, dict) else None
    return held(listed) if isinstance(listed, list | dict) else 1


@settings(deadline=None)
@given(records=st.lists(json_values.filter(lambda value: not isinstance(value, list)), max_size=4))
def test_whatever_json_comes_every_record_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, records: list[object]
) -> None:
    path = write(tmp_path_factory.mktemp("any"), [ISSUES[0], *records])
    batch = whole(SOURCE, path)
    assert batch.records == sum(map(held, records)) + 1
    assert batch.events.height >= 11


BODIES = {
    "": "Thanks ~ see you",
    "wiki": "Ask [~accountid:712020:b], please",
    "document": {"type": "doc", "content": [{"type": "mention", "attrs": {"id": "712020:b"}}]},
}


@given(st.lists(st.lists(st.sampled_from(sorted(BODIES)), max_size=6), max_size=12))
def test_a_mention_is_of_its_own_comment(said: list[list[str]]) -> None:
    author = {"accountId": "712020:a", "emailAddress": "a@one.example"}
    when = "2026-01-05T09:00:00.000+0100"
    issues = [
        {
            "id": str(number), "self": "https://x.example/rest/api/3/issue/1",
            "fields": {"created": when, "creator": author, "comment": {"comments": [
                {"id": f"{number}-{at}", "author": author, "created": when, "body": BODIES[form]}
                for at, form in enumerate(forms)
            ]}},
        }
        for number, forms in enumerate(said)
    ]  # fmt: skip
    with TemporaryDirectory() as folder:
        batch = whole(SOURCE, write(Path(folder), {"issues": issues}))
    mentions = batch.participations.filter(role="mentioned")
    assert mentions["event_key"].str.extract(r"mention:(.*)$").to_list() == [
        f"{number}-{at}" for number, forms in enumerate(said) for at, form in enumerate(forms) if form
    ]  # fmt: skip


def test_a_line_end_in_a_number_or_time_moves_nothing(tmp_path: Path) -> None:
    author = {"accountId": "712020:a", "emailAddress": "a@one.example"}
    comments = [
        {"id": number, "author": author, "created": when}
        for number, when in [
            ("1\n2", "2026-01-05T09:00:00.000+0100"),
            ("3", "2026-01-05T09:00\n"),
            ("4", "2026-01-06T09:00:00.000+0100"),
        ]
    ]
    fields = {"created": "2026-01-05T08:00:00.000+0100", "creator": author}
    issue = {"id": "1", "self": "https://x.example/rest/api/3/issue/1"}
    issue["fields"] = fields | {"comment": {"comments": comments}}
    batch = whole(SOURCE, write(tmp_path, {"issues": [issue]}))
    days = {
        key.rpartition(":")[2]: at.day
        for key, at in batch.events.select("event_key", "started_at").rows()
    }
    assert days == {"create": 5, "1 2": 5, "4": 6}
    assert batch.rejects["reason"].to_list() == ["1 acts without a date that can be read"]


def test_real_issues_against_stdlib_json(shared_data: Path) -> None:
    path = shared_data / "exports" / "jira" / "issues.ndjson"
    batch = whole(SOURCE, path)
    expected: Counter[str] = Counter()
    with path.open() as lines:
        for issue in map(json.loads, lines):
            fields, histories = issue["fields"], issue["changelog"]["histories"]
            creator = (fields["creator"] or fields["reporter"])["accountId"]
            expected["create"] += 1
            expected["comment"] += len(fields["comment"]["comments"])
            expected["worklog"] += len(fields["worklog"]["worklogs"])
            first = (fields["assignee"] or {}).get("accountId")
            for history in histories:  # newest first: the last one seen is the oldest
                author = history["author"]["accountId"]
                names = {item["field"] for item in history["items"]}
                given_to = None
                for item in history["items"]:
                    if item["field"] == "assignee":
                        given_to, first = item["to"], item["from"]
                kind = "status" if "status" in names else "change"
                expected["assignment" if given_to and given_to != author else kind] += 1
            expected["assignment"] += bool(first) and first != creator
            expected["mention"] += sum(
                "[~accountid:" in str(c["body"]) for c in fields["comment"]["comments"]
            )
    found = dict(batch.events["kind"].value_counts().rows())
    assert found == dict(expected)
    assert batch.records == 33
    assert batch.rejects.is_empty()
    assert batch.events["event_key"].n_unique() == batch.events.height


def test_real_samples_are_read(shared_data: Path) -> None:
    for path in sorted((shared_data / "exports" / "api-samples").glob("atlassian__*issue*.json")):
        is_issue = path.stem.endswith(("issue", "by_jql", "by_jql_v2"))
        assert (SOURCE.sniff(path, path.read_bytes()) > 0.5) == is_issue, path.name
        if is_issue:
            batch = whole(SOURCE, path)
            assert batch.events.height > 0, path.name
            assert batch.rejects.is_empty(), path.name
