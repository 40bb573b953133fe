"""The warehouse's events and the event lake: write what is new there, or make a warehouse from it.

A day is written whole, as it is computed whole: one file per table and day, in one commit per night.
The warehouse remembers which days the lake lacks. Where it is not sure (another lake, a restored
backup, a run killed between the lake's commit and its own) it compares sums day by day instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from warehouse import lake as lakes
from warehouse import schema
from warehouse.connection import undo
from warehouse.lake import WHOLE, Commit, File

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb

    from warehouse.lake import Lake

DAILY = (
    schema.EVENT,
    schema.PARTICIPATION,
    schema.OBSERVATION,
    schema.OBSERVED_EVENT,
    schema.OBSERVED_PARTICIPATION,
)
# What tells of runs, or is computed from the rest.
LEFT_OUT = (
    schema.LAYOUT, schema.STALE_DAY, schema.MODEL_STATE, schema.QUALITY_RESULT, schema.RUN, schema.PUBLISHED,
    schema.RUN_ORIGIN, schema.RUN_STAGE, schema.RUN_SOURCE, schema.METRIC_VALUE, schema.WITHHELD,
    schema.AUDITED,    schema.LAKE_DAY, schema.LAKE_STATE, schema.LAKE_MODEL,
)  # fmt: skip
ENTIRE = tuple(table for table in schema.WAREHOUSE if table not in (*DAILY, *LEFT_OUT))
FIXED = (
    schema.CALENDAR,
    schema.SCOPE,
)  # every warehouse has them; other engines read them from the lake
CHUNK_ROWS = 5_000_000  # rows in memory at once

Sums = dict[str, tuple[int, str]]  # partition → rows, and a sum over them


@dataclass(frozen=True, slots=True)
class Written:
    """What a commit brought to the lake."""

    days: int
    rows: int
    removed: int  # files that no longer count


class EmptyLakeError(Exception):
    """There is no commit to make a warehouse from."""


def write(con: duckdb.DuckDBPyConnection, lake: Lake, run_id: str) -> Written:
    """Bring the lake up to date in one commit; none if nothing is new. Call outside a transaction."""
    before = lakes.latest(lake)
    known = con.execute("SELECT commit_id FROM lake_state").fetchall() == [(_id(before),)]
    only = [str(day) for (day,) in con.execute("FROM lake_day").fetchall()] if known else None
    made = Commit(before.number + 1, run_id, {name: dict(f) for name, f in before.tables.items()})
    name = f"{made.number:012d}-{run_id}"
    days: set[str] = set()
    rows, touched = 0, set()
    for table in (*DAILY, *ENTIRE):
        files = made.tables.setdefault(table.name, {})
        partitions = _changed(con, table, files, only)
        for partition in partitions.keys() & files.keys():
            touched.add(files.pop(partition).path.rpartition("/")[0])
        new = {partition: told for partition, told in partitions.items() if told[0]}
        files |= _written(con, lake, table, new, name)
        days |= partitions.keys() - {WHOLE}
        rows += sum(count for count, _ in new.values())
        touched |= {files[partition].path.rpartition("/")[0] for partition in new}
    if touched:
        lakes.commit(lake, made)
    con.execute("BEGIN")
    con.execute("DELETE FROM lake_day")
    con.execute("DELETE FROM lake_state")
    con.execute("INSERT INTO lake_state VALUES (?)", [_id(made if touched else before)])
    con.execute("COMMIT")
    return Written(len(days), rows, lakes.sweep(lake, touched))


def rebuild(con: duckdb.DuckDBPyConnection, lake: Lake) -> Commit:
    """Fill the empty warehouse `con` from the lake; every day is stale then. One transaction.

    Raises EmptyLakeError if nothing was ever committed there.
    """
    found = lakes.latest(lake)
    if not found.number:
        raise EmptyLakeError(f"{lake.root}: no commit in it; name the lake that a run has written")
    con.execute("BEGIN")
    try:
        for table in (*DAILY, *(one for one in ENTIRE if one not in FIXED)):
            con.execute(f"DELETE FROM {table.name}")
            for part in _chunks(found.tables.get(table.name, {})):
                con.register("arriving", lakes.rows_of(lake, part.values()))
                names = ", ".join(table.names())
                order = "day, event_id" if table in DAILY else "ALL"
                con.execute(
                    f"INSERT INTO {table.name} SELECT {names} FROM arriving ORDER BY {order}"
                )
                con.unregister("arriving")
        con.execute("DELETE FROM stale_day")
        con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM event")
        con.execute("DELETE FROM lake_state")
        con.execute("INSERT INTO lake_state VALUES (?)", [_id(found)])
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
    return found


def _id(made: Commit) -> str:
    return f"{made.number}:{made.run_id}"


def _changed(
    con: duckdb.DuckDBPyConnection,
    table: schema.Table,
    files: Mapping[str, File],
    only: Sequence[str] | None,
) -> Sums:
    """Partitions of which the lake has other rows than the warehouse; (0, "") where there are none now."""
    if table not in DAILY:
        now = _sums(con, table, "''", "true")
    elif only is None:
        now = _sums(con, table, "day", "true")
    elif only:
        now = _sums(con, table, "day", _is_one_of(only))
    else:
        return {}
    gone = files.keys() if only is None or table not in DAILY else files.keys() & set(only)
    return {
        partition: now.get(partition, (0, ""))
        for partition in sorted({*now, *gone})
        if partition not in files
        or (files[partition].rows, files[partition].sum) != now.get(partition)
    }


def _sums(con: duckdb.DuckDBPyConnection, table: schema.Table, by: str, where: str) -> Sums:
    rows = con.execute(
        f"""SELECT CAST({by} AS VARCHAR), count(*), CAST(sum(hash({", ".join(table.names())})) AS VARCHAR)
            FROM {table.name} WHERE {where} GROUP BY ALL"""
    ).fetchall()
    return {partition: (count, total) for partition, count, total in rows}


def _written(
    con: duckdb.DuckDBPyConnection, lake: Lake, table: schema.Table, partitions: Sums, name: str
) -> dict[str, File]:
    """Write the rows of `partitions`; partition → its file."""
    paths: dict[str, str] = {}
    for part in _chunks({day: File("", *told) for day, told in partitions.items()}):
        if WHOLE in part:
            paths[WHOLE] = f"{table.name}/{name}.parquet"
            lakes.write_whole(lake, paths[WHOLE], _rows(con, f"FROM {table.name} ORDER BY ALL"))
        else:
            query = f"FROM {table.name} WHERE {_is_one_of(part)} ORDER BY day, event_id"
            paths |= lakes.write_days(lake, table.name, _rows(con, query), name)
    return {partition: File(paths[partition], *told) for partition, told in partitions.items()}


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_stream(con.sql(query))


def _is_one_of(days: Iterable[str]) -> str:
    listed = sorted(days)
    among = ", ".join(f"DATE '{day}'" for day in listed)
    return f"day BETWEEN DATE '{listed[0]}' AND DATE '{listed[-1]}' AND day IN ({among})"


def _chunks(files: Mapping[str, File]) -> Iterator[dict[str, File]]:
    """`files` in order of their days, so many that their rows fit in memory."""
    part: dict[str, File] = {}
    rows = 0
    for partition in sorted(files):
        if part and (rows + files[partition].rows > CHUNK_ROWS or len(part) == lakes.MOST_DAYS):
            yield part
            part, rows = {}, 0
        part[partition] = files[partition]
        rows += files[partition].rows
    if part:
        yield part
