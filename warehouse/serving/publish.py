"""Publishing: a new file from empty, checked as a reader sees it, then released in one step.

Never by copying the warehouse and dropping from it: what is dropped stays readable in free blocks.

Readers open `published/current/bi.duckdb` read-only. A pool that keeps its connections keeps the
release they opened; use SQLAlchemy's NullPool to see each new one.
"""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from warehouse.connection import STORAGE_VERSION, open_readonly
from warehouse.schema import ALL, quoted
from warehouse.serving import days_off, mart, releases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from warehouse.schema import Table


class PublishError(Exception):
    """A release could not be made, or is not as it must be; the message says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a release: rows of each table of `mart`, as SELECTs over the private warehouse.

    A table may come in several parts (one fits in memory, the whole may not) or stay empty. Columns are found by
    name. SELECTs may use the parameters $k and $dominance. `signals` are SELECTs over the new file's
    own tables. `catalogue` has the columns of `mart.METRIC`, `days_off` those of `mart.HOLIDAY`.
    """

    rows: Mapping[str, Sequence[str]]
    signals: Sequence[str]
    catalogue: pl.DataFrame
    days_off: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=days_off.SCHEMA))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a release says of itself, as `mart.PUBLICATION`; `published_at` is UTC but naive."""

    run_id: str
    published_at: datetime
    data_first_day: date | None
    data_last_day: date | None
    tieline_version: str
    k: int
    dominance: float
    protection: float
    time_zone: str
    network: str
    parameters: str = "{}"


def publish(
    con: duckdb.DuckDBPyConnection,
    published: Path,
    *,
    content: Content,
    facts: Facts,
    beside: Callable[[Path], None] = lambda _: None,
) -> Path:
    """Release `content` under the folder `published`; return the released file.

    `beside` may add files made from the new one to its folder, before anybody sees it.

    Sees only what `con` has committed. `con` must reach `published` (`open_warehouse(reach=...)`)
    and its process must hold the warehouse lock. Raises PublishError if anything is not as it
    should be, in which case the current release stays.
    """
    if not re.fullmatch(r"\w[\w.-]*", facts.run_id, re.ASCII):
        raise PublishError(f"run {facts.run_id!r}: name it with letters, digits, . and -")
    link = published / releases.CURRENT
    if link.exists() and not link.is_symlink():
        raise PublishError(f"{link}: not a link that Tieline made; move it away and publish again")
    _folder(published)
    _folder(published / releases.RELEASES)
    name = f"{facts.run_id}-{releases.next_ns(published)}"
    building = published / releases.RELEASES / f"{releases.BUILDING}{name}"
    _folder(building)
    try:
        rows = _build(con, building / releases.FILE, content, facts)
        _assert_sound(building / releases.FILE, rows, facts)
        beside(building)
        for file in building.iterdir():
            file.chmod(0o444)
            releases.sync(file)
        releases.sync(building)
        return releases.release(building, published, name) / releases.FILE
    except (duckdb.Error, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise PublishError(f"{published}: publishing failed; {reason}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def made_under(release: Path) -> tuple[int, float, float] | None:
    """k, dominance and protection of a release; None where it cannot be told."""
    try:
        with open_readonly(release / releases.FILE) as con:
            found = con.execute("SELECT k, dominance, protection FROM mart.publication").fetchall()
    except (duckdb.Error, OSError):
        return None
    return found[0] if found else None


def _build(
    con: duckdb.DuckDBPyConnection, path: Path, content: Content, facts: Facts
) -> Mapping[str, int]:
    """Write the file; return table → rows written."""
    publication = {
        **asdict(facts),
        "duckdb_version": duckdb.__version__,
        "mart_version": mart.VERSION,
    }
    selects = {
        **content.rows,
        "metric": ["FROM catalogue_to_publish"],
        "holiday": ["FROM holiday_to_publish"],
        "publication": ["SELECT " + ", ".join(f"${n} AS {n}" for n in publication)],
    }
    with _attached(con, path) as cursor:
        cursor.register("catalogue_to_publish", content.catalogue)
        cursor.register("holiday_to_publish", content.days_off)
        cursor.execute("BEGIN")
        rows = {
            table.name: sum(
                _insert(cursor, table, select, publication)
                for select in selects.get(table.name, ())
            )
            for table in mart.TABLES
        }
        cursor.execute(f"USE {mart.CATALOG}.{mart.MART}")
        rows["signal"] = sum(_insert(cursor, mart.SIGNAL, select, {}) for select in content.signals)
        cursor.execute("COMMIT")
        cursor.unregister("catalogue_to_publish")
        cursor.unregister("holiday_to_publish")
    return rows


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of `con` with the new file attached, its tables, views and comments made."""
    with con.cursor() as outside:
        outside.execute(
            f"ATTACH {quoted(str(path.resolve()))} AS {mart.CATALOG}"
            f" (STORAGE_VERSION '{STORAGE_VERSION}')"
        )
        try:
            with con.cursor() as inside:  # USE holds for this cursor only
                inside.execute("BEGIN")  # one transaction: each of its own would wait for the disk
                inside.execute(f"CREATE SCHEMA {mart.CATALOG}.{mart.MART}")
                inside.execute(f"USE {mart.CATALOG}.{mart.MART}")
                for item in mart.RELATIONS:
                    inside.execute(";\n".join((mart.create(item), *mart.comments(item))))
                inside.execute("COMMIT")
            with con.cursor() as cursor:
                yield cursor
            outside.execute(f"CHECKPOINT {mart.CATALOG}")
        finally:
            outside.execute(f"DETACH {mart.CATALOG}")


