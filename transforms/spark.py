"""Models on Spark: the same SQL, over the event lake; what metrics need comes back to the warehouse.

Rows of a model are Parquet files beside the events, a folder per period. Which files count stands in the
warehouse (`lake_model`) and changes in the transaction of the run: a run that is killed leaves files
that nothing names. A stale period is replaced whole, also where it has become empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from transforms import materialise
from transforms.engine import InWarehouse
from transforms.portable import spark_sql
from warehouse import schema
from warehouse.lake import rows_of_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import duckdb

    from transforms.model import Model, Parameters
    from transforms.periods import Span
    from warehouse.lake import Commit, Lake

FOLDER = "_models"
LONGEST = 100_000  # days computed at once: the cluster divides them itself
# As large as the participations or their pairs, and read by models alone: these stay in the lake.
STAY = frozenset({"attendance", "contact_day", "sight_day", "tie_day", "tie_previous"})
TYPES = {
    "BIGINT": "bigint", "HUGEINT": "bigint", "INTEGER": "int", "DOUBLE": "double", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamp_ntz", "VARCHAR": "string",
}  # fmt: skip
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a number that does not fit is an error, not another number
}


def session(remote: str, master: str, options: dict[str, str]) -> Any:  # noqa: ANN401
    """A session of the cluster at `remote` (Spark Connect) or `master`. Raises ImportError without pyspark."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 (slow, and an extra)

    builder = SparkSession.builder.appName("tieline")
    builder = builder.remote(remote) if remote else builder.master(master)
    for name, value in {**SETTINGS, **options}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


