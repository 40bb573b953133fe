"""`tieline forget`, `tieline key` and `tieline audit`: for who holds the key."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from flows.config_read import read_config
from flows.options import with_settings

PLURAL = "s"


@click.command()
@click.argument("person")
@with_settings
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option("--wait", default=0, show_default=True, help="Seconds to wait for a run to end.")
def forget(settings: Path, home: Path | None, person: str, *, yes: bool, wait: int) -> None:
    """Erase PERSON from everything that Tieline keeps, for good, and prove it.

    PERSON is any address or login of theirs, name:... for who is known by name alone, a hash of
    `tieline people hash`, or - to read it from standard input. All their addresses go: from the
    identity map, events, quarantine and every model. What they touched is computed anew and
    published, both databases are written anew, and values and bytes are searched. A keyed tombstone
    keeps later exports from bringing them back.

    Their own data alone goes: a meeting of others stays a meeting of the others. The export files
    themselves are not Tieline's; those that show the person are named.

    Killed half-way, it is ended by the next `tieline run`, or by the same command.

    \b
    Examples:
      tieline forget jan@partner.example
      tieline forget github:jan --yes --wait 600
    """
    from flows import erase
    from flows.progress import say

    os.umask(0o077)
    config = read_config(settings, home)
    if person == "-":
        person, yes = sys.stdin.readline().strip(), True
    if not yes:
        known = erase.look_up(config, person, wait=wait)
        click.echo(_known(known.addresses, known.events))
        click.confirm("Erase them? This cannot be undone", abort=True)
    done = erase.forget(config, person, wait=wait, progress=say)
    click.echo(
        f"Forgotten: {_many(done.addresses, 'tombstone')}, {_many(done.events, 'event')} changed."
    )
    click.echo(f"Computed {_many(done.days, 'day')} anew ({_many(done.periods, 'period')}).")
    click.echo(f"Proven: no trace in {_many(done.files, 'file')}, {done.bytes / 1e6:,.1f} MB.")
    if done.release:
        click.echo(f"Published {done.release}")
    for path in done.exports:
        click.echo(f"Still in the export {path}: its owner may want to remove it")
    click.echo(f"Audit: erasure {done.erasure} in {config.audit}")


def _known(addresses: int, events: int) -> str:
    if not addresses:
        return "Nobody here is known by that. They will be kept out of what comes."
    return f"Known by {_many(addresses, 'address', 'es')}, in {_many(events, 'event')}."


def _many(count: int, what: str, ending: str = PLURAL) -> str:
    return f"{count:,} {what}{ending * (count != 1)}"


@click.group()
def key() -> None:
    """The key of the pseudonyms.

    \b
    Example:
      tieline key rotate
    """


@key.command()
@with_settings
@click.option("--wait", default=0, show_default=True, help="Seconds to wait for a run to end.")
def rotate(settings: Path, home: Path | None, wait: int) -> None:
    """Renew the key: every pseudonym changes, and who has the old key can no longer tell who is who.

    Do it when somebody who could read the key leaves, or when it may have leaked. The warehouse is
    renewed in one transaction and every model computed anew; numbers stay as they are, but where
    several divisions or connectors are as good, communities and connector_dependence may choose others.
    Killed half-way, it is ended or undone by the next run. Keep a safe copy of the new key file, and
    destroy backups that the old key opens.

    \b
    Example:
      tieline key rotate --wait 600
    """
    from flows.progress import say
    from flows.rekey import rotate as rotated

    os.umask(0o077)
    config = read_config(settings, home)
    done = rotated(config, wait=wait, progress=say)
    click.echo(f"Renewed: the key, both databases and {_many(done, 'model')}.")
    click.echo(f"Keep a safe copy of {config.key_file}; every earlier copy is of no use now.")


@click.command()
@with_settings
def audit(settings: Path, home: Path | None) -> None:
    """Show what was done to people's data, and whether the log is as it was written.

    \b
    Example:
      tieline audit
    """
    from flows.rekey import audited

    for line in audited(read_config(settings, home)):
        click.echo(line)
