"""The same warehouse computed twice: by DuckDB alone, and with Spark over its lake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from transforms.model import Model, Parameters
from transforms.runner import transform
from transforms.spark import FOLDER, OnSpark, on_spark
from warehouse import schema
from warehouse.lake import Lake, latest, open_lake, rows_of_parts
from warehouse.lake_tables import write

BASE = (
    schema.EVENT, schema.PARTICIPATION, schema.OBSERVATION, schema.ADDRESS_ALIAS, schema.MEMBERSHIP,
    schema.BOUNDARY,
)  # fmt: skip
CLOSE = 1e-7  # sums of floats depend on the order in which they are added


class Both:
    """Two warehouses with the same events; `here` is DuckDB's own, `there` has a lake and Spark."""

    def __init__(
        self, here: duckdb.DuckDBPyConnection, there: duckdb.DuckDBPyConnection, folder: Path
    ) -> None:
        self.here, self.there, self.lake = here, there, open_lake(str(folder), {})
        self.nights = 0

    def build(
        self, spark: object, models: list[Model], parameters: Parameters, today: date
    ) -> None:
        self.nights += 1
        write(self.there, self.lake, f"night{self.nights}")
        engine = OnSpark(
            lambda: spark,
            self.lake,
            latest(self.lake),
            self.lake.root,
            f"night{self.nights}",
            models,
        )
        for con, who in ((self.here, None), (self.there, engine)):
            con.execute("BEGIN")
            transform(con, models, parameters, today=today, engine=who)
            con.execute("COMMIT")
        engine.sweep(self.there)

    def assert_same(self, models: list[Model]) -> None:
        """Every model that Spark computes, as it lies in the lake; the rest as the warehouse holds it."""
        for model in models:
            if model.name in on_spark(models):
                same(
                    model.name,
                    of(self.here, model.name),
                    in_lake(self.there, self.lake, model.name),
                )
        for table in {m.table for m in models if m.name not in on_spark(models)}:
            same(table, of(self.here, table), of(self.there, table))


def of(con: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    return con.sql(f"FROM {table}").pl()


def in_lake(con: duckdb.DuckDBPyConnection, lake: Lake, model: str) -> pl.DataFrame:
    paths = [
        p for (p,) in con.execute("SELECT path FROM lake_model WHERE model = ?", [model]).fetchall()
    ]
    columns = [name for name, *_ in con.execute(f"DESCRIBE {model}").fetchall()]
    if not paths:
        return of(con, model).clear()
    rows = rows_of_parts(lake, f"{FOLDER}/{model}", paths).to_table(columns=columns)
    return pl.DataFrame(pl.from_arrow(rows))


def same(name: str, expected: pl.DataFrame, found: pl.DataFrame) -> None:
    """Equal rows in any order; integers of any width are alike, floats within CLOSE."""
    assert found.height == expected.height, (name, found.height, expected.height)
    exact = [c for c in expected.columns if not expected[c].dtype.is_float()]
    floats = [c for c in expected.columns if expected[c].dtype.is_float()]
    whole = [c for c in exact if expected[c].dtype.is_numeric()]
    cast = [pl.col(c).cast(pl.Int64) for c in whole]
    order = [*exact, *(pl.col(c).round(5) for c in floats)]
    mine, theirs = (
        rows.with_columns(cast).sort(order, nulls_last=True) for rows in (expected, found)
    )
    assert mine.select(exact).equals(theirs.select(exact)), name
    for column in floats:
        one, other = mine[column], theirs[column]
        assert one.is_null().equals(other.is_null()), (name, column)
        limit = CLOSE * (1 + one.abs())
        assert not ((one - other).abs() > limit).any(), (name, column)
