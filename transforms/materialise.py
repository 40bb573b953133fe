"""Write the rows of one model: make its table, or replace the rows of one run of periods."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

from transforms.model import METRIC_TABLE, Model, ModelError, Parameters
from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import duckdb
    import polars as pl

    from transforms.model import Compute
    from transforms.periods import Span

_PART_ROWS = 200_000  # of a step that goes by metric: many small queries cost more than their rows


def empty(
    con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters, closed: date | None = None
) -> None:
    """Throw the model's rows away; its table is made anew, with the comments of its columns.

    Rows before the day `closed` stay: nothing could compute them again.
    """
    stays = f"{'day' if model.grain == 'day' else 'period'} < DATE '{closed or date.min}'"
    if model.table == METRIC_TABLE:
        con.execute(f"DELETE FROM {METRIC_TABLE} WHERE metric = ? AND NOT {stays}", [model.name])
        return
    if closed and _columns_there(con, model.name):
        con.execute(f"CREATE TEMP TABLE closed_rows AS FROM {model.name} WHERE {stays}")
    con.execute(f"DROP TABLE IF EXISTS {model.name}")
    if model.compute:
        nothing = (f"SELECT {_columns(model, table)} FROM {table} LIMIT 0" for table in model.reads)
        con.register("computed", _computed(con, model, parameters, nothing))
        con.execute(f"CREATE TABLE {model.name} AS FROM computed")
    else:
        query = f"CREATE TABLE {model.name} AS FROM ({model.text}\n) LIMIT 0"
        con.execute(query, used(model, parameters))
    columns = [row[0] for row in con.execute(f"DESCRIBE {model.name}").fetchall()]
    for column in columns:
        if column not in model.comments:
            raise ModelError(f"{model.name}.sql: column {column} has no comment; add one behind it")
        comment = schema.quoted(model.comments[column])
        con.execute(f"COMMENT ON COLUMN {model.name}.{column} IS {comment}")
    con.execute(f"COMMENT ON TABLE {model.name} IS {schema.quoted(model.comments[''])}")
    if there := _columns_there(con, "closed_rows"):
        # What a newer model tells besides is not known of them.
        same = ", ".join(column for column in columns if column in there)
        con.execute(f"INSERT INTO {model.name} BY NAME SELECT {same} FROM closed_rows")
        con.execute("DROP TABLE closed_rows")


def replace(
    con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters, span: Span, *, fresh: bool
) -> None:
    """Compute the rows of `span` anew; with `fresh` there are no old ones to delete."""
    where = within(model, span)
    if not fresh:
        mine = f" AND metric = '{model.name}'" if model.table == METRIC_TABLE else ""
        con.execute(f"DELETE FROM {model.table} WHERE {where}{mine}")
    if span.is_outside:
        return
    parameters = {**parameters, "first_period": span.first}
    name = f"'{model.name}' AS metric, " if model.table == METRIC_TABLE else ""
    insert = f"INSERT INTO {model.table} BY NAME SELECT {name}*"
    inputs = {table: _narrowed(con, model, table, span) for table in model.reads}
    if model.compute:
        for part in _parts(con, model, inputs):
            con.register("computed", _computed(con, model, parameters, part))
            con.execute(f"{insert} FROM computed WHERE {where}")
        return
    shadows = ", ".join(f"{table} AS NOT MATERIALIZED ({query})" for table, query in inputs.items())
    query = f"WITH {shadows} FROM ({model.text}\n)"
    con.execute(f"{insert} FROM ({query}) WHERE {where}", used(model, parameters))


def within(model: Model, span: Span) -> str:
    """Which rows of the model are those of `span`."""
    if model.grain == "day":
        return f"day BETWEEN DATE '{span.first}' AND DATE '{span.last}'"
    return f"grain = '{span.grain}' AND period BETWEEN DATE '{span.first}' AND DATE '{span.last}'"


def narrowing(model: Model, table: str, columns: Collection[str], span: Span) -> str:
    """Which rows of an input with these columns the model's rows of `span` depend on."""
    if {"grain", "period"} <= set(columns):
        if table == model.finer:
            return f"period BETWEEN DATE '{span.input_first}' AND DATE '{span.day_last}'"
        return f"grain = '{span.grain}' AND period BETWEEN DATE '{span.input_first}' AND DATE '{span.last}'"
    if "day" in columns:
        return f"day BETWEEN DATE '{span.day_first}' AND DATE '{span.day_last}'"
    return "true"


def used(model: Model, parameters: Parameters) -> Parameters:
    """The parameters that the model names."""
    return {name: parameters[name] for name in (*model.parameters, *model.extent)}


def _parts(
    con: duckdb.DuckDBPyConnection, model: Model, inputs: Mapping[str, str]
) -> Iterator[list[str]]:
    """The inputs of a Python step; for one that goes by metric, of a few metrics after the others."""
    if not model.by_metric:
        yield list(inputs.values())
        return
    first, *others = inputs.values()
    sizes = con.execute(f"SELECT metric, count(*) FROM ({first}) GROUP BY metric ORDER BY metric")
    for names in _together(sizes.fetchall()):
        yield [f"FROM ({first}) WHERE metric IN {schema.one_of(names)}", *others]


def _together(sizes: Iterable[tuple[str, int]]) -> Iterator[tuple[str, ...]]:
    """Neighbours who have few rows together; who has many is alone."""
    names: list[str] = []
    rows = 0
    for name, size in sizes:
        if names and rows + size > _PART_ROWS:
            yield tuple(names)
            names, rows = [], 0
        names.append(name)
        rows += size
    if names:
        yield tuple(names)


def _computed(
    con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters, queries: Iterable[str]
) -> pl.DataFrame:
    """Rows of a Python step over the results of `queries`."""
    compute = cast("Compute", model.compute)
    return compute(*(con.sql(query).pl() for query in queries), **used(model, parameters))


def _columns_there(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """Columns of a table; none where there is no such table."""
    found = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [table]
    ).fetchall()
    return {name for (name,) in found}


def _narrowed(con: duckdb.DuckDBPyConnection, model: Model, table: str, span: Span) -> str:
    """The part of an input that the rows of `span` depend on."""
    columns = {row[0] for row in con.execute(f"DESCRIBE main.{table}").fetchall()}
    where = narrowing(model, table, columns, span)
    return f"SELECT {_columns(model, table)} FROM main.{table} WHERE {where}"


def _columns(model: Model, table: str) -> str:
    return ", ".join(model.columns.get(table, "*"))
