"""Compute what is stale, and only that, in one transaction.

Stale days become stale periods per grain. A model's stale periods are those of the days, those of the
models it reads, and as many after them as it looks back. They are computed in runs of neighbouring
periods: each input is narrowed to the run (and its lookback), the old rows go, the new ones come. A
model whose SQL, parameters or inputs changed is stale everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

import duckdb
import polars as pl

from transforms.model import (
    EXTENT,
    METRIC_TABLE,
    Compute,
    Model,
    ModelError,
    Parameters,
    fingerprint,
    reach,
)
from transforms.periods import (
    Span,
    Stale,
    across_gaps,
    chunk_days,
    periods,
    spans,
    throughout,
    widen,
)
from warehouse import schema

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """What a run of the models did."""

    days: int  # stale days computed
    periods: int  # stale periods, of all grains together
    rebuilt: tuple[str, ...]  # models computed whole


def transform(
    con: duckdb.DuckDBPyConnection,
    models: Sequence[Model],
    parameters: Parameters,
    *,
    today: date,
    progress: Progress = lambda _: None,
) -> Built:
    """Bring every model up to date with all days before `today`. Call inside a transaction."""
    data = [
        day
        for (day,) in con.execute(
            "SELECT DISTINCT day FROM event WHERE day < ?", [today]
        ).fetchall()
    ]
    days = [day for (day,) in con.execute("FROM stale_day WHERE day < ?", [today]).fetchall()]
    active = periods(con, data)
    base, everything = across_gaps(con, periods(con, days), active), throughout(active)
    used = {
        **parameters,
        **dict(zip(EXTENT, (min(data, default=None), max(data, default=None)), strict=True)),
    }
    before = dict(con.execute("FROM model_state").fetchall())
    chunk = chunk_days(con, len(data))
    marks: dict[str, str] = {}
    stale: dict[str, Stale] = {}
    rebuilt = []
    for model in models:
        inputs = [
            other.name for other in models if other.table in model.reads and other is not model
        ]
        marks[model.name] = fingerprint(model, parameters, [marks[name] for name in inputs])
        whole = before.get(model.name) != marks[model.name]
        looks = reach(model, parameters)
        stale[model.name] = (
            everything
            if whole
            else widen(con, model, looks, [base, *(stale[n] for n in inputs)], everything)
        )
        if whole or any(stale[model.name].values()):
            progress(model.name)
        if whole:
            rebuilt.append(model.name)
            _empty(con, model, used)
        for span in spans(con, model, looks, stale[model.name], everything, chunk):
            _replace(con, model, used, span, fresh=whole)
    for name in before.keys() - marks.keys():
        con.execute(f"DELETE FROM {METRIC_TABLE} WHERE metric = ?", [name])
    con.execute("DELETE FROM model_state")
    if marks:
        con.executemany("INSERT INTO model_state VALUES (?, ?)", sorted(marks.items()))
    con.execute("DELETE FROM stale_day WHERE day < ?", [today])
    return Built(len(days), sum(map(len, base.values())), tuple(rebuilt))


def _empty(con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters) -> None:
    if model.table == METRIC_TABLE:
        con.execute(f"DELETE FROM {METRIC_TABLE} WHERE metric = ?", [model.name])
        return
    con.execute(f"DROP TABLE IF EXISTS {model.name}")
    if model.compute:
        con.register(
            "computed",
            _computed(con, model, parameters, map("FROM {} LIMIT 0".format, model.reads)),
        )
        con.execute(f"CREATE TABLE {model.name} AS FROM computed")
    else:
        query = f"CREATE TABLE {model.name} AS FROM ({model.text}\n) LIMIT 0"
        con.execute(query, _used(model, parameters))
    columns = [row[0] for row in con.execute(f"DESCRIBE {model.name}").fetchall()]
    for column in columns:
        if column not in model.comments:
            raise ModelError(f"{model.name}.sql: column {column} has no comment; add one behind it")
        comment = schema.quoted(model.comments[column])
        con.execute(f"COMMENT ON COLUMN {model.name}.{column} IS {comment}")
    con.execute(f"COMMENT ON TABLE {model.name} IS {schema.quoted(model.comments[''])}")


def _replace(
    con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters, span: Span, *, fresh: bool
) -> None:
    values = {"first": span.first, "last": span.last}
    where = "day BETWEEN $first AND $last"
    if model.grain == "grain":
        where = f"grain = '{span.grain}' AND period BETWEEN $first AND $last"
    if not fresh:
        mine = f" AND metric = '{model.name}'" if model.table == METRIC_TABLE else ""
        con.execute(f"DELETE FROM {model.table} WHERE {where}{mine}", values)
    if span.is_outside:
        return
    inputs = {name: _narrowed(con, name, span) for name in model.reads}
    if model.compute:
        con.register("computed", _computed(con, model, parameters, inputs.values()))
        query = "FROM computed"
    else:
        shadows = ", ".join(f"{n} AS NOT MATERIALIZED ({q})" for n, q in inputs.items())
        query = f"WITH {shadows} FROM ({model.text}\n)"
    name = f"'{model.name}' AS metric, " if model.table == METRIC_TABLE else ""
    con.execute(
        f"INSERT INTO {model.table} BY NAME SELECT {name}* FROM ({query}) WHERE {where}",
        {**values, **({} if model.compute else _used(model, parameters))},
    )


def _computed(
    con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters, queries: Iterable[str]
) -> pl.DataFrame:
    """Rows of a Python step over the results of `queries`."""
    compute = cast("Compute", model.compute)
    return compute(*(con.sql(query).pl() for query in queries), **_used(model, parameters))


def _used(model: Model, parameters: Parameters) -> Parameters:
    return {name: parameters[name] for name in (*model.parameters, *model.extent)}


def _narrowed(con: duckdb.DuckDBPyConnection, table: str, span: Span) -> str:
    """The part of an input that the rows of `span` depend on."""
    columns = {row[0] for row in con.execute(f"DESCRIBE main.{table}").fetchall()}
    if {"grain", "period"} <= columns:
        where = f"grain = '{span.grain}' AND period BETWEEN DATE '{span.input_first}' AND DATE '{span.last}'"
    elif "day" in columns:
        where = f"day BETWEEN DATE '{span.day_first}' AND DATE '{span.day_last}'"
    else:
        where = "true"
    return f"SELECT * FROM main.{table} WHERE {where}"