def _insert(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    select: str,
    parameters: Mapping[str, object],
) -> int:
    names = ", ".join(table.names())
    used = {name for name in parameters if re.search(rf"\${name}\b", select)}
    done = cursor.execute(
        f"INSERT INTO {mart.CATALOG}.{mart.MART}.{table.name} ({names})"
        f" SELECT {names} FROM ({select}) ORDER BY ALL",
        {name: parameters[name] for name in used},
    ).fetchall()
    return int(done[0][0])


def _assert_sound(path: Path, rows: Mapping[str, int], facts: Facts) -> None:
    """Open the file as a reader does and hold it to what it must be."""
    declared = {
        (mart.MART, item.name, column.name) for item in mart.RELATIONS for column in item.columns
    }
    with open_readonly(path) as con:
        found = con.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        if set(found) != declared:
            odd = sorted({".".join(column) for column in set(found) ^ declared})
            raise PublishError(f"{path.name}: not the declared columns: {', '.join(odd)}")
        for table, expected in rows.items():
            _expect(con, f"FROM mart.{table}", expected, f"rows of {table}")
        for what, (query, parameters) in _leaks(facts.k).items():
            _expect(con, query, 0, what, parameters)
    if path.with_name(f"{path.name}.wal").exists():
        raise PublishError(f"{path.name}: has a write-ahead log beside it after its checkpoint")


def _leaks(k: int) -> dict[str, tuple[str, dict[str, int]]]:
    """What must not be in a release → FROM ... WHERE that finds it, and its parameters."""
    cell_numbers = " OR ".join(f"{name} IS NOT NULL" for name in mart.CELL_NUMBERS)
    trend_numbers = " OR ".join(f"{name} IS NOT NULL" for name in mart.TREND_NUMBERS)
    line_numbers = " OR ".join(f"{name} IS NOT NULL" for name in mart.LINE_NUMBERS)
    same = " AND ".join(f"cell.{name} = trend.{name}" for name in mart.KEY)
    return {
        "hidden cells with a number": (
            f"FROM mart.metric_value WHERE hidden_reason IS NOT NULL AND ({cell_numbers})",
            {},
        ),
        "shown cells of too few people": (
            f"""FROM mart.metric_value WHERE hidden_reason IS NULL AND (coalesce(people, 0) < $k
                OR (other_unit <> {quoted(ALL)} AND coalesce(other_people, 0) < $k))""",
            {"k": k},
        ),
        "hidden lines with a number": (
            f"FROM mart.line WHERE hidden_reason IS NOT NULL AND ({line_numbers})",
            {},
        ),
        "shown lines of too few people": (
            """FROM mart.line WHERE hidden_reason IS NULL
                AND (coalesce(people, 0) < $k OR coalesce(other_people, 0) < $k)""",
            {"k": k},
        ),
        "line weights that metric_value hides": (
            f"""FROM mart.line AS standing JOIN mart.metric_value AS cell
                ON {" AND ".join(f"cell.{name} = standing.{name}" for name in mart.KEY[2:])}
                WHERE cell.metric = 'flow' AND cell.measure = 'weight'
                AND cell.hidden_reason IS NOT NULL AND standing.weight IS NOT NULL""",
            {},
        ),
        "directions of hidden cells": (
            f"""FROM mart.direction AS trend WHERE NOT EXISTS (
                FROM mart.metric_value AS cell WHERE {same} AND cell.hidden_reason IS NULL)""",
            {},
        ),
        "hidden trends with a number": (
            f"FROM mart.trend WHERE hidden_reason IS NOT NULL AND ({trend_numbers})",
            {},
        ),
        "shown trends of hidden cells": (
            f"""FROM mart.trend WHERE hidden_reason IS NULL AND NOT EXISTS (
                FROM mart.metric_value AS cell WHERE {same} AND cell.hidden_reason IS NULL)""",
            {},
        ),
    }


def _expect(
    con: duckdb.DuckDBPyConnection,
    query: str,
    expected: int,
    what: str,
    parameters: Mapping[str, int] = MappingProxyType({}),
) -> None:
    found = con.execute(f"SELECT count(*) {query}", dict(parameters)).fetchall()[0][0]
    if found != expected:
        raise PublishError(f"nothing published: {found} {what} instead of {expected}; report this")


def _folder(path: Path) -> None:
    """A directory that readers may enter, whatever the umask."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o755)
