"""A small invented warehouse, and a process that publishes it until it is killed.

Generation n is the network with every shown value equal to n, so a torn release shows.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from quality.disclosure import disclosed_metric_value
from quality.disclosure_trend import disclosed_trend
from warehouse import schema
from warehouse.connection import open_warehouse, warehouse_lock
from warehouse.serving import mart
from warehouse.serving.publish import Content, Facts, publish
from warehouse.serving.releases import prune

if TYPE_CHECKING:
    import duckdb

MONDAY = date(2026, 1, 5)
CATALOGUE = pl.DataFrame(
    [
        dict.fromkeys(mart.METRIC.names(), "words") | {"metric": "flow", "measure": measure}
        for measure in ("weight", "hours")
    ]
)


def cell(**changes: Any) -> dict[str, Any]:
    """A row of metric_value that may be shown, but for `changes`."""
    return {
        "metric": "flow", "measure": "weight", "grain": "week", "period": MONDAY,
        "channel": "(all)", "boundary": "team", "unit": "North", "other_unit": "South",
        "value": 1.0, "numerator": 1.0, "denominator": 2.0, "people": 9, "other_people": 8,
        "top_share": 0.2, "expected": 0.5, "z": 1.5, "low": 0.1, "high": 0.9,
    } | changes  # fmt: skip


def step(**changes: Any) -> dict[str, Any]:
    """A row of trend that belongs to `cell()`, but for `changes`."""
    row = {name: value for name, value in cell().items() if name in schema.TREND.names()}
    return row | {
        "completeness": 1.0, "previous": 3.0, "change": -2.0, "change_share": -0.6,
        "rolling_median": 2.0, "robust_z": 0.4,
    } | changes  # fmt: skip


def fill(con: duckdb.DuckDBPyConnection, table: schema.Table, rows: list[dict[str, Any]]) -> None:
    """Make `table` anew with exactly `rows`."""
    con.execute(f"DROP TABLE IF EXISTS {table.name}")
    con.execute(schema.ddl(table))
    con.register("rows", pl.DataFrame(rows, schema=schema.polars_schema(table), orient="row"))
    con.execute(f"INSERT INTO {table.name} BY NAME FROM rows")
    con.unregister("rows")


def fill_generation(con: duckdb.DuckDBPyConnection, generation: int, weeks: int = 40) -> None:
    """`weeks` of two lines, shown; a third is hidden."""
    days = [MONDAY + timedelta(weeks=n) for n in range(weeks)]
    lines = [("North", "South", 9), ("(all)", "(all)", 30), ("North", "West", 2)]
    keys = [
        {"period": day, "unit": unit, "other_unit": other, "value": float(generation)}
        for day in days
        for unit, other, _ in lines
    ]
    people = [n for _ in days for _, _, n in lines]
    fill(
        con,
        schema.METRIC_VALUE,
        [cell(**key, people=n) for key, n in zip(keys, people, strict=True)],
    )
    fill(con, schema.TREND, [step(**key) for key in keys])


def content() -> Content:
    return Content(
        rows={
            "metric_value": [disclosed_metric_value()],
            "trend": [disclosed_trend()],
            "calendar": [mart.calendar_rows(MONDAY, MONDAY + timedelta(days=100))],
            "unit": [mart.unit_rows()],
        },
        signals=[],
        catalogue=CATALOGUE,
    )


def facts(run_id: str = "run", k: int = 5) -> Facts:
    return Facts(
        run_id=run_id,
        published_at=datetime(2026, 11, 24, 1, 2, 3),  # noqa: DTZ001  as stored: UTC without a zone
        data_first_day=MONDAY,
        data_last_day=MONDAY + timedelta(days=100),
        tieline_version="0.1.0",
        k=k,
        dominance=0.75,
        protection=0.1,
        rounding=0.05,
        audit_version=1,
        time_zone="Europe/Amsterdam",
        network="Invented",
        parameters='{"loss": 2}',
    )


def publish_generation(con: duckdb.DuckDBPyConnection, published: Path, generation: int) -> Path:
    fill_generation(con, generation)
    return publish(con, published, content=content(), facts=facts(f"g{generation}"))


def main(folder: Path, first: int, last: int, pause: float = 0.0) -> None:
    """Publish generations `first` to `last`, saying so after each; prune as a run does."""
    import time

    warehouse = folder / "private" / "tieline.duckdb"
    with (
        warehouse_lock(warehouse, 5, "made-up"),
        open_warehouse(warehouse, reach=[folder / "published"]) as con,
    ):
        print("begun", flush=True)
        for generation in range(first, last + 1):
            publish_generation(con, folder / "published", generation)
            prune(folder / "published")
            print(generation, flush=True)
            time.sleep(pause)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float((*sys.argv, "0")[4]))
