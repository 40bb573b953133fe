"""The Asana reader against its golden page, its traps, and real samples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sources.golden import assert_golden, whole
from transforms.sources.asana import SOURCE
from transforms.sources.base import UnreadableFileError

HERE = Path(__file__).parent
RECORDS = json.loads((HERE / "tasks.json").read_text())["data"]


def write(folder: Path, data: object) -> Path:
    path = folder / "export.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_golden() -> None:
    batch = whole(SOURCE, HERE / "tasks.json")
    assert_golden(batch, HERE)
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize(
    "data",
    [
        RECORDS,
        [{"data": RECORDS[:3]}, {"data": RECORDS[3:]}],
        [{"data": record} for record in RECORDS],
        "\n".join(map(json.dumps, RECORDS)),
    ],
    ids=["array", "pages", "single answers", "ndjson"],
)
def test_every_shape_gives_the_same(tmp_path: Path, data: object) -> None:
    assert_golden(whole(SOURCE, write(tmp_path, data)), HERE)


def test_what_is_no_json_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"export\.json: no JSON"):
        whole(SOURCE, write(tmp_path, '{"data": ['))


def test_real_samples_are_read(shared_data: Path) -> None:
    exports = shared_data / "exports"
    for path in [
        exports / "asana" / "tasks.ndjson",
        *sorted((exports / "api-samples").glob("*.json")),
    ]:
        readable = path.stem in {"tasks", "asana__stories", "asana__task", "asana__tasks"}
        assert (SOURCE.sniff(path, path.read_bytes()) > 0.7) == readable, path.name
        if readable:
            batch = whole(SOURCE, path)
            assert (batch.records, batch.rejects.height) == (1, 0), path.name
            assert batch.events["kind"].to_list() == ["comment"] * ("stories" in path.name)
            assert batch.skipped == ("stories" not in path.name)  # nobody is shown