@dataclass(slots=True)
class OnSpark:
    """Spark for the models that it can compute, DuckDB for the rest.

    `connect` gives the session, which takes long: it is asked for when the first model is stale.
    `there` is the lake's folder as the cluster names it.
    """

    connect: Callable[[], Any]
    lake: Lake
    events: Commit
    there: str
    run_id: str
    models: Sequence[Model]
    here: InWarehouse = field(default_factory=InWarehouse)
    written: int = 0
    connected: Any = None

    @property
    def spark(self) -> Any:  # noqa: ANN401
        """The session."""
        if self.connected is None:
            self.connected = self.connect()
        return self.connected

    def chunk(self, con: duckdb.DuckDBPyConnection, days: int) -> int:  # noqa: ARG002
        """All of them."""
        return LONGEST

    def empty(
        self,
        con: duckdb.DuckDBPyConnection,
        model: Model,
        parameters: Parameters,
        closed: date | None = None,
    ) -> None:
        """Throw the model's rows away, and make its table; rows before the day `closed` stay."""
        self.here.empty(con, model, parameters, closed)
        con.execute(
            "DELETE FROM lake_model WHERE model = ? AND coalesce(day, period) >= ?",
            [model.name, closed or date.min],
        )

    def replace(
        self,
        con: duckdb.DuckDBPyConnection,
        model: Model,
        parameters: Parameters,
        span: Span,
        *,
        fresh: bool,
    ) -> None:
        """Compute the rows of `span` anew, on Spark where it can."""
        if model.name not in on_spark(self.models):
            self.here.replace(con, model, parameters, span, fresh=fresh)
            return
        where = materialise.within(model, span)
        con.execute(f"DELETE FROM lake_model WHERE model = ? AND {where}", [model.name])
        con.execute(f"DELETE FROM {model.name} WHERE {where}")
        if span.is_outside:
            return
        for table in model.reads:
            self._view(con, model, table, span)
        new = self._write(con, model, {**parameters, "first_period": span.first}, where)
        if new and comes_back(model, self.models):
            con.register("arriving", rows_of_parts(self.lake, f"{FOLDER}/{model.name}", new))
            con.execute(
                f"INSERT INTO {model.name} BY NAME SELECT {_names(con, model.name)} FROM arriving"
            )
            con.unregister("arriving")

    def _view(self, con: duckdb.DuckDBPyConnection, model: Model, table: str, span: Span) -> None:
        """Name `table` in Spark: those of its rows that the model's rows of `span` depend on."""
        columns = _types(con, table)
        where = materialise.narrowing(model, table, columns, span)
        base, files = self._files(con, table, where)
        if files:
            told = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            rows = self.spark.read.schema(told).option("basePath", base).parquet(*files)
            rows.select(*columns).where(where).createOrReplaceTempView(table)
        else:
            nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items())
            self.spark.sql(f"SELECT {nothing} WHERE false").createOrReplaceTempView(table)

    def _files(
        self, con: duckdb.DuckDBPyConnection, table: str, where: str
    ) -> tuple[str, list[str]]:
        """Folder and files of a table; of one with a folder per period only those that are needed."""
        if table in on_spark(self.models):
            rows = con.execute(
                f"SELECT path FROM lake_model WHERE model = ? AND {where}", [table]
            ).fetchall()
            base = f"{self.there}/{FOLDER}/{table}"
            return base, [f"{self.there}/{path}" for (path,) in rows]
        base, files = f"{self.there}/{table}", self.events.tables.get(table, {})
        if "" in files:
            return base, [f"{self.there}/{files[''].path}"]
        days = con.execute(
            f"SELECT CAST(day AS VARCHAR) FROM (SELECT unnest($days::DATE[]) AS day) WHERE {where}",
            {"days": sorted(files)},
        ).fetchall()
        return base, [f"{self.there}/{files[day].path}" for (day,) in days]

    def _write(
        self, con: duckdb.DuckDBPyConnection, model: Model, parameters: Parameters, where: str
    ) -> list[str]:
        """Compute the rows and write them, a folder per period; their files, which count from now on."""
        self.written += 1
        folder = f"{FOLDER}/{model.name}/batch={self.run_id}-{self.written}"
        columns = ", ".join(
            f"CAST({name} AS {kind}) AS {name}" for name, kind in _types(con, model.name).items()
        )
        query = spark_sql(model.text, materialise.used(model, parameters))
        rows = self.spark.sql(f"SELECT {columns} FROM ({query}) WHERE {where}")
        by = ("day",) if model.grain == "day" else ("grain", "period")
        rows.hint("rebalance", *by).write.partitionBy(*by).parquet(f"{self.there}/{folder}")
        found = [
            self.lake.within(path)
            for path in self.lake.files.find(self.lake.at(folder), refresh=True)
            if path.endswith(".parquet")
        ]
        con.executemany(
            "INSERT INTO lake_model VALUES (?, ?, ?, ?, ?)",
            [(model.name, *_partition(path), path) for path in found],
        ) if found else None
        return found

    def sweep(self, con: duckdb.DuckDBPyConnection) -> int:
        """Remove files of models that do not count any more; how many. Call after the transaction."""
        if not self.lake.files.isdir(self.lake.at(FOLDER)):
            return 0
        counting = {path for (path,) in con.execute("SELECT path FROM lake_model").fetchall()}
        removed = [
            path
            for path in self.lake.files.find(self.lake.at(FOLDER), refresh=True)
            if self.lake.within(path) not in counting
        ]
        for path in removed:
            self.lake.files.rm_file(path)
        return len(removed)


def on_spark(models: Iterable[Model]) -> set[str]:
    """Models that Spark computes: SQL over events, people, the calendar, and each other."""
    known = {
        table.name
        for table in (
            schema.EVENT, schema.PARTICIPATION, schema.OBSERVATION, schema.ADDRESS_ALIAS, schema.MEMBERSHIP,
            schema.BOUNDARY, schema.SOURCE_END, schema.CALENDAR, schema.SCOPE,
        )
    }  # fmt: skip
    found: set[str] = set()
    for model in models:  # each after those that it reads
        if (
            not model.compute
            and model.header is None
            and known.union(found).issuperset(model.reads)
        ):
            found.add(model.name)
    return found


def comes_back(model: Model, models: Sequence[Model]) -> bool:
    """Whether the warehouse needs the rows of a model that Spark computes."""
    there = on_spark(models)
    return model.name not in STAY or any(
        model.name in other.reads for other in models if other.name not in there
    )


def _partition(path: str) -> tuple[str | None, str | None, str | None]:
    """Day, grain and period in the folders of `path`."""
    told = dict(part.split("=", 1) for part in path.split("/") if "=" in part)
    return told.get("day"), told.get("grain"), told.get("period")


def _types(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column → its type in Spark."""
    rows = con.execute(f"DESCRIBE main.{table}").fetchall()
    return {row[0]: TYPES[row[1]] for row in rows}


def _names(con: duckdb.DuckDBPyConnection, table: str) -> str:
    return ", ".join(_types(con, table))
