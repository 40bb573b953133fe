"""The users' own expectations, from the settings to what judges them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.config import ConfigError
from quality.own import Own, OwnExpectationError, check

if TYPE_CHECKING:
    from flows.config import Config


def own_expectations(config: Config) -> list[Own]:
    """All of them, of every source. Raises ConfigError for one that cannot be used."""
    owns = [
        Own(source.name, one.title, one.type, one.table, one.severity, one.arguments)
        for source in config.settings.source
        for one in source.expect
    ]
    for own in owns:
        if sum((own.source, own.name) == (one.source, one.name) for one in owns) > 1:
            raise ConfigError(
                f"{config.path}: source {own.source!r}, expect: two are called {own.name!r}; give each its own name"
            )
    try:
        check(owns)
    except OwnExpectationError as error:
        raise ConfigError(f"{config.path}: {error}") from error
    return owns
