"""What the metrics on directed acts and on what is begun say of the acts of one period and channel.

From their definitions: networkx, and sums by hand. Each yields (measure, unit, other unit, value, people,
other people, share of the most active person).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import log

import networkx as nx

from transforms.model import Parameters

WHOLE, OTHER = "(all)", "(other)"
Units = Callable[[object, date], Mapping[str, float]]  # a person's units that day and their shares


@dataclass(frozen=True)
class Act:
    """What one person did towards others, or several did together."""

    day: date
    channel: str
    people: frozenset
    starter: object = None
    towards: tuple[tuple[object, float], ...] = ()  # others, and what they count for
    is_directed: bool = True
    is_opening: bool = True  # answers nothing
    container: object = None

    @property
    def weights(self) -> dict:
        total = sum(weight for _, weight in self.towards)
        divisor = total if self.channel == "message" else 1.0
        return {person: weight / divisor for person, weight in self.towards}


def reciprocity(acts: list[Act], units: Units, parameters: Parameters) -> Iterator[tuple]:
    graphs: dict[tuple[str, str], nx.DiGraph] = defaultdict(nx.DiGraph)

    def add(cell: tuple[str, str], s: object, t: object, w: float) -> None:
        before = graphs[cell].get_edge_data(s, t, {"w": 0.0})["w"]
        graphs[cell].add_edge(s, t, w=before + w)

    for act in acts:
        if not act.is_directed:
            continue
        for t, w in act.weights.items():
            add((WHOLE, WHOLE), (act.starter, WHOLE), (t, WHOLE), w)
            for g, part in units(act.starter, act.day).items():
                for h, other in units(t, act.day).items():
                    add((min(g, h), max(g, h)), (act.starter, g), (t, h), w * part * other)
    for (unit, other), graph in graphs.items():
        total = sum(w for *_, w in graph.edges(data="w"))
        both = sum(
            min(w, graph.get_edge_data(t, s, {"w": 0})["w"]) for s, t, w in graph.edges(data="w")
        )
        side = Counter(where for _, where in graph)
        behind = (side[unit], None if unit == WHOLE else side[other])
        arcs = graph.number_of_edges()
        people = {person for person, _ in graph}
        touched = [
            [w for s, t, w in graph.edges(data="w") if person in (s[0], t[0])] for person in people
        ]
        yield "weighted", unit, other, both / total, *behind, max(map(sum, touched)) / total
        yield (
            "unweighted", unit, other, nx.overall_reciprocity(graph), *behind,
            max(map(len, touched)) / arcs,
        )  # fmt: skip


def net_flow(acts: list[Act], units: Units, parameters: Parameters) -> Iterator[tuple]:
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    touched: dict[str, Counter] = defaultdict(Counter)
    own: dict[str, set] = defaultdict(set)
    for act in acts:
        for t, w in act.weights.items() if act.is_directed else ():
            for g, part in units(act.starter, act.day).items():
                for h, other in units(t, act.day).items():
                    if g != h:
                        sent[g] += w * part * other
                        received[h] += w * part * other
                        own[g].add(act.starter)
                        own[h].add(t)
                        for unit in (g, h):
                            touched[unit] += Counter({act.starter: w * part * other})
                            touched[unit] += Counter({t: w * part * other})
    for unit in sent.keys() | received.keys():
        total = sent[unit] + received[unit]
        top = max(touched[unit].values()) / total
        yield "net", unit, WHOLE, (sent[unit] - received[unit]) / total, len(own[unit]), None, top


def initiative_balance(acts: list[Act], units: Units, parameters: Parameters) -> Iterator[tuple]:
    starts: Counter[tuple[str, str]] = Counter()  # of the first towards the second
    starters: dict[tuple[str, str], set] = defaultdict(set)
    addressed: dict[tuple[str, str], set] = defaultdict(set)
    touched: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for act in acts:
        for g, part in (
            units(act.starter, act.day).items() if act.is_opening and act.towards else ()
        ):
            presence: dict[str, dict[object, float]] = defaultdict(dict)
            for t, weight in act.towards:
                for h, share in units(t, act.day).items():
                    if g != h:
                        presence[h][t] = weight * share
            for h, shares in presence.items():
                begun = part * max(shares.values())
                starts[g, h] += begun
                starters[g, h].add(act.starter)
                addressed[g, h] |= shares.keys()
                touched[g, h][act.starter] += begun
                for t, share in shares.items():
                    touched[g, h][t] += begun * share / sum(shares.values())
    for g, h in {(min(line), max(line)) for line in starts}:
        there, back, ways = starts[g, h], starts[h, g], [(g, h), (h, g)]
        behind = [len(starters[g, h] | addressed[h, g]), len(starters[h, g] | addressed[g, h])]
        top = max((touched[g, h] + touched[h, g]).values()) / (there + back)
        yield "balance", g, h, 2 * min(there, back) / (there + back), *behind, top
        fewest = [
            min(len(side) for side in sides if side)
            for sides in ((starters[g, h], addressed[h, g]), (starters[h, g], addressed[g, h]))
        ]
        top = max(max(touched[way].values()) / starts[way] for way in ways if starts[way])
        yield "started_by_unit", g, h, there, *fewest, top
        yield "started_by_other", g, h, back, *fewest, top


def initiators(acts: list[Act], units: Units, parameters: Parameters) -> Iterator[tuple]:
    begun: dict[str, list] = defaultdict(list)
    for act in acts:
        if act.is_opening and act.starter is not None and len(act.people) > 1:
            for unit in [WHOLE, *units(act.starter, act.day)]:
                begun[unit].append(act.starter)
    for unit, starters in begun.items():
        counts, total = Counter(starters), len(starters)
        behind = (len(counts), None, max(counts.values()) / total)
        yield "acts", unit, WHOLE, total, *behind
        if total >= parameters["initiator_acts"]:
            # The chance that two acts drawn without putting back are one person's.
            pairs = [(a, b) for n, a in enumerate(starters) for b in starters[:n]]
            same = sum(a == b for a, b in pairs)
            yield "effective", unit, WHOLE, len(pairs) / same if same else None, *behind
            yield "top_share", unit, WHOLE, behind[-1], *behind
        elif unit == WHOLE:
            yield "effective", unit, WHOLE, None, *behind


def participation_balance(acts: list[Act], units: Units, parameters: Parameters) -> Iterator[tuple]:
    parts: dict[object, Counter[tuple]] = defaultdict(Counter)
    for act in acts:
        acting = [act.starter] if act.is_directed else act.people
        for person in acting if act.container is not None else ():
            for unit, share in units(person, act.day).items():
                parts[act.container][unit, person] += share
    shared: dict[str, list[Counter[tuple]]] = defaultdict(list)
    for part in parts.values():
        present = {unit for unit, _ in part}
        for unit in [WHOLE, *present] if len(_parties(part)) > 1 else ():
            shared[unit].append(part)
    for unit, held in shared.items():
        mean, people = 0.0, Counter()
        for part in held:
            by_unit, total = _parties(part), sum(part.values())
            for (_, person), n in part.items():
                people[person] += n
            entropy = -sum(n / total * log(n / total) for n in by_unit.values())
            mean += total * entropy / log(len(by_unit)) / sum(sum(p.values()) for p in held)
        own = {person for part in held for of, person in part if unit in (WHOLE, of)}
        behind = (len(own), None, max(people.values()) / people.total())
        is_told = len(held) >= parameters["participation_containers"]
        if is_told or unit == WHOLE:
            yield "balance", unit, WHOLE, mean if is_told else None, *behind
        yield "containers", unit, WHOLE, len(held), *behind


def _parties(part: Counter[tuple]) -> Counter:
    """What each unit did; of the units of one person each for itself."""
    parties: Counter = Counter()
    for (unit, person), n in part.items():
        parties[(unit, person) if unit == OTHER else unit] += n
    return parties


ORACLES = {f.__name__: f for f in (reciprocity, net_flow, initiative_balance, initiators, participation_balance)}  # fmt: skip
