"""Options and exit codes that commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.config import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable


OK, FAILED, USAGE, REFUSED, BUSY = 0, 1, 2, 3, 4
EXIT_CODES = """\b
Exit codes:
  0  done
  1  failed; the last good release stays
  2  wrong settings or options
  3  done, but some files were refused whole; `tieline status` names them
  4  another run holds the warehouse
"""


class Day(click.ParamType[date]):
    """A date as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Text → date."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; write one like 2026-01-31", param, ctx)


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
