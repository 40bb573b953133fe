"""Microsoft Planner: a plan exported to Excel.

A sheet has a row per task, below the plan's name and the day of the export or on a sheet of its
own. It tells who created and who completed each task, by display name, and on which day. To whom it
is assigned (`A;B`) is shown without a time: no act.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from transforms.sources.acts import Act
from transforms.sources.base import Source, UnreadableFileError
from transforms.sources.item_tables import (
    ABOVE,
    Item,
    Numbered,
    Shape,
    columns,
    done_by,
    person,
    read_items,
)
from transforms.sources.machine_names import is_machine_name
from transforms.sources.opening import opened
from transforms.sources.zips import SIGNATURE, checked, is_zip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transforms.sources.base import Batch, Options


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the tasks at `path`; positions are rows of the sheet, from 1.

    A workbook is held in memory. Raises UnreadableFileError when it is none, or a column is missing.
    """
    return read_items(path, options, _SHAPE, _rows_at)


def sniff(path: Path, head: bytes) -> float:
    """Certainty that `head` opens a workbook with a plan's tasks."""
    if not head.startswith(SIGNATURE):
        return 0.0
    try:
        with _rows_at(path) as rows:
            first = (row for _, row in islice(rows, ABOVE))
            return 0.95 if any(_is_header(row) for row in first) else 0.0
    except UnreadableFileError:
        return 0.0


# --- the workbook -----------------------------------------------------------------------------


@contextmanager
def _rows_at(path: Path) -> Iterator[Numbered]:
    """Rows of the first sheet that holds tasks, or of the first one."""
    sheets = _sheets(path)
    chosen = next((rows for rows in sheets if any(map(_is_header, rows[:ABOVE]))), sheets[0])
    yield ((number, row) for number, row in enumerate(chosen, 1) if any(row))


def _sheets(path: Path) -> list[list[list[str]]]:
    data = _bytes(path)
    if is_zip(data):
        checked(io.BytesIO(data), path, len(data)).close()  # a workbook is one, and may be a bomb
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
            found = [
                [[*map(_text, row)] for row in sheet.to_python(skip_empty_area=False)]
                for sheet in sheets
            ]
    except (CalamineError, OSError, ValueError) as error:
        message = f"{path}: no workbook that can be read ({error}); export the plan again"
        raise UnreadableFileError(message) from error
    return found or [[]]


def _bytes(path: Path) -> bytes:
    """The workbook as it stands; unpacked if it is gzip or within an archive."""
    if path.is_file():
        with path.open("rb") as file:
            if is_zip(file.read(len(SIGNATURE))):
                return path.read_bytes()
    with opened(path) as stream:
        return stream.read()


def _text(cell: object) -> str:
    """A cell as people see it; times as ISO 8601."""
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _is_header(row: list[str]) -> bool:
    return _SHAPE.needed.keys() <= columns(row, _SHAPE).keys()


# --- acts -------------------------------------------------------------------------------------


def _acts(task: Item) -> Iterator[Act] | None:
    return _told(task) if task.cell("id") else None


def _told(task: Item) -> Iterator[Act]:
    item = f"planner:{task.cell('id')}"
    for kind, column, number in (
        ("create", "created", "create"),
        ("status", "completed", "completed"),
    ):
        who = task.cell(f"{column}_by")
        if task.cell(column):
            yield from done_by(
                kind, number, person(who), task.time(column), item, is_machine=is_machine_name(who)
            )


_SHAPE = Shape(
    columns={
        "id": ("taskid", "taakid", "idvantaak"),
        "bucket": ("bucketname", "bucketnaam", "naamvanbucket", "bucket"),
        "created": ("createddate", "gemaaktop", "aanmaakdatum", "datumgemaakt", "gemaakt"),
        "created_by": ("createdby", "gemaaktdoor", "aangemaaktdoor"),
        "completed": ("completeddate", "voltooidop", "voltooiingsdatum", "datumvoltooid"),
        "completed_by": ("completedby", "voltooiddoor"),
    },
    needed={
        "id": "Task ID", "bucket": "Bucket Name", "created_by": "Created By",
        "created": "Created Date",
    },
    dates=("created", "completed"),
    acts=_acts,
    unnamed="no task id",
    cure="open the plan and export it again with Export plan to Excel",
)  # fmt: skip

SOURCE = Source(
    name="planner",
    title="Microsoft Planner plan (Excel)",
    channel="work",
    how=(
        "Planner on the web > the plan > the arrow or dots beside its name > Export plan to Excel; "
        "leave the .xlsx as it is. People are named, not addressed: list their names in the directory"
    ),
    reads=("Task ID", "Created By, Created Date", "Completed By, Completed Date"),
    sniff=sniff,
    read=read,
)
