"""Communities: do the groups in which people really work together follow the units?

Groups are found from the ties alone (Louvain) and then compared with the units. People move in turns, a
part of them at once, and weights are whole numbers: any machine and any order of the same ties gives the
same groups.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy  # whose parts load when they are first used: half a second

HEADER = """
title_en = "Communities and units"
title_nl = "Gemeenschappen en eenheden"
definition_en = "The groups of people who have more to do with each other than with others, found from their ties alone, whatever unit they are of: how far these groups are the units (1: the same, 0: no more than chance), how many there are, and how clearly they stand apart (modularity: 0 not at all, above .3 clearly). Unknown people are left out; everybody counts in the unit with most of their weight. Small shifts can divide people anew: look at the trend."
definition_nl = "De groepen mensen die meer met elkaar te maken hebben dan met anderen, gevonden uit hun verbindingen alleen, uit welke eenheid ze ook komen: in hoeverre die groepen de eenheden zijn (1: dezelfde, 0: niet meer dan toeval), hoeveel het er zijn, en hoe duidelijk ze los van elkaar staan (modulariteit: 0 niet, boven 0,3 duidelijk). Onbekenden tellen niet mee; iedereen telt in de eenheid met zijn meeste gewicht. Kleine verschuivingen kunnen mensen anders verdelen: kijk naar de trend."
reading_en = "Near 1, people find each other through their own unit only. Low agreement with clear communities means that groups form across units, around a theme or a neighbourhood. With low modularity there are no clear groups, and the agreement says little."
reading_nl = "Dicht bij 1 vinden mensen elkaar alleen via de eigen eenheid. Weinig overeenkomst bij duidelijke gemeenschappen wil zeggen dat er groepen dwars door eenheden heen ontstaan, rond een thema of een wijk. Bij lage modulariteit zijn er geen duidelijke groepen, en zegt de overeenkomst weinig."
example_en = "Of the weight a part of 0.6 lies inside the communities found, where chance would give 0.34: modularity 0.6 - 0.34 = 0.26."
example_nl = "Van het gewicht ligt een deel van 0,6 binnen de gevonden gemeenschappen, waar toeval 0,34 zou geven: modulariteit 0,6 - 0,34 = 0,26."
question = "crossing"
grains = ["month", "quarter"]
told_of = ["network"]
boundary = "any"
direction = "context"
reference = "Blondel et al. 2008; Vinh, Epps & Bailey 2010; Newman & Girvan 2004"

[measures.agreement]
title_en = "Agreement of communities and units"
title_nl = "Overeenkomst van gemeenschappen en eenheden"
unit = "index"
range = "-1 to 1"
formula_en = "(what communities tell of units - chance) / (the most they could tell - chance): adjusted mutual information"
formula_nl = "(wat gemeenschappen over eenheden zeggen - toeval) / (het meeste wat zij kunnen zeggen - toeval): adjusted mutual information"
direction = "down"

[measures.communities]
title_en = "Number of communities"
title_nl = "Aantal gemeenschappen"
unit = "communities"
range = ">= 0"
formula_en = "number of groups in the division with the highest modularity that is found"
formula_nl = "aantal groepen in de gevonden verdeling met de hoogste modulariteit"

