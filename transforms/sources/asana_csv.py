"""Asana's project as CSV: which task is whose, and on which day it was completed.

The file names nobody but the assignee and no act but the completion, without who did it. So a
completed task tells that its assignee was at work on it that day; everything else is passed over.
The API (format asana) tells who did what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.sources.acts import Act
from transforms.sources.base import Source
from transforms.sources.item_tables import Item, Shape, csv_rows, is_shaped, person, read_items
from transforms.sources.machine_names import is_machine_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transforms.sources.base import Batch, Options


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the tasks at `path`; positions are rows, the header being row 1.

    Raises UnreadableFileError when a column is missing.
    """
    return read_items(path, options, _SHAPE, csv_rows)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a project's table, by its header."""
    return 0.95 if is_shaped(head, _SHAPE) else 0.0


def _acts(task: Item) -> Iterator[Act] | None:
    return _told(task) if task.cell("id") else None


def _told(task: Item) -> Iterator[Act]:
    who = person(task.cell("email")) or person(task.cell("assignee"))
    if who and task.cell("completed"):
        item = f"asana:{task.cell('id')}"
        yield Act(
            f"work:{item}:completed", "status", task.time("completed"), who, "assignee",
            container=item, is_automated=is_machine_name(task.cell("assignee")), is_doer=False,
        )  # fmt: skip


_SHAPE = Shape(
    columns={
        "id": ("taskid", "taakid"),
        "completed": ("completedat", "voltooidop", "voltooiingsdatum"),
        "section": ("sectioncolumn", "sectiekolom"),  # to tell it from other tools' tables
        "assignee": ("assignee", "toegewezenaan", "verantwoordelijke"),
        "email": ("assigneeemail", "emailtoegewezene", "emailverantwoordelijke"),
    },
    needed={
        "id": "Task ID", "completed": "Completed At", "assignee": "Assignee",
        "section": "Section/Column",
    },
    dates=("completed",),
    acts=_acts,
    unnamed="no task id",
    cure="export the project again with Export/Print > CSV",
)  # fmt: skip

SOURCE = Source(
    name="asana-csv",
    title="Asana project (CSV)",
    channel="work",
    how=(
        "Project > arrow beside its name > Export/Print > CSV, with Asana in English. It tells only "
        "whose a completed task was; the API (format asana) tells who did what: prefer it, and do "
        "not read one project both ways"
    ),
    reads=("Task ID", "Completed At", "Assignee Email, or else Assignee"),
    sniff=sniff,
    read=read,
)
