"""A whole night in this process, without Prefect's engine: the flow's own functions in its own order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.config import SETTINGS
from flows.nightly import nightly
from flows.session import Done


def night(home: Path, **parameters: Any) -> Done:
    return nightly.fn(str(home / SETTINGS), str(home), **parameters)