[measures.modularity]
title_en = "How clearly they stand apart"
title_nl = "Hoe duidelijk ze los van elkaar staan"
unit = "index"
range = "-1 to 1"
formula_en = "part of the weight inside communities - the part that chance would give"
formula_nl = "deel van het gewicht binnen gemeenschappen - het deel dat toeval zou geven"
"""  # noqa: E501
READS = ("unit_tie", "home")

_GRAPH = ("grain", "period", "channel", "boundary")
_SCALE = 2**20  # weights are counted in this part of 1, so that sums do not depend on their order
_TURNS = 16  # parts of the people that move one after the other
_SWEEPS = 32  # at most, per level
_LEAST = 1e-5  # modularity gained by a sweep that is worth another one
_SPREAD = (
    5.5  # chances of overlaps further from the mean than this many roots of the size are < 1e-26
)

Array = npt.NDArray[Any]


def compute(unit_tie: pl.DataFrame, home: pl.DataFrame) -> pl.DataFrame:
    """Ties with units and people's units (models of these names) → rows of metric_value."""
    ties = unit_tie.filter(
        # A week has too few ties to tell groups.
        pl.col("grain").is_in(["month", "quarter"]),
        ~pl.any_horizontal(pl.col("unit_s", "unit_t").is_in(["(unknown)", "(other)"])),
    )
    graphs = ties.select(_GRAPH).unique().sort(_GRAPH).with_row_index("graph")
    people = home.join(graphs, on=_GRAPH).sort("graph", "person_id").with_row_index("node")
    edges = (
        ties.select(*_GRAPH, "s", "t", "w").join(graphs, on=_GRAPH).select("graph", "s", "t", "w")
    )
    for end in ("s", "t"):
        node = people.select(
            "graph", pl.col("person_id").alias(end), pl.col("node").alias(f"{end}_node")
        )
        edges = edges.join(node, on=["graph", end])
    graph, unit = (
        people[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("graph", "unit")
    )
    s, t = (edges[f"{end}_node"].to_numpy().astype(np.int64) for end in ("s", "t"))
    # Who has to do with unknown people only is nobody here.
    known = np.bincount(np.concatenate([s, t]), minlength=people.height) > 0
    place = np.cumsum(known) - 1
    graph, unit = graph[known], unit[known]
    # Graphs share no person, so all of them are divided together.
    arrays = place[s], place[t], edges["w"].to_numpy(), graph
    group = communities(*arrays)
    apart = modularity(*arrays, group)
    ends = np.searchsorted(graph, np.arange(graphs.height + 1))
    rows = []
    for begin, end, number, clear in zip(ends[:-1], ends[1:], graphs["graph"], apart, strict=True):
        above, below = agreement(group[begin:end], unit[begin:end])
        index = above / below if below else None
        found, size = len(np.unique(group[begin:end])), int(end - begin)
        rows += [
            ("agreement", number, index, above, below or None, size),
            ("communities", number, float(found), None, None, size),
            ("modularity", number, float(clear), None, None, size),
        ]
    schema: dict[str, Any] = {
        "measure": pl.String, "graph": graphs.schema["graph"], "value": pl.Float64,
        "numerator": pl.Float64, "denominator": pl.Float64, "people": pl.Int64,
    }  # fmt: skip
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .join(graphs, on="graph")
        .select(
            "measure", *_GRAPH, pl.lit("(all)").alias("unit"), pl.lit("(all)").alias("other_unit"),
            "value", "numerator", "denominator", "people",
        )
    )  # fmt: skip


def communities(s: Array, t: Array, w: Array, graph: Array) -> Array:
    """The community of each person, as a number; each lies within one graph.

    `s`, `t`, `w`: ties between persons numbered from 0; parts of the same tie add up. `graph` numbers
    each person's graph, from 0 up and sorted.
    """
    people = len(graph)
    member = np.arange(people)
    if not len(s):
        return member
    whole = np.round(w * _SCALE)
    ties = scipy.sparse.csr_matrix(
        (np.concatenate([whole, whole]), (np.concatenate([s, t]), np.concatenate([t, s]))),
        shape=(people, people),
    )
    strength = np.asarray(ties.sum(axis=1)).ravel()
    total, where = np.bincount(graph, strength), graph
    while True:
        names, group = np.unique(_moved(ties, strength, where, total), return_inverse=True)
        member = group[member]
        if len(names) == len(where):
            return member
        # Each community becomes one node; what is inside it moves along.
        gather = scipy.sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
        ties, strength, where = gather @ ties @ gather.T, gather @ strength, where[names]
        ties = (ties - scipy.sparse.diags_array(ties.diagonal())).tocsr()
        ties.eliminate_zeros()


def modularity(s: Array, t: Array, w: Array, graph: Array, member: Array) -> Array:
    """Modularity of each graph divided into the communities of `member`; the rest as for communities."""
    graphs = int(graph[-1]) + 1 if len(graph) else 0
    total = np.bincount(graph[s], w, minlength=graphs)
    same = member[s] == member[t]
    inside = np.bincount(graph[s[same]], w[same], minlength=graphs)
    ends = np.bincount(member[s], w, len(graph)) + np.bincount(member[t], w, len(graph))
    where = np.zeros(len(graph), dtype=np.int64)
    where[member] = graph
    return inside / total - np.bincount(where, ends**2, minlength=graphs) / (4 * total**2)


def _moved(ties: scipy.sparse.csr_matrix, strength: Array, where: Array, total: Array) -> Array:
    """Each node's community after all have moved to where they fit best, until nothing improves."""
    count = len(where)
    group = np.arange(count)
    turn = (group - np.searchsorted(where, where)) % _TURNS
    parts = [(rows, ties[rows]) for n in range(_TURNS) if len(rows := np.flatnonzero(turn == n))]
    best = _quality(ties, group, strength, where, total)
    open_graphs = np.ones(len(total), dtype=bool)
    stirred = np.ones(count, dtype=bool)  # who has something to look at anew
    for _ in range(_SWEEPS):
        before = group.copy()
        for rows, part in parts:
            awake = stirred[rows] & open_graphs[where[rows]]
            who = rows[awake]
            group[who] = _best_group(who, part[awake], group, strength, total[where[who]])
        quality = _quality(ties, group, strength, where, total)
        # Only better divisions stay, so that a graph that is ready is the same whatever others need.
        open_graphs &= quality > best + _LEAST * total**2
        group = np.where(open_graphs[where], group, before)
        best = np.where(open_graphs, quality, best)
        if not open_graphs.any():
            break
        stirred = ties @ (group != before) > 0
    return group


