"""Both databases and the key that belongs to them, for work outside the nightly flow."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.config import ConfigError
from flows.identity_file import open_identity
from flows.key import read_key
from flows.rotation import follow_settings, hold_to_key, settle
from warehouse import identity, load
from warehouse.connection import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from flows.config import Config


@dataclass(frozen=True, slots=True)
class Opened:
    """The private warehouse, the identity database and their key."""

    con: duckdb.DuckDBPyConnection
    people: duckdb.DuckDBPyConnection
    key: bytes


@contextmanager
def opened(config: Config) -> Iterator[Opened]:
    """Open both, after an interrupted renewal of the key is settled. Hold the warehouse lock.

    Raises ConfigError where nothing has run yet, or the key is another one than theirs.
    """
    if not config.warehouse.exists():
        raise ConfigError(f"{config.warehouse}: nothing has run yet; run `tieline run`")
    settle(config)
    key = read_key(config)
    follow_settings(config, key)
    with ExitStack() as stack:
        con = stack.enter_context(open_warehouse(config.warehouse, reach=[config.published]))
        people = stack.enter_context(open_identity(config, key))
        load.create(con)
        identity.create(people)
        hold_to_key(config, con, people, key)
        load.clear_stage(con)
        yield Opened(con, people, key)
