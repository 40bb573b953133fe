"""Metrics that need the whole graph, against networkx: `python -m tests.benchmarks graphs`.

100,000 people and a million ties in 40 units, some of them very busy. Seconds are CPU seconds of the
whole step, from the rows of the models to the rows of the metric; networkx has its graph to build too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from time import process_time
from typing import Any

import networkx as nx
import numpy as np
import polars as pl

from tests.benchmarks.processes import table
from transforms.metrics import brokerage, communities, threads

PEOPLE, TIES, UNITS = 100_000, 1_000_000, 40
TIMES = 3
TIE = {
    "grain": pl.lit("month"), "period": pl.lit(date(2026, 6, 1)), "channel": pl.lit("message"),
    "boundary": pl.lit("organisation"),
}  # fmt: skip


def ties(seed: int = 5) -> pl.DataFrame:
    """Directed acts s → t, each once: most within a circle of 50, many to the busy, wherever they are."""
    rng = np.random.default_rng(seed)
    busy = np.minimum(rng.pareto(1.3, PEOPLE) + 0.3, 100)
    busy /= busy.sum()
    s = rng.choice(PEOPLE, 2 * TIES, p=busy)
    near = (s // 50 * 50 + rng.integers(0, 50, len(s))) % PEOPLE
    t = np.where(rng.random(len(s)) < 0.6, near, rng.choice(PEOPLE, len(s), p=busy))
    pairs = pl.DataFrame({"s": s, "t": t}).filter(pl.col("s") != pl.col("t"))
    return pairs.unique(maintain_order=True).head(TIES).with_columns(w=1.0)


def unit_of(person: str) -> pl.Expr:
    return pl.format("Unit {}", pl.col(person) * UNITS // PEOPLE)


def timed(work: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    """The least CPU seconds of several runs, and what the work gave."""
    spent = []
    for _ in range(times):
        begun = process_time()
        told = work()
        spent.append(process_time() - begun)
    return min(spent), told


def brokered(acts: pl.DataFrame) -> dict[tuple[str, str], int]:
    """(role, unit) → open paths, as a loop over networkx counts them."""
    graph = nx.DiGraph()
    graph.add_edges_from(acts.select("s", "t").iter_rows())
    unit = {person: person * UNITS // PEOPLE for person in graph}
    counts: Counter[tuple[str, str]] = Counter()
    for v in graph:
        heard, told, own = list(graph.pred[v]), list(graph.succ[v]), unit[v]
        for a in heard:
            reached = graph.succ[a]
            for b in told:
                if a != b and b not in reached:
                    first, last = unit[a], unit[b]
                    if first == own:
                        role = "coordinator" if last == own else "representative"
                    elif last == own:
                        role = "gatekeeper"
                    else:
                        role = "itinerant" if first == last else "liaison"
                    counts[role, f"Unit {own}"] += 1
    return dict(counts)


def matched(rows: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Line → size of its largest matching, by networkx."""
    lines: dict[tuple[str, str], nx.Graph] = {}
    for s, t, one, other in rows.select("s", "t", "unit_s", "unit_t").iter_rows():
        if one == other:
            continue
        a, b = (s, t) if one < other else (t, s)
        lines.setdefault((min(one, other), max(one, other)), nx.Graph()).add_edge((0, a), (1, b))
    return {
        line: len(
            nx.bipartite.hopcroft_karp_matching(graph, {node for node in graph if node[0] == 0})
        )
        // 2
        for line, graph in lines.items()
    }


def louvain(rows: pl.DataFrame) -> float:
    """Modularity that networkx reaches."""
    graph = nx.Graph()
    graph.add_weighted_edges_from(rows.select("s", "t", "w").iter_rows())
    found = nx.community.louvain_communities(graph, seed=1)
    return float(nx.community.modularity(graph, found))


def measure() -> str:
    """A table of ours, theirs and the ratio; stops where the two do not agree."""
    acts = ties().select(**TIE, unit_s=unit_of("s"), unit_t=unit_of("t"), s="s", t="t", w="w")
    low, high = pl.min_horizontal("s", "t"), pl.max_horizontal("s", "t")
    both = (
        acts.select(low.alias("s"), high.alias("t"), "w").group_by("s", "t").agg(pl.col("w").sum())
    )
    rows = both.select(**TIE, unit_s=unit_of("s"), unit_t=unit_of("t"), s="s", t="t", w="w")
    person = pl.DataFrame({"person_id": np.arange(PEOPLE)})
    home = person.select(**TIE, person_id="person_id", unit=unit_of("person_id"))
    frame = home.group_by("grain", "period", "boundary", "unit").agg(people=pl.len())
    lines = [["step", "ours s", "networkx s", "ratio", "the same"]]

    ours, table_ = timed(lambda: brokerage.compute(acts, home, frame), TIMES)
    theirs, wanted = timed(lambda: brokered(acts))
    parts = table_.filter((pl.col("unit") != "(all)") & (pl.col("value") > 0))
    assert {(m, u): v for m, u, v in parts.select("measure", "unit", "value").iter_rows()} == wanted
    lines.append(_line("brokerage", ours, theirs, f"{sum(wanted.values()):,} pairs"))

    ours, table_ = timed(lambda: threads.compute(rows), TIMES)
    theirs, wanted = timed(lambda: matched(rows))
    assert {
        (u, o): v for u, o, v in table_.select("unit", "other_unit", "value").iter_rows()
    } == wanted
    lines.append(_line("threads", ours, theirs, f"{len(wanted):,} lines"))

    ours, table_ = timed(lambda: communities.compute(rows, home), TIMES)
    theirs, reached = timed(lambda: louvain(rows))
    own = table_.filter(measure="modularity")["value"][0]
    lines.append(_line("communities", ours, theirs, f"modularity {own:.3f}, theirs {reached:.3f}"))
    return (
        f"{PEOPLE:,} people, {acts.height:,} acts on {rows.height:,} ties, {UNITS} units; threads look at those "
        f"between two units\n\n{table(lines)}"
    )


def _line(name: str, ours: float, theirs: float, same: str) -> list[str]:
    return [name, f"{ours:.2f}", f"{theirs:.1f}", f"{theirs / ours:.0f}", same]
