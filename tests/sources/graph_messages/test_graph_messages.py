"""The reader of Graph messages: golden page, shapes, samples, and a real list seen through Graph."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from tests.sources.mails import real_mails
from transforms.sources import mbox
from transforms.sources.base import Batch, Options, UnreadableFileError
from transforms.sources.graph_messages import SOURCE
from transforms.sources.mail_headers import addresses
from transforms.sources.opening import head

HERE = Path(__file__).parent
PAGE = json.loads((HERE / "messages.json").read_text())
MESSAGES = PAGE["value"]


def write(folder: Path, data: object, name: str = "messages.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def read(folder: Path, data: object) -> Batch:
    return whole(SOURCE, write(folder, data))


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "messages.json")
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (9, 1, 1)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv().upper()


@pytest.mark.parametrize(
    "data",
    [
        MESSAGES,
        [PAGE],
        [{"value": MESSAGES[:4]}, {"value": MESSAGES[4:]}],
        "\n".join(map(json.dumps, MESSAGES)),
        json.dumps({"value": MESSAGES[:3]}) + "\n" + json.dumps({"value": MESSAGES[3:]}),
        "\ufeff" + json.dumps(PAGE, indent=4),
    ],
    ids=["messages", "page in array", "pages", "ndjson", "page a line", "indented, with a mark"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    path = write(tmp_path, data)
    assert SOURCE.sniff(path, head(path)) > 0.7
    assert_golden(whole(SOURCE, path), HERE)


def test_the_copy_of_a_mail_in_a_mailbox_is_the_same_mail(tmp_path: Path) -> None:
    path = tmp_path / "mail.mbox"
    path.write_text(
        "From - Mon Mar  2 09:30:00 2026\nFrom: bram@south.example\nTo: jan@north.example,\n"
        " shore@lists.south.example\nList-Id: Shore <shore.lists.south.example>\n"
        "Date: Mon, 2 Mar 2026 10:30:00 +0100\nMessage-ID: <answer@south.example>\n"
        "In-Reply-To: <plan@north.example>\n"
        "References: <first@north.example> <plan@north.example>\n\nbody\n"
    )
    mailbox = whole(mbox.SOURCE, path)
    graph = read(tmp_path, MESSAGES[1])
    assert graph.events.drop("position").equals(mailbox.events.drop("position"))
    assert graph.participations.equals(mailbox.participations)


def test_conversations_of_two_mailboxes_agree(tmp_path: Path) -> None:
    first = MESSAGES[0]["conversationId"]
    data = b64decode(first.translate(str.maketrans("_-", "+/")))
    other = data.replace(b"00000000-1111", b"55555555-6666")
    assert other != data

    second = b64encode(other).decode().translate(str.maketrans("+/", "_-"))
    messages = [
        MESSAGES[0],
        {**MESSAGES[0], "internetMessageId": "<b@x>", "conversationId": second},
    ]
    assert read(tmp_path, messages).events["thread_key"].n_unique() == 1


def test_a_broken_line_is_one_reject(tmp_path: Path) -> None:
    lines = [json.dumps(MESSAGES[0]), '{"id": ', json.dumps(MESSAGES[1]), "[]", "7"]
    batch = read(tmp_path, "\n".join(lines))
    assert batch.events.height == 2
    assert [row[:2] for row in batch.rejects.iter_rows()] == [(2, "line"), (4, "record")]


def test_window(tmp_path: Path) -> None:
    options = Options(since=datetime(2026, 3, 2, 10, tzinfo=UTC))
    batch = whole(SOURCE, HERE / "messages.json", options)
    assert batch.events.height == 2
    assert batch.skipped == 4


@pytest.mark.parametrize("data", ["", "no json", '{"value": [}', "[1,"])
def test_what_is_no_json_is_refused_by_name(tmp_path: Path, data: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"messages\.json: no JSON"):
        read(tmp_path, data)


def test_samples(shared_data: Path) -> None:
    folder = shared_data / "exports" / "api-samples"
    for name in ("Message_v1.0", "Messages_SentItems_v1.0"):
        path = folder / f"microsoft-365__outlook-mail__{name}.json"
        assert SOURCE.sniff(path, head(path)) > 0.7
        page = json.loads(path.read_text())
        told: list[dict[str, Any]] = page.get("value", [page])
        batch = whole(SOURCE, path)
        assert batch.records == len(told)
        assert batch.rejects.is_empty()
        assert set(batch.events["event_key"]) == {
            f"mail:{one['internetMessageId'].strip('<>')}" for one in told
        }
        for one, thread in zip(told, batch.events["thread_key"], strict=True):
            # The number within the conversation's id is the one of Thread-Index.
            assert thread == f"conversation:{b64decode(one['conversationIndex'])[6:22].hex()}"
    for path in folder.glob("*.json"):
        if "outlook-mail__Message" not in path.name:
            assert SOURCE.sniff(path, head(path)) == 0, path.name


def test_a_real_list_through_graph_gives_its_mails(tmp_path: Path, shared_data: Path) -> None:
    wanted = {"references", "in-reply-to", "list-id", "list-post", "precedence", "auto-submitted"}
    mailbox, mails = real_mails(shared_data)
    messages = []
    for headers, second in mails:
        given = {name.lower(): value for name, value in reversed(headers)}
        recipients = {
            f"{name}Recipients": [
                {"emailAddress": {"address": address}}
                for other, value in headers
                if other.lower() == name
                for address in addresses(value)
            ]
            for name in ("to", "cc")
        }
        messages.append(
            {
                **recipients,
                "internetMessageId": given.get("message-id"),
                "sentDateTime": datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "from": {"emailAddress": {"address": (addresses(given["from"]) or [None])[0]}},
                "internetMessageHeaders": [
                    {"name": name, "value": value}
                    for name, value in headers
                    if name.lower() in {*wanted, "x-original-from", "reply-to"}
                ],
            }
        )
    batch = read(tmp_path, {"value": messages})
    columns = ["event_key", "started_at", "initiator", "thread_key", "reply_key"]
    assert batch.events.select(columns).equals(mailbox.events.select(columns))
    assert batch.participations.equals(mailbox.participations)
    assert batch.events.filter(pl.col("reply_key").is_not_null()).height > 100


@given(st.integers(1, 3000), st.binary(min_size=1, max_size=4))  # what opens as a zip is refused
def test_no_damage_stops_the_reader(
    tmp_path_factory: pytest.TempPathFactory, at: int, data: bytes
) -> None:
    lines = "\n".join(map(json.dumps, MESSAGES)).encode()
    path = tmp_path_factory.mktemp("damage") / "messages.ndjson"
    path.write_bytes(lines[:at] + data + lines[at + len(data) :])
    batch = whole(SOURCE, path)
    assert batch.events.height >= 2
