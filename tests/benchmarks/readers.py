"""Readers beside their peers, on the same files, in the same process.

    python -m tests.benchmarks.readers FOLDER

Prints one JSON object: a row per reader and peer with megabytes, CPU seconds of both, events. Peers end
with two frames, of events and of participations, and must find as many events, unless they are said to be
a bare parser.
"""

from __future__ import annotations

import csv
import json
import mailbox
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any

import duckdb
import icalendar
import polars as pl
import recurring_ical_events

from tests.benchmarks.exports import ARCHIVE, COLUMNS, MAPPED, MAPPING
from tests.benchmarks.multiplied import CSV, JSON
from transforms.sources import SOURCES
from transforms.sources.base import Options

SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
TIMES = 7
Read = Callable[[Path], "int | pl.Series"]
TRACE = ("Received", "SenderAddress", "RecipientAddress", "Status", "MessageId", "MessageTraceId")


def ours(form: str, path: Path) -> pl.Series:
    """Read `path` wholly; return the keys of its events."""
    mapping = (ARCHIVE if path.name.startswith("archive") else MAPPING) if form in MAPPED else {}
    keys: list[pl.Series] = []
    for batch in SOURCES[form].read(path, Options(since=SINCE, until=UNTIL, mapping=mapping)):
        assert batch.rejects.is_empty() or not path.stem.startswith(MADE), batch.rejects
        keys.append(batch.events["event_key"])
    return pl.concat(keys)


def stdlib_mbox(path: Path) -> pl.Series:
    """The headers that make an event, read as the standard library's manual has it."""
    parse = BytesHeaderParser().parse
    events, seats = [], []
    for mail in mailbox.mbox(path, factory=parse):
        key, sender = mail["message-id"], getaddresses(mail.get_all("from", []))[0][1]
        events.append((key, parsedate_to_datetime(mail["date"]), sender, mail["in-reply-to"]))
        for role in ("from", "to", "cc"):
            seats += [(key, address, role) for _, address in getaddresses(mail.get_all(role, []))]
    return _frames(events, seats)


def library_ics(path: Path) -> pl.Series:
    """Occurrences with their attendees and answers."""
    calendar = icalendar.Calendar.from_ical(path.read_bytes())
    events, seats = [], []
    for one in recurring_ical_events.of(calendar).between(SINCE, UNTIL):
        key, people = f"{one['UID']} {one['DTSTART'].dt}", one.get("ATTENDEE", [])
        events.append((key, one["DTSTART"].dt, str(one["ORGANIZER"])[7:], one["DTEND"].dt))
        people = people if isinstance(people, list) else [people]
        seats += [(key, str(person)[7:], person.params["PARTSTAT"]) for person in people]
    return _frames(events, seats)


def stdlib_ndjson(path: Path) -> pl.Series:
    """A row per participation, the first one of each event being the event."""
    events, seats = {}, []
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            when = datetime.fromisoformat(row["time"])
            events.setdefault(row["event"], (row["event"], when, row["address"], row["item"]))
            seats.append((row["event"], row["address"], row["role"]))
    return _frames(list(events.values()), seats)


def stdlib_jira(path: Path) -> pl.Series:
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


def _frames(events: list[tuple[Any, ...]], seats: list[tuple[str, str, str]]) -> pl.Series:
    """What every reader ends with: two frames of columns. The keys of the first."""
    frames = [pl.DataFrame(rows, orient="row") for rows in (events, seats)]
    return frames[0]["column_0"]


PERCEVAL = """
import sys, time
from perceval.backends.core.mbox import MBox
begun = time.process_time()
count = sum(1 for _ in MBox("bench", sys.argv[1]).fetch())
print(time.process_time() - begun, count)
"""


def json_load(path: Path) -> int:
    """The records as the standard library's parser gives them, all held at once; no rows are made."""
    with path.open(encoding="utf-8") as file:
        return len([json.loads(line) for line in file])


def json_lines(path: Path) -> int:
    """The same, each forgotten before the next one."""
    with path.open(encoding="utf-8") as file:
        return sum(json.loads(line) is not None for line in file)


def duckdb_csv(path: Path) -> int:
    """Every column that the reader takes, as text, in a frame; no rows are made."""
    names = TRACE if path.name.startswith("trace") else COLUMNS
    columns = ", ".join(f'"{name}"' for name in names)
    con = duckdb.connect(config={"threads": 1})
    return con.sql(f"SELECT {columns} FROM read_csv('{path}', all_varchar = true)").pl().height


def newlines(path: Path) -> int:
    """As little as can be done with every byte."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 18), b""))


def csv_reader(path: Path) -> int:
    """The rows as the standard library's parser gives them."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file))


