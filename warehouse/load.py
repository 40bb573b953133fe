"""From staged rows to events that count once, in one transaction.

Every export file keeps its own view (`observed_*`); `event` and `participation` are a pure function of
all those views, so neither order nor repetition of files changes them. Only events whose rows really
differ mark their days as stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse import schema
from warehouse.connection import undo
from warehouse.layout import Step, fit_stage, raise_layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    import polars as pl

_EVENT = ", ".join(schema.EVENT.names()[:-1])  # without `answers`, which is found here
_OBSERVED = ", ".join(schema.OBSERVED_EVENT.names())
_SEEN_EVENT = ", ".join(c for c in schema.OBSERVED_EVENT.names() if c != "position")
_SEEN_PARTICIPATION = ", ".join(schema.OBSERVED_PARTICIPATION.names())
_PARTICIPATION = ", ".join(schema.PARTICIPATION.names())
# A mail server's log says "to" of everybody; who says "cc" knows it.
_ROLES = ("cc" if role == "to" else "to" if role == "cc" else role for role in schema.ROLES)
_ROLE_RANK = f"list_position([{', '.join(map(schema.quoted, _ROLES))}], role)"
# What is known beats what is not: a partner's older copy often still says "none".
_RESPONSE_RANK = "list_position(['accepted', 'declined', 'tentative', 'none'], response)"
_LATEST = f"revision::HUGEINT * 8 - {_RESPONSE_RANK}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load changed: events that are new or differ, and days that became stale."""

    changed_events: int
    stale_days: int


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make every table as it is declared, from whatever earlier layout, and fill the two fixed ones.

    One transaction. Raises NewerDatabaseError if a newer Tieline wrote the warehouse.
    """
    con.execute("BEGIN")
    try:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.STAGE}")
        raised = raise_layout(con, schema.WAREHOUSE, STEPS)
        fit_stage(con, schema.STAGED, schema.STAGE)
        if not con.execute("SELECT 1 FROM scope LIMIT 1").fetchall():
            con.execute(_FILL_CALENDAR)
            con.execute(_FILL_SCOPE)
        if raised.merge:
            clear_stage(con)
            load(con, everything=True)
        if raised.read:
            con.execute("UPDATE source_file SET content = ''")
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise


STEPS = (
    # Layout 2 keeps which sources showed an event, and merges copies of mails and appointments by
    # other rules; its readers see more in the same files.
    Step(to=2, statements=("DELETE FROM model_state",), merge=True, read=True),
    # Layout 3 merges copies of meetings and of mails by better rules; its readers see more in the same
    # files, and follow series of meetings to the end of next year.
    Step(to=3, merge=True, read=True),
)
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


def load(
    con: duckdb.DuckDBPyConnection, alias: pl.DataFrame | None = None, *, everything: bool = False
) -> Loaded:
    """Merge the staged files into the warehouse and empty the stage. Call inside a transaction.

    `alias` (columns of ADDRESS_ALIAS) tells which addresses are one person; without it, the table.
    With `everything` events of which no file changed are merged anew too.
    """
    known = con.sql("FROM address_alias").pl() if alias is None else alias
    con.register("alias_now", known.select(schema.ADDRESS_ALIAS.names()))
    changed = (_CHANGED_OBSERVATIONS, *((_EVERYTHING,) if everything else ()))
    loaded = _merged(con, changed, _REPLACE_OBSERVATIONS)
    for statement in _LEDGER:
        con.execute(statement)
    con.unregister("alias_now")
    for table in schema.STAGED:
        if table is not schema.MEMBERSHIP:
            con.execute(f"DELETE FROM {schema.STAGE}.{table.name}")
    return loaded


def erase(con: duckdb.DuckDBPyConnection, people: pl.Series) -> Loaded:
    """Take addresses (address_id) out of every file's view, and merge the events they were in anew.

    What is left is what loading the same files without them gives. Call inside a transaction.
    """
    con.register("erased", people.to_frame("address_id"))
    con.execute("CREATE TEMP TABLE alias_now AS FROM address_alias")
    loaded = _merged(con, (_SEEN_WITH_ERASED,), _ERASE_OBSERVATIONS)
    con.execute("DROP TABLE alias_now")
    con.execute("DELETE FROM lake_state")  # the lake is compared, and written anew where they were
    con.unregister("erased")
    return loaded


def _merged(
    con: duckdb.DuckDBPyConnection, changed: Iterable[str], replace: Iterable[str]
) -> Loaded:
    """Compute the `changed` events from the files' views again, after those were replaced."""
    for statement in (
        *changed,
        _WITH_APPOINTMENTS,
        *_FOR_THE_LAKE,
        *replace,
        _WITH_APPOINTMENTS,
        *_WITH_ANSWERS,
        *_MERGE,
        *_SAME_MEETING,
        _OBSERVED_BY,
        _DIFFERENT,
        *_STALE,
        *_REPLACE_EVENTS,
    ):
        con.execute(statement)
    loaded = Loaded(_count(con, "different_event"), _count(con, "newly_stale"))
    for name in _TEMPORARY:
        con.execute(f"DROP TABLE {name}")
    return loaded


