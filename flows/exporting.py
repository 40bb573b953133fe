"""`tieline export` and `tieline connect`: the published numbers for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flows.config_read import read_config
from flows.options import with_settings

FORMATS = ("csv", "excel", "parquet", "graphml", "gexf")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_settings
@click.option("--format", "forms", multiple=True, type=click.Choice(FORMATS), default=("csv",), show_default="csv",
              help="What to write; may be given several times.")  # fmt: skip
@click.option("--table", "tables", multiple=True, metavar="NAME",
              help="Only this table or view; may be given several times  [default: all; for excel the wide views"
                   " of months and quarters, signals and definitions]")  # fmt: skip
@click.option(
    "--boundary", default=None, help="Of graphs: organisation, team, ...  [default: the first one]"
)
@click.option("--grain", default="month", show_default=True, type=click.Choice(["week", "month", "quarter"]),
              help="Of graphs: a file per period.")  # fmt: skip
def export(
    folder: Path,
    settings: Path,
    home: Path | None,
    forms: tuple[str, ...],
    tables: tuple[str, ...],
    boundary: str | None,
    grain: str,
) -> None:
    """Write the published tables to FOLDER: for spreadsheets, statistics, archives and Gephi.

    CSV comes with a Frictionless data package and CSVW metadata, which say what every column means.
    Nothing that is hidden is in any of them.

    \b
    Examples:
      tieline export out
      tieline export out --format excel --format parquet
      tieline export out --format csv --table monthly_lines --table metric
      tieline export out --format gexf --grain quarter --boundary team
    """
    from flows.export import export as write

    config = read_config(settings, home)
    for line in write(config, folder, forms, tables, boundary, grain):
        click.echo(line)


@click.command()
@with_settings
@click.argument("client", required=False)
def connect(settings: Path, home: Path | None, client: str | None) -> None:
    """Print how to connect to the published database of this installation, or for one CLIENT.

    \b
    Examples:
      tieline connect
      tieline connect superset
    """
    from flows.connect import connections

    config = read_config(settings, home)
    told = connections(config.current)
    if client and client.lower() not in told:
        raise click.UsageError(f"no client {client!r}; there are: {', '.join(told)}")
    if not config.current.exists():
        click.echo(f"{config.current}: nothing is published yet; run `tieline run` first", err=True)
    width = max(map(len, told))
    for name, lines in told.items():
        if client is None or name == client.lower():
            for number, line in enumerate(lines):
                click.echo(f"{name if not number else '':<{width}}  {line}")
    sys.stdout.flush()
