"""The log that nobody can change unseen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from flows.audit import TamperedError, read, write

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"1" * 32
AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    write(path, KEY, AT, "begun", erasure="1")
    write(path, KEY, AT, "done", erasure="1")
    write(path, KEY + b"\n" + b"2" * 32, AT, "key renewed")
    return path


NEW = KEY + b"\n" + b"2" * 32


def test_what_was_written_is_read_with_the_newest_key(log: Path) -> None:
    assert [line["what"] for line in read(log, NEW)] == ["begun", "done", "key renewed"]
    assert log.stat().st_mode & 0o077 == 0
    last = json.loads(log.read_text().splitlines()[-1])["seal"]
    assert len(read(log, NEW, last)) == 3
    assert read(log.with_name("none"), NEW) == []


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_changed_or_missing_line_is_noticed(log: Path, number: int) -> None:
    lines = log.read_text().splitlines()
    last = json.loads(lines[-1])["seal"]
    for changed in (
        [*lines[:number], lines[number].replace("2026-05-01", "2026-05-02"), *lines[number + 1 :]],
        [*lines[:number], *lines[number + 1 :]],
    ):
        log.write_text("".join(f"{line}\n" for line in changed))
        with pytest.raises(TamperedError, match=r"audit\.jsonl: (line|its last)"):
            read(log, NEW, last)


def test_a_line_written_without_the_key_is_noticed(log: Path) -> None:
    write(log, b"3" * 32, AT, "erased and proven", erasure="9")
    with pytest.raises(TamperedError, match="line 4"):
        read(log, NEW)


def test_what_a_killed_process_left_is_written_over(log: Path) -> None:
    with log.open("a") as file:
        file.write('{"at": "2026-')
    assert len(read(log, NEW)) == 3
    write(log, NEW, AT, "done", erasure="2")
    write(
        log, NEW, datetime(2027, 1, 1, tzinfo=UTC), "done", erasure="2"
    )  # said again after a kill
    assert [line["what"] for line in read(log, NEW)][3:] == ["done"]
