"""Bring models, metrics and trends up to date, in one transaction with the stale days they clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from transforms.model import Model, Parameters
from transforms.runner import Built, transform
from warehouse import state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import duckdb

    from flows.config import Config


def parameters(config: Config) -> Parameters:
    """The model parameters by name."""
    return dict(msgspec.structs.asdict(config.settings.parameters))


def bring_up_to_date(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    models: Sequence[Model],
    *,
    today: date,
    rebuild: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Compute what is stale, or with `rebuild` everything; what is published is then out of date."""
    con.execute("BEGIN")
    try:
        if rebuild:
            con.execute("DELETE FROM model_state")
        built = transform(con, models, parameters(config), today=today, progress=progress)
        if built.days or built.rebuilt:
            state.mark_published(con, None)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    return built
