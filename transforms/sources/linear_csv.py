"""Linear's issues as CSV: who made each, and whose it was when it was completed.

Comments, and who changed or assigned an issue, are not in it. Who completed it is not told either:
a completed issue tells that its assignee was at work on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.sources.acts import Act
from transforms.sources.base import Source
from transforms.sources.item_tables import (
    Item,
    Shape,
    csv_rows,
    done_by,
    is_shaped,
    item_name,
    person,
    read_items,
)
from transforms.sources.machine_names import is_machine_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transforms.sources.base import Batch, Options


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the issues at `path`; positions are rows, the header being row 1.

    Raises UnreadableFileError when a column is missing.
    """
    return read_items(path, options, _SHAPE, csv_rows)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens Linear's table, by its header."""
    return 0.95 if is_shaped(head, _SHAPE) else 0.0


def _acts(issue: Item) -> Iterator[Act] | None:
    return _told(issue) if issue.cell("id") else None


def _told(issue: Item) -> Iterator[Act]:
    item = item_name("linear", issue, issue.cell("id").lower(), issue.time("created"))
    maker, owner = issue.cell("creator"), issue.cell("assignee")
    yield from done_by(
        "create", "create", person(maker, "linear"), issue.time("created"), item,
        is_machine=is_machine_name(maker),
    )  # fmt: skip
    who = person(owner, "linear")
    if who and issue.cell("completed"):
        yield Act(
            f"work:{item}:completed", "status", issue.time("completed"), who, "assignee",
            container=item, is_automated=is_machine_name(owner), is_doer=False,
        )  # fmt: skip


_SHAPE = Shape(
    columns={
        "id": ("id",), "created": ("created",), "completed": ("completed",),
        "creator": ("creator",), "assignee": ("assignee",),
        "triaged": ("triaged",), "cycle": ("cyclenumber",),  # to tell it from other tools' tables
    },
    needed={
        "id": "ID", "creator": "Creator", "assignee": "Assignee", "created": "Created",
        "completed": "Completed", "cycle": "Cycle Number",
    },
    dates=("created", "completed"),
    acts=_acts,
    unnamed="no ID",
    cure="export the issues again, with all columns",
)  # fmt: skip

SOURCE = Source(
    name="linear-csv",
    title="Linear issues (CSV)",
    channel="work",
    how=(
        "Settings > Workspace > Import/export > Export data (an administrator), or a view's menu > "
        'Export issues as CSV; add mapping = { system = "WORKSPACE" } to the source where two '
        "workspaces are read"
    ),
    reads=("ID", "Created", "Creator", "Completed", "Assignee"),
    sniff=sniff,
    read=read,
)
