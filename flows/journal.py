"""What a run says while it goes on, as records: JSON lines on request, and to a Prefect server.

Without either nothing is written here; people read the progress that `steps` shows.
"""

from __future__ import annotations

import logging
import os
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

import msgspec

LOG = logging.getLogger("tieline")
VARIABLE = "TIELINE_LOG"
FORMS = ("text", "json")
RUN: ContextVar[str] = ContextVar("run", default="")  # which run the records are of


class JsonLines(logging.Handler):
    """A JSON object per record on standard error: time, level, event, run_id and its facts."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record` as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "log"),
            "run_id": RUN.get(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
        sys.stderr.flush()


def begin(form: str | None = None) -> None:
    """Write records as `form` ($TIELINE_LOG, or text) from now on; a second call adds nothing."""
    LOG.propagate = False
    if not LOG.handlers:
        LOG.addHandler(logging.NullHandler())
    chosen = form or os.environ.get(VARIABLE, FORMS[0])
    if chosen == "json" and not is_json():
        LOG.setLevel(logging.INFO)
        LOG.addHandler(JsonLines())


def is_json() -> bool:
    """Whether records are written as JSON; then nothing else is written beside them."""
    return any(isinstance(handler, JsonLines) for handler in LOG.handlers)


def to_server() -> None:
    """Send records to the Prefect server that this flow run belongs to, if it is not just our own."""
    from prefect.context import FlowRunContext
    from prefect.logging.handlers import APILogHandler
    from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED

    wanted = FlowRunContext.get() and PREFECT_API_URL.value() and PREFECT_LOGGING_TO_API_ENABLED
    if wanted and not any(isinstance(handler, APILogHandler) for handler in LOG.handlers):
        LOG.setLevel(logging.INFO)
        LOG.addHandler(APILogHandler())


def note(event: str, words: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Leave a record: what happened in one word, in words for people, and the facts."""
    LOG.log(level, words, extra={"event": event, "facts": facts})
