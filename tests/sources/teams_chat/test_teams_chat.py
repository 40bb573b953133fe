"""The Teams reader against its golden page, its traps, and real samples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import UnreadableFileError
from transforms.sources.teams_chat import SOURCE

HERE = Path(__file__).parent
PAGE = json.loads((HERE / "messages.json").read_text())
RECORDS = PAGE["value"]


def write(folder: Path, data: object) -> Path:
    path = folder / "export.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "messages.json")
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


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, write(tmp_path, '{"value": ['))


values = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
names = st.sampled_from(
    ["id", "from", "user", "messageType", "createdDateTime", "chatId", "members", "mentions",
     "replies", "chatType", "channelIdentity"]
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


def test_real_samples_are_read(shared_data: Path) -> None:
    for path in sorted((shared_data / "exports" / "api-samples").glob("*.json")):
        readable = "msft-teams" in path.stem and "messages" in path.stem
        assert (SOURCE.sniff(path, path.read_bytes()) > 0.7) == readable, path.name
        if readable:
            messages = json.loads(path.read_text())["value"]
            spoken = [message for message in messages if message["from"]]
            batch = whole(SOURCE, path)
            assert (batch.records, batch.rejects.height) == (len(messages), 0), path.name
            assert batch.events.height == len(spoken) > 0, path.name
            mentions = sum(len(message["mentions"]) for message in spoken)
            assert batch.participations.height == len(spoken) + mentions, path.name
