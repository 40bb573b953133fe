"""Which published columns tell the same quantity: the one place that says so.

Weight and hours are told between people. A line, and what a unit or the network has
in all (half of each line on its side), are sums of these; shares are one sum divided by another. The audit
knows each of them. Other columns that would tell one of these sums again are left empty (WITHOUT_PARTS) or
are worked out from what is published (trend, line, signals, views, report, exports).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from warehouse.schema import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EVENTS, ACTS, CONVENED = "events", "acts", "convened"
Name = tuple[str, str]  # metric, measure
# line: between two units. total: half of each line on a unit's side, and all of its inner one.
# crossing, inside, known: to other known units, within the unit, both. stray: to unknown people.
# events: of a unit, which do not add up over units. acts: of a unit's people, which do.
# convened: events that a unit's people convene; an event with conveners of several units counts in each.
Sum = dict[str, float]  # of which of these, and how many times


@dataclass(frozen=True, slots=True)
class Ratio:
    """A published share: one sum divided by another."""

    above: Sum
    below: Sum


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers that hang together: sums of one thing that is told of days.

    Attributes:
        of: A column of the ties (w, h), or what is counted: EVENTS, ACTS, CONVENED.
        sums: Which sum each measure is.
        ratios: Measures that divide one sum by another.
        least: Width that must remain of each hidden number at least; more than 1: these are whole numbers.
    """

    of: str
    sums: Mapping[Name, str]
    ratios: Mapping[Name, Ratio] = field(default_factory=dict)
    least: float = 0.0

    def names(self) -> list[Name]:
        """Every measure that has a part in it."""
        return [*self.sums, *self.ratios]


FAMILIES = {
    "weight": Family(
        "w",
        {("flow", "weight"): "line", ("interaction_volume", "weight"): "total"},
        {
            ("cross_boundary_share", "share"): Ratio({"crossing": 1.0}, {"known": 1.0}),
            ("cross_boundary_share", "unknown_share"): Ratio(
                {"stray": 1.0}, {"stray": 1.0, "known": 1.0}
            ),
            ("ei_index", "index"): Ratio({"crossing": 2.0, "known": -1.0}, {"known": 1.0}),
            ("silo", "homophily"): Ratio({"inside": 2.0}, {"crossing": 1.0, "inside": 2.0}),
        },
    ),
    "hours": Family("h", {("flow", "hours"): "line", ("interaction_volume", "hours"): "total"}),
    # In a width of 2 there is another whole number than the true one.
    EVENTS: Family(EVENTS, {("interaction_volume", "events"): EVENTS}, least=2.0),
    ACTS: Family(ACTS, {("initiators", "acts"): ACTS}, least=2.0),
    CONVENED: Family(CONVENED, {("convening", "events"): CONVENED}, least=2.0),
}
OF_TIES_AND_EVENTS = tuple(name for of in ("weight", "hours", EVENTS) for name in FAMILIES[of].sums)
SUMS = tuple(name for family in FAMILIES.values() for name in family.sums)
RATIOS = tuple(name for family in FAMILIES.values() for name in family.ratios)
ASSORTATIVITY = ("silo", "assortativity")  # follows from all of a boundary's sums, not linearly
# Parts of the most active people: what one person carries of a line would be told to the decimal.
OF_FEW = (
    ("line_dependence", "top"), ("initiators", "top_share"),
    *(("connector_dependence", f"loss_{k}") for k in (1, 2, 3, "share")),
)  # fmt: skip
# From sums of squares of what each person did.
OF_SQUARES = (("initiators", "effective"), ("revived", "effective"))
BEGUN, EFFECTIVE = ("initiators", "acts"), OF_SQUARES[0]
OF_BEGUN = (
    EFFECTIVE,
    ("initiators", "top_share"),
)  # they say how many acts there are where nobody began twice
INTRODUCTIONS = tuple(
    ("introductions", measure) for measure in ("introductions", "converted", "rate")
)
BALANCE, CONTAINERS = ("participation_balance", "balance"), ("participation_balance", "containers")
STARTED_BY = (("initiative_balance", "started_by_unit"), ("initiative_balance", "started_by_other"))
# Parts of numbers that the audit does not look at, and their intervals: told roughly. Of an exact one its continued
# fraction says what it is made of.
RATES = (
    ("response", "rate"), ("one_sided", "share"), ("joint_initiatives", "survival"), INTRODUCTIONS[2],
    ("reciprocity", "weighted"), ("reciprocity", "unweighted"), ("net_flow", "net"), ("initiative_balance", "balance"),
    ("tie_turnover", "retention"), ("tie_turnover", "jaccard"), BALANCE,
)  # fmt: skip
# Counts that add up over lines or units, and that the audit does not look at: told in fives, so that what is hidden
# is not what the others leave.
COUNTS = (
    *(("tie_turnover", fate) for fate in ("new", "persisted", "resumed", "reactivated", "lost")),
    ("revived", "ties"),
    *(("brokerage", role) for role in ("coordinator", "gatekeeper", "representative", "itinerant", "liaison")),
)  # fmt: skip
# Their numerators and denominators would tell sums again.
WITHOUT_PARTS = (
    *RATIOS, ASSORTATIVITY, *OF_FEW, *OF_SQUARES, *RATES,
)  # fmt: skip
ROUNDED = (*SUMS, *RATIOS, ASSORTATIVITY, *OF_FEW, *OF_SQUARES, *RATES, *COUNTS)
# Of single days these are not told: of a line they would be a meeting or two.
NOT_OF_DAYS = (*SUMS, *RATIOS, ("net_flow", "net"))
ALIVE, STARTED = ("joint_initiatives", "alive"), ("joint_initiatives", "started")
SINCE_BEFORE = (("joint_initiatives", "ended"), ("joint_initiatives", "survival"))
# What would be a subtraction is kept from it by what is not told at all. No channel by itself:
OF_ALL_CHANNELS = (ALIVE, STARTED, *SINCE_BEFORE, ("convening", "events"), CONTAINERS)
# nor other periods than months:
OF_MONTHS = (("interaction_volume", "broadcasts"), *STARTED_BY)
# nor weeks and units, nor of lines more than which took root in a quarter:
OF_NETWORK = INTRODUCTIONS
OF_LINES = (INTRODUCTIONS[1],)
# nor of lines of more than one boundary:
OF_ONE_BOUNDARY = (*OF_LINES, *STARTED_BY)
TOTAL = ("interaction_volume", "weight")
SHARE = ("cross_boundary_share", "share")
LINE_WEIGHT = ("flow", "weight")  # what mart.line tells too
UNKNOWN_SHARE = ("cross_boundary_share", "unknown_share")  # and this, of the network


def among(names: Iterable[Name]) -> str:
    """Condition in SQL: the row is of one of these measures."""
    measures: dict[str, list[str]] = {}
    for metric, measure in names:
        measures.setdefault(metric, []).append(measure)
    # Not as IN of pairs: DuckDB would join, after all else was asked of every row.
    told = " OR ".join(
        f"(metric = {quoted(metric)} AND measure IN ({', '.join(map(quoted, some))}))"
        for metric, some in measures.items()
    )
    return f"({told or 'false'})"
