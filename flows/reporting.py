"""The report as a flow, for who wants it written somewhere at hours of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import flow

from flows.config_read import read_config
from flows.occasion import run_name
from flows.parameters import SettingsPath
from flows.report import report as written


@flow(name="tieline-report", flow_run_name=run_name, timeout_seconds=3600)
def report(
    settings: SettingsPath = "tieline.toml",
    home: str | None = None,
    language: Literal["en", "nl"] = "en",
    output: str | None = None,
) -> str:
    """Write the report for network managers from the current release; give its path.

    Args:
        settings: path of tieline.toml on the machine that runs this.
        home: folder that relative paths start from, if not that of the settings.
        language: English or Dutch.
        output: file to write to; none: the one beside the published database.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    return str(written(config, language, Path(output) if output else None))
