"""Take people out of the warehouse: every file's view, events, memberships, and what quarantine shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse import load, schema
from warehouse.connection import undo
from warehouse.memberships import load_memberships

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# Exports of one calendar are often called after its owner.
MASKED_PATH = r"regexp_replace(path, '[^/\s]+@', '…@', 'g')"


def erase(con: duckdb.DuckDBPyConnection, people: pl.Series) -> load.Loaded:
    """Erase addresses (address_id) from all but the models, which the stale days restate.

    One transaction. Gives the number of events that changed and of days that became stale.
    """
    con.execute("BEGIN")
    try:
        con.register("gone", people.to_frame("address_id"))
        con.execute(_COUNTED)
        loaded = load.erase(con, people)
        membership = con.sql("FROM membership WHERE person_id NOT IN (FROM gone) ORDER BY ALL").pl()
        alias = con.sql(
            "FROM address_alias WHERE address_id NOT IN (FROM gone) AND person_id NOT IN (FROM gone)"
        ).pl()
        boundaries = [row[0] for row in con.execute("FROM boundary").fetchall()]
        days = load_memberships(con, membership, alias, boundaries)
        con.execute(_QUARANTINE)
        con.execute(f"UPDATE source_file SET path = {MASKED_PATH} WHERE path <> {MASKED_PATH}")
        for table in schema.STAGED:
            con.execute(f"DELETE FROM {schema.STAGE}.{table.name}")
        con.unregister("gone")
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
    return load.Loaded(loaded.changed_events, loaded.stale_days + days)


def files_with(con: duckdb.DuckDBPyConnection, people: pl.Series) -> list[str]:
    """Paths of the export files that showed one of `people` (address_id)."""
    con.register("sought", people.to_frame("address_id"))
    found = con.execute(
        """SELECT DISTINCT path FROM source_file WHERE file_id IN (
             SELECT file_id FROM observed_participation WHERE address_id IN (FROM sought)
             UNION SELECT file_id FROM observed_event WHERE initiator IN (FROM sought))
           ORDER BY path"""
    ).fetchall()
    con.unregister("sought")
    return [path for (path,) in found]


def referred(con: duckdb.DuckDBPyConnection) -> pl.Series:
    """Every address_id that events, memberships or aliases still name."""
    return con.sql(
        """SELECT address_id FROM observed_participation UNION SELECT address_id FROM participation
           UNION SELECT initiator FROM observed_event WHERE initiator IS NOT NULL
           UNION SELECT person_id FROM membership
           UNION SELECT address_id FROM address_alias UNION SELECT person_id FROM address_alias"""
    ).pl()["address_id"]


# As reading the files without them counts.
_COUNTED = """
UPDATE source_file SET participations = participations - theirs.n
FROM (
  SELECT file_id, count(*) AS n FROM observed_participation
  WHERE address_id IN (FROM gone) GROUP BY file_id
) AS theirs
WHERE theirs.file_id = source_file.file_id
"""
# A refused row is kept as JSON: which of its numbers are people stands in its keys.
_QUARANTINE = """
DELETE FROM quarantine WHERE record IS NOT NULL AND EXISTS (
  FROM (SELECT unnest(regexp_extract_all(record, '"(?:address_id|person_id|initiator)":(\\d+)', 1)) AS id)
  WHERE TRY_CAST(id AS BIGINT) IN (FROM gone))
"""
