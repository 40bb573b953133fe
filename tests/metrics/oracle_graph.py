"""Metrics of graphs: every path one by one, and what two divisions of people tell of each other."""

from __future__ import annotations

from collections import Counter
from math import log

import networkx as nx
import numpy as np

from transforms.metrics.brokerage import ROLES


def brokered(edges: set[tuple[int, int]], unit: list) -> np.ndarray:
    """Every open path of two acts, one by one."""
    graph = nx.DiGraph(list(edges))
    counts = np.zeros((len(unit), len(ROLES)), dtype=int)
    for v in graph:
        for a in graph.predecessors(v):
            for b in graph.successors(v):
                if a != b and not graph.has_edge(a, b):
                    same = (unit[a] == unit[v], unit[v] == unit[b], unit[a] == unit[b])
                    role = {
                        (True, True, True): 0, (False, True, False): 1, (True, False, False): 2,
                        (False, False, True): 3, (False, False, False): 4,
                    }[same]  # fmt: skip
                    counts[v, role] += 1
    return counts


def arrays(graph: nx.Graph) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ties of people numbered from 0, all of one graph."""
    ties = list(graph.edges(data="weight", default=1.0))
    s, t = (np.array([tie[n] for tie in ties], dtype=np.int64) for n in (0, 1))
    w = np.array([tie[2] for tie in ties], dtype=float)
    return s, t, w, np.zeros(len(graph), dtype=np.int64)


def as_sets(member: np.ndarray) -> list[set[int]]:
    return [set(np.flatnonzero(member == name).tolist()) for name in np.unique(member)]


def information(a: tuple, b: tuple) -> float:
    both, one, other, n = Counter(zip(a, b, strict=True)), Counter(a), Counter(b), len(a)
    return sum(c / n * log(c * n / (one[x] * other[y])) for (x, y), c in both.items())
