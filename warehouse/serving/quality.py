"""What was expected of the sources, night by night, as readers see it: expectations are counted, never people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from warehouse.schema import ALL, Column, Table, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

SEVERITIES: Final = ("critical", "warning", "info")
QUALITY: Final = Table(
    "quality",
    "What was expected of each source, night by night, and whether it was met.",
    (
        Column("night", "DATE", "Day of the run, in the network's time zone."),
        Column("source", "VARCHAR", "Name of the source."),
        Column("partner", "VARCHAR", "Organisation that delivers it."),
        Column("severity", "VARCHAR", "critical (a file was refused), warning (somebody should look) or info.",
               rule="severity IN ('critical', 'warning', 'info')", words="severity is not one that Tieline knows"),
        Column("checks", "BIGINT", "Expectations of this severity that were judged."),
        Column("failed", "BIGINT", "Of these, the ones that were not met.",
               rule="failed BETWEEN 0 AND checks", words="more failed than were judged"),
        Column("unmet", "VARCHAR", "Names of those, with commas between; see docs/operations.md.", nullable=True),
    ),
)  # fmt: skip


def quality_rows(nights: Mapping[str, date]) -> list[str]:
    """SELECTs of QUALITY for the runs of `nights`; of a night with several, the last that judged."""
    if not nights:
        return []
    runs = ", ".join(f"({quoted(run)}, DATE '{day}')" for run, day in nights.items())
    return [
        f"""
WITH night(run_id, night) AS (VALUES {runs}), judged AS (
  SELECT night, source, suite, expectation, severity, success
  FROM quality_result JOIN night USING (run_id)
  WHERE source <> {quoted(ALL)}
  QUALIFY rank() OVER (PARTITION BY night, source, suite, expectation ORDER BY run_id DESC) = 1
), met AS (
  SELECT night, source, expectation, severity, bool_and(success) AS success
  FROM judged GROUP BY night, source, suite, expectation, severity
), partner AS (
  SELECT source, any_value(partner) AS partner FROM source_file GROUP BY source
)
SELECT night, source, coalesce(partner, source) AS partner, severity, count(*) AS checks,
  count(*) FILTER (WHERE NOT success) AS failed,
  string_agg(expectation, ', ' ORDER BY expectation) FILTER (WHERE NOT success) AS unmet
FROM met LEFT JOIN partner USING (source) GROUP BY ALL"""
    ]
