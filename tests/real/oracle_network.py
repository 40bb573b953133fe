"""Flow, E-I index and turnover of a table of ties, with pandas, networkx and numpy.

Ties: period, s, t, w, one row per act or pair; a tie has no direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FREQUENCIES = {"week": "W-SUN", "month": "M", "quarter": "Q"}
WHOLE = "(all)"
RESUMED_WITHIN = 3


def periods(days: pd.Series, grain: str) -> pd.Series:
    return pd.to_datetime(days).dt.to_period(FREQUENCIES[grain])


def flow(rows: pd.DataFrame) -> pd.Series:
    """Weight by period and unordered pair of units. Columns: period, unit_s, unit_t, w."""
    pair = np.sort(rows[["unit_s", "unit_t"]].to_numpy(dtype=str), axis=1)
    lines = pd.DataFrame({"unit": pair[:, 0], "other_unit": pair[:, 1]}, index=rows.index)
    lines["period"] = rows["period"].dt.start_time
    return rows["w"].groupby([lines["period"], lines["unit"], lines["other_unit"]]).sum()


# --- E-I --------------------------------------------------------------------------------------


class Index(NamedTuple):
    """Krackhardt and Stern's index, and its mean and deviation over all relabellings."""

    value: float
    expected: float
    deviation: float


def network(ties: pd.DataFrame) -> nx.Graph:
    graph = nx.Graph()
    for s, t, w in ties[["s", "t", "w"]].itertuples(index=False):
        graph.add_edge(s, t, w=w + (graph[s][t]["w"] if graph.has_edge(s, t) else 0))
    return graph


def external(graph: nx.Graph, unit: Mapping[str, str]) -> float:
    return sum(w for s, t, w in graph.edges(data="w") if unit[s] != unit[t])


def ei_index(graph: nx.Graph, unit: Mapping[str, str]) -> Index:
    """`unit` of everybody in the frame, isolates included.

    The variance is summed over pairs of ties by how many people they share, with the chances of
    drawing labels one by one without putting them back.
    """
    sizes = np.array(list(pd.Series(unit).value_counts()), dtype=float)
    people = sizes.sum()
    weights = np.array([w for *_, w in graph.edges(data="w")])
    total = weights.sum()
    others = people - sizes
    p = (sizes / people * others / (people - 1)).sum()
    both_of_three = (sizes / people * others / (people - 1) * (others - 1) / (people - 2)).sum()
    # Two labels g and h are drawn; what is left gives the chance for the other two.
    left = (sizes * (sizes - 1)).sum() - 2 * (sizes[:, None] - 1) - 2 * (sizes[None, :] - 1)
    differ = 1 - left / ((people - 2) * (people - 3))
    drawn = sizes[:, None] * sizes[None, :] / (people * (people - 1))
    np.fill_diagonal(drawn, 0)
    both_of_four = (drawn * differ).sum()
    around = (np.array([w for _, _, w in graph.edges(node, data="w")]) for node in graph)
    same = (weights**2).sum()
    sharing = sum(w.sum() ** 2 - (w**2).sum() for w in around)
    apart = total**2 - same - sharing
    second = same * p + sharing * both_of_three + apart * both_of_four
    variance = second - (total * p) ** 2
    value = 2 * external(graph, unit) / total - 1
    return Index(value, 2 * p - 1, 2 * np.sqrt(variance) / total)


def relabelled(graph: nx.Graph, unit: Mapping[str, str], times: int, seed: int) -> np.ndarray:
    """The index under `times` random relabellings of the frame."""
    order = {person: number for number, person in enumerate(unit)}
    labels = np.unique(list(unit.values()), return_inverse=True)[1]
    s, t, w = (np.array(column) for column in zip(*graph.edges(data="w"), strict=True))
    at_s, at_t = (np.array([order[person] for person in side]) for side in (s, t))
    random = np.random.default_rng(seed)
    drawn = np.array([random.permutation(labels) for _ in range(times)])
    return 2 * ((drawn[:, at_s] != drawn[:, at_t]) @ w) / w.sum() - 1


# --- turnover ---------------------------------------------------------------------------------


def turnover(
    active: Mapping[tuple[str, str], Iterable[int]], first: int, last: int
) -> pd.DataFrame:
    """What became of ties, by number of the period, from the second period to the last.

    `active` tells in which periods a tie was there. A period with neither ties nor ties before it
    has no row.
    """
    held = {period: set() for period in range(first, last + 1)}
    for tie, when in active.items():
        for period in when:
            held[period].add(tie)
    rows = []
    seen: dict[tuple[str, str], int] = dict.fromkeys(held[first], first)
    for period in range(first + 1, last + 1):
        now, before = held[period], held[period - 1]
        gaps = pd.Series([period - seen[tie] for tie in now if tie in seen], dtype=int)
        seen |= dict.fromkeys(now, period)
        if now | before:
            kept = len(now & before)
            rows.append(
                {
                    "period": period,
                    "new": len(now) - len(gaps),
                    "persisted": int((gaps == 1).sum()),
                    "resumed": int(gaps.between(2, RESUMED_WITHIN).sum()),
                    "reactivated": int((gaps > RESUMED_WITHIN).sum()),
                    "lost": len(before - now),
                    "retention": kept / len(before) if before else np.nan,
                    "jaccard": kept / len(now | before),
                }
            )
    return pd.DataFrame(rows).set_index("period") if rows else pd.DataFrame()
