"""How long work shows itself: a bar on a terminal, log lines or JSON elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from flows.journal import is_json, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def steps(what: str, total: int, stream: TextIO | None = None) -> Iterator[Callable[[str], None]]:
    """Give a function to call with a few words at the beginning of each of `total` steps."""
    out = stream or sys.stderr
    if total == 0:
        yield lambda _: None
    elif is_json():
        yield lambda words: note(what, f"{what} {words}", step=words, of=total)
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
                note(what, f"{what} {words}", step=words, of=total)
                progress.update(task, completed=done, description=words)

            yield show
    else:

        def tell(words: str) -> None:
            note(what, f"{what} {words}", step=words, of=total)
            print(f"{datetime.now(UTC):%H:%M:%S} {what} {words}", file=out, flush=True)

        yield tell


def say(words: str, stream: TextIO | None = None) -> None:
    """Tell with the time what is being done, where how many steps it takes is not known."""
    print(f"{datetime.now(UTC):%H:%M:%S} {words}", file=stream or sys.stderr, flush=True)
