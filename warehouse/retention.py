"""Events that are old enough go, with every model of people; numbers per unit and line stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse import schema
from warehouse.connection import undo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import duckdb


def retained(con: duckdb.DuckDBPyConnection) -> tuple[date, date, date] | None:
    """Columns of RETENTION; None while everything is kept."""
    if not con.execute("FROM duckdb_tables() WHERE table_name = 'retention'").fetchall():
        return None  # an earlier release wrote it
    rows = con.execute("SELECT kept_since, closed_before, first_day FROM retention").fetchall()
    return rows[0] if rows else None


def first_day(con: duckdb.DuckDBPyConnection) -> date | None:
    """First day that ever had an event."""
    kept = retained(con)
    return kept[2] if kept else con.execute("SELECT min(day) FROM event").fetchall()[0][0]


def expire(
    con: duckdb.DuckDBPyConnection, since: date, closed: date, personal: Iterable[str]
) -> int:
    """Remove events before the day `since`, and rows of the `personal` models; return how many events.

    One transaction. Nothing becomes stale: numbers stay as they were computed.
    """
    con.execute("BEGIN")
    try:
        first = first_day(con) or since
        old = {"since": since}
        (events,) = con.execute("SELECT count(*) FROM event WHERE day < $since", old).fetchall()[0]
        for statement in (_FOR_THE_LAKE, *_EXPIRE):
            con.execute(statement, old)
        for table in personal:
            columns = {row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()}
            column = "day" if "day" in columns else "period"
            con.execute(f"DELETE FROM {table} WHERE {column} < $since", old)
            con.execute(
                "DELETE FROM lake_model WHERE model = $model AND coalesce(day, period) < $since",
                {**old, "model": table},
            )
        con.execute("DELETE FROM retention")
        con.execute("INSERT INTO retention VALUES (?, ?, ?)", [since, closed, first])
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
    return int(events)


def tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Models of people that are there: tables that are computed and have a column of PERSONAL."""
    stored = {table.name for table in schema.WAREHOUSE}
    found = con.execute(
        """SELECT DISTINCT table_name FROM duckdb_columns()
           WHERE schema_name = 'main' AND NOT internal AND list_contains(?, column_name) ORDER BY 1""",
        [sorted(schema.PERSONAL)],
    ).fetchall()
    return [name for (name,) in found if name not in stored]


_FOR_THE_LAKE = """INSERT INTO lake_day
    SELECT day FROM event WHERE day < $since
    UNION SELECT day FROM observed_event
      WHERE day < $since OR event_id IN (SELECT event_id FROM event WHERE day < $since)
    EXCEPT FROM lake_day"""
# A view from before, of an event that was moved to a later day, belongs to that event.
_EXPIRE = tuple(
    f"""DELETE FROM {table} WHERE event_id IN (SELECT event_id FROM event WHERE day < $since)
        OR (day < $since AND event_id NOT IN (SELECT event_id FROM event))"""
    for table in ("observed_participation", "observed_event")
) + tuple(
    f"DELETE FROM {table} WHERE day < $since"
    for table in ("participation", "observation", "event", "stale_day")
)
