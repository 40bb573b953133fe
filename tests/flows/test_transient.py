"""What is tried again, and what is not."""

from __future__ import annotations

import errno

import pytest
from prefect import flow, task
from prefect.states import Failed

from flows.transient import is_transient, retried
from transforms.sources.base import UnreadableFileError
from warehouse.connection import WarehouseBusyError


def caused(error: Exception) -> Exception:
    outer = RuntimeError("reading failed")
    outer.__cause__ = error
    return outer


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EDQUOT, "full"), True),
        (OSError(errno.ESTALE, "the mount is away"), True),
        (OSError(errno.EIO, "the mount is away"), True),
        (ConnectionResetError(errno.ECONNRESET, "away"), True),
        (BlockingIOError(errno.EAGAIN, "still being written"), True),
        (WarehouseBusyError("in use"), True),
        (caused(OSError(errno.ETIMEDOUT, "slow")), True),
        (FileNotFoundError(errno.ENOENT, "gone"), False),
        (PermissionError(errno.EACCES, "forbidden"), False),
        (IsADirectoryError(errno.EISDIR, "a directory"), False),
        (OSError("a file that says no number"), False),
        (UnreadableFileError("no mbox"), False),
        (ValueError("wrong"), False),
        (TimeoutError("our own limit"), False),
        (None, False),
    ],
)  # fmt: skip
def test_which_errors_may_pass(error: Exception | None, again: bool) -> None:
    assert is_transient(error) is again


def test_the_pauses_grow() -> None:
    options = retried(times=4, seconds=5)
    assert options["retry_delay_seconds"](options["retries"]) == [5, 10, 20, 40]
    state = Failed(data=OSError(errno.ENOSPC, "full"))
    assert options["retry_condition_fn"](None, None, state) is True
    assert options["retry_condition_fn"](None, None, Failed(data=ValueError("wrong"))) is False


@pytest.mark.integration
def test_prefect_tries_again_what_may_pass(server: dict[str, str]) -> None:
    """Through Prefect itself: twice full, then done; a broken file is tried once."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    tries: dict[str, int] = {}

    @task(**retried(times=3, seconds=0.01))
    def attempt(name: str, error: Exception, fails: int) -> str:
        tries[name] = tries.get(name, 0) + 1
        if tries[name] <= fails:
            raise error
        return name

    @flow
    def both() -> str:
        full = attempt("full", OSError(errno.ENOSPC, "full"), 2)
        with pytest.raises(UnreadableFileError):
            attempt("broken", UnreadableFileError("no mbox"), 2)
        return full

    with temporary_settings({PREFECT_API_URL: server["PREFECT_API_URL"]}):
        assert both() == "full"
    assert tries == {"full": 3, "broken": 1}
