"""`tieline lake`: the event lake, for who runs Tieline."""

from __future__ import annotations

from pathlib import Path

import click

from flows.config_read import read_config
from flows.options import with_settings


@click.group()
def lake() -> None:
    """Look after the event lake: Parquet files of all events, a folder per day.

    `lake.path` in the settings says where it is. Every run brings it up to date; docs/scale.md says
    what it is for.

    \b
    Examples:
      tieline lake status
      tieline lake rebuild
    """


@lake.command()
@with_settings
def status(settings: Path, home: Path | None) -> None:
    """Say what the lake holds: its last commit, and days, rows and files of each table.

    \b
    Examples:
      tieline lake status
    """
    import polars as pl

    from flows.lakes import newest
    from flows.tables import show

    found = newest(read_config(settings, home))
    if not found.number:
        click.echo("The lake is empty; the next `tieline run` fills it.")
        return
    rows = [
        {"table": name, "first": min(files), "last": max(files), "files": len(files),
         "rows": sum(file.rows for file in files.values())}
        for name, files in found.tables.items() if files
    ]  # fmt: skip
    show(pl.DataFrame(rows), f"Commit {found.number}, of run {found.run_id}")


@lake.command()
@with_settings
@click.option("--replace", is_flag=True, help="Overwrite the warehouse that is there.")
@click.option("--wait", default=0, show_default=True, type=click.IntRange(0),
              help="Seconds to wait while a run holds the warehouse.")  # fmt: skip
def rebuild(settings: Path, home: Path | None, wait: int, *, replace: bool) -> None:
    """Make the warehouse anew from the lake; the next `tieline run` computes every model.

    Addresses are not in the lake: the identity database must still be there, or come from a backup.

    \b
    Examples:
      tieline lake rebuild
      tieline lake rebuild --replace
    """
    from flows.lakes import rebuild_warehouse

    config = read_config(settings, home)
    found = rebuild_warehouse(config, replace=replace, wait=wait)
    click.echo(
        f"{config.warehouse}: made from commit {found.number} of run {found.run_id}. Next: tieline run"
    )
