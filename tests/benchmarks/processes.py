"""A run in a process of its own, and tables to print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """A child process: what it printed, and what it used, its own children included."""

    told: dict[str, Any]
    cpu: float
    wall: float
    peak_mb: float


def run(module: str, *arguments: str, settings: Mapping[str, str] | None = None) -> Ran:
    """Run `python -m module`, with more environment; its last line is JSON."""
    begun = perf_counter()
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | dict(settings or {}),
    ) as child:
        output = child.stdout.read() if child.stdout else b""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}; run it to see why")
    told = json.loads(output.splitlines()[-1])
    peak = max([used.ru_maxrss / 1024, *told.get("peaks_mb", {}).values()])
    return Ran(told, used.ru_utime + used.ru_stime, perf_counter() - begun, peak)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side: the first to the left, the others to the right, a last word free."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n == 0 or rows[0][n] == "peer" else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
