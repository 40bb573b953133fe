"""Expected rows beside an export, and what a reader makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from polars.testing import assert_frame_equal

from transforms.sources.base import (
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    Source,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

EVERYTHING = Options()
TABLES = {"events": RAW_EVENT, "participations": RAW_PARTICIPATION, "rejects": RAW_REJECT}


def whole(source: Source, path: Path, options: Options = EVERYTHING) -> Batch:
    """Every batch of the file as one; each must have the columns of the contract."""
    return together(source.read(path, options))


def together(batches: Iterable[Batch]) -> Batch:
    told = list(batches)
    for batch in told:
        for name, schema in TABLES.items():
            assert dict(getattr(batch, name).schema) == {
                column: dtype() if isinstance(dtype, type) else dtype
                for column, dtype in schema.items()
            }
        assert set(batch.participations["event_key"]) <= set(batch.events["event_key"])
    empty = {name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    frames = {
        name: pl.concat([empty[name], *(getattr(batch, name) for batch in told)]) for name in TABLES
    }
    return Batch(
        **frames,
        records=sum(batch.records for batch in told),
        skipped=sum(batch.skipped for batch in told),
        duplicates=sum(batch.duplicates for batch in told),
    )


def assert_golden(batch: Batch, folder: Path, prefix: str = "") -> None:
    """The batch holds the rows of events.csv, participations.csv and rejects.csv in `folder`."""
    for name, schema in TABLES.items():
        found: pl.DataFrame = getattr(batch, name)
        path = folder / f"{prefix}{name}.csv"
        expected = read_rows(path, schema) if path.exists() else pl.DataFrame(schema=schema)
        assert_frame_equal(found, expected, check_row_order=False)


def read_rows(path: Path, schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    text = pl.read_csv(path, infer_schema=False)
    assert text.columns == list(schema), path
    return text.with_columns(
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us")
        if dtype == RAW_EVENT["started_at"]
        else (pl.col(name) == "true")
        if dtype == pl.Boolean
        else pl.col(name).cast(dtype)
        for name, dtype in schema.items()
    )
