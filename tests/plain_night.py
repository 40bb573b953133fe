"""Nights in this process, without Prefect's engine: outside a flow run a stage is a plain call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.backfill import backfill, load_window
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.nightly import ingest_only, nightly
from flows.session import Origin, opened

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from flows.session import Done


def night(home: Path, **parameters: Any) -> Done:
    return nightly.fn(str(home / SETTINGS), str(home), **parameters)


def ingest(home: Path) -> Done:
    return ingest_only.fn(str(home / SETTINGS))


def fill(home: Path, since: date, until: date, sources: list[str] | None = None) -> Done:
    return backfill.fn(since, until, str(home / SETTINGS), sources=sources)


def refill(home: Path, since: date, until: date, sources: list[str] | None = None) -> Done:
    """The half of a backfill that loads."""
    config = read_config(home / SETTINGS)
    names = sources or [source.name for source in config.settings.source]
    with opened(config, Origin("backfill", None, (since, until)), 0) as (held, done):
        load_window(held, done, since, until, names)
    return done
