"""What a run says in JSON, and nothing else beside it."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from flows import journal
from flows.progress import steps

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    before, level = journal.LOG.handlers[:], journal.LOG.level
    journal.LOG.handlers.clear()
    yield
    journal.LOG.handlers[:] = before
    journal.LOG.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_every_line_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    journal.begin("json")
    journal.begin("json")  # a second time adds nothing
    token = journal.RUN.set("20261124T021500Z")
    journal.note("file", "a.ics: 3 events", file="a.ics", events=3)
    journal.note("refused", 'b "quoted"\nand more', level=logging.WARNING)
    journal.RUN.reset(token)
    first, second = lines(capsys)
    assert first.keys() == {"time", "level", "event", "run_id", "message", "file", "events"}
    assert (first["event"], first["events"], first["run_id"]) == ("file", 3, "20261124T021500Z")
    assert (second["level"], second["message"]) == ("warning", 'b "quoted"\nand more')


def test_progress_is_records_then(capsys: pytest.CaptureFixture[str]) -> None:
    journal.begin("json")
    other = StringIO()
    with steps("read", 2, other) as show:
        show("a.ics")
        show("b.ics")
    assert other.getvalue() == ""
    assert [(one["event"], one["step"], one["of"]) for one in lines(capsys)] == [
        ("read", "a.ics", 2),
        ("read", "b.ics", 2),
    ]


def test_text_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    journal.begin("text")
    with steps("read", 1) as show:
        show("a.ics")
    journal.note("file", "a.ics: 3 events")
    assert capsys.readouterr().err[8:] == " read a.ics\n"


def test_the_environment_decides_where_nobody_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIELINE_LOG", "json")
    journal.begin()
    journal.note("end", "done")
    assert lines(capsys)[0]["event"] == "end"
