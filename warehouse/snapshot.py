"""A copy of a database file that holds together, also while another process writes the original.

DuckDB never overwrites a block that its present header refers to: a checkpoint writes new blocks,
then one of the two headers, then begins a new log. So if the headers are the same before and after
copying, the copy is the state of that header; the log beside it only grew, and what of it was copied
is replayed up to its last whole commit.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from warehouse.cipher import PLAIN, Cipher
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEADERS = 3 * 4096  # of the file, and two of the database, the newer of which counts
TRIES = 50
PAUSE_SECONDS = 0.2


class UnsteadyError(Exception):
    """The databases changed all the time; the message says which and what to do."""


def snapshot(paths: Sequence[Path], folder: Path, cipher: Cipher = PLAIN) -> list[Path]:
    """Copy the databases into `folder`, all of one moment, checkpointed, so that each is one file.

    Raises UnsteadyError if they do not hold still for as long as copying takes, duckdb.Error if a
    copy cannot be opened.
    """
    for _ in range(TRIES):
        before = [_headers(path) for path in paths]
        copies = [_copy(path, folder) for path in paths]
        if [_headers(path) for path in paths] == before:
            for copy in copies:
                with open_warehouse(copy, cipher=cipher) as con:  # replays the log
                    con.execute("CHECKPOINT")
                shutil.rmtree(copy.with_name(f"{copy.name}.tmp"), ignore_errors=True)
            return copies
        time.sleep(PAUSE_SECONDS)
    raise UnsteadyError(
        f"{paths[0]}: changes faster than it can be copied; wait until the run ends"
    )


def _copy(path: Path, folder: Path) -> Path:
    target = folder / path.name
    for log in folder.glob(f"{path.name}.*"):
        log.unlink()
    shutil.copyfile(path, target)
    target.chmod(0o600)
    # Logs after the blocks: they may hold what those do not.
    for log in sorted(path.parent.glob(f"{path.name}.*wal*")):
        with suppress(FileNotFoundError):  # a checkpoint has just ended; the headers tell
            shutil.copyfile(log, folder / log.name)
            (folder / log.name).chmod(0o600)
    return target


def _headers(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADERS)
