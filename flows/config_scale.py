"""Settings of what only large networks need: the event lake, another engine, readers side by side."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """How a night is computed; docs/scale.md says when to change it.

    Attributes:
        engine: What computes the models: DuckDB on this machine, or Spark over the event lake. Metrics
            and publication are DuckDB's either way.
        readers: Where files are read: one after the other in the run itself, in threads or processes of
            this machine, or on a cluster of Dask or Ray. The result is the same.
        workers: Files that are read at once.
        cluster: Address of the scheduler of Dask (`tcp://host:8786`) or Ray (`ray://host:10001`); without
            it, one on this machine for the time of the run.
    """

    engine: Literal["duckdb", "spark"] = "duckdb"
    readers: Literal["here", "threads", "processes", "dask", "ray"] = "here"
    workers: Annotated[int, Meta(ge=1, le=1_000)] = 2
    cluster: str = ""


class EventLake(Struct, frozen=True, forbid_unknown_fields=True):
    """Events as Parquet, a folder per day, for other engines and to rebuild the warehouse from.

    Attributes:
        path: A local folder, or a URL that fsspec knows (`s3://bucket/tieline`); "" for no lake. It holds
            pseudonyms as the warehouse does: for those who run Tieline only.
        options: Options of that filesystem, as fsspec names them. Keys and passwords belong in the
            environment; here they may only be named, as "$VARIABLE".
    """

    path: str = ""
    options: dict[str, str] = field(default_factory=dict)


class Spark(Struct, frozen=True, forbid_unknown_fields=True):
    """Which Spark computes the models when `run.engine` is "spark".

    Attributes:
        remote: Address of Spark Connect (`sc://host:15002`); "" to use `master`.
        master: Spark's master URL: local[2], spark://host:7077, yarn, k8s://...
        lake: The lake's folder as the cluster names it (`s3a://bucket/tieline`); when empty, as `lake.path`.
        options: Spark's own options, such as "spark.executor.memory" = "8g".
    """

    remote: str = ""
    master: str = "local[*]"
    lake: str = ""
    options: dict[str, str] = field(default_factory=dict)
