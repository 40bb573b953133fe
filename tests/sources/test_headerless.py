"""A table without its header: the refusal, which the warehouse keeps, quotes nothing of the first row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from transforms.sources import SOURCES
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.directory import read_directory
from transforms.sources.opening import columns_told, likely

if TYPE_CHECKING:
    from pathlib import Path

TASK = "Dismissal of Piet,KEY-1,1,Task,Open,jan@a.example,11/May/24 03:26 PM\n"
ROWS = {
    "message-trace": "2026-03-02T08:00:05,jan@a.example,ben@b.example,Dismissal of Piet,Delivered,<1@a>\n",
    "google-mail-log": "<1@a>,2026/03/02 08:00:00 UTC,jan@a.example,Dismissal of Piet,ben@b.example\n",
    "outlook-csv": "Dismissal of Piet,2-3-2026,10:00:00,2-3-2026,11:00:00,False,Jan Jansen,,,Room 3\n",
    "csv": "2026-03-02,jan@a.example,ben@b.example,Dismissal of Piet\n",
    "ndjson": '{"Dismissal of Piet": {"jan@a.example": 1}}\n',
    "jira-csv": TASK,
    "asana-csv": TASK,
    "azure-devops-csv": TASK,
    "linear-csv": TASK,
}
MAPPED = Options(mapping={"time": "Dismissals", "sender": "from", "recipient": "to"})


@pytest.mark.parametrize("name", ROWS)
def test_a_first_row_is_not_quoted(tmp_path: Path, name: str) -> None:
    path = tmp_path / "part"
    path.write_text(ROWS[name] * 3)
    with pytest.raises(UnreadableFileError, match="looks like data; put the line with") as refusal:
        list(SOURCES[name].read(path, MAPPED))
    assert not any(word in str(refusal.value) for word in ("Piet", "Jan", "jan@", "KEY"))


@pytest.mark.parametrize("row", ["jan@a.example,Jansen", "Jansen,Piet,06-1"])
def test_nor_one_of_a_directory(tmp_path: Path, row: str) -> None:
    path = tmp_path / "part.csv"
    path.write_text(f"{row}\n" * 3)
    with pytest.raises(
        UnreadableFileError, match=r"no column of mail addr.*columns looks like data"
    ):
        read_directory(path, ["organisation"])


@pytest.mark.parametrize(
    "cell", ["Jan <jan@a.example>", "(06) 1", " 2-3-2026", "Mon, 2 Mar 2026 09:00", "word " * 13]
)
def test_what_is_no_name_of_a_column(cell: str) -> None:
    assert columns_told(["Subject", cell]).startswith("what should name its 2 columns looks like")
    assert not likely("Subjekt", ["Subject", cell])


def test_names_of_columns_are_told() -> None:
    names = ["\ufeffSubject", "Custom field (Story Points)", "start@odata.type", "Subject", ""]
    told = "columns are: Subject, Custom field (Story Points), start@odata.type"
    assert columns_told(names) == told
    assert likely("Subjekt", names) == "; did you mean 'Subject'?"
