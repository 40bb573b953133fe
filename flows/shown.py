"""What may be shown of the periods that table publishing names, as SELECTs for a release."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quality.disclosure import (
    Withheld,
    disclosed_metric_value,
    disclosure_rows,
    disclosure_sums,
)
from quality.disclosure_line import disclosed_line, disclosed_sight
from quality.disclosure_trend import disclosed_direction, disclosed_trend
from warehouse.schema import CLOSED_SHARE, METRIC_VALUE, TREND, WITHHELD, quoted
from warehouse.serving import mart

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from warehouse.serving.closed import Windows

Measures = tuple[tuple[str, str], ...]  # metric and measure


@dataclass(frozen=True, slots=True)
class Shown:
    """The rules: which measures count people, and the table of cells that are withheld, if any.

    `windows`: what `closed.windows` says; without it the rows are the same, and all of history is read for them.
    """

    counts: Collection[tuple[str, str]]
    withheld: Withheld | None
    windows: Windows = field(default_factory=dict)

    def rows(self, together: Sequence[Measures]) -> dict[str, list[str]]:
        """Published table → SELECTs, one for each group of measures where it has any."""
        return {
            "metric_value": [
                disclosed_metric_value(
                    self.counts, self._of(METRIC_VALUE.name, one, "first"), self.withheld
                )
                for one in together
            ],
            "trend": [_in_periods(f"({self._trend(one)})", one, "first") for one in together],
            "direction": [
                disclosed_direction(
                    self.counts,
                    self._of(METRIC_VALUE.name, one, "look"),
                    self._of("direction", one, "first"),
                    self._of(TREND.name, one, "look"),
                    self.withheld,
                )
                for one in together
            ],
            "line": [
                _written(
                    disclosed_line(
                        self.counts, _seen(METRIC_VALUE.name), _seen("line_state"), self.withheld
                    )
                )
            ],
            "completeness": [_written(mart.COMPLETENESS_ROWS)],
            "delivery": [_written(mart.DELIVERY_ROWS)],
            "sight": [
                _written(
                    disclosed_sight(WITHHELD.name, self.withheld.rounding if self.withheld else 0.0)
                )
            ],
            "unit": [
                f"{mart.unit_rows(f'({self._all_of(together)})')}"
                f" EXCEPT SELECT boundary, unit FROM {mart.CATALOG}.{mart.MART}.unit"
            ]
            if together
            else [],
        }

    def _trend(self, measures: Measures) -> str:
        return disclosed_trend(
            self.counts,
            self._of(METRIC_VALUE.name, measures, "near"),
            self._of(TREND.name, measures, "near"),
            self.withheld,
        )

    def _all_of(self, together: Sequence[Measures]) -> str:
        return " UNION ALL ".join(
            f"SELECT boundary, unit, other_unit FROM {self._of(METRIC_VALUE.name, one, 'first')}"
            for one in together
        )

    def _of(self, table: str, measures: Measures, since: str) -> str:
        """Rows of these measures from a day of table publishing on."""
        days = self.windows.get(since, {})
        # A scan that says which rows it is of reads no more; the join comes after what is asked of each row.
        recent = " UNION ALL ".join(
            f"FROM {table} WHERE grain = {quoted(grain)} AND period >= DATE '{day}'"
            for grain, day in days.items()
        )
        return _in_periods(f"({recent})" if recent else table, measures, since)

    def sums(self, together: Sequence[Measures]) -> list[str]:
        """SELECTs of CLOSED_SHARE."""
        return [
            disclosure_sums(self.counts, self._of(METRIC_VALUE.name, one, "first"), self.withheld)
            for one in together
        ]

    def shares(self, together: Sequence[Measures]) -> str:
        """SELECT of mart.DISCLOSURE, over what is published now and what is closed."""
        parts = [f"FROM {CLOSED_SHARE.name}", *(f"FROM ({one})" for one in self.sums(together))]
        return disclosure_rows(" UNION ALL ".join(parts))


def _in_periods(rows: str, measures: Measures, since: str) -> str:
    """Those of `rows` that are of these measures, and from a day of table publishing on."""
    listed = ", ".join(f"({quoted(metric)}, {quoted(measure)})" for metric, measure in measures)
    return (
        f"(SELECT one.* FROM {rows} AS one JOIN publishing AS p"
        " ON p.metric = one.metric AND p.grain = one.grain"
        f" AND one.period >= p.{since} AND one.period < p.until"
        f" WHERE (one.metric, measure) IN ({listed}))"
    )


def _seen(table: str) -> str:
    """Rows in the periods that are looked at for tables that follow no metric."""
    return (
        f"(SELECT one.* FROM {table} AS one JOIN publishing AS p"
        " ON p.metric = '' AND p.grain = one.grain AND one.period >= p.look AND one.period < p.until)"
    )


def _written(select: str) -> str:
    """Those of its rows that lie in the periods to be written, for tables that follow no metric."""
    return (
        f"SELECT one.* FROM ({select}) AS one JOIN publishing AS p ON p.metric = ''"
        " AND p.grain = one.grain AND one.period >= p.first AND one.period < p.until"
    )
