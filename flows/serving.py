"""Commands for a Prefect server: `tieline serve` and `tieline notify`."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from flows.config import ConfigError
from flows.config_read import read_config
from flows.options import with_settings
from flows.running import prepare

CRON = "15 2 * * *"


def needs_server() -> None:
    """Raise ConfigError where no Prefect server is named."""
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():
        raise ConfigError(
            "PREFECT_API_URL: no Prefect server is named; start one with `prefect server start` and set"
            " PREFECT_API_URL=http://127.0.0.1:4200/api, or schedule `tieline run` without one:"
            " docs/operations.md"
        )


@click.command()
@with_settings
@click.option(
    "--cron", default=CRON, show_default=True, help="When the night begins, by the network's clock."
)
def serve(settings: Path, home: Path | None, cron: str) -> None:
    """Register every deployment with the Prefect server and run what is due, until stopped.

    For one machine without a work pool; keep it running with systemd or the like. Nights that it missed
    are caught up when it is back, once.

    \b
    Example:
      tieline serve -s my-network/tieline.toml --cron "30 1 * * *"
    """
    config = read_config(settings, home)
    prepare(config)
    needs_server()
    from prefect import serve as keep_serving

    from flows.deployments import to_serve

    # Prefect ends its own way.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Paused schedules would let nights that were missed go unseen.
    keep_serving(*to_serve(config, cron), pause_on_shutdown=False, limit=1)


@click.command()
@with_settings
@click.option(
    "--url", required=True, envvar="TIELINE_WEBHOOK", show_envvar=True,
    help='Webhook that takes {"text": ...}: Slack, Mattermost, Google Chat, your own.',
)  # fmt: skip
def notify(settings: Path, home: Path | None, url: str) -> None:
    """Let the Prefect server call a webhook when a run fails, crashes, is late or refused files.

    The address is a secret: give it in the environment. It is kept encrypted by the server, and called
    once now to see that it works.

    \b
    Example:
      tieline notify -s my-network/tieline.toml    (the address stands in $TIELINE_WEBHOOK)
    """
    prepare(read_config(settings, home))
    needs_server()
    from flows.notifications import set_up

    click.echo(set_up(url))
