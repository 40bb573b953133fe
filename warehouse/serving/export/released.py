"""Read a release: which tables and views it has, what they mean, and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from warehouse.serving.mart import MART

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pyarrow as pa

BATCH: Final = 100_000


@dataclass(frozen=True, slots=True)
class Field:
    """A column as the release describes it."""

    name: str
    type: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as the release describes it."""

    name: str
    description: str
    fields: tuple[Field, ...]
    is_view: bool


def relations(con: duckdb.DuckDBPyConnection) -> list[Relation]:
    """Every table and view of the release, tables first."""
    named = con.execute(
        f"""SELECT table_name, comment, false FROM duckdb_tables() WHERE schema_name = '{MART}'
        UNION ALL SELECT view_name, comment, true FROM duckdb_views()
        WHERE schema_name = '{MART}' AND NOT internal ORDER BY 3, 1"""
    ).fetchall()
    columns = con.execute(
        f"""SELECT table_name, column_name, data_type, comment, NOT is_nullable FROM duckdb_columns()
        WHERE schema_name = '{MART}' ORDER BY table_name, column_index"""
    ).fetchall()
    return [
        Relation(
            name,
            words or "",
            tuple(Field(c, t, w or "", bool(r)) for table, c, t, w, r in columns if table == name),
            is_view,
        )
        for name, words, is_view in named
    ]


def reader(con: duckdb.DuckDBPyConnection, relation: Relation) -> pa.RecordBatchReader:
    """The rows of `relation` in order, as a stream of Arrow batches."""
    order = " ORDER BY ALL" if relation.is_view else ""  # tables are stored in order
    return con.sql(f"FROM {MART}.{relation.name}{order}").to_arrow_reader(BATCH)


def batches(con: duckdb.DuckDBPyConnection, relation: Relation) -> Iterator[pl.DataFrame]:
    """The rows of `relation` in order, so many at a time; an empty one gives one empty frame."""
    stream = reader(con, relation)
    yield pl.DataFrame(pl.from_arrow(stream.schema.empty_table()))
    for batch in stream:
        yield pl.DataFrame(pl.from_arrow(batch))


def facts(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """The one row of `publication`."""
    return con.sql(f"FROM {MART}.publication").pl().to_dicts()[0]
