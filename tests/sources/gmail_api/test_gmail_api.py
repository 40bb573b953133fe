"""The reader of Gmail's API: golden list, shapes, samples, and a real list in Gmail's clothes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from tests.sources.mails import real_mails
from transforms.sources import mbox
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.gmail_api import SOURCE
from transforms.sources.opening import head

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
MESSAGES = json.loads((HERE / "messages.json").read_text())


def write(folder: Path, data: object) -> Path:
    path = folder / "messages.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def read(folder: Path, data: object) -> Batch:
    return whole(SOURCE, write(folder, data))


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "messages.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (10, 3, 0)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv().upper()


@pytest.mark.parametrize(
    "data",
    [
        {"messages": MESSAGES, "nextPageToken": "1"},
        [{"id": "thread", "messages": MESSAGES[:2]}, *MESSAGES[2:]],
        "\n".join(map(json.dumps, MESSAGES)),
    ],
    ids=["page", "thread", "ndjson"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    path = write(tmp_path, data)
    assert SOURCE.sniff(path, head(path)) > 0.7
    assert_golden(whole(SOURCE, path), HERE)


def test_takeout_and_the_api_give_the_same_mail(tmp_path: Path) -> None:
    thread = int(MESSAGES[0]["threadId"], 16)
    headers = MESSAGES[0]["payload"]["headers"]
    path = tmp_path / "takeout.mbox"
    path.write_text(
        f"From 1@xxx Mon Mar 02 09:00:07 +0000 2026\nX-GM-THRID: {thread}\n"
        + "".join(f"{header['name']}: {header['value']}\n" for header in headers)
        + "\nbody\n"
    )
    takeout, api = whole(mbox.SOURCE, path), read(tmp_path, MESSAGES[0])
    assert api.events.drop("position").equals(takeout.events.drop("position"))
    assert api.participations.equals(takeout.participations)


def test_a_real_list_in_gmails_clothes_gives_its_mails(tmp_path: Path, shared_data: Path) -> None:
    batch, mails = real_mails(shared_data)
    found = read(
        tmp_path,
        [
            {
                "internalDate": f"{second}000",
                "payload": {"headers": [{"name": name, "value": value} for name, value in headers]},
            }
            for headers, second in mails
        ],
    )
    assert found.records == batch.events.height > 200
    assert found.events.drop("position").equals(batch.events.drop("position"))
    assert found.participations.equals(batch.participations)


@pytest.mark.parametrize("label", ["DRAFT", "SPAM", "TRASH", "CHAT"])
def test_what_was_not_sent_is_skipped(tmp_path: Path, label: str) -> None:
    batch = read(tmp_path, [{**MESSAGES[0], "labelIds": ["SENT", label]}, MESSAGES[1]])
    assert batch.skipped == batch.events.height == 1


def test_a_list_of_ids_alone_is_not_claimed_and_says_what_to_fetch(tmp_path: Path) -> None:
    path = write(tmp_path, {"messages": [{"id": "1", "threadId": "1"}, {"id": "2"}]})
    assert SOURCE.sniff(path, head(path)) == 0
    batch = whole(SOURCE, path)
    assert set(batch.rejects["reason"]) == {"no headers; fetch the messages with format=metadata"}
    assert batch.rejects.height == 2


def test_window() -> None:
    options = Options(until=datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    batch = whole(SOURCE, HERE / "messages.json", options)
    assert batch.events["event_key"].to_list() == ["mail:plan@north.example"]


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"messages\.json: no JSON"):
        read(tmp_path, "From jan")


def samples(shared_data: Path) -> Iterator[Path]:
    return (shared_data / "exports" / "api-samples").glob("*.json")


def test_samples(shared_data: Path) -> None:
    for path in samples(shared_data):
        if "gmail__message" not in path.name or path.name.endswith("messages.json"):
            assert SOURCE.sniff(path, head(path)) == 0, path.name
            continue
        assert SOURCE.sniff(path, head(path)) > 0.7
        batch = whole(SOURCE, path)
        told = json.loads(path.read_text())
        headers = {one["name"].lower(): one["value"] for one in told["payload"]["headers"]}
        assert (batch.records, batch.rejects.height) == (1, 0)
        assert batch.events["event_key"].to_list() == [f"mail:{headers['message-id'][1:-1]}"]
        assert batch.events["is_automated"].to_list() == [True]
        named = {text for text in batch.participations["address"] if text in headers["bcc"]}
        assert not named


@given(st.integers(1, 2500), st.binary(min_size=1, max_size=4))  # what opens as a zip is refused
def test_no_damage_stops_the_reader(
    tmp_path_factory: pytest.TempPathFactory, at: int, data: bytes
) -> None:
    lines = "\n".join(map(json.dumps, MESSAGES)).encode()
    path = tmp_path_factory.mktemp("damage") / "messages.ndjson"
    path.write_bytes(lines[:at] + data + lines[at + len(data) :])
    assert whole(SOURCE, path).events.height >= 1
