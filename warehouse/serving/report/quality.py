"""How the sources fared night by night: for each, the nights of a month and those without a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import duckdb

_NIGHTS: Final = """
WITH night AS (
  SELECT source, partner, night, sum(failed) = 0 AS is_good, string_agg(unmet, ', ' ORDER BY severity) AS unmet
  FROM mart.quality WHERE severity <> 'info' GROUP BY source, partner, night
), month AS (
  SELECT period, row_number() OVER (ORDER BY period) - 1 AS idx FROM mart.calendar WHERE grain = 'month'
), monthly AS (
  SELECT source, partner, idx, count(*) AS nights, count(*) FILTER (WHERE is_good) AS good
  FROM night JOIN month ON period = date_trunc('month', night) GROUP BY ALL
), told AS (
  SELECT source, partner, list([idx, nights, good] ORDER BY idx) AS months FROM monthly GROUP BY ALL
)
SELECT source, partner, coalesce(months, []), unmet
FROM night LEFT JOIN told USING (source, partner)
WHERE night = (SELECT max(night) FROM night) ORDER BY partner, source"""


def read_quality(con: duckdb.DuckDBPyConnection) -> list[list[Any]]:
    """[source, partner, [place of the month, nights, nights without a warning], ..., unmet in the last night].

    Releases of before the table have none: empty.
    """
    told = con.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'mart' AND table_name = 'quality'"
    ).fetchall()
    if not told:
        return []
    return [
        [source, partner, months, unmet.split(", ") if unmet else []]
        for source, partner, months, unmet in con.execute(_NIGHTS).fetchall()
    ]
