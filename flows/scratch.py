"""A folder for the time of one piece of work; what a killed process left of one goes with the next."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch(folder: Path, name: str) -> Iterator[Path]:
    """A new folder in `folder`, for its owner only, gone afterwards. Others of that `name` are looked after."""
    for left in folder.glob(f".{name}-*"):
        number = left.name.removeprefix(f".{name}-").partition("-")[0]
        if not number.isdecimal() or not _is_alive(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}-{os.getpid()}-", dir=folder) as made:
        yield Path(made)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # no signal, only the question
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
