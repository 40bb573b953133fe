"""Options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.config import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the two options that say where the settings are."""
    options = (
        click.option(
            "-s", "--settings", "settings", default=SETTINGS, show_default=True, envvar="TIELINE_SETTINGS",
            type=click.Path(dir_okay=False, path_type=Path), help="The settings file.",
        ),
        click.option(
            "--home", default=None, envvar="TIELINE_HOME", type=click.Path(file_okay=False, path_type=Path),
            help="Folder that relative paths start from  [default: that of the settings]",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command
