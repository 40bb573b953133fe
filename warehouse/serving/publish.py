"""Publishing: a new file, checked as a reader sees it, then released in one step.

It is made from empty, or begins with the rows of closed periods (see closed.py). Never by copying and
dropping: what is dropped stays readable in free blocks.

Readers open `published/current/bi.duckdb` read-only. A pool that keeps its connections keeps the
release they opened; use SQLAlchemy's NullPool to see each new one.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from warehouse.connection import open_readonly
from warehouse.schema import ALL, quoted
from warehouse.serving import closed, days_off, mart, releases
from warehouse.serving.filling import attached, insert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from warehouse.serving.closed import Begin


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
    rounding: float
    audit_version: int
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
    begin: Begin | None = None,
) -> Path:
    """Release `content` under the folder `published`; return the released file.

    `beside` may add files made from the new one to its folder, before anybody sees it. `begin` holds
    the rows of closed periods; `content` has then the others.

    Sees only what `con` has committed. `con` must reach `published` (`open_warehouse(reach=...)`)
    and its process must hold the warehouse lock. Raises PublishError if anything is not as it
    should be, in which case the current release stays.
    """
    if not re.fullmatch(r"\w[\w.-]*", facts.run_id, re.ASCII):
        raise PublishError(f"run {facts.run_id!r}: name it with letters, digits, . and -")
    link = published / releases.CURRENT
    if link.exists() and not link.is_symlink():
        raise PublishError(f"{link}: not a link that Tieline made; move it away and publish again")
    releases.make_folder(published)
    releases.make_folder(published / releases.RELEASES)
    name = f"{facts.run_id}-{releases.next_ns(published)}"
    building = published / releases.RELEASES / f"{releases.BUILDING}{name}"
    releases.make_folder(building)
    try:
        rows = _build(con, building / releases.FILE, content, facts, begin)
        _assert_sound(building / releases.FILE, rows, facts, begin)
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


def made_under(release: Path) -> tuple[int, float, float, float, int] | None:
    """k, dominance, protection, rounding and version of the audit of a release; None where it cannot be told."""
    try:
        with open_readonly(release / releases.FILE) as con:
            found = con.execute(
                "SELECT k, dominance, protection, rounding, audit_version FROM mart.publication"
            ).fetchall()
    except (duckdb.Error, OSError):
        return None
    return found[0] if found else None


def _build(
    con: duckdb.DuckDBPyConnection, path: Path, content: Content, facts: Facts, begin: Begin | None
) -> Mapping[str, int]:
    """Write the file; return table → rows in it."""
    if begin:
        shutil.copyfile(begin.path, path)
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
    with attached(con, path) as cursor:
        cursor.register("catalogue_to_publish", content.catalogue)
        cursor.register("holiday_to_publish", content.days_off)
        begun = closed.rows_there(cursor) if begin else {}
        cursor.execute("BEGIN")
        rows = {
            table.name: begun.get(table.name, 0)
            + sum(
                insert(cursor, table, select, publication) for select in selects.get(table.name, ())
            )
            for table in mart.TABLES
        }
        cursor.execute(closed.NAMED_ANEW)
        cursor.execute(f"USE {mart.CATALOG}.{mart.MART}")
        rows["signal"] = sum(insert(cursor, mart.SIGNAL, select, {}) for select in content.signals)
        cursor.execute("COMMIT")
        cursor.unregister("catalogue_to_publish")
        cursor.unregister("holiday_to_publish")
    return rows


def _assert_sound(path: Path, rows: Mapping[str, int], facts: Facts, begin: Begin | None) -> None:
    """Open the file as a reader does and hold it to what it must be; rows checked before are not again."""
    checked = begin.checked if begin else {}
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
        new = {
            table: f"(FROM mart.{table} WHERE rowid >= {checked.get(table, 0)})" for table in rows
        }
        for what, (query, parameters) in _leaks(facts.k, new).items():
            _expect(con, query, 0, what, parameters)
    if path.with_name(f"{path.name}.wal").exists():
        raise PublishError(f"{path.name}: has a write-ahead log beside it after its checkpoint")


def _leaks(k: int, new: Mapping[str, str]) -> dict[str, tuple[str, dict[str, int]]]:
    """What must not be in a release → FROM ... WHERE that finds it, and its parameters; `new`: rows of each table."""
    cell_numbers = " OR ".join(f"{name} IS NOT NULL" for name in mart.CELL_NUMBERS)
    trend_numbers = " OR ".join(f"{name} IS NOT NULL" for name in mart.TREND_NUMBERS)
    line_numbers = " OR ".join(f"{name} IS NOT NULL" for name in mart.LINE_NUMBERS)
    same = " AND ".join(f"cell.{name} = trend.{name}" for name in mart.KEY)
    return {
        "hidden cells with a number": (
            f"FROM {new['metric_value']} WHERE hidden_reason IS NOT NULL AND ({cell_numbers})",
            {},
        ),
        "shown cells of too few people": (
            f"""FROM {new["metric_value"]} WHERE hidden_reason IS NULL AND (coalesce(people, 0) < $k
                OR (other_unit <> {quoted(ALL)} AND coalesce(other_people, 0) < $k))""",
            {"k": k},
        ),
        "hidden lines with a number": (
            f"FROM {new['line']} WHERE hidden_reason IS NOT NULL AND ({line_numbers})",
            {},
        ),
        "shown lines of too few people": (
            f"""FROM {new["line"]} WHERE hidden_reason IS NULL
                AND (coalesce(people, 0) < $k OR coalesce(other_people, 0) < $k)""",
            {"k": k},
        ),
        "line weights that metric_value hides": (
            f"""FROM {new["line"]} AS standing JOIN mart.metric_value AS cell
                ON {" AND ".join(f"cell.{name} = standing.{name}" for name in mart.KEY[2:])}
                WHERE cell.metric = 'flow' AND cell.measure = 'weight'
                AND cell.hidden_reason IS NOT NULL AND standing.weight IS NOT NULL""",
            {},
        ),
        "directions of hidden cells": (
            f"""FROM {new["direction"]} AS trend WHERE NOT EXISTS (
                FROM {new["metric_value"]} AS cell WHERE {same} AND cell.hidden_reason IS NULL)""",
            {},
        ),
        "hidden trends with a number": (
            f"FROM {new['trend']} WHERE hidden_reason IS NOT NULL AND ({trend_numbers})",
            {},
        ),
        "shown trends of hidden cells": (
            f"""FROM {new["trend"]} AS trend WHERE hidden_reason IS NULL AND NOT EXISTS (
                FROM {new["metric_value"]} AS cell WHERE {same} AND cell.hidden_reason IS NULL)""",
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
