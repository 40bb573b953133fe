"""What a participation costs on one machine, stage by stage and on disk: the rows of docs/scale.md.

CPU seconds of this process; on a shared machine they say more than the clock.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import process_time

from flows import stages
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.session import Origin, opened
from flows.transform import parameters
from tests.benchmarks.exports import write_home
from tests.benchmarks.network import make_network, participations
from transforms.model import read_models
from transforms.runner import transform
from transforms.spark import on_spark
from warehouse.lake import open_lake
from warehouse.lake_tables import rebuild, write

FIRST, DAYS = date(2023, 1, 1), 1096
PEOPLE_PER_MILLION = 600  # so that activity per person stays that of an office


def measure(rows: int) -> str:
    """A table: stage, CPU seconds, microseconds per participation."""
    lines: list[tuple[str, float]] = []

    def timed(name: str, step: Callable[[], object]) -> None:
        begun = process_time()
        step()
        lines.append((name, process_time() - begun))

    network = make_network(max(60, rows * PEOPLE_PER_MILLION // 1_000_000))
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        log = participations(network, rows, FIRST, DAYS)
        write_home(home, network.people, log)
        config = read_config(home / SETTINGS, home)
        lake = open_lake(str(Path(name) / "lake"), {})
        with opened(config, Origin("nightly"), 0) as (held, done):
            timed("read, check and load", lambda: stages.ingest_new(held, done))
            con = held.con
            count = con.execute("SELECT count(*) FROM participation").fetchall()[0][0]
            con.execute("CHECKPOINT")
            disk = config.warehouse.stat().st_size
            timed("write the lake", lambda: write(con, lake, "one"))
            size = sum(path.stat().st_size for path in Path(lake.root).rglob("*.parquet"))
            con.execute("INSERT INTO lake_day SELECT max(day) FROM event")
            con.execute("UPDATE event SET revision = 9 WHERE day = (SELECT max(day) FROM event)")
            timed("write one changed day", lambda: write(con, lake, "two"))
            timed("compare lake and warehouse", lambda: _compare(con, lake))
            models = read_models()
            by_day = [m for m in models if m.grain == "day" and m.name in on_spark(models)]
            by_day = [m for m in by_day if m.lookback == m.lookahead == 0]
            con.execute("BEGIN")
            timed(
                f"{len(by_day)} models per day",
                lambda: transform(con, by_day, parameters(config), today=config.today()),
            )
            con.execute("COMMIT")
            con.execute("CHECKPOINT")
            models_disk = config.warehouse.stat().st_size - disk
        other = read_config(home / SETTINGS, Path(name) / "other")
        (Path(name) / "other").mkdir()
        (Path(name) / "other" / "secret").symlink_to(home / "secret")
        with opened(other, Origin("nightly"), 0) as (held, _):
            timed("rebuild the warehouse", lambda: rebuild(held.con, lake))
    told = [f"{count:,} participations of {network.people.height:,} people in {DAYS} days", ""]
    told += [f"{stage:28} {cpu:8.2f} s {cpu / count * 1e6:8.2f} us each" for stage, cpu in lines]
    told += [
        f"{stage:28} {size / 1e6:8.1f} MB {size / count:7.1f} bytes each"
        for stage, size in (
            ("warehouse, events", disk),
            ("warehouse, models per day", models_disk),
            ("lake", size),
        )
    ]
    return "\n".join(told)


def _compare(con, lake) -> None:
    con.execute("DELETE FROM lake_state")
    write(con, lake, "three")
