"""From staged rows to events that count once, in one transaction.

Every export file keeps its own view (`observed_*`); `event` and `participation` are a pure function of
all those views, so neither order nor repetition of files changes them. Only events whose rows really
differ mark their days as stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import polars as pl

_EVENT = ", ".join(schema.EVENT.names()[:-1])  # without `answers`, which is found here
_OBSERVED = ", ".join(schema.OBSERVED_EVENT.names())
_SEEN_EVENT = ", ".join(c for c in schema.OBSERVED_EVENT.names() if c != "position")
_SEEN_PARTICIPATION = ", ".join(schema.OBSERVED_PARTICIPATION.names())
_PARTICIPATION = ", ".join(schema.PARTICIPATION.names())
_ROLE_RANK = f"list_position([{', '.join(map(schema.quoted, schema.ROLES))}], role)"
# What is known beats what is not: a partner's older copy often still says "none".
_RESPONSE_RANK = "list_position(['accepted', 'declined', 'tentative', 'none'], response)"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed: events that are new or differ, and days that became stale."""

    changed_events: int
    stale_days: int


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make every table that is missing, and fill the two fixed ones."""
    con.execute("BEGIN")
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.STAGE}")
    for table in schema.WAREHOUSE:
        con.execute(schema.ddl(table))
        for statement in schema.comments(table):
            con.execute(statement)
    for table in schema.STAGED:
        con.execute(schema.ddl(table, f"{schema.STAGE}.{table.name}", checked=False))
    if not con.execute("SELECT 1 FROM scope LIMIT 1").fetchall():
        con.execute(_FILL_CALENDAR)
        con.execute(_FILL_SCOPE)
    con.execute("COMMIT")


_FILL_CALENDAR = """
INSERT INTO calendar
SELECT day, grain, period, dense_rank() OVER (PARTITION BY grain ORDER BY period)
FROM (
  SELECT day::DATE AS day, grain, date_trunc(grain, day)::DATE AS period
  FROM generate_series(DATE '1990-01-01', DATE '2099-12-31', INTERVAL 1 DAY) AS days(day),
       (VALUES ('day'), ('week'), ('month'), ('quarter')) AS grains(grain)
) ORDER BY grain, day
"""
_FILL_SCOPE = f"""
INSERT INTO scope
SELECT c, c FROM unnest({list(schema.CHANNELS)}) AS channels(c)
UNION ALL SELECT '{schema.ALL}', c FROM unnest({list(schema.CHANNELS)}) AS channels(c)
"""


def clear_stage(con: duckdb.DuckDBPyConnection) -> None:
    """Throw away what a killed run left staged."""
    for table in schema.STAGED:
        con.execute(f"DELETE FROM {schema.STAGE}.{table.name}")


def stage(con: duckdb.DuckDBPyConnection, table: schema.Table, rows: pl.DataFrame) -> None:
    """Append `rows` (columns of `table`) to its staged copy."""
    if rows.height:
        con.register("arriving", rows.select(table.names()))
        con.execute(f"INSERT INTO {schema.STAGE}.{table.name} SELECT * FROM arriving")
        con.unregister("arriving")


def load(con: duckdb.DuckDBPyConnection) -> Loaded:
    """Merge the staged files into the warehouse and empty the stage. Call inside a transaction."""
    for statement in (
        _CHANGED_OBSERVATIONS,
        *_REPLACE_OBSERVATIONS,
        *_WITH_ANSWERS,
        *_MERGE,
        _DIFFERENT,
        *_STALE,
        *_REPLACE_EVENTS,
        *_LEDGER,
    ):
        con.execute(statement)
    different = _count(con, "different_event")
    days = _count(con, "newly_stale")
    for name in _TEMPORARY:
        con.execute(f"DROP TABLE {name}")
    for table in schema.STAGED:
        if table is not schema.MEMBERSHIP:
            con.execute(f"DELETE FROM {schema.STAGE}.{table.name}")
    return Loaded(different, days)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


_TEMPORARY = ("changed_event", "new_event", "new_participation", "different_event", "newly_stale")

# An export that repeats last night's whole year must cost no more than its new events.
_CHANGED_OBSERVATIONS = f"""
CREATE TEMP TABLE changed_event AS
WITH old_event AS (
  SELECT {_SEEN_EVENT} FROM observed_event WHERE file_id IN (SELECT file_id FROM stage.source_file)
), old_participation AS (
  SELECT {_SEEN_PARTICIPATION} FROM observed_participation
  WHERE file_id IN (SELECT file_id FROM stage.source_file)
), new_event AS (
  SELECT {_SEEN_EVENT} FROM stage.observed_event
), new_participation AS (
  SELECT {_SEEN_PARTICIPATION} FROM stage.observed_participation
)
SELECT DISTINCT file_id, event_id FROM (
  (SELECT * FROM old_event EXCEPT ALL SELECT * FROM new_event)
  UNION ALL (SELECT * FROM new_event EXCEPT ALL SELECT * FROM old_event)
)
UNION
SELECT DISTINCT file_id, event_id FROM (
  (SELECT * FROM old_participation EXCEPT ALL SELECT * FROM new_participation)
  UNION ALL (SELECT * FROM new_participation EXCEPT ALL SELECT * FROM old_participation)
)
"""
_REPLACE_OBSERVATIONS = tuple(
    statement
    for name, order in (("observed_event", "started_at"), ("observed_participation", "day"))
    for statement in (
        f"DELETE FROM {name} WHERE (file_id, event_id) IN (FROM changed_event)",
        f"""INSERT INTO {name} SELECT * FROM stage.{name}
            WHERE (file_id, event_id) IN (FROM changed_event) ORDER BY {order}""",
    )
)
# A message that answers needs its parent's author, who may arrive later than the answer.
_WITH_ANSWERS = (
    """INSERT INTO changed_event
       SELECT DISTINCT 0, event_id FROM event WHERE reply_to IN (SELECT event_id FROM changed_event)""",
    "CREATE TEMP TABLE new_event AS FROM event LIMIT 0",
)
_MERGE = (
    f"""
    INSERT INTO new_event
    WITH version AS (
      SELECT *, row_number() OVER (
        PARTITION BY event_id ORDER BY revision DESC, is_cancelled DESC,
        reply_to IS NULL, thread IS NULL, file_id, position) AS place  -- a log knows less than a mailbox
      FROM observed_event WHERE event_id IN (SELECT event_id FROM changed_event)
    )
    SELECT {_EVENT}, NULL FROM version WHERE place = 1 AND NOT is_cancelled
    """,
    """
    UPDATE new_event SET answers = parent.initiator
    FROM (
      SELECT event_id, initiator, is_automated FROM new_event
      UNION ALL
      SELECT event_id, initiator, is_automated FROM event
      WHERE event_id NOT IN (SELECT event_id FROM changed_event)
        AND event_id IN (SELECT reply_to FROM new_event)
    ) AS parent
    WHERE new_event.reply_to = parent.event_id AND NOT parent.is_automated
    """,
    f"""
    CREATE TEMP TABLE new_participation AS
    WITH seen AS (
      SELECT p.*, o.revision, e.day AS event_day, e.revision AS last_revision
      FROM observed_participation AS p
      JOIN (SELECT DISTINCT file_id, event_id, revision FROM observed_event
            WHERE event_id IN (SELECT event_id FROM new_event)) AS o USING (file_id, event_id)
      JOIN new_event AS e USING (event_id)
    ), own AS (
      SELECT event_id, address_id, arg_max(response, revision::HUGEINT * 8 - {
        _RESPONSE_RANK
    }) AS response
      FROM seen WHERE is_own GROUP BY ALL
    )
    SELECT event_day AS day, event_id, address_id, arg_min(role, {_ROLE_RANK}) AS role,
      coalesce(any_value(own.response), arg_min(seen.response, {
        _RESPONSE_RANK.replace("response)", "seen.response)")
    })) AS response
    FROM seen LEFT JOIN own USING (event_id, address_id)
    WHERE seen.revision = last_revision
    GROUP BY ALL
    """,
)
_DIFFERENT = f"""
CREATE TEMP TABLE different_event AS
WITH old_event AS (
  SELECT * FROM event WHERE event_id IN (SELECT event_id FROM changed_event)
), old_participation AS (
  SELECT {_PARTICIPATION} FROM participation WHERE event_id IN (SELECT event_id FROM changed_event)
)
SELECT DISTINCT event_id FROM (
  (SELECT * FROM old_event EXCEPT SELECT * FROM new_event)
  UNION ALL (SELECT * FROM new_event EXCEPT SELECT * FROM old_event)
)
UNION
SELECT DISTINCT event_id FROM (
  (SELECT * FROM old_participation EXCEPT SELECT {_PARTICIPATION} FROM new_participation)
  UNION ALL (SELECT {_PARTICIPATION} FROM new_participation EXCEPT SELECT * FROM old_participation)
)
"""
_STALE = (
    """CREATE TEMP TABLE newly_stale AS
       SELECT day FROM event WHERE event_id IN (FROM different_event)
       UNION SELECT day FROM new_event WHERE event_id IN (FROM different_event)""",
    "INSERT INTO stale_day FROM newly_stale EXCEPT FROM stale_day",
)
_REPLACE_EVENTS = (
    "DELETE FROM event WHERE event_id IN (FROM different_event)",
    "DELETE FROM participation WHERE event_id IN (FROM different_event)",
    """INSERT INTO event FROM new_event WHERE event_id IN (FROM different_event)
       ORDER BY started_at, event_id""",
    f"""INSERT INTO participation SELECT {_PARTICIPATION} FROM new_participation
        WHERE event_id IN (FROM different_event) ORDER BY day, event_id""",
)
_LEDGER = (
    "DELETE FROM source_file WHERE file_id IN (SELECT file_id FROM stage.source_file)",
    "DELETE FROM quarantine WHERE file_id IN (SELECT file_id FROM stage.source_file)"
    " OR file_id IN (SELECT file_id FROM stage.quarantine)"
    # Directories have no ledger row: they are read anew each time.
    " OR (stage = 'read' AND file_id NOT IN (SELECT file_id FROM source_file))",
    "INSERT INTO source_file FROM stage.source_file",
    "INSERT INTO quarantine FROM stage.quarantine",
)


def load_memberships(
    con: duckdb.DuckDBPyConnection,
    membership: pl.DataFrame,
    alias: pl.DataFrame,
    boundaries: Sequence[str],
) -> int:
    """Replace memberships, aliases and boundaries; return how many days that made stale.

    Columns as MEMBERSHIP and ADDRESS_ALIAS. Stale are the days with events inside the dates of each
    changed directory row, and the days on which people with another alias or domain took part.
    Call inside a transaction.
    """
    wanted = sorted(set(boundaries))
    present = [row[0] for row in con.execute("FROM boundary ORDER BY 1").fetchall()]
    con.register("new_membership", membership.select(schema.MEMBERSHIP.names()))
    con.register("new_alias", alias.select(schema.ADDRESS_ALIAS.names()))
    con.execute(_CHANGED_MEMBERS)
    if wanted != present:
        con.execute("DELETE FROM boundary")
        con.executemany("INSERT INTO boundary VALUES (?)", [[name] for name in wanted])
        con.execute("INSERT INTO newly_stale SELECT DISTINCT day FROM event")
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM newly_stale EXCEPT FROM stale_day")
    days = con.execute("SELECT count(DISTINCT day) FROM newly_stale").fetchall()[0][0]
    con.execute("DROP TABLE newly_stale")
    for name in ("membership", "alias"):
        table = "address_alias" if name == "alias" else name
        con.execute(f"DELETE FROM {table}")
        con.execute(f"INSERT INTO {table} SELECT * FROM new_{name} ORDER BY ALL")
        con.unregister(f"new_{name}")
    return int(days)


_CHANGED_MEMBERS = """
CREATE TEMP TABLE newly_stale AS
WITH changed AS (
  (FROM membership EXCEPT FROM new_membership) UNION ALL (FROM new_membership EXCEPT FROM membership)
), moved AS (
  SELECT address_id FROM (
    (FROM address_alias EXCEPT FROM new_alias) UNION ALL (FROM new_alias EXCEPT FROM address_alias))
  UNION SELECT person_id FROM changed WHERE origin = 'domain'
  UNION SELECT address_id FROM address_alias
    WHERE person_id IN (SELECT person_id FROM changed WHERE origin = 'domain')
), span AS (
  SELECT DISTINCT valid_from, valid_to FROM changed WHERE origin = 'directory'
), active AS (
  SELECT DISTINCT day FROM event
)
SELECT DISTINCT active.day FROM active JOIN span ON active.day BETWEEN valid_from AND valid_to
UNION SELECT DISTINCT day FROM participation WHERE address_id IN (FROM moved)
"""
