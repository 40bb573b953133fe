"""Who belongs where, replaced as a whole; stale are the days whose numbers that can change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import polars as pl


def load_memberships(
    con: duckdb.DuckDBPyConnection,
    membership: pl.DataFrame,
    alias: pl.DataFrame,
    boundaries: Sequence[str],
) -> int:
    """Replace memberships, aliases and boundaries; return how many days that made stale.

    Columns as MEMBERSHIP and ADDRESS_ALIAS. Stale are the days on which a person of a directory belongs
    elsewhere than before, from the first event to the last: also without events a unit has its size.
    Who is placed by domain alone, or has another alias, counts where active. Where a period has its
    events before or after such days, one of these stands for it. Call inside a transaction.
    """
    wanted = sorted(set(boundaries))
    present = [row[0] for row in con.execute("FROM boundary ORDER BY 1").fetchall()]
    find_stale(con, membership, alias)
    if wanted != present:
        con.execute("DELETE FROM boundary")
        con.executemany("INSERT INTO boundary VALUES (?)", [[name] for name in wanted])
        con.execute("INSERT INTO newly_stale SELECT DISTINCT day FROM event")
    con.execute("INSERT INTO stale_day SELECT DISTINCT day FROM newly_stale EXCEPT FROM stale_day")
    days = con.execute("SELECT count(DISTINCT day) FROM newly_stale").fetchall()[0][0]
    con.execute("DROP TABLE newly_stale")
    con.execute("DROP TABLE changed_span")
    for name in ("membership", "alias"):
        table = "address_alias" if name == "alias" else name
        con.execute(f"DELETE FROM {table}")
        con.execute(f"INSERT INTO {table} SELECT * FROM new_{name} ORDER BY ALL")
        con.execute(f"DROP TABLE new_{name}")
    return int(days)


def find_stale(
    con: duckdb.DuckDBPyConnection, membership: pl.DataFrame, alias: pl.DataFrame
) -> None:
    """Put the days that these would make stale into the temporary table `newly_stale`; nothing else changes."""
    for name, table, rows in (
        ("new_membership", schema.MEMBERSHIP, membership),
        ("new_alias", schema.ADDRESS_ALIAS, alias),
    ):
        con.register("arriving", rows.select(table.names()))
        # Into a frame in a union DuckDB may push a Bloom filter, which pyarrow does not know: an error.
        con.execute(f"CREATE TEMP TABLE {name} AS FROM arriving")
        con.unregister("arriving")
    con.execute(_CHANGED)
    con.execute(_STALE)


# Days on which the units and shares of a person differ, whatever rows tell them.
_CHANGED = """
CREATE TEMP TABLE changed_span AS
WITH other AS (
  (FROM membership EXCEPT FROM new_membership) UNION ALL (FROM new_membership EXCEPT FROM membership)
), who AS (
  SELECT DISTINCT person_id, boundary FROM other
), both_sides AS (
  SELECT 0 AS side, * FROM membership JOIN who USING (person_id, boundary)
  UNION ALL SELECT 1 AS side, * FROM new_membership JOIN who USING (person_id, boundary)
), cut AS (
  SELECT person_id, boundary, valid_from AS first FROM both_sides
  UNION SELECT person_id, boundary, valid_to + 1 FROM both_sides WHERE valid_to < DATE '9999-12-31'
), piece AS (
  SELECT *, coalesce(lead(first) OVER (PARTITION BY person_id, boundary ORDER BY first) - 1,
    DATE '9999-12-31') AS last FROM cut
)
SELECT person_id, first, last, any_value(origin) AS origin FROM (
  SELECT DISTINCT p.person_id, p.boundary, p.first, p.last, b.unit, b.share, b.origin, b.side
  FROM piece AS p JOIN both_sides AS b
    ON b.person_id = p.person_id AND b.boundary = p.boundary
    AND p.first BETWEEN b.valid_from AND b.valid_to
)
GROUP BY person_id, boundary, first, last, unit, share, origin
HAVING count(*) = 1
"""

_STALE = """
CREATE TEMP TABLE newly_stale AS
WITH busy AS (
  SELECT min(c.period) AS first, max(CASE grain WHEN 'day' THEN period WHEN 'week' THEN period + 6
      ELSE last_day(period + CASE grain WHEN 'month' THEN 0 ELSE 62 END) END) AS last,
    min(e.day) AS first_event, max(e.day) AS last_event
  FROM calendar AS c JOIN (SELECT min(day) AS day FROM event UNION SELECT max(day) FROM event) AS e USING (day)
), near AS (
  SELECT DISTINCT s.first, s.last FROM changed_span AS s, busy
  WHERE s.origin = 'directory' AND s.first <= busy.last AND s.last >= busy.first
), span AS (
  SELECT greatest(near.first, first_event) AS first, least(near.last, last_event) AS last
  FROM near, busy WHERE near.first <= last_event AND near.last >= first_event
), step AS (
  SELECT day, sum(n) AS n FROM (
    SELECT first AS day, 1 AS n FROM span UNION ALL SELECT last + 1, -1 FROM span
  ) GROUP BY day
), covered AS (
  SELECT day FROM (
    SELECT c.day, sum(coalesce(step.n, 0)) OVER (ORDER BY c.day) AS depth
    FROM calendar AS c CROSS JOIN busy LEFT JOIN step ON step.day = c.day
    WHERE c.grain = 'day' AND c.day BETWEEN first_event AND last_event
  ) WHERE depth > 0
), moved AS (
  SELECT address_id FROM (
    (FROM address_alias EXCEPT FROM new_alias) UNION ALL (FROM new_alias EXCEPT FROM address_alias))
), placed AS (
  SELECT address_id, person_id, p.first, p.last
  FROM (SELECT person_id, first, last FROM changed_span WHERE origin = 'domain') AS p
  JOIN (
    SELECT address_id, person_id FROM address_alias UNION SELECT address_id, person_id FROM new_alias
    UNION SELECT person_id, person_id FROM changed_span
  ) AS a USING (person_id)
), seat AS (
  SELECT DISTINCT day, address_id
  FROM (SELECT day, address_id FROM participation
    UNION ALL SELECT day, answers FROM event WHERE answers IS NOT NULL)
  WHERE address_id IN (SELECT address_id FROM placed) OR address_id IN (FROM moved)
), period_of AS (
  SELECT DISTINCT c.period, seat.address_id,
    CASE c.grain WHEN 'day' THEN c.period WHEN 'week' THEN c.period + 6
      ELSE last_day(c.period + CASE c.grain WHEN 'month' THEN 0 ELSE 62 END) END AS last
  FROM seat JOIN calendar AS c USING (day)
)
SELECT day FROM covered
UNION SELECT near.first FROM near, busy WHERE near.first > last_event
UNION SELECT near.last FROM near, busy WHERE near.last < first_event
UNION SELECT day FROM seat WHERE address_id IN (FROM moved)
UNION SELECT greatest(placed.first, period_of.period) FROM period_of JOIN placed USING (address_id)
  WHERE placed.first <= period_of.last AND placed.last >= period_of.period
"""
