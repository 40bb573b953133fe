"""`tieline people`: questions that only who holds the key may ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from flows.config import ConfigError
from flows.config_read import read_config
from flows.options import with_settings

LIMIT = 30


@click.group()
def people() -> None:
    """Ask who may be one person, and whom nobody knows.

    For who can read the key and the identity database: the answers are addresses.

    \b
    Examples:
      tieline people suggest -o directory/merges.csv
      tieline people unknown
    """


@people.command()
@with_settings
@click.option("-o", "--output", default=None, type=click.Path(dir_okay=False, path_type=Path),
              help="CSV to write, for you alone  [default: the terminal]")  # fmt: skip
def suggest(settings: Path, home: Path | None, output: Path | None) -> None:
    """Name pairs of addresses that may be one person, with the evidence.

    Nothing is merged by it. Remove the pairs that are wrong from the CSV, and name the file under
    people.directories: every row left says that address is another one of same_as.

    \b
    Examples:
      tieline people suggest
      tieline people suggest -o directory/merges.csv
    """
    from flows.identities import suggestions

    rows = suggestions(read_config(settings, home))
    if output is None:
        sys.stdout.write(rows.write_csv())
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(
            f"{output}: is there already, reviewed perhaps; name another file, or remove it"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(rows.write_csv().encode())
    click.echo(
        f"{output}: {rows.height:,} pair{'s' * (rows.height != 1)}. Remove what is wrong, then name it"
        " under people.directories."
    )


@people.command()
@with_settings
@click.option("--boundary", default=None, help="organisation, team, ...  [default: the first one]")
@click.option("--addresses", is_flag=True, help="A line per address, not per domain.")
@click.option("--limit", default=LIMIT, show_default=True, type=click.IntRange(1), help="Lines.")
def unknown(
    settings: Path, home: Path | None, boundary: str | None, limit: int, *, addresses: bool
) -> None:
    """List the busiest addresses of which no unit is known on the day itself, by domain.

    \b
    Examples:
      tieline people unknown
      tieline people unknown --boundary team --addresses --limit 100
    """
    from flows.identities import by_domain, unresolved
    from flows.tables import show

    config = read_config(settings, home)
    chosen = boundary or config.settings.people.boundaries[0]
    rows = unresolved(config, chosen)
    if rows.is_empty():
        click.echo(f"Everybody belongs to some {chosen}.")
        return
    lines = rows.drop("is_neutral") if addresses else by_domain(rows)
    show(
        lines.head(limit),
        f"No {chosen}: {rows.height:,} addresses in {rows['domain'].n_unique():,} domains",
    )
    if lines.height > limit:
        click.echo(f"The {lines.height - limit:,} others: --limit {lines.height}")
    click.echo(
        "To know them: a row in a directory, an alias, or a line under [people.domains]; "
        "who is no person goes under people.nobody."
    )


@people.command(name="hash")
@with_settings
@click.argument("addresses", nargs=-1, required=True)
def hash_(settings: Path, home: Path | None, addresses: tuple[str, ...]) -> None:
    """Write addresses as keyed hashes, for lists (people.excluded, people.consent) that name nobody.

    With - they are read from standard input, one a line.

    \b
    Examples:
      tieline people hash jan@partner.example >> lists/opted-out.txt
      tieline people hash - < addresses.txt > lists/consent.txt
    """
    from flows.key import read_key
    from flows.lists import hashed

    config = read_config(settings, home)
    if not config.key_file.is_file():
        raise ConfigError(f"{config.key_file}: no key here; hashes are made with it")
    given = sys.stdin.read().splitlines() if addresses == ("-",) else addresses
    for line in hashed((one for one in given if one.strip()), read_key(config)):
        click.echo(line)