def read_again(con: duckdb.DuckDBPyConnection) -> None:
    """Have every file read again that is still there."""
    con.execute("UPDATE source_file SET settings = ''")


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


_TEMPORARY = (
    "changed_event",
    "new_event",
    "new_participation",
    "same_meeting",
    "new_observation",
    "different_event",
    "newly_stale",
)

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
# Days on which a file shows something else now; those of events that differ are added with the stale days.
_FOR_THE_LAKE = tuple(
    f"""INSERT INTO lake_day SELECT DISTINCT day FROM {name}
        WHERE file_id IN (SELECT file_id FROM stage.source_file)
          AND (file_id, event_id) IN (FROM changed_event) EXCEPT FROM lake_day"""
    for name in (
        "observed_event",
        "stage.observed_event",
        "observed_participation",
        "stage.observed_participation",
    )
)
_EVERYTHING = "INSERT INTO changed_event SELECT DISTINCT 0, event_id FROM observed_event"
_REPLACE_OBSERVATIONS = tuple(
    statement
    for name, order in (("observed_event", "started_at"), ("observed_participation", "day"))
    for statement in (
        f"DELETE FROM {name} WHERE (file_id, event_id) IN (FROM changed_event)",
        f"""INSERT INTO {name} SELECT * FROM stage.{name}
            WHERE (file_id, event_id) IN (FROM changed_event) ORDER BY {order}""",
    )
)
_SEEN_WITH_ERASED = """
CREATE TEMP TABLE changed_event AS
SELECT file_id, event_id FROM observed_participation WHERE address_id IN (FROM erased)
UNION SELECT file_id, event_id FROM observed_event WHERE initiator IN (FROM erased)
"""
_ERASE_OBSERVATIONS = (
    "DELETE FROM observed_participation WHERE address_id IN (FROM erased)",
    "UPDATE observed_event SET initiator = NULL WHERE initiator IN (FROM erased)",
)
# Which meeting an appointment is can change with every meeting, alias and file. These are few: they are always
# looked at anew, as they were and as they are, together with every meeting that starts when one of them does.
_WITH_APPOINTMENTS = f"""
INSERT INTO changed_event
SELECT DISTINCT 0, event_id FROM observed_event
WHERE channel = 'meeting' AND started_at IN (
  SELECT started_at FROM observed_event WHERE kind = '{schema.APPOINTMENT}')
"""
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
        -- A log knows less than a mailbox, and a list or a server that passes a mail on than who wrote it.
        reply_to IS NULL, thread IS NULL, is_automated,
        -- What else differs decides as it may, but never the names or the order of files.
        started_at, ended_at, kind, initiator, reply_to, thread, container) AS place
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
      SELECT p.* REPLACE (
          -- Named in To and Cc of one copy is To.
          CASE WHEN p.role = 'cc' AND bool_or(p.role = 'to') OVER (
            PARTITION BY p.file_id, p.event_id, p.address_id) THEN 'to' ELSE p.role END AS role),
        o.revision, e.day AS event_day, e.revision AS last_revision,
        -- The same SEQUENCE and start: answers to one are answers to the other.
        o.revision >> 40 = e.revision >> 40 AND o.started_at = e.started_at AS is_same
      FROM observed_participation AS p
      JOIN (SELECT DISTINCT file_id, event_id, revision, started_at FROM observed_event
            WHERE event_id IN (SELECT event_id FROM new_event)) AS o USING (file_id, event_id)
      JOIN new_event AS e USING (event_id)
      -- A mail has one sender: a log may name who passed it on.
      WHERE e.kind <> 'mail' OR p.role <> 'from' OR e.initiator IS NULL OR p.address_id = e.initiator
    ), answer AS (  -- a guest's copy, however new, may not know what others answered
      SELECT event_id, address_id,
        arg_max(response, {_LATEST}) FILTER (is_own) AS own,
        arg_max(response, {_LATEST}) FILTER (is_same AND response <> 'none') AS known
      FROM seen WHERE is_own OR response <> 'none' GROUP BY ALL
    )
    SELECT event_day AS day, event_id, address_id, arg_min(role, {_ROLE_RANK}) AS role,
      any_value(coalesce(nullif(own, 'none'), known, 'none')) AS response
    FROM seen LEFT JOIN answer USING (event_id, address_id)
    WHERE seen.revision = last_revision
    GROUP BY ALL
    """,
)
# An appointment has no number that tells which meeting it is. It is the one of the same organiser and start with
# as many people, where everybody in it whom a directory knows takes part. Then it only tells who saw that one.
# Where no directory knows its organiser, it is the only such meeting in which somebody whom one knows takes part.
_SAME_MEETING = (
    f"""
    CREATE TEMP TABLE same_meeting AS
    WITH candidate AS (
      SELECT * FROM new_event WHERE channel = 'meeting' AND started_at IN (
        SELECT started_at FROM new_event WHERE kind = '{schema.APPOINTMENT}')
    ), seat AS (
      SELECT p.event_id, coalesce(a.person_id, p.address_id) AS person_id,
        bool_or(a.person_id IS NOT NULL) AS is_known
      FROM new_participation AS p LEFT JOIN alias_now AS a USING (address_id)
      WHERE p.event_id IN (SELECT event_id FROM candidate)
      GROUP BY ALL
    ), meeting AS (
      SELECT e.event_id, e.started_at, e.kind, coalesce(a.person_id, e.initiator) AS organiser,
        a.person_id IS NOT NULL AS is_known, n.people, n.known
      FROM candidate AS e
      JOIN (SELECT event_id, count(*) AS people, count_if(is_known) AS known
            FROM seat GROUP BY event_id) AS n USING (event_id)
      LEFT JOIN alias_now AS a ON a.address_id = e.initiator
    ), pair AS (
      SELECT one.event_id AS appointment, other.event_id AS meeting,
        coalesce(one.organiser = other.organiser, false) AS is_sure
      FROM meeting AS one JOIN meeting AS other USING (started_at, people)
      WHERE one.kind = '{schema.APPOINTMENT}' AND other.kind <> '{schema.APPOINTMENT}'
        AND (one.organiser = other.organiser OR (NOT one.is_known AND one.known > 0))
    )
    SELECT appointment, coalesce(min(meeting) FILTER (is_sure), min(meeting)) AS meeting FROM pair
    WHERE NOT EXISTS (
      SELECT 1 FROM seat AS s WHERE s.event_id = pair.appointment AND s.is_known AND NOT EXISTS (
        SELECT 1 FROM seat AS o WHERE o.event_id = pair.meeting AND o.person_id = s.person_id))
    GROUP BY appointment
    HAVING bool_or(is_sure) OR count(*) = 1
    """,
    "DELETE FROM new_event WHERE event_id IN (SELECT appointment FROM same_meeting)",
    "DELETE FROM new_participation WHERE event_id IN (SELECT appointment FROM same_meeting)",
)
_OBSERVED_BY = """
CREATE TEMP TABLE new_observation AS
WITH reader AS (
  SELECT file_id, source, partner FROM stage.source_file
  UNION ALL SELECT file_id, source, partner FROM source_file
  WHERE file_id NOT IN (SELECT file_id FROM stage.source_file)
)
SELECT DISTINCT e.day, e.event_id, reader.source, reader.partner
FROM observed_event AS o
LEFT JOIN same_meeting AS s ON s.appointment = o.event_id
JOIN new_event AS e ON e.event_id = coalesce(s.meeting, o.event_id)
JOIN reader USING (file_id)
"""
_DIFFERENT = f"""
CREATE TEMP TABLE different_event AS
WITH old_event AS (
  SELECT * FROM event WHERE event_id IN (SELECT event_id FROM changed_event)
), old_participation AS (
  SELECT {_PARTICIPATION} FROM participation WHERE event_id IN (SELECT event_id FROM changed_event)
), old_observation AS (
  SELECT * FROM observation WHERE event_id IN (SELECT event_id FROM changed_event)
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
UNION
SELECT DISTINCT event_id FROM (
  (SELECT * FROM old_observation EXCEPT SELECT * FROM new_observation)
  UNION ALL (SELECT * FROM new_observation EXCEPT SELECT * FROM old_observation)
)
"""
_STALE = (
    """CREATE TEMP TABLE newly_stale AS
       SELECT day FROM event WHERE event_id IN (FROM different_event)
       UNION SELECT day FROM new_event WHERE event_id IN (FROM different_event)""",
    "INSERT INTO stale_day FROM newly_stale EXCEPT FROM stale_day",
    "INSERT INTO lake_day FROM newly_stale EXCEPT FROM lake_day",
)
_REPLACE_EVENTS = (
    "DELETE FROM event WHERE event_id IN (FROM different_event)",
    "DELETE FROM participation WHERE event_id IN (FROM different_event)",
    "DELETE FROM observation WHERE event_id IN (FROM different_event)",
    """INSERT INTO event FROM new_event WHERE event_id IN (FROM different_event)
       ORDER BY started_at, event_id""",
    f"""INSERT INTO participation SELECT {_PARTICIPATION} FROM new_participation
        WHERE event_id IN (FROM different_event) ORDER BY day, event_id""",
    """INSERT INTO observation FROM new_observation WHERE event_id IN (FROM different_event)
       ORDER BY day, event_id""",
)
_LEDGER = (
    "DELETE FROM source_file WHERE file_id IN (SELECT file_id FROM stage.source_file)",
    "DELETE FROM quarantine WHERE file_id IN (SELECT file_id FROM stage.source_file)"
    " OR file_id IN (SELECT file_id FROM stage.quarantine)"
    # Directories have no ledger row: they are read anew each time.
    " OR (stage = 'read' AND file_id NOT IN (SELECT file_id FROM source_file))",
    "INSERT INTO source_file FROM stage.source_file",
    "INSERT INTO quarantine FROM stage.quarantine AS q WHERE NOT EXISTS (FROM discarded AS d WHERE"
    " d.file_id = q.file_id AND d.position = q.position AND d.stage = q.stage AND d.reason = q.reason"
    " AND q.stage <> 'batch')",
)
