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
    if asked is None or not config.current.exists():
        return None
    dsn = os.environ.get(asked.variable)
    if not dsn:
        raise ConfigError(
            f"{config.path}: publish.postgres: the environment has no {asked.variable}; put the"
            " connection string there, as postgresql://user:password@host/database"
        )
    from warehouse.serving.postgres import CopyError, copy_release

    try:
        return copy_release(config.current.resolve(), dsn, schema=asked.schema, role=asked.reader)
    except CopyError as error:
        raise CopyError(
            f"{config.current}: published, but not copied to PostgreSQL: {error}; what was there"
            " stays, and the next run tries again"
        ) from None
