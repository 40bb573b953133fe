"""`tieline backup` and `tieline restore`."""

from __future__ import annotations

from pathlib import Path

import click

from flows.config_read import read_config
from flows.options import with_settings


@click.command()
@with_settings
@click.option("-o", "--output", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="File to write, for you alone  [default: tieline-TIME.tar beside the settings]")  # fmt: skip
@click.option(
    "--with-key", is_flag=True, help="Put the key in as well: who has the file then has the names."
)
def backup(settings: Path, home: Path | None, output: Path | None, *, with_key: bool) -> None:
    """Write warehouse, identities, settings and own metrics to one file; a run may be going on.

    Without --with-key it holds the mark of the key only: keep the key elsewhere. Addresses are in it
    in any case.

    \b
    Examples:
      tieline backup
      tieline backup -o /mnt/safe/tieline-before-upgrade.tar
    """
    from flows.backup import back_up

    path = back_up(read_config(settings, home), output, with_key=with_key)
    words = "with the key" if with_key else "without the key: keep that elsewhere"
    click.echo(f"{path}: {path.stat().st_size / 1e6:,.1f} MB, {words}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--key", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="The key, where the backup does not hold it.")  # fmt: skip
def restore(file: Path, folder: Path, key: Path | None) -> None:
    """Put a backup back into FOLDER, after checking that it is whole. Nothing is overwritten.

    \b
    Example:
      tieline restore tieline-20261127T021500Z.tar my-network --key safe/tieline.key
    """
    from flows.backup import restore as put_back

    for line in put_back(file, folder, key):
        click.echo(line)
    click.echo(f"Next: tieline run -s {folder / 'tieline.toml'}")
