"""Azure DevOps: the answer of a query on work items as CSV.

It has the columns that whoever made the query chose. Read are those that say who and when: who
created, activated, resolved, closed, and who changed the item last. Who has it (`Assigned To`) is
shown as of today, without a time: no act.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transforms.sources.acts import Act, stamp
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

_MACHINE = re.compile(r"build service|^microsoft\.", re.IGNORECASE)
_GROUP = re.compile(r"^\[[^\]]*\]\\")  # [Waters]\Team North
_STATES = ("activated", "resolved", "closed")


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the work items at `path`; positions are rows, the header being row 1.

    Raises UnreadableFileError when a column is missing.
    """
    return read_items(path, options, _SHAPE, csv_rows)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens the answer of a query, by its header."""
    return 0.95 if is_shaped(head, _SHAPE) else 0.0


def _acts(item: Item) -> Iterator[Act] | None:
    return _told(item) if item.cell("id") else None


def _told(item: Item) -> Iterator[Act]:
    created = item.time("created")
    # As the reader of the JSON writes it, so that the two are one where the settings name the site.
    name = item_name("azure-devops", item, item.cell("id"), created, "item:")
    yield from _done(item, "create", "created", "create", name)
    told = {(item.cell("created_by"), created)}
    for state in _STATES:
        at = item.time(state)
        if item.cell(state) and (item.cell(f"{state}_by"), at) not in told:
            told.add((item.cell(f"{state}_by"), at))
            yield from _done(item, "status", state, f"{state}@{stamp(at)}", name)
    last = item.time("changed")
    if item.cell("changed") and (item.cell("changed_by"), last) not in told:
        yield from _done(item, "change", "changed", f"change@{stamp(last)}", name)


def _done(item: Item, kind: str, column: str, number: str, name: str) -> Iterator[Act]:
    who, at = item.cell(f"{column}_by"), item.time(column)
    is_machine = is_machine_name(who) or _MACHINE.search(who) is not None
    address = None if _GROUP.match(who) else person(who)
    yield from done_by(kind, number, address, at, name, is_machine=is_machine)


_SHAPE = Shape(
    columns={
        "id": ("id",), "type": ("workitemtype", "werkitemtype", "typewerkitem"),
        "created": ("createddate", "gemaaktop", "aanmaakdatum", "datumgemaakt"),
        "created_by": ("createdby", "gemaaktdoor", "aangemaaktdoor"),
        "activated": ("activateddate",), "activated_by": ("activatedby",),
        "resolved": ("resolveddate",), "resolved_by": ("resolvedby",),
        "closed": ("closeddate",), "closed_by": ("closedby",),
        "changed": ("changeddate", "gewijzigdop", "wijzigingsdatum"),
        "changed_by": ("changedby", "gewijzigddoor"),
    },
    needed={
        "id": "ID", "type": "Work Item Type", "created_by": "Created By",
        "created": "Created Date",
    },
    dates=("created", "changed", *_STATES),
    acts=_acts,
    unnamed="no ID",
    cure="add it under Column options of the query and export it again",
)  # fmt: skip

SOURCE = Source(
    name="azure-devops-csv",
    title="Azure DevOps query (CSV)",
    channel="work",
    how=(
        "Boards > Queries > a query > Column options: add Created By, Created Date, Changed By, "
        "Changed Date, Closed By, Closed Date > Export to CSV; add mapping = { system = "
        '"ORGANISATION" } to the source where two organisations are read. The API (format '
        "azure-devops) tells more"
    ),
    reads=(
        "ID", "Created By, Created Date", "Changed By, Changed Date",
        "Activated By, Resolved By, Closed By, and their Date",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
