"""Jira's table of issues as CSV: what anybody may export from a search.

It tells who made each issue and when, its comments and its worklogs. Who changed or assigned it is
not in it: pages of the REST search tell more. Of a comment only mentions are read.
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

_MENTION = re.compile(r"\[~(?:accountid:)?([^\]\[\\\"\s~]{1,255})\]")

# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the issues at `path`; positions are rows, the header being row 1.

    Raises UnreadableFileError when a column is missing.
    """
    return read_items(path, options, _SHAPE, csv_rows)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a table of Jira issues, by its header."""
    return 0.95 if is_shaped(head, _SHAPE) else 0.0


# --- acts -------------------------------------------------------------------------------------


def _acts(issue: Item) -> Iterator[Act] | None:
    key, number = issue.cell("key"), issue.cell("id")
    if not key and not number:
        return None
    within = (f"{key}/",) if key and number and not issue.system else ()
    return _told(issue, item_name("jira", issue, number or key, issue.time("created"), *within))


def _told(issue: Item, item: str) -> Iterator[Act]:
    shown = "creator" if issue.cell("creator") or issue.cell("creator_id") else "reporter"
    maker = _account(issue.cell(f"{shown}_id")) or person(issue.cell(shown), "jira")
    yield from done_by(
        "create", "create", maker, issue.time("created"), item,
        is_machine=is_machine_name(issue.cell(shown)),
    )  # fmt: skip
    for cell in issue.cells("comment"):
        written, who, text = _comment(cell)
        author, at = person(who, "jira"), issue.times.get(written)
        if author is None:
            continue
        number = f"{author}@{stamp(at)}"
        is_automated = is_machine_name(who)
        yield Act(
            f"work:{item}:comment:{number}", "comment", at, author, "commenter",
            container=item, is_automated=is_automated,
        )  # fmt: skip
        if called := sorted({_account(name) or "" for name in _MENTION.findall(text)}):
            yield Act(
                f"work:{item}:mention:{number}", "mention", at, author, "author", "mentioned",
                tuple(called), container=item, is_automated=is_automated,
            )  # fmt: skip
    for cell in issue.cells("worklog"):
        written, who = _worklog(cell)
        author, at = person(who, "jira"), issue.times.get(written)
        yield from done_by(
            "worklog", f"worklog:{author}@{stamp(at)}", author, at, item,
            is_machine=is_machine_name(who),
        )  # fmt: skip


def _account(name: str) -> str | None:
    """An account id or login, as the reader of Jira's JSON writes it."""
    return person(name, "jira") if "@" in name else f"jira:{name}" if name else None


def _comment(cell: str) -> tuple[str, str, str]:
    """`time;author;text`."""
    written, _, rest = cell.partition(";")
    who, _, text = rest.partition(";")
    return written.strip(), who.strip(), text


def _worklog(cell: str) -> tuple[str, str]:
    """`what was done;time;author;seconds`: the words may hold semicolons."""
    parts = cell.rsplit(";", 3)
    return (parts[-3].strip(), parts[-2].strip()) if parts[3:] else (cell, "")


def _times(issue: Item) -> Iterator[str]:
    yield from (_comment(cell)[0] for cell in issue.cells("comment"))
    yield from (_worklog(cell)[0] for cell in issue.cells("worklog"))


_SHAPE = Shape(
    columns={
        "key": ("issuekey", "issuesleutel", "sleutelvanissue"),
        "id": ("issueid", "idvanissue"),
        "created": ("created", "aangemaakt", "gemaakt", "aanmaakdatum"),
        "creator": ("creator", "maker", "aangemaaktdoor"),
        "creator_id": ("creatorid", "idvanmaker", "makerid"),
        "reporter": ("reporter", "melder", "rapporteur", "indiener"),
        "reporter_id": ("reporterid", "idvanmelder", "melderid", "idvanrapporteur"),
        "comment": ("comment", "comments", "opmerking", "opmerkingen", "reactie", "reacties"),
        "worklog": ("logwork", "worklog", "werkregistratie", "werklogboek"),
    },
    needed={"key": "Issue key", "created": "Created"},
    dates=("created",),
    acts=_acts,
    unnamed="the issue has neither id nor key",
    cure="export the search again with Issue key, Issue id, Created, Creator and Comment",
    more_times=_times,
)

SOURCE = Source(
    name="jira-csv",
    title="Jira issues (CSV)",
    channel="work",
    how=(
        "Filters or Issues > search > Export > Export CSV (all fields), in English; add "
        'mapping = { system = "SITE.atlassian.net" } to the source where two sites are read. '
        "The REST search (format jira) tells more: prefer it, and do not read one project both ways"
    ),
    reads=(
        "Issue key", "Issue id", "Created", "Creator or Reporter, and its Id",
        "every Comment: time, author, whom it mentions",
        "every Log Work: time, author",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
