"""The report of the current release: where it is, or made anew for one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.trends import NothingToShowError
from warehouse.serving.report import FILES, render

if TYPE_CHECKING:
    from pathlib import Path

    from flows.config import Config


def report(config: Config, language: str, output: Path | None) -> Path:
    """Path of the report in `language`; with `output` it is written there."""
    if not config.current.exists():
        raise NothingToShowError(
            f"{config.current}: nothing is published yet; run `tieline run` first"
        )
    beside = config.current.with_name(FILES[language])
    if output is None and beside.exists():
        return beside
    path = output or config.home / FILES[language]
    path.write_text(render(config.current, language), encoding="utf-8")
    return path
