"""A whole night in this process, without Prefect's engine: the flow's own functions in its own order."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prefect import Task

from flows import nightly
from flows.config import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def plain() -> Iterator[None]:
    """Each task of the nightly flow is the function that it wraps."""
    tasks = {name: task for name, task in vars(nightly).items() if isinstance(task, Task)}
    assert tasks
    for name, task in tasks.items():
        setattr(nightly, name, task.fn)
    try:
        yield
    finally:
        for name, task in tasks.items():
            setattr(nightly, name, task)


def night(home: Path, **parameters: Any) -> nightly.Done:
    with plain():
        return nightly.nightly.fn(str(home / SETTINGS), str(home), **parameters)
