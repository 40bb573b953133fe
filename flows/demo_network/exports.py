"""The demo network's folder: who delivers which file, and what is wrong with some of them."""

from __future__ import annotations

import csv
import gzip
import io
from typing import TYPE_CHECKING

from flows.demo_network import ics, jira, mbox, trace
from flows.demo_network.people import ORGANISATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from flows.demo_network.happenings import Happenings

Gap = tuple[str, "date", "date"]  # slug, first day, day after the last of what was not delivered

BOARD = "gedeeld-bord"
LOGGED = "verzekeraar"  # delivers its mail server's log too: the same mails, counted once
PLAIN = ("gemeente", "politie")  # deliver their mail as it is; the others compress it
# Records broken on purpose, by kind and partner.
WITHOUT_START = {"ziekenhuis": 2, "welzijn": 1}
IMPOSSIBLE_DATES = {"gemeente": 1, "scholen": 2}
WITHOUT_CREATED = 2


def broken_records() -> tuple[tuple[str, int], ...]:
    """(organisation's folder, records) of what is broken on purpose."""
    counts = {BOARD: WITHOUT_CREATED}
    for by_slug in (WITHOUT_START, IMPOSSIBLE_DATES):
        for slug, count in by_slug.items():
            counts[slug] = counts.get(slug, 0) + count
    return tuple(sorted(counts.items()))


def write(
    folder: Path, happenings: Happenings, directory: Iterable[tuple[str, ...]], gap: Gap | None
) -> None:
    """Write every export under `folder`; the same arguments give the same bytes."""
    incoming = folder / "incoming"
    for path, content in (*_calendars(happenings, gap), *_mailboxes(happenings, gap)):
        _write(incoming / path, content)
    _write(incoming / LOGGED / "berichtenlogboek.csv", trace.trace(LOGGED, happenings.mails))
    issues = sorted(happenings.issues, key=lambda found: (found.created, found.number))
    for number, page in enumerate(jira.pages(issues, WITHOUT_CREATED), start=1):
        _write(incoming / BOARD / f"zoekresultaat-{number}.json", page)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(directory)
    _write(folder / "directory" / "people.csv", text.getvalue().encode())


def _calendars(happenings: Happenings, gap: Gap | None) -> Iterator[tuple[str, bytes]]:
    for organisation in ORGANISATIONS:
        slug = organisation.slug
        broken = WITHOUT_START.get(slug, 0)
        if gap is None or slug != gap[0]:
            whole = ics.calendar(slug, happenings.meetings, happenings.blocks, broken)
            yield f"{slug}/agenda.ics", whole
            continue
        # An export up to the outage, and one from after it.
        for name, since, until in (("1", None, gap[1]), ("2", gap[2], None)):
            meetings = ics.between(happenings.meetings, since, until)
            blocks = (
                block
                for block in happenings.blocks
                if (since is None or block.start.date() >= since)
                and (until is None or block.start.date() < until)
            )
            yield f"{slug}/agenda-{name}.ics", ics.calendar(slug, meetings, blocks, broken)


def _mailboxes(happenings: Happenings, gap: Gap | None) -> Iterator[tuple[str, bytes]]:
    for slug, box in mbox.mailboxes(happenings.mails, gap).items():
        content = box + mbox.impossible_dates(slug, IMPOSSIBLE_DATES.get(slug, 0))
        if slug in PLAIN:
            yield f"{slug}/post.mbox", content
        else:
            yield f"{slug}/post.mbox.gz", gzip.compress(content, 4, mtime=0)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
