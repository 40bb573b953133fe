"""Which engine computes the models tonight, as the settings say."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flows.config import ConfigError
from flows.lakes import lake_of, place_of
from transforms.spark import OnSpark, session
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
    if find_spec("pyspark") is None:
        raise ConfigError(
            f"{config.path}: run.engine: pyspark is not there; pip install 'tieline[spark]'"
        )
    asked = config.settings.spark
    lake = lake_of(config)
    there = (asked.lake or place_of(config)).rstrip("/")
    connect = partial(session, asked.remote, asked.master, asked.options)
    return OnSpark(connect, lake, latest(lake), there, run_id, models)