NEWLINES = ("newline count", newlines)
JSON_LOAD = ("stdlib json alone, no rows", json_load)
JSON_LINES = ("stdlib json alone, each line forgotten", json_lines)
CSV_READER = ("stdlib csv alone, no rows", csv_reader)
DUCKDB_CSV = ("DuckDB read_csv alone, no rows", duckdb_csv)
PEERS: tuple[tuple[str, str, tuple[tuple[str, Read], ...]], ...] = (
    ("mbox", "mails.mbox", (
        ("stdlib mailbox, HeaderParser, getaddresses", stdlib_mbox), NEWLINES)),
    ("icalendar", "meetings.ics", (("icalendar, recurring-ical-events", library_ics),)),
    ("ndjson", "archive.ndjson", (JSON_LOAD, JSON_LINES, NEWLINES)),
    ("ndjson", "log.ndjson", (("stdlib json, fromisoformat", stdlib_ndjson), NEWLINES)),
    ("csv", "log.csv", (DUCKDB_CSV, NEWLINES)),
    ("parquet", "log.parquet", ()),
    ("jira", "board.json", (
        JSON_LOAD, JSON_LINES, ("stdlib json, fromisoformat", stdlib_jira))),
    ("github", "archive.ndjson", (JSON_LOAD,)),
    ("message-trace", "trace.csv", (DUCKDB_CSV, NEWLINES)),
    *((form, f"{form}.json", (JSON_LOAD,)) for form in JSON),
    *((form, f"{form}.csv", (CSV_READER,)) for form in CSV),
    ("git-log", "git-log.tsv", (NEWLINES,)),
    ("slack", "slack.zip", ()),
    ("planner", "planner.xlsx", ()),
)  # fmt: skip
MADE = ("archive", "board", "log", "mails", "meetings", "trace")  # without an odd record
SAME = {stdlib_mbox, library_ics, stdlib_ndjson, stdlib_jira}  # these make events too: as many


def measure(folder: Path) -> list[dict[str, Any]]:
    """A row per reader and peer: CPU seconds of both, taken by turns, the least of `TIMES`."""
    told = []
    for form, name, peers in PEERS:
        path = folder / name
        reads = [("", lambda path=path, form=form: ours(form, path)),
                 *((peer, lambda path=path, read=read: read(path)) for peer, read in peers)]  # fmt: skip
        spent, counts = _least(reads)
        for peer, read in peers:
            assert read not in SAME or counts[peer] == counts[""], (form, peer, counts)
        one = {"reader": form, "file": name, "megabytes": path.stat().st_size / 1e6,
               "seconds": spent[""], "events": counts[""], "peer": "", "peer_seconds": 0.0}  # fmt: skip
        told += [one | {"peer": peer, "peer_seconds": spent[peer]} for peer, _ in peers] or [one]
        if form == "mbox":
            told += [one | {"peer": "grimoirelab-perceval", "peer_seconds": seconds}
                     for seconds in perceval(path)]  # fmt: skip
    return told


def perceval(path: Path) -> list[float]:
    """CPU seconds of Perceval, if TIELINE_PERCEVAL names a Python that has it; it is GPL."""
    python = os.environ.get("TIELINE_PERCEVAL")
    if not python:
        return []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / path.name).symlink_to(path)
        told = [
            subprocess.run([python, "-c", PERCEVAL, folder], check=True, capture_output=True, text=True)
            for _ in range(2)
        ]  # fmt: skip
    return [min(float(one.stdout.split()[0]) for one in told)]


def two_at_once(path: Path) -> float:
    """How much more two processes read than one does in the same time, each having a core.

    By the CPU time of each, which waiting for each other's memory makes longer, and other work does not.
    """
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        list(pool.map(_spent, [path] * 4))  # both have started
        alone, both = [], []
        for _ in range(2 * TIMES):
            alone += pool.map(_spent, [path])
            both.append(max(pool.map(_spent, [path] * 2)))
    return 2 * min(alone) / min(both)


def _spent(path: Path) -> float:
    begun = process_time()
    ours("mbox", path)
    return process_time() - begun


def _least(
    reads: Sequence[tuple[str, Callable[[], int | pl.Series]]],
) -> tuple[dict[str, float], dict[str, int]]:
    spent: dict[str, float] = {}
    counts: dict[str, int] = {}
    for _ in range(TIMES):
        for name, read in reads:
            begun = process_time()
            found = read()
            spent[name] = min(spent.get(name, float("inf")), process_time() - begun)
            counts[name] = found if isinstance(found, int) else found.n_unique()
    return spent, counts


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    home = Path(sys.argv[1])
    print(
        json.dumps({"readers": measure(home), "two_at_once": two_at_once(home / "mails.mbox"),
                    "load": os.getloadavg()[0]})
    )  # fmt: skip
