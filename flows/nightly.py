"""The nightly flow: read what is new, check and load it, restate what it touches, publish.

And its halves, for who wants them at hours of their own. Prefect sees a task per file and one per
stage; the warehouse's own lock and run log are what counts.
"""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows.config_read import read_config
from flows.occasion import ended, run_name, scheduled_at
from flows.parameters import SettingsPath, Wait
from flows.session import Done, Origin, opened
from flows.stages import FLOW_TIMEOUT, compute, ingest_new, publish_new
from flows.transform import models_of
from warehouse import state


@flow(name="tieline-nightly", flow_run_name=run_name, timeout_seconds=FLOW_TIMEOUT)
def nightly(
    settings: SettingsPath = "tieline.toml",
    home: str | None = None,
    rebuild: bool = False,
    wait: Wait = 0,
) -> Done:
    """Do the whole night once: read what is new, check and load it, restate, publish.

    A run that a schedule wanted and that starts late does nothing where a night that began since
    then has succeeded: whatever it would have found is in the warehouse.

    Args:
        settings: path of tieline.toml on the machine that runs this.
        home: folder that relative paths start from, if not that of the settings.
        rebuild: compute every model anew, also where nothing changed.
        wait: seconds to wait while another run holds the warehouse.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    models = models_of(config)
    due = scheduled_at()
    with opened(config, Origin("nightly", due), wait) as (held, done):
        done.covered_by = None if due is None or rebuild else state.covered_by(held.con, due)
        if done.covered_by is None:
            ingest_new(held, done)
            compute(held, done, models, rebuild=rebuild)
            publish_new(held, done, models)
    return ended(done)


@flow(name="tieline-ingest", flow_run_name=run_name, timeout_seconds=FLOW_TIMEOUT)
def ingest_only(
    settings: SettingsPath = "tieline.toml", home: str | None = None, wait: Wait = 0
) -> Done:
    """Read what is new, check and load it; computes and publishes nothing.

    Args:
        settings: path of tieline.toml on the machine that runs this.
        home: folder that relative paths start from, if not that of the settings.
        wait: seconds to wait while another run holds the warehouse.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    with opened(config, Origin("ingest", scheduled_at()), wait) as (held, done):
        ingest_new(held, done)
    return ended(done)


@flow(name="tieline-publish", flow_run_name=run_name, timeout_seconds=FLOW_TIMEOUT)
def publish_only(
    settings: SettingsPath = "tieline.toml",
    home: str | None = None,
    rebuild: bool = False,
    wait: Wait = 0,
) -> Done:
    """Restate what is stale and publish; reads no export.

    Args:
        settings: path of tieline.toml on the machine that runs this.
        home: folder that relative paths start from, if not that of the settings.
        rebuild: compute every model anew, also where nothing changed.
        wait: seconds to wait while another run holds the warehouse.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    models = models_of(config)
    with opened(config, Origin("publish", scheduled_at()), wait) as (held, done):
        compute(held, done, models, rebuild=rebuild)
        publish_new(held, done, models)
    return ended(done)
