"""Which measures have a column of their own in the wide views of `mart`, and what they are called there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from warehouse.schema import ALL, CHANNELS


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of a wide view: one measure of one metric in one channel."""

    column: str
    metric: str
    measure: str
    words: str
    channel: str = ALL


def _per_channel(metric: str, measure: str, words: str) -> tuple[Measure, ...]:
    return (
        Measure(measure, metric, measure, f"{words}, all channels."),
        *(Measure(f"{measure}_{c}", metric, measure, f"{words}, {c} only.", c) for c in CHANNELS),
    )


UNKNOWN_SHARE: Final = Measure(
    "unknown_share", "cross_boundary_share", "unknown_share",
    "Part of the weight that touches people whom no directory knows: how far to trust the rest.",
)  # fmt: skip
# The first measure of a subject is its main one, which is followed over time.
LINES: Final = (
    *_per_channel("flow", "weight", "Weight of the interaction"),
    Measure("hours", "flow", "hours", "Hours together in meetings."),
    Measure("threads", "threads", "threads", "Fewest people whose leaving would cut the line."),
    Measure("dependence", "line_dependence", "top", "Part of the interaction that the busiest person takes part in."),
    Measure("response_rate", "response", "rate", "Part answered of what the first unit asked the other."),
    Measure("response_rate_back", "response", "rate", "Part answered of what the other unit asked the first."),
    Measure("response_hours", "response", "time", "Hours within which the other unit answers half."),
    Measure("response_hours_back", "response", "time", "Hours within which the first unit answers half."),
    Measure("reciprocity", "reciprocity", "weighted", "Part of the weight that is returned, person by person."),
    Measure("initiative_balance", "initiative_balance", "balance", "Whether both sides begin as often: 1 as often, 0 always the same side."),
    Measure("started_by_unit", "initiative_balance", "started_by_unit", "Acts with which the first unit began something. With the audit on, of months only."),
    Measure("started_by_other", "initiative_balance", "started_by_other", "Acts with which the other unit did. With the audit on, of months only."),
    Measure("introductions", "introductions", "introductions", "Pairs of strangers of the two units whom somebody brought together. Not with the audit on."),
    Measure("introductions_converted", "introductions", "converted", "Of these, those who then met without that person. With the audit on, of quarters only."),
    Measure("joint_initiatives", "joint_initiatives", "alive", "Joint series of meetings and work items alive. Months and quarters."),
    Measure("joint_initiatives_started", "joint_initiatives", "started", "Those born in the period. Months and quarters."),
    Measure("ties_new", "tie_turnover", "new", "Ties never seen before."),
    Measure("ties_persisted", "tie_turnover", "persisted", "Ties that were active in the period before too."),
    Measure("ties_reactivated", "tie_turnover", "reactivated", "Ties that came back after long."),
    Measure("ties_lost", "tie_turnover", "lost", "Ties of the period before that are not active any more."),
    Measure("tie_retention", "tie_turnover", "retention", "Part of the ties of the period before that is still active."),
    Measure("active_weeks", "regularity", "active_weeks", "Part of the weeks with any interaction. Months and quarters."),
)  # fmt: skip
_BOTH: Final = (
    *_per_channel("interaction_volume", "weight", "Weight of the interaction"),
    Measure("hours", "interaction_volume", "hours", "Hours together in meetings."),
    Measure("events", "interaction_volume", "events", "Meetings, messages and work on items."),
    Measure("people", "interaction_volume", "people", "Active people."),
    Measure("ties", "interaction_volume", "ties", "Active ties."),
    Measure("cross_boundary_share", "cross_boundary_share", "share", "Part of the weight that runs between different units."),
    UNKNOWN_SHARE,
    Measure("initiators", "initiators", "effective", "Over how many people taking the initiative is spread."),
    Measure("convened_events", "convening", "events", "Events that bring people of several units together."),
    Measure("conveners", "convening", "conveners", "People who convened them."),
    Measure("introductions", "introductions", "introductions", "Pairs of strangers of different units whom somebody brought together. With the audit on, of the network only, in months and quarters."),
    Measure("introductions_converted", "introductions", "converted", "Of these, those who then met without that person. With the audit on, of the network only, in months and quarters."),
    Measure("joint_initiatives", "joint_initiatives", "alive", "Joint series of meetings and work items alive. Months and quarters."),
    Measure("joint_initiatives_started", "joint_initiatives", "started", "Those born in the period. Months and quarters."),
    Measure("spanner_share", "spanners", "share", "Part of the active people with ties to other units."),
    Measure("connector_loss", "connector_dependence", "loss_1", "Part of the weight across units that touches the busiest connector."),
    Measure("latency_days", "latency", "median", "Median age in days of the latest news of other units."),
)  # fmt: skip
UNITS: Final = (
    *_BOTH,
    Measure("net_flow", "net_flow", "net", "Whether the unit turns to others more than they to it: -1 to 1."),
    Measure("homophily", "silo", "homophily", "Part of the weight that stays inside the unit."),
    Measure("participation_balance", "participation_balance", "balance", "How evenly units take part in what they do together, 0 to 1."),
)  # fmt: skip
NETWORK: Final = (
    *_BOTH,
    Measure("ei_index", "ei_index", "index", "-1: all weight stays inside units; 1: all of it runs between them."),
    Measure("reciprocity", "reciprocity", "weighted", "Part of the weight that is returned, person by person."),
    Measure("response_rate", "response", "rate", "Part answered of what is asked between units."),
    Measure("response_hours", "response", "time", "Hours within which half is answered."),
    Measure("line_coverage", "boundary_coverage", "coverage", "Part of all pairs of units with any interaction."),
    Measure("lines", "boundary_coverage", "lines", "Pairs of units with any interaction."),
    Measure("ties_new", "tie_turnover", "new", "Ties never seen before."),
    Measure("ties_lost", "tie_turnover", "lost", "Ties of the period before that are not active any more."),
    Measure("tie_retention", "tie_turnover", "retention", "Part of the ties of the period before that is still active."),
    Measure("revived_ties", "revived", "ties", "Ties between units that came back after long."),
    Measure("assortativity", "silo", "assortativity", "Whether units keep to themselves: 1 wholly, 0 as chance gives."),
    Measure("community_agreement", "communities", "agreement", "How far the groups that ties alone show are the units. Months and quarters."),
)  # fmt: skip
