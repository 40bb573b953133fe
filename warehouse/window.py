"""A load that touches some days only: what the staged files show of other days stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse import schema

if TYPE_CHECKING:
    from datetime import date

    import duckdb


def keep_outside(con: duckdb.DuckDBPyConnection, since: date, until: date) -> None:
    """Put back, in the stage, what the files showed before of events outside `since` to `until`.

    An event that lies in these days by either view is taken as it is now, wherever it moved to. The
    ledger goes on saying which bytes were read whole: what a night still has to read, it still reads.
    """
    con.execute(_WITHIN, {"since": since, "until": until})
    for table in (schema.OBSERVED_EVENT, schema.OBSERVED_PARTICIPATION):
        con.execute(
            f"DELETE FROM {schema.STAGE}.{table.name}"
            " WHERE (file_id, event_id) NOT IN (FROM within_window)"
        )
        con.execute(
            f"INSERT INTO {schema.STAGE}.{table.name} SELECT * FROM {table.name}"
            f" WHERE file_id IN (SELECT file_id FROM {schema.STAGE}.source_file)"
            " AND (file_id, event_id) NOT IN (FROM within_window)"
        )
    con.execute("DROP TABLE within_window")
    con.execute(_READ_WHOLE)


_WITHIN = """
CREATE TEMP TABLE within_window AS
SELECT file_id, event_id FROM stage.observed_event WHERE day BETWEEN $since AND $until
UNION
SELECT file_id, event_id FROM observed_event
WHERE file_id IN (SELECT file_id FROM stage.source_file) AND day BETWEEN $since AND $until
"""
# A time that is not known: the night opens a file of these bytes, whatever its size and time.
_READ_WHOLE = """
UPDATE stage.source_file AS new SET
  modified_ns = CASE WHEN EXISTS (
    SELECT 1 FROM source_file AS old WHERE old.file_id = new.file_id AND old.content = new.content
  ) THEN modified_ns ELSE 0 END,
  content = coalesce((SELECT content FROM source_file AS old WHERE old.file_id = new.file_id), ''),
  settings = coalesce((SELECT settings FROM source_file AS old WHERE old.file_id = new.file_id), '')
"""


def make_stale(con: duckdb.DuckDBPyConnection, since: date, until: date) -> int:
    """Mark every day from `since` to `until` as stale that lies between first and last event; how many."""
    con.execute(
        """INSERT INTO stale_day
           SELECT day FROM calendar
           WHERE grain = 'day' AND day BETWEEN $since AND $until
             AND day BETWEEN (SELECT min(day) FROM event) AND (SELECT max(day) FROM event)
           EXCEPT FROM stale_day""",
        {"since": since, "until": until},
    )
    return int(
        con.execute(
            "SELECT count(*) FROM stale_day WHERE day BETWEEN ? AND ?", [since, until]
        ).fetchall()[0][0]
    )
