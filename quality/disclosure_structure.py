"""What holds between published numbers: cells, the rows that show them, and equations between cells.

A matrix (weight, hours) has a cell per line, per unit total and for the whole network; a list (events,
acts, introductions) a cell per unit or line. Coarser periods, `(all)` channels, `(all)` units and
boundaries in which others nest are sums of finer cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warehouse.schema import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "(unknown)"
AT = ["grain", "period", "channel", "boundary"]
LINE = [*AT, "unit", "other_unit"]
Name = tuple[str, str]  # metric, measure


@dataclass(frozen=True, slots=True)
class Matrix:
    """Weights between units: a line per pair, and what units and the network have of it.

    Attributes:
        line: The measure that tells the lines.
        total: The measure that tells each unit's total: its inner line and half of its others.
        share: The measure with what crosses to known units as numerator, of all that is known.
        unknown: The measure with what goes to unknown people as numerator, of everything.
        follow_line, follow_crossing, follow_known: Metrics that tell the number of a line, of what
            crosses, of all that is known, in rows of their own.
    """

    line: Name
    total: Name
    share: Name | None = None
    unknown: Name | None = None
    follow_line: tuple[str, ...] = ()
    follow_crossing: tuple[str, ...] = ()
    follow_known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class List:
    """Counts that add up over periods and channels, and maybe over units.

    Attributes:
        count: The measure that tells them, and the column of it.
        follow: Metrics or measures that are hidden with it.
        over_channels, over_periods, over_units: What it adds up over; over units only where the
            numbers say so, since an event can be of several units.
    """

    count: Name
    column: str = "value"
    follow: tuple[Name, ...] = ()
    over_channels: bool = True
    over_periods: bool = True
    over_units: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers that hang together: one matrix, or lists."""

    matrix: Matrix | None = None
    lists: Mapping[str, List] = field(default_factory=dict)

    def alone(self) -> list[Name]:
        """Metrics of which one measure belongs here and the others do not."""
        return [self.matrix.line, self.matrix.total] if self.matrix else []

    def metrics(self) -> list[str]:
        """Every metric that has a part in it."""
        if self.matrix is None:
            names = [n for one in self.lists.values() for n, _ in (one.count, *one.follow)]
        else:
            m = self.matrix
            own = [m.line, m.total, *([m.share] if m.share else [])]
            names = [n for n, _ in own]
            names += [*m.follow_line, *m.follow_crossing, *m.follow_known]
        return sorted(set(names))

    def days(self) -> str:
        """Which of the rows of single days are published, in SQL."""
        return f"(unit = '{ALL}' AND other_unit = '{ALL}')" if self.matrix else "true"


FAMILIES = {
    "weight": Family(
        Matrix(
            line=("flow", "weight"),
            total=("interaction_volume", "weight"),
            share=("cross_boundary_share", "share"),
            unknown=("cross_boundary_share", "unknown_share"),
            follow_line=("line_dependence", "reciprocity"),
            follow_crossing=("connector_dependence", "ei_index", "silo", "net_flow"),
            follow_known=("ei_index", "silo"),
        )
    ),
    "hours": Family(Matrix(line=("flow", "hours"), total=("interaction_volume", "hours"))),
}
# Of single days these are told of the whole network only: of a line they would be a meeting or two.
NOT_OF_DAYS = (
    ("flow", "weight"), ("flow", "hours"), ("interaction_volume", "weight"),
    ("interaction_volume", "hours"), ("cross_boundary_share", "share"),
    ("cross_boundary_share", "unknown_share"), ("net_flow", "net"),
)  # fmt: skip
