"""Nights in this process and without Prefect: `nightly.fn` is the flow as a plain function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from flows.backfill import backfill, load_window
from flows.config import read_config
from flows.nightly import ingest_only, nightly
from flows.session import Origin, opened

if TYPE_CHECKING:
    from datetime import date

    from flows.session import Done


def night(home: Path) -> Done:
    return nightly.fn(str(home / "tieline.toml"))


def fill(home: Path, since: date, until: date, sources: list[str] | None = None) -> Done:
    return backfill.fn(since, until, str(home / "tieline.toml"), sources=sources)


def ingest(home: Path) -> Done:
    return ingest_only.fn(str(home / "tieline.toml"))


def refill(home: Path, since: date, until: date, sources: list[str] | None = None) -> Done:
    """The half of a backfill that loads."""
    config = read_config(home / "tieline.toml")
    names = sources or [source.name for source in config.settings.source]
    with opened(config, Origin("backfill", None, (since, until)), 0) as (held, done):
        load_window(held, done, since, until, names)
    return done


def query(home: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def change(home: Path, sql: str) -> None:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb")) as con:
        con.execute(sql)
