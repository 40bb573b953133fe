"""The event lake that the settings name: opened, written after each load, turned into a warehouse."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flows.config import ConfigError
from flows.remote import is_remote
from warehouse import load
from warehouse.connection import open_warehouse, warehouse_lock
from warehouse.lake import Lake, latest, open_lake
from warehouse.lake_tables import EmptyLakeError, rebuild, write

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from flows.config import Config
    from warehouse.lake import Commit
    from warehouse.lake_tables import Written


def place_of(config: Config) -> str:
    """Folder or URL of the lake, "" for none; a relative path starts from the home folder."""
    where = config.settings.lake.path
    return where if is_remote(where) or not where else str(config.place(where))


def lake_of(config: Config) -> Lake:
    """The lake. Raises ConfigError where the settings name none, or one that cannot be opened."""
    where = place_of(config)
    if not where:
        raise ConfigError(
            f"{config.path}: lake.path is not set; name a folder or a URL for the lake"
        )
    try:
        return open_lake(
            where, {name: os.path.expandvars(v) for name, v in config.settings.lake.options.items()}
        )
    except (ImportError, ValueError) as error:
        cause = str(error).partition("\n")[0]
        raise ConfigError(f"{config.path}: lake.path: {where}: {cause}") from error


def write_lake(con: duckdb.DuckDBPyConnection, config: Config, run_id: str) -> Written | None:
    """Bring the lake up to date with the warehouse; None if there is none."""
    return write(con, lake_of(config), run_id) if place_of(config) else None


def newest(config: Config) -> Commit:
    """The lake's last commit; number 0 if it is empty."""
    return latest(lake_of(config))


def rebuild_warehouse(config: Config, *, replace: bool, wait: int) -> Commit:
    """Make the warehouse from the lake, whole or not at all; the next run computes every model.

    Raises ConfigError if there is a warehouse and not `replace`, or nothing in the lake.
    """
    lake = lake_of(config)
    with warehouse_lock(config.warehouse, wait):
        if config.warehouse.exists() and not replace:
            raise ConfigError(
                f"{config.warehouse}: is there already; move it away, or say --replace to overwrite it"
            )
        new = config.warehouse.with_name("rebuilding.duckdb")
        _remove(new)
        try:
            with open_warehouse(new) as con:
                load.create(con)
                found = rebuild(con, lake)
                con.execute("CHECKPOINT")
        except EmptyLakeError as error:
            _remove(new)
            raise ConfigError(str(error)) from error
        with new.open("rb") as file:
            os.fsync(file.fileno())
        _wal(config.warehouse).unlink(missing_ok=True)
        new.replace(config.warehouse)
        new.with_name(f"{new.name}.tmp").rmdir()
    return found


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _wal(path).unlink(missing_ok=True)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")
