"""The Trello reader against its golden board, its traps, and real cards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import UnreadableFileError
from transforms.sources.trello import SOURCE

HERE = Path(__file__).parent
BOARD = json.loads((HERE / "board.json").read_text())
ACTIONS = BOARD["actions"]


def write(folder: Path, data: object) -> Path:
    path = folder / "export.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "board.json")
    assert_golden(batch, HERE)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize(
    "data",
    [ACTIONS, [ACTIONS[:3], ACTIONS[3:]], "\n".join(map(json.dumps, ACTIONS)), [BOARD]],
    ids=["array", "pages", "ndjson", "boards"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(whole(SOURCE, write(tmp_path, data)), HERE)


def test_cards_and_members_alone_tell_no_act(tmp_path: Path) -> None:
    path = write(tmp_path, BOARD["cards"] + BOARD["members"])
    batch = whole(SOURCE, path)
    assert (batch.records, batch.skipped, batch.events.height) == (4, 4, 0)


def test_somebody_without_a_name_is_an_id(tmp_path: Path) -> None:
    action = {**ACTIONS[7], "idMemberCreator": "f" * 24, "memberCreator": None}
    batch = whole(SOURCE, write(tmp_path, [action]))
    assert batch.events["initiator"].to_list() == [f"trello:{'f' * 24}"]


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, write(tmp_path, '{"actions": ['))


def test_real_cards_are_known_and_tell_nothing(shared_data: Path) -> None:
    path = shared_data / "exports" / "trello" / "cards.ndjson"
    batch = whole(SOURCE, path)
    assert SOURCE.sniff(path, path.read_bytes()[:65536]) > 0.7
    with path.open() as lines:
        assert batch.records == batch.skipped == sum(1 for _ in lines)
    assert batch.rejects.is_empty()


def test_no_sample_of_another_tool_is_claimed(shared_data: Path) -> None:
    for path in sorted((shared_data / "exports" / "api-samples").glob("*.json")):
        assert SOURCE.sniff(path, path.read_bytes()) == 0, path.name
