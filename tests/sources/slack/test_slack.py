"""The Slack reader against its golden export and its traps."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.golden import assert_golden, whole
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.slack import SOURCE

HERE = Path(__file__).parent
EXPORT = HERE / "export"


def packed(folder: Path, prefix: str = "", **changed: str | None) -> Path:
    """The export as a zip; `changed` names files (stem) with another text, or None to leave out."""
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(EXPORT.rglob("*.json")):
            text = changed.get(file.stem, file.read_text())
            if text is not None:
                archive.writestr(f"{prefix}{file.relative_to(EXPORT).as_posix()}", text)
    return path


@pytest.mark.parametrize("prefix", ["", "Waters Slack export/"])
def test_golden(tmp_path: Path, prefix: str) -> None:
    path = packed(tmp_path, prefix)
    batch = whole(SOURCE, path)
    assert_golden(batch, HERE)
    assert SOURCE.sniff(path, path.read_bytes()) > 0.9
    for rows in (batch.events, batch.participations, batch.rejects):
        assert "SECRET" not in rows.write_csv()


@pytest.mark.parametrize("own", [None, "[]"])
def test_the_users_of_an_organisation(tmp_path: Path, own: str | None) -> None:
    path = packed(tmp_path, users=own)
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(EXPORT / "users.json", "org_users.json")
    assert SOURCE.sniff(path, path.read_bytes()) > 0.9
    assert_golden(whole(SOURCE, path), HERE)


def test_a_zip_that_is_packed_once_more_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "export.zip.gz"
    path.write_bytes(gzip.compress(packed(tmp_path).read_bytes()))
    assert_golden(whole(SOURCE, path), HERE)


def test_every_message_is_accounted_for(tmp_path: Path) -> None:
    messages = [one for day in EXPORT.glob("*/*.json") for one in json.loads(day.read_text())]
    batch = whole(SOURCE, packed(tmp_path))
    told = batch.events.height + batch.skipped + batch.duplicates + batch.rejects.height
    assert batch.records == told == len(messages)


def test_without_the_lists_only_mentions_are_addressed(tmp_path: Path) -> None:
    none: dict[str, None] = dict.fromkeys(("users", "channels", "groups", "dms", "mpims"))
    batch = whole(SOURCE, packed(tmp_path, **none))
    assert set(batch.participations["role"]) == {"from", "mentioned"}
    assert not batch.participations["address"].str.contains("@").any()
    assert batch.records == 17


def test_a_broken_day_or_list_is_not_the_end(tmp_path: Path) -> None:
    path = packed(tmp_path, **{"2026-02-03": '[{"type": "mess', "channels": "[{}, 1]"})
    batch = whole(SOURCE, path)
    assert batch.rejects.height == 1
    assert batch.records == 13
    assert any(key.startswith("chat:slack:dike/") for key in batch.events["event_key"])


def test_window(tmp_path: Path) -> None:
    batch = whole(SOURCE, packed(tmp_path), Options(since=datetime(2026, 2, 3, tzinfo=UTC)))
    assert batch.events.height == 1


def test_what_is_no_export_is_neither_claimed_nor_read(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "a")
        archive.writestr("b.txt", "b")
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(packed(tmp_path).read_bytes()[:-400])
    for path in (other, damaged):
        assert SOURCE.sniff(path, path.read_bytes()) == 0
    with pytest.raises(UnreadableFileError, match=r"damaged\.zip"):
        whole(SOURCE, damaged)


def test_no_sample_of_another_tool_is_claimed(shared_data: Path) -> None:
    for path in sorted((shared_data / "exports" / "api-samples").glob("*.json")):
        assert SOURCE.sniff(path, path.read_bytes()) == 0, path.name
