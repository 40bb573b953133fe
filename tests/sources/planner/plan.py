"""A plan as Planner exports it, of people who do not exist."""

from __future__ import annotations

from datetime import date

from tests.sources.planner.workbook import Cell, workbook

HEADER: tuple[Cell, ...] = (
    "Task ID", "Task Name", "Bucket Name", "Progress", "Priority", "Assigned To", "Created By",
    "Created Date", "Start date", "Due date", "Is Recurring", "Late", "Completed Date",
    "Completed By", "Completed Checklist Items", "Checklist Items", "Labels", "Description",
)  # fmt: skip


def task(number: str, by: str, created: Cell, done: Cell = None, done_by: str = "") -> list[Cell]:
    told: dict[str, Cell] = {
        "Task ID": number, "Task Name": "SECRET", "Bucket Name": "Dike", "Progress": "SECRET",
        "Assigned To": "Ben Dale;Cleo Fen", "Created By": by, "Created Date": created,
        "Due date": date(2026, 4, 1), "Completed Date": done, "Completed By": done_by,
        "Checklist Items": "SECRET;SECRET",
    }  # fmt: skip
    return [told.get(str(name)) for name in HEADER]


TASKS = [
    task("aAbB1", "Ada Brook", date(2026, 3, 2), date(2026, 3, 13), "Ben  Dale"),
    task("aAbB2", "Ben Dale", "03/03/2026"),  # the same column, but text
    task(
        "aAbB3", "Cleo Fen", 46084, "3/14/2026", "Cleo Fen"
    ),  # a serial without the look of a date
    task("aAbB4", "", date(2026, 3, 4)),  # a guest who left
    task("aAbB5", "Planner Bot", date(2026, 3, 4)),
    task("aAbB6", "Ada Brook", "2 mrt. 2026", "soon", "Ada Brook"),
    task("", "Ada Brook", date(2026, 3, 4)),
    [],
    task("aAbB1", "Ada Brook", date(2026, 3, 2), date(2026, 3, 13), "Ben  Dale"),
]
OLD = [["Plan name", "SECRET"], ["Plan ID", "xyz"], ["Date of export", "11/24/2026"], []]


def plan(*, above: bool = True) -> bytes:
    """The workbook: what tells of the plan stands above the header, or on a sheet of its own."""
    if above:
        return workbook({"Tasks": [*OLD, HEADER, *TASKS]}, merged=("B1:F1",))
    return workbook({"Plan name": OLD, "Tasks": [HEADER, *TASKS]})
