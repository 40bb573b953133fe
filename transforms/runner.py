"""Compute what is stale, and only that, in one transaction.

Stale days become stale periods per grain. A model's stale periods are those of the days, those of the
models it reads, and as many after them as it looks back. They are computed in runs of neighbouring
periods: each input is narrowed to the run (and its lookback), the old rows go, the new ones come. A
model whose SQL, parameters or inputs changed is stale everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from transforms.engine import Engine, InWarehouse
from transforms.model import EXTENT, METRIC_TABLE, Model, Parameters, fingerprints, reach
from transforms.periods import (
    Kept,
    Stale,
    across_gaps,
    not_before,
    periods,
    spans,
    throughout,
    widen,
)
from warehouse.connection import joins_as_written
from warehouse.state import note_changed

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
    kept: Kept | None = None,
    engine: Engine | None = None,
) -> Built:
    """Bring every model up to date with all days before `today`. Call inside a transaction.

    Of what retention (`kept`) has closed, nothing is computed anew, whatever changes.
    """
    engine = engine or InWarehouse()
    data = [
        day
        for (day,) in con.execute(
            "SELECT DISTINCT day FROM event WHERE day < ?", [today]
        ).fetchall()
    ]
    days = [day for (day,) in con.execute("FROM stale_day WHERE day < ?", [today]).fetchall()]
    active = periods(con, data)
    base, everything = across_gaps(con, periods(con, days), active), throughout(active)
    first, last = min(data, default=None), max(data, default=None)
    before = dict(con.execute("FROM model_state").fetchall())
    chunk = engine.chunk(con, len(data))
    marks = fingerprints(models, parameters)
    stale: dict[str, Stale] = {}
    rebuilt = []
    for model in models:
        inputs = [
            other.name for other in models if other.table in model.reads and other is not model
        ]
        whole = before.get(model.name) != marks[model.name]
        looks = reach(model, parameters)
        floor = None if kept is None else kept.since if model.is_personal else kept.closed
        begun = first if kept is None or model.is_personal else kept.first
        used = {**parameters, **dict(zip(EXTENT, (begun, last, date.min), strict=True))}
        within = not_before(con, everything, floor)
        stale[model.name] = (
            within
            if whole
            else not_before(
                con,
                widen(con, model, looks, [base, *(stale[n] for n in inputs)], within),
                floor,
            )
        )
        if whole or any(stale[model.name].values()):
            progress(model.name)
        if whole:
            rebuilt.append(model.name)
            engine.empty(con, model, used, None if model.is_personal else floor)
        with joins_as_written(con):
            for span in spans(con, model, looks, stale[model.name], within, chunk):
                engine.replace(con, model, used, span, fresh=whole)
    for name in before.keys() - marks.keys():
        con.execute(f"DELETE FROM {METRIC_TABLE} WHERE metric = ?", [name])
    con.execute("DELETE FROM model_state")
    if marks:
        con.executemany("INSERT INTO model_state VALUES (?, ?)", sorted(marks.items()))
    con.execute("DELETE FROM stale_day WHERE day < ?", [today])
    note_changed(
        con,
        {
            name: {g: 0 if name in rebuilt else min(n) for g, n in numbers.items() if n}
            for name, numbers in stale.items()
        },
    )
    return Built(len(days), sum(map(len, base.values())), tuple(rebuilt))
