"""The commands that work on the warehouse: `tieline run` and `tieline backfill`."""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.config import Config
from flows.config_read import read_config
from flows.interruption import also, end
from flows.journal import FORMS, VARIABLE, begin
from flows.options import OK, REFUSED, Day, with_settings

if TYPE_CHECKING:
    from flows.session import Done

DAY = Day()
LOGGING = click.option(
    "--log", default="text", show_default=True, envvar=VARIABLE, type=click.Choice(FORMS),
    help="How progress is told where there is no terminal; json: an object per line.",
)  # fmt: skip
WAITING = click.option(
    "--wait", default=0, show_default=True, help="Seconds to wait for another run to end."
)


@click.command()
@with_settings
@click.option(
    "--rebuild", is_flag=True, help="Compute every model anew, even where nothing changed."
)
@click.option(
    "--dry-run",
    "dry",
    is_flag=True,
    help="Only say what would be done, and how long it would take.",
)
@WAITING
@LOGGING
def run(
    settings: Path, home: Path | None, wait: int, log: str, *, rebuild: bool, dry: bool
) -> None:
    """Do the nightly work once: ingest what is new, restate what it touches, publish.

    With --dry-run nothing is changed: new files are read to find out which days they touch, and the
    time is worked out from earlier runs of this warehouse.

    \b
    Examples:
      tieline run
      tieline run --dry-run
      tieline run -s my-network/tieline.toml --wait 600
    """
    begin(log)
    config = read_config(settings, home)
    if dry:
        from flows.preview import preview

        for line in preview(config, rebuild=rebuild):
            click.echo(line)
        return
    sys.exit(finish(night(config, rebuild=rebuild, wait=wait)))


@click.command()
@with_settings
@click.option("--since", required=True, type=DAY, help="First day, as 2026-01-01.")
@click.option("--until", required=True, type=DAY, help="Last day, included.")
@click.option(
    "--source", "sources", multiple=True, metavar="NAME",
    help="Only this source; may be given more than once.  [default: all]",
)  # fmt: skip
@WAITING
@LOGGING
def backfill(
    settings: Path,
    home: Path | None,
    since: date,
    until: date,
    sources: tuple[str, ...],
    wait: int,
    log: str,
) -> None:
    """Read some days anew from the files that show them, and restate these days.

    Days outside stay as they are, but for the weeks, months and quarters around, and what looks back at
    them. Safe beside the schedule: it holds the same lock, and what a night still has to read it still
    reads.

    \b
    Example:
      tieline backfill --since 2026-01-01 --until 2026-01-31 --source gemeente-agenda
    """
    begin(log)
    config = read_config(settings, home)
    prepare(config)
    from flows.backfill import backfill as flow
    from flows.backfill import check_window

    check_window(since, until)
    done = flow(
        since, until, str(config.path), home=str(config.home), sources=list(sources) or None, wait=wait
    )  # fmt: skip
    sys.exit(finish(done))


def night(config: Config, *, rebuild: bool = False, wait: int = 0) -> Done:
    """The nightly flow, in this process."""
    prepare(config)
    from flows.nightly import nightly

    return nightly(str(config.path), home=str(config.home), rebuild=rebuild, wait=wait)


def prepare(config: Config) -> None:
    """What holds for every run in this process. Call it before Prefect is imported."""
    from flows.prefect_settings import quiet
    from warehouse.connection import cut_short

    os.umask(0o077)  # what a run writes is its owner's; the published folder sets its own modes
    # In order, not suddenly: only then does Prefect stop the server that it started.
    signal.signal(signal.SIGTERM, end)
    also(cut_short)
    quiet(config.state)
    from flows.ephemeral import guard

    guard()


def finish(done: Done) -> int:
    """Print what a run did; its exit code."""
    from flows.tables import describe

    for line in describe(done):
        click.echo(line)
    return REFUSED if done.refused else OK
