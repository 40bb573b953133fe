"""`tieline quarantine`: what was refused, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import click

from flows.config_read import read_config
from flows.options import with_settings
from flows.running import WAITING

LIMIT = 30


@click.group()
def quarantine() -> None:
    """Look at what was refused; read it again once the cause is mended, or leave it at that.

    \b
    Examples:
      tieline quarantine list
      tieline quarantine show incoming/cura-agenda.ics
      tieline quarantine release incoming/cura-agenda.ics && tieline run
    """


@quarantine.command("list")
@with_settings
def list_(settings: Path, home: Path | None) -> None:
    """List the refusals by file and reason."""
    from flows.quarantined import listed
    from flows.tables import show

    rows = listed(read_config(settings, home))
    if rows.is_empty():
        click.echo("Nothing is refused.")
        return
    show(rows)
    click.echo(
        "The rows of one: tieline quarantine show FILE. Once the cause is mended: ... release FILE."
        " Not worth mending: ... discard FILE."
    )


@quarantine.command("show")
@click.argument("file")
@with_settings
@click.option("--limit", default=LIMIT, show_default=True, type=click.IntRange(1), help="Rows.")
@click.option(
    "--format", "form", default="table", show_default=True,
    type=click.Choice(["table", "csv", "json", "parquet"]),
)  # fmt: skip
@click.option("-o", "--output", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="File to write to  [default: the terminal]")  # fmt: skip
def show_(
    settings: Path, home: Path | None, file: str, limit: int, form: str, output: Path | None
) -> None:
    """Show what was refused of FILE, a path as listed or a glob: where, why, and the row without names.

    \b
    Example:
      tieline quarantine show 'incoming/cura*' --format csv -o refused.csv
    """
    from flows.quarantined import shown
    from flows.tables import write

    rows = shown(read_config(settings, home), file)
    write(rows.head(limit) if form == "table" else rows, form, output)
    if form == "table" and rows.height > limit:
        click.echo(f"The {rows.height - limit:,} others: --limit {rows.height}")


@quarantine.command("release")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@with_settings
@WAITING
def release_(settings: Path, home: Path | None, files: tuple[str, ...], wait: int) -> None:
    """Let the next run read FILE again, whole: what is right now is loaded, what is not is refused again.

    Use it when the cause was not in the file: a setting, a directory, a new version of Tieline. A file
    that was delivered again is read by itself.

    \b
    Example:
      tieline quarantine release incoming/cura-agenda.ics && tieline run
    """
    from flows.quarantined import release

    count = release(read_config(settings, home), files, wait)
    click.echo(f"{count:,} file{'s' * (count != 1)} will be read again. Next: tieline run")


@quarantine.command("discard")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@with_settings
@WAITING
def discard_(settings: Path, home: Path | None, files: tuple[str, ...], wait: int) -> None:
    """Leave the refusals of FILE at that: they are told no more. `release` takes it back.

    A file that was refused whole is not tried again until it is delivered with other content.

    \b
    Example:
      tieline quarantine discard 'incoming/archive-2019*'
    """
    from flows.quarantined import discard

    count = discard(read_config(settings, home), files, wait)
    click.echo(f"{count:,} refusal{'s' * (count != 1)} left at that.")
