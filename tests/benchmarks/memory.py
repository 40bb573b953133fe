"""Does memory stay flat? Large exports, read by a process of their own each.

    python -m tests.benchmarks memory [--megabytes 2000]

Prints megabytes a second of wall time and the most memory that was resident.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import polars as pl

from tests.benchmarks.exports import ARCHIVE, MAPPED, MAPPING, write_archive, write_log, write_mbox
from tests.benchmarks.network import make_network, participations
from tests.benchmarks.processes import run, table
from transforms.sources import SOURCES
from transforms.sources.base import Options

MEGABYTES = 200
LIMIT_MB = 500
PART_MB = 20  # what is written anew; the rest of a file repeats it


class Export(NamedTuple):
    """A file to read; each copy of its part says `ours` for `every`, so that no event is told twice."""

    name: str
    reader: str
    write: Callable[[Path, pl.DataFrame], None]
    every: bytes
    ours: bytes


EXPORTS = (
    Export("mails.mbox", "mbox", lambda path, log: write_mbox(path, log, PART_MB),
           b"@bench.example>", b"@bench-%d.example>"),
    Export("archive.ndjson", "ndjson", lambda path, log: write_archive(path, log, PART_MB),
           b'{"id": "', b'{"id": "%d-'),
    Export("archive-of-github.ndjson", "github", lambda path, log: write_archive(path, log, PART_MB),
           b"bench/", b"bench-%d/"),
    Export("log.ndjson", "ndjson", lambda path, log: write_log(path, log.head(100_000)),
           b'{"event":"', b'{"event":"%d-'),
    Export("log.csv", "csv", lambda path, log: write_log(path, log.head(100_000)),
           b"\ne", b"\ne%d-"),
)  # fmt: skip


def measure(megabytes: int, log: pl.DataFrame) -> str:
    """A table: each export, its size, how fast it is read and within how much memory."""
    rows = [["export", "reader", "MB", "events", "MB/s", "peak MB", ""]]
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        for export in EXPORTS:
            path = Path(folder) / export.name
            export.write(path, log)
            _repeat(path, export, megabytes)
            size = path.stat().st_size / 1e6
            ran = run("tests.benchmarks.memory", export.reader, str(path))
            path.unlink()
            rows.append([
                export.name, export.reader, f"{size:,.0f}", f"{ran.told['events']:,}",
                f"{size / ran.told['seconds']:.0f}", f"{ran.told['peak_mb']:.0f}",
                "" if ran.told["peak_mb"] < LIMIT_MB else f"more than {LIMIT_MB} MB",
            ])  # fmt: skip
    return table(rows)


def invented() -> pl.DataFrame:
    """A log to make exports of."""
    return participations(make_network(600), 400_000, date(2023, 11, 1), 1096)


def read(form: str, path: Path) -> int:
    """Read `path` wholly, keeping nothing; return its events."""
    archived = path.name.startswith("archive")
    options = Options(mapping=(ARCHIVE if archived else MAPPING) if form in MAPPED else {})
    return sum(batch.events.height for batch in SOURCES[form].read(path, options))


def _repeat(path: Path, export: Export, megabytes: int) -> None:
    """Append what the file holds, as other events, until it has the size; a header stays one."""
    part = path.read_bytes()
    body = part[part.index(b"\n") :] if path.suffix == ".csv" else part
    with path.open("ab") as file:
        for number in count(1):
            if file.tell() >= megabytes * 1e6:
                break
            file.write(body.replace(export.every, export.ours % number))


def _peak_mb() -> float:
    """Of this program alone: what getrusage tells counts the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    begun = perf_counter()
    events = read(sys.argv[1], Path(sys.argv[2]))
    told = {"seconds": perf_counter() - begun, "events": events, "peak_mb": _peak_mb()}
    print(json.dumps(told))
