"""A published network with rows in every wide view, of which generation n has the value n everywhere."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.serving.made_up import cell, content, facts, fill, step
from warehouse import schema
from warehouse.connection import open_warehouse, warehouse_lock
from warehouse.serving import mart
from warehouse.serving.publish import publish
from warehouse.serving.releases import prune

if TYPE_CHECKING:
    import duckdb

PERIODS = {
    "week": [date(2026, 1, 5) + timedelta(weeks=n) for n in range(12)],
    "month": [date(2026, month, 1) for month in (1, 2, 3)],
    "quarter": [date(2025, 10, 1), date(2026, 1, 1)],
}
VOLUME = {"metric": "interaction_volume", "other_unit": "(all)", "other_people": None}
WHOLE = """
SELECT (SELECT CAST(replace(run_id, 'g', '') AS INTEGER) FROM mart.publication),
  (SELECT CAST(min(weight) AS INTEGER) FROM mart.weekly_lines WHERE NOT is_hidden),
  (SELECT CAST(max(weight) AS INTEGER) FROM mart.monthly_network),
  (SELECT CAST(max(value) AS INTEGER) FROM mart.trend), (SELECT count(*) FROM mart.metric_value)
"""
ROWS = 2 * 17 * 6


def cells(generation: int) -> list[dict[str, Any]]:
    """Six cells per boundary and period: two lines, a hidden one, two units and the network."""
    value = float(generation)
    found = []
    for grain, days in PERIODS.items():
        for day in days:
            for boundary, names in (("organisation", "ABC"), ("team", "KLM")):
                one, two, three = names
                key = {"grain": grain, "period": day, "boundary": boundary, "value": value}
                found += [
                    cell(**key, unit=one, other_unit=two),
                    cell(**key, unit=one, other_unit=one),
                    cell(**key, unit=one, other_unit=three, people=2),
                    cell(**key | VOLUME, unit=one),
                    cell(**key | VOLUME, unit=two),
                    cell(**key | VOLUME, unit="(all)", people=30),
                ]
    return found


def publish_generation(con: duckdb.DuckDBPyConnection, published: Path, generation: int) -> Path:
    """Release generation `generation` under `published`."""
    rows = cells(generation)
    fill(con, schema.METRIC_VALUE, rows)
    names = set(schema.TREND.names())
    shown = [row for row in rows if row["people"] > 2]
    fill(con, schema.TREND, [step(**{k: v for k, v in row.items() if k in names}) for row in shown])
    known = {
        **content().rows,
        "calendar": [mart.calendar_rows(date(2025, 10, 1), date(2026, 3, 31))],
    }
    return publish(
        con, published, content=replace(content(), rows=known), facts=facts(f"g{generation}")
    )


def main(folder: Path, first: int, last: int, pause: float) -> None:
    """Publish generations `first` to `last` as so many nights would, saying so after each."""
    warehouse = folder / "private" / "tieline.duckdb"
    with (
        warehouse_lock(warehouse, 5, "bi"),
        open_warehouse(warehouse, reach=[folder / "published"]) as con,
    ):
        for generation in range(first, last + 1):
            publish_generation(con, folder / "published", generation)
            prune(folder / "published")
            print(generation, flush=True)
            time.sleep(pause)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float((*sys.argv, "0")[4]))
