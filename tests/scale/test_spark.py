"""Every model gives the same rows on DuckDB and on Spark: `make test-all`, with pyspark and Java 17."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flows.config import Config
from flows.config_read import read_config
from flows.session import Origin, opened
from flows.stages import ingest_new
from flows.starting import make_demo
from flows.transform import parameters
from tests.network import INPUTS, PARAMETERS, TODAY, empty_warehouse, fill
from tests.scale.both import BASE, Both, same
from transforms.materialise import used
from transforms.model import HERE, Parameters, read_models
from transforms.portable import spark_sql
from transforms.runner import transform
from transforms.spark import STAY, comes_back, on_spark, session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support"),
]
MODELS = read_models()
SQL = [model for model in MODELS if model.name in on_spark(MODELS)]
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pytest.importorskip("pyspark", exc_type=ImportError)
    if shutil.which("java") is None:
        pytest.skip("no Java")
    folder = tmp_path_factory.mktemp("spark")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        running = session(
            "",
            "local[2]",
            {
                "spark.driver.memory": "2g", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2",
                "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
                "spark.local.dir": str(folder), "spark.sql.warehouse.dir": str(folder / "warehouse"),
                "spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false",
            },
        )  # fmt: skip
        yield running
        running.stop()


def ingested(config: Config) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with what a night reads, checks and loads."""
    with opened(config, Origin("nightly"), 0) as (held, done):
        ingest_new(held, done)
    con = empty_warehouse()
    con.execute(f"ATTACH '{config.warehouse}' AS source (READ_ONLY)")
    for table in BASE:
        con.execute(f"INSERT INTO main.{table.name} FROM source.main.{table.name}")
    con.execute("INSERT INTO main.stale_day SELECT DISTINCT day FROM main.event")
    con.execute("DETACH source")
    return con


def written(name: str, folder: Path) -> Both:
    made = []
    for _ in range(2):
        con = empty_warehouse()
        fill(con, INPUTS / name)
        con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
        made.append(con)
    return Both(*made, folder)


def test_spark_computes_every_model_of_the_folder() -> None:
    files = {path.stem for path in (HERE / "models").glob("*.sql")}
    assert files == {model.name for model in SQL}


def test_what_stays_in_the_lake_is_read_by_models_alone() -> None:
    assert {model.name for model in SQL if not comes_back(model, MODELS)} == STAY


def test_models_in_the_lake_and_metrics_on_them(spark: Any, tmp_path: Path) -> None:
    """A whole build: what comes back to the warehouse gives the same metrics and trends."""
    both = written("t1", tmp_path / "lake")
    both.build(spark, MODELS, PARAMETERS, TODAY)
    both.assert_same(MODELS)


def test_stale_days_alone_are_replaced(spark: Any, tmp_path: Path) -> None:
    """Also a day that has become empty, and one that a killed run had begun."""
    both = written("t1", tmp_path / "lake")
    some = [
        model for model in SQL if model.name in {"attendance", "act_day", "tie_day", "tie", "scope"}
    ]
    both.build(spark, some, PARAMETERS, TODAY)
    before = paths(both.there)
    first, second = (
        day
        for (day,) in both.here.execute(
            "SELECT DISTINCT day FROM event ORDER BY day LIMIT 2"
        ).fetchall()
    )
    for con in (both.here, both.there):
        con.execute("DELETE FROM participation WHERE day = ?", [first])
        con.execute("DELETE FROM event WHERE day = ?", [first])
        con.execute("UPDATE participation SET role = 'cc' WHERE day = ? AND role = 'to'", [second])
        con.execute("INSERT INTO stale_day VALUES (?), (?)", [first, second])
    both.there.execute("INSERT INTO lake_day FROM stale_day")
    both.build(spark, some, PARAMETERS, TODAY)
    both.assert_same(some)
    kept = before & paths(both.there)
    assert kept
    assert not [path for path in kept if f"day={first}" in path or f"day={second}" in path]
    there = {both.lake.within(path) for path in both.lake.files.find(both.lake.at("_models"))}
    assert {path for path in there if path.endswith(".parquet")} == paths(both.there)


def paths(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {path for (path,) in con.execute("SELECT path FROM lake_model").fetchall()}


@pytest.mark.parametrize("name", ["t1", "joint", "response"])
def test_every_model_on_both_engines(name: str, spark: Any, tmp_path: Path) -> None:
    con = empty_warehouse()
    fill(con, INPUTS / name)
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
    _compare(con, PARAMETERS, spark, tmp_path)


def test_demo(spark: Any, tmp_path: Path) -> None:
    home = tmp_path / "demo"
    make_demo(home)
    config = read_config(home / "tieline.toml", home)
    _compare(ingested(config), parameters(config), spark, tmp_path)


def test_openbmc(
    spark: Any, tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIELINE_SHARED_DATA", str(shared_data))
    config = read_config(EXAMPLES / "openbmc.toml", tmp_path / "openbmc")
    config.home.mkdir()
    _compare(ingested(config), parameters(config), spark, tmp_path)


def _compare(con: duckdb.DuckDBPyConnection, numbers: Parameters, spark: Any, folder: Path) -> None:
    """Each model as one query, on DuckDB and on Spark, over the same Parquet files."""
    con.execute("BEGIN")
    transform(con, SQL, numbers, today=TODAY)
    con.execute("COMMIT")
    first, last = con.execute("SELECT min(day), max(day) FROM event").fetchall()[0]
    numbers = {**numbers, "data_first_day": first, "data_last_day": last, "first_period": date.min}
    files = folder / "tables"
    files.mkdir()
    for table in {table for model in SQL for table in (model.name, *model.reads)}:
        where = f"WHERE day BETWEEN DATE '{first}' AND DATE '{last}'" if table == "calendar" else ""
        con.execute(f"COPY (FROM {table} {where}) TO '{files / table}.parquet'")
    scratch = duckdb.connect()
    for path in files.glob("*.parquet"):
        scratch.execute(f"CREATE VIEW {path.stem} AS FROM read_parquet('{path}')")
        spark.read.parquet(str(path)).createOrReplaceTempView(path.stem)
    told = 0
    for model in SQL:
        values = used(model, numbers)
        expected = scratch.sql(model.text, params=values).pl()
        out = folder / "out" / model.name
        spark.sql(spark_sql(model.text, values)).coalesce(1).write.parquet(str(out))
        found = (
            pl.read_parquet(out / "*.parquet") if list(out.glob("*.parquet")) else expected.clear()
        )
        same(model.name, expected, found.select(expected.columns))
        told += expected.height
    assert told
