"""Bring models, metrics and trends up to date, in one transaction with the stale days they clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from flows.config import Config, ConfigError
from flows.retention import kept_now
from transforms.model import Model, ModelError, Parameters, in_order, read_models
from transforms.own import is_own, own_metrics
from transforms.runner import Built, transform
from transforms.spark import OnSpark
from warehouse import state
from warehouse.connection import undo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    import duckdb


def parameters(config: Config) -> Parameters:
    """The model parameters by name, the user's own among them."""
    built_in = msgspec.structs.asdict(config.settings.parameters)
    return {**built_in, **built_in.pop("own")}


def models_of(config: Config) -> list[Model]:
    """Tieline's models and the user's own metrics. Raises ConfigError for one that cannot be used."""
    built_in = read_models()
    python = config.settings.folders.allow_python_metrics
    try:
        own = own_metrics(config.metrics, built_in, parameters=parameters(config), python=python)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    return in_order([*built_in, *own]) if own else built_in


def bring_up_to_date(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    models: Sequence[Model],
    *,
    today: date,
    rebuild: bool = False,
    progress: Callable[[str], None] = lambda _: None,
    spark: OnSpark | None = None,
) -> Built:
    """Compute what is stale, or with `rebuild` everything; what is published is then out of date.

    On `spark`, or in the warehouse itself; where the last run did it otherwise, everything too.
    """
    at: list[str] = []

    def show(name: str) -> None:
        at.append(name)
        progress(name)

    con.execute("BEGIN")
    try:
        rebuild = state.compute_until(con, today) or rebuild
        was_spark = bool(con.execute("FROM lake_model LIMIT 1").fetchall())
        if rebuild or was_spark != (spark is not None):
            con.execute("DELETE FROM model_state")
            con.execute("DELETE FROM lake_model")
        built = transform(
            con,
            models,
            parameters(config),
            today=today,
            progress=show,
            kept=kept_now(con),
            engine=spark,
        )
        if built.days or built.rebuilt:
            state.mark_published(con, None)
        con.execute("COMMIT")
    except BaseException as error:
        undo(con)
        own = next((m for m in models if at and m.name == at[-1] and is_own(m)), None)
        if own and isinstance(error, Exception):
            cause = str(error).partition("\n")[0]
            raise ModelError(f"{own.path}: cannot be computed: {cause}") from error
        raise
    if spark is not None:
        spark.sweep(con)
    return built
