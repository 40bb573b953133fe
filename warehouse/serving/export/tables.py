"""Tables and views as CSV or Parquet files, a batch at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.serving.export.released import batches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from warehouse.serving.export.released import Relation

DATETIME = "%Y-%m-%dT%H:%M:%S"


def write_csv(con: duckdb.DuckDBPyConnection, relation: Relation, path: Path) -> int:
    """Write `relation` as UTF-8 CSV with a header; return its rows.

    An empty cell is an empty field. A text that a spreadsheet would run as a formula gets an
    apostrophe before it.
    """
    rows = 0
    with written(path) as part, part.open("wb") as file:
        for number, frame in enumerate(batches(con, relation)):
            without_formulas(frame).write_csv(
                file, include_header=number == 0, datetime_format=DATETIME
            )
            rows += frame.height
    return rows


def write_parquet(con: duckdb.DuckDBPyConnection, relation: Relation, path: Path) -> int:
    """Write `relation` as Parquet, with its words and those of its columns; return its rows."""
    rows, words = 0, {field.name: field.description for field in relation.fields}
    with written(path) as part:
        writer = None
        for frame in batches(con, relation):
            table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                schema = pa.schema(
                    [f.with_metadata({"description": words[f.name]}) for f in table.schema],
                    metadata={"description": relation.description},
                )
                writer = pq.ParquetWriter(part, schema, compression="zstd")
            writer.write_table(table.cast(schema))
            rows += frame.height
        if writer is not None:
            writer.close()
    return rows


def without_formulas(rows: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula get an apostrophe before them."""
    text = pl.selectors.string()
    return rows.with_columns(
        pl.when(text.str.contains(r"^[=+\-@\t\r]")).then("'" + text).otherwise(text).name.keep()
    )


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` when all is written and not before."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