def _best_group(
    rows: Array, part: scipy.sparse.csr_matrix, group: Array, strength: Array, total: Array
) -> Array:
    """Where each of `rows` raises the modularity most; its own community where nothing is better."""
    count = len(group)
    own, weight = group[rows], strength[rows]
    tot = np.bincount(group, strength, minlength=count)
    to = part @ scipy.sparse.csr_matrix(
        (np.ones(count), group, np.arange(count + 1)), shape=(count, count)
    )
    at = np.repeat(np.arange(len(rows)), np.diff(to.indptr))
    column = to.indices.astype(np.int64)
    rest = tot[column] - np.where(column == own[at], weight[at], 0)
    gain = to.data * total[at] - weight[at] * rest
    stay = -weight * (tot[own] - weight)
    mine = column == own[at]
    stay[at[mine]] = gain[mine]
    top = stay.copy()
    np.maximum.at(top, at, gain)
    chosen = np.full(len(rows), count)
    # Of two people alone the later one moves, or they would change places for ever.
    alone = np.bincount(group, minlength=count) == 1
    good = (gain == top[at]) & ~(alone[own[at]] & alone[column] & (column > own[at]))
    np.minimum.at(chosen, at[good], column[good])
    return np.where((top > stay) & (chosen < count), chosen, own)


def _quality(
    ties: scipy.sparse.csr_matrix, group: Array, strength: Array, where: Array, total: Array
) -> Array:
    """Modularity of each graph, times the square of its total, less what is the same for every division."""
    count = len(group)
    tot = np.bincount(group, strength, minlength=count)
    squares = np.bincount(where, tot**2, minlength=len(total))
    return _inside(ties, group, where, len(total)) * total - squares


def _inside(ties: scipy.sparse.csr_matrix, group: Array, where: Array, graphs: int) -> Array:
    row = np.repeat(np.arange(len(group)), np.diff(ties.indptr))
    same = group[row] == group[ties.indices]
    return np.bincount(where[row[same]], ties.data[same], minlength=graphs)


def agreement(group: Array, unit: Array) -> tuple[float, float]:
    """Mutual information of two divisions above chance, and the most that it could be.

    Their ratio is the adjusted mutual information (mean of the two entropies). The second is 0 where
    there is one unit only: then there is nothing to agree with.
    """
    people = len(group)
    _, g = np.unique(group, return_inverse=True)
    _, u = np.unique(unit, return_inverse=True)
    a, b = np.bincount(g), np.bincount(u)
    if len(b) < 2:  # noqa: PLR2004
        return 0.0, 0.0
    pair, both = np.unique(g * len(b) + u, return_counts=True)
    share = both / people
    information = float(share @ np.log(share * people**2 / (a[pair // len(b)] * b[pair % len(b)])))
    chance = expected_information(a, b)
    return information - chance, (_entropy(a) + _entropy(b)) / 2 - chance


def _entropy(sizes: Array) -> float:
    share = sizes / sizes.sum()
    return float(-(share @ np.log(share)))


def expected_information(a: Array, b: Array) -> float:
    """Mean mutual information, in nats, of two random divisions into parts of these sizes (> 0)."""
    people = int(a.sum())
    log = scipy.special.gammaln(np.arange(people + 1) + 1.0)
    sizes, often = np.unique(a, return_counts=True)
    expected = 0.0
    for size, times in zip(*np.unique(b, return_counts=True), strict=True):
        mean = sizes * size / people
        reach = _SPREAD * np.sqrt(np.minimum(sizes, size))
        low = np.maximum(np.maximum(1, sizes + size - people), np.floor(mean - reach)).astype(
            np.int64
        )
        high = np.minimum(np.minimum(sizes, size), np.ceil(mean + reach)).astype(np.int64)
        length = np.maximum(high - low + 1, 0)
        at = np.repeat(np.arange(len(sizes)), length)
        n = low[at] + np.arange(len(at)) - np.repeat(np.cumsum(length) - length, length)
        own = sizes[at]
        chance = np.exp(
            log[own] + log[size] + log[people - own] + log[people - size] - log[people]
            - log[n] - log[own - n] - log[size - n] - log[people - own - size + n]
        )  # fmt: skip
        told = n / people * np.log(n * people / (own * size))
        expected += times * float((often[at] * chance) @ told)
    return expected
