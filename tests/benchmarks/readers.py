"""Readers beside their peers, on the same files, in the same process.

    python -m tests.benchmarks.readers FOLDER

Prints one JSON object: reader → megabytes, CPU seconds of ours and of the peer, events.
Both end with two frames, of events and of participations, and must find as many events.
"""

from __future__ import annotations

import json
import mailbox
import sys
import warnings
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import icalendar
import polars as pl
import recurring_ical_events

from tests.benchmarks.exports import MAPPING
from transforms.sources import SOURCES
from transforms.sources.base import Options

if TYPE_CHECKING:
    from collections.abc import Callable

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
TIMES = 2


def ours(form: str, path: Path) -> int:
    """Read `path` wholly; return its events."""
    options = Options(since=SINCE, until=UNTIL, mapping=MAPPING if form == "ndjson" else {})
    keys: set[str] = set()
    for batch in SOURCES[form].read(path, options):
        assert batch.rejects.is_empty()
        keys.update(batch.events["event_key"])
    return len(keys)


def stdlib_mbox(path: Path) -> int:
    """The headers that make an event, read as the standard library's manual has it."""
    parse = BytesHeaderParser().parse
    events, seats = [], []
    for mail in mailbox.mbox(path, factory=parse):
        key, sender = mail["message-id"], getaddresses(mail.get_all("from", []))[0][1]
        events.append((key, parsedate_to_datetime(mail["date"]), sender, mail["in-reply-to"]))
        for role in ("from", "to", "cc"):
            seats += [(key, address, role) for _, address in getaddresses(mail.get_all(role, []))]
    return _frames(events, seats)


def library_ics(path: Path) -> int:
    """Occurrences with their attendees and answers."""
    calendar = icalendar.Calendar.from_ical(path.read_bytes())
    events, seats = [], []
    for one in recurring_ical_events.of(calendar).between(SINCE, UNTIL):
        key, people = f"{one['UID']} {one['DTSTART'].dt}", one.get("ATTENDEE", [])
        events.append((key, one["DTSTART"].dt, str(one["ORGANIZER"])[7:], one["DTEND"].dt))
        people = people if isinstance(people, list) else [people]
        seats += [(key, str(person)[7:], person.params["PARTSTAT"]) for person in people]
    return _frames(events, seats)


def stdlib_ndjson(path: Path) -> int:
    """A row per participation, the first one of each event being the event."""
    events, seats = {}, []
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            when = datetime.fromisoformat(row["time"])
            events.setdefault(row["event"], (row["event"], when, row["address"], row["item"]))
            seats.append((row["event"], row["address"], row["role"]))
    return _frames(list(events.values()), seats)


def stdlib_jira(path: Path) -> int:
    """Creation, comments and changes: who and when."""
    events = []
    with path.open(encoding="utf-8") as file:
        for issue in (issue for line in file for issue in json.loads(line)["issues"]):
            fields = issue["fields"]
            acts = [("created", issue["id"], fields["created"], fields["creator"])]
            acts += [
                ("comment", c["id"], c["created"], c["author"])
                for c in fields["comment"]["comments"]
            ]
            acts += [
                ("change", c["id"], c["created"], c["author"])
                for c in issue["changelog"]["histories"]
            ]
            for kind, number, when, who in acts:
                key = f"{issue['self']} {kind} {number}"
                events.append(
                    (key, datetime.fromisoformat(when), who["emailAddress"], issue["key"])
                )
    return _frames(events, [(key, who, "author") for key, _, who, _ in events])


def _frames(events: list[tuple[Any, ...]], seats: list[tuple[str, str, str]]) -> int:
    """What every reader ends with: two frames of columns."""
    frames = [pl.DataFrame(rows, orient="row") for rows in (events, seats)]
    return frames[0]["column_0"].n_unique()


PEERS: dict[str, tuple[str, str, Callable[[Path], int]]] = {
    "mbox": ("mails.mbox", "stdlib mailbox, HeaderParser, getaddresses", stdlib_mbox),
    "icalendar": ("meetings.ics", "icalendar, recurring-ical-events", library_ics),
    "ndjson": ("log.ndjson", "stdlib json, fromisoformat", stdlib_ndjson),
    "jira": ("board.json", "stdlib json, fromisoformat", stdlib_jira),
}


def measure(folder: Path) -> dict[str, dict[str, Any]]:
    """CPU seconds of each reader and its peer, the least of `TIMES`."""
    told = {}
    for form, (name, peer, read) in PEERS.items():
        path = folder / name
        mine, events = _least(lambda path=path, form=form: ours(form, path))
        theirs, others = _least(lambda path=path, read=read: read(path))
        assert events == others, (form, events, others)
        told[form] = {"megabytes": path.stat().st_size / 1e6, "seconds": mine, "events": events,
                      "peer": peer, "peer_seconds": theirs}  # fmt: skip
    return told


def _least(read: Callable[[], int]) -> tuple[float, int]:
    seconds = []
    for _ in range(TIMES):
        begun = process_time()
        count = read()
        seconds.append(process_time() - begun)
    return min(seconds), count


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(measure(Path(sys.argv[1]))))
