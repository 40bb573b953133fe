"""Which engine computes the models tonight, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.config import ConfigError
from flows.lakes import lake_of, place_of
from transforms.spark import OnSpark, SparkMissingError, session
from warehouse.lake import latest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.config import Config
    from transforms.model import Model


def spark_of(config: Config, models: Sequence[Model], run_id: str) -> OnSpark | None:
    """Spark over the event lake, if the settings name it; None for DuckDB.

    Raises ConfigError without pyspark.
    """
    if config.settings.run.engine == "duckdb":
        return None
    asked = config.settings.spark
    lake = lake_of(config)
    try:
        spark = session(asked.remote, asked.master, asked.options)
    except SparkMissingError as error:
        raise ConfigError(f"{config.path}: run.engine: {error}") from error
    there = (asked.lake or place_of(config)).rstrip("/")
    return OnSpark(spark, lake, latest(lake), there, run_id, models)
