"""The current release once more in PostgreSQL, where the settings ask for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flows.config import ConfigError

if TYPE_CHECKING:
    from flows.config import Config


def mirror(config: Config) -> int | None:
    """Copy the current release to PostgreSQL; return its rows, None where there is nothing to do.

    Raises ConfigError where the environment has no connection string, CopyError where the copy fails.
    """
    asked = config.settings.publish.postgres
    dsn = connection_string(config) if config.current.exists() else None
    if asked is None or dsn is None:
        return None
    from warehouse.serving.postgres import CopyError, copy_release

    try:
        return copy_release(config.current.resolve(), dsn, schema=asked.schema, role=asked.reader)
    except CopyError as error:
        raise CopyError(
            f"{config.current}: published, but not copied to PostgreSQL: {error}; what was there"
            " stays, and the next run tries again"
        ) from None


def connection_string(config: Config) -> str | None:
    """Where copies go; None where none are asked for. Raises ConfigError where the environment lacks it."""
    asked = config.settings.publish.postgres
    if asked is None:
        return None
    if dsn := os.environ.get(asked.variable):
        return dsn
    raise ConfigError(
        f"{config.path}: publish.postgres: the environment has no {asked.variable}; put the"
        " connection string there, as postgresql://user:password@host/database"
    )
