"""What may be better in a moment: tried again, with longer and longer pauses. Nothing else is."""

from __future__ import annotations

import errno
from typing import Any

from warehouse.connection import WarehouseBusyError

# A mount that is away or full, a file that another process holds or still writes.
ERRORS = frozenset(
    {
        errno.EAGAIN, errno.EBUSY, errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET,
        errno.EDQUOT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EINTR, errno.EIO, errno.ENETDOWN,
        errno.ENETUNREACH, errno.ENOLCK, errno.ENOSPC, errno.ENOTCONN, errno.ESTALE,
        errno.ETIMEDOUT, errno.ETXTBSY,
    }
)  # fmt: skip


def is_transient(error: BaseException | None) -> bool:
    """Whether `error`, or what caused it, may be gone in a moment.

    A missing or forbidden file, a broken export, a wrong setting and a time-out of our own are not.
    """
    while error is not None:
        if isinstance(error, WarehouseBusyError | ConnectionError | BlockingIOError):
            return True
        if isinstance(error, OSError) and error.errno in ERRORS:
            return True
        error = error.__cause__
    return False


def retried(times: int = 4, seconds: float = 5) -> dict[str, Any]:
    """Options of a Prefect task that tries again after about `seconds`, then twice that, and so on."""
    from prefect.tasks import exponential_backoff  # light commands ask only what is transient

    return {
        "retries": times,
        "retry_delay_seconds": exponential_backoff(backoff_factor=seconds),
        "retry_jitter_factor": 0.2,
        "retry_condition_fn": lambda _task, _run, state: is_transient(
            state.result(raise_on_failure=False)
        ),
    }


def is_full(error: BaseException) -> bool:
    """Whether the disk, or what one may have of it, is full; DuckDB tells it in words."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    return "no space left on device" in str(error).lower()
