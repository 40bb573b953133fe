"""How long work shows itself: a bar on a terminal, log lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def steps(what: str, total: int, stream: TextIO | None = None) -> Iterator[Callable[[str], None]]:
    """Give a function to call with a few words at the beginning of each of `total` steps."""
    out = stream or sys.stderr
    if total == 0:
        yield lambda _: None
    elif out.isatty():
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            TextColumn(f"{what:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )  # fmt: skip
        with Progress(*columns, console=Console(file=out), transient=True) as progress:
            task = progress.add_task("", total=total, start=True)
            done = -1

            def show(words: str) -> None:
                nonlocal done
                done += 1
                progress.update(task, completed=done, description=words)

            yield show
    else:
        yield lambda words: print(
            f"{datetime.now(UTC):%H:%M:%S} {what} {words}", file=out, flush=True
        )
