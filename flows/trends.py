"""Published numbers as a table, straight from the file that every reader sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flows.rows import fetched
from warehouse.connection import open_readonly
from warehouse.schema import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from flows.config import Config
    from flows.rows import Rows

QUERY = """
SELECT v.period, v.metric || '.' || v.measure AS metric, v.channel, v.unit, v.other_unit, v.value,
  t.previous, t.change, t.rolling_median, v.low, v.high, u.value AS unknown, v.hidden_reason AS hidden
FROM mart.metric_value v
LEFT JOIN mart.trend t USING (metric, measure, grain, period, channel, boundary, unit, other_unit)
LEFT JOIN mart.metric_value u ON u.grain = v.grain AND u.period = v.period AND u.channel = v.channel
  AND u.boundary = v.boundary AND u.metric = 'cross_boundary_share' AND u.measure = 'unknown_share'
  AND u.unit = '(all)'
WHERE v.grain = $grain AND v.channel = $channel AND v.boundary = $boundary
  AND ($metric IS NULL OR v.metric = $metric) AND ($measure IS NULL OR v.measure = $measure)
  AND ($unit IS NULL OR v.unit = $unit OR (v.other_unit = $unit AND $unit <> '(all)'))
  AND ($metric IS NOT NULL OR $unit IS NOT NULL OR v.unit = '(all)')
  AND ($since IS NULL OR v.period >= $since)
  AND ($metric IS NOT NULL OR $unit IS NOT NULL OR $since IS NOT NULL OR v.period = (
    SELECT max(period) FROM mart.calendar WHERE grain = $grain AND completeness >= 1))
ORDER BY v.metric, v.measure, v.unit, v.other_unit, v.period
"""


class NothingToShowError(Exception):
    """No published rows answer the question; the message says what there is."""


def read_trends(
    config: Config,
    *,
    metric: str | None,
    boundary: str | None,
    unit: str | None,
    channel: str,
    grain: str,
    since: date | None,
) -> Rows:
    """Rows of metric_value with their trend: period, metric, channel, units, value, change, interval.

    `unknown` is the part of the network's weight that touches people whom no directory knows.
    Without metric and unit: the whole network's own numbers, of the last whole period unless `since`
    is given.
    """
    if not config.current.exists():
        raise NothingToShowError(
            f"{config.current}: nothing is published yet; run `tieline run` first"
        )
    name, _, measure = (metric or "").partition(".")
    wanted = {
        "metric": name or None, "measure": measure or None, "unit": unit, "channel": channel,
        "grain": grain, "since": since, "boundary": boundary or config.settings.people.boundaries[0],
    }  # fmt: skip
    with open_readonly(config.current) as con:
        rows = fetched(con.sql(_with(wanted, QUERY)))
        if not rows.values:
            if not con.execute("FROM mart.metric_value LIMIT 1").fetchall():
                raise NothingToShowError(
                    f"{config.current}: no numbers in it yet; `tieline status` says what is missing"
                )
            for column in ("metric", "measure", "boundary", "unit", "channel"):
                known = [
                    r[0]
                    for r in con.execute(
                        _with(
                            {"metric": wanted["metric"], "column": column},
                            f"SELECT DISTINCT {column} FROM mart.metric_value"
                            " WHERE $metric IS NULL OR metric = $metric OR $column = 'metric' ORDER BY 1",
                        )
                    ).fetchall()
                ]
                if wanted[column] is not None and wanted[column] not in known:
                    raise NothingToShowError(
                        f"{config.current}: no {column} {wanted[column]!r}; there are: {', '.join(known)}"
                    )
            raise NothingToShowError(
                f"{config.current}: no rows for this choice; leave out an option"
            )
    return rows


def _with(values: Mapping[str, str | date | None], query: str) -> str:
    """`query` with its parameters written out: to bind one, DuckDB imports pandas, which takes a second."""
    return re.sub(
        r"\$(\w+)",
        lambda found: "NULL" if (value := values[found[1]]) is None else quoted(str(value)),
        query,
    )
