"""What each stage of a run, and each source, cost and brought: seconds, memory, rows."""

from __future__ import annotations

import resource
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from flows.interruption import go_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

STAGES = ("read", "load", "transform", "publish")
_PROC = Path("/proc/self")
_MB = 1024 * 1024


@dataclass(slots=True)
class Stage:
    """One stage. `amount` is what it worked on; RUN_STAGE says what is counted."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_mb: float = 0.0
    amount: int = 0


@dataclass(slots=True)
class Brought:
    """What one source brought in one run."""

    files: int = 0
    bytes: int = 0
    records: int = 0
    events: int = 0
    rejected: int = 0
    refused: int = 0
    seconds: float = 0.0
    newest: date | None = None  # day of its newest event


@dataclass(slots=True)
class Stopwatch:
    """Fills up while a run goes on. A stage that comes in pieces is one stage."""

    stages: dict[str, Stage] = field(default_factory=dict)
    sources: dict[str, Brought] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time what happens within, also when it fails; the caller adds to `amount`."""
        stage = self.stages.setdefault(name, Stage())
        _forget_peak()
        wall, cpu = perf_counter(), process_time()
        try:
            yield stage
            go_on()
        finally:
            stage.seconds += perf_counter() - wall
            stage.cpu_seconds += process_time() - cpu
            stage.memory_mb = max(stage.memory_mb, peak_mb())

    def source(self, name: str) -> Brought:
        """What `name` brought so far."""
        return self.sources.setdefault(name, Brought())


def peak_mb() -> float:
    """Most memory that this process held since the stage began; where the system forgets no peak, ever."""
    with suppress(OSError):
        for line in (_PROC / "status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / _MB
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / _MB if sys.platform == "darwin" else used * 1024 / _MB


def _forget_peak() -> None:
    with suppress(OSError):  # Linux only
        (_PROC / "clear_refs").write_text("5", encoding="ascii")
