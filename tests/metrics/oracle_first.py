"""What metrics 1-9, 11 and 12 say of a period, by their definitions: sums, sets and networkx.

Each yields (measure, unit, other unit, value, people, other people, share of the most active person); what
comes after the value is not told by all. Where there is a fifth, it is what chance would give.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from math import ceil, comb, isnan, nan
from typing import Any

import networkx as nx

from tests.benchmarks import script
from tests.metrics import oracle_directed
from tests.metrics.oracle_log import (
    HOUR,
    OTHER,
    UNKNOWN,
    WHOLE,
    Cell,
    Happening,
    Line,
    Network,
    first_day,
    graph_of,
    index_of,
)
from tests.metrics.oracle_time import half

Told = Iterator[tuple[Any, ...]]


def interaction_volume(cell: Cell) -> Told:
    taken_part: dict[str, Counter[int]] = defaultdict(Counter)
    events: Counter[str] = Counter()
    crowds: Counter[str] = Counter()
    for one in cell.happened:
        there: dict[str, set[int]] = defaultdict(set)
        for person in one.people:
            for unit in [WHOLE, *cell.names(person, one.day)]:
                there[unit].add(person)
        for unit, people in there.items():
            taken_part[unit].update(people)
            events[unit] += 1
            crowds[unit] += one.is_broadcast
    weight: Counter[str] = Counter()
    hours: Counter[str] = Counter()
    tied: dict[str, set[frozenset[int]]] = defaultdict(set)
    for line, ties in cell.lines.items():
        for pair, (w, h) in ties.items():
            tied[WHOLE].add(frozenset(pair))
            for unit in line:
                weight[unit] += w / 2
                hours[unit] += h / 2
                tied[unit].add(frozenset(pair))
    for w, h in cell.ties.values():
        weight[WHOLE] += w
        hours[WHOLE] += h
    for unit, n in events.items():
        people = taken_part[unit]
        behind = (len(people), None, max(people.values()) / people.total())
        yield "events", unit, WHOLE, n, *behind
        yield "broadcasts", unit, WHOLE, crowds[unit], *behind
        yield "weight", unit, WHOLE, weight[unit], *behind
        yield "people", unit, WHOLE, len(people), *behind
        yield "ties", unit, WHOLE, len(tied[unit]), *behind
        if cell.channel in ("meeting", WHOLE):
            yield "hours", unit, WHOLE, hours[unit], *behind


def flow(cell: Cell) -> Told:
    for line, ties in cell.lines.items():
        weight = sum(w for w, _ in ties.values())
        behind = (*sides(line, ties), most({pair: w for pair, (w, _) in ties.items()}) / weight)
        yield "weight", *line, weight, *behind
        if cell.channel in ("meeting", WHOLE):
            yield "hours", *line, sum(h for _, h in ties.values()), *behind


def sides(line: Line, ties: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """People of its first unit and of its second, in a unit with itself all of both."""
    one, other = ({pair[n] for pair in ties} for n in (0, 1))
    if line[0] == line[1]:
        one = other = one | other
    return len(one), len(other)


def most(ties: Mapping[tuple[int, int], float]) -> float:
    """The weight that touches the most active person."""
    return max(strength(ties).values())


def strength(ties: Mapping[tuple[int, int], float]) -> Counter[int]:
    touched: Counter[int] = Counter()
    for pair, w in ties.items():
        for person in pair:
            touched[person] += w
    return touched


def cross_boundary_share(cell: Cell) -> Told:
    known: Counter[str] = Counter()
    outward: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    touched: dict[str, Counter[int]] = defaultdict(Counter)
    for line, ties in cell.lines.items():
        for pair, (w, _) in ties.items():
            for unit in {WHOLE, *line}:
                whole[unit] += w
                known[unit] += w * (UNKNOWN not in line)
                outward[unit] += w * (line in cell.across)
            for unit, person in zip(line, pair, strict=True):
                touched[unit][person] += w
                touched[WHOLE][person] += w
    for unit in whole.keys() - {UNKNOWN}:
        people = touched[unit]
        # Of the network the part of the ties, of a unit that of the ends of ties on its side.
        ends = whole[unit] if unit == WHOLE else people.total()
        behind = (len(people), None, max(people.values()) / ends)
        share = outward[unit] / known[unit] if known[unit] else None
        yield "share", unit, WHOLE, share, *behind
        yield "unknown_share", unit, WHOLE, 1 - known[unit] / whole[unit], *behind


def ei_index(cell: Cell) -> Told:
    ties: Counter[tuple[int, int]] = Counter()
    for line, here in cell.lines.items():
        for pair, (w, _) in here.items():
            if UNKNOWN not in line:
                ties[min(pair), max(pair)] += w
    if not ties:
        return
    outward = sum(w for line in cell.across.values() for w in line.values())
    apart = cell.sizes[OTHER]
    sizes = [n for unit, n in cell.sizes.items() if unit != OTHER] + [1] * apart
    index, z = script.index_and_z(graph_of(ties.items()), outward, sizes)
    behind = (len(strength(ties)), None, most(ties) / ties.total())
    n = sum(sizes)
    apart_by_chance = 1 - sum(k * (k - 1) for k in sizes) / (n * (n - 1)) if n > 1 else nan
    yield "index", WHOLE, WHOLE, index, *behind, nan if isnan(z) else 2 * apart_by_chance - 1
    yield "z", WHOLE, WHOLE, z, *behind


def boundary_coverage(cell: Cell) -> Told:
    people = {p for one in cell.happened for p in one.people}
    there = {
        unit for one in cell.whole.happened for p in one.people for unit in cell.names(p, one.day)
    }
    units = len((cell.sizes.keys() | there) - {UNKNOWN, OTHER})
    if people and units:
        lines = sum(OTHER not in line for line in cell.across)
        possible = comb(units, 2)
        yield "coverage", WHOLE, WHOLE, lines / possible if possible else None, len(people)
        yield "lines", WHOLE, WHOLE, lines, len(people)


def threads(cell: Cell) -> Told:
    for line, ties in cell.across.items():
        if line[0] != line[1]:
            # Who is in both units can hold a thread on either side.
            graph = nx.Graph(((line[0], a), (line[1], b)) for a, b in ties)
            top = {(line[0], a) for a, _ in ties}
            matching = nx.bipartite.hopcroft_karp_matching(graph, top)
            yield "threads", *line, len(matching) // 2, *sides(line, ties)


def tie_turnover(cell: Cell) -> Told:
    """What became of ties is told of the two people; a line has those of its two periods."""
    network = cell.network
    past = [network.cell(cell.grain, n, cell.channel, cell.boundary) for n in _until(cell)]
    active = {c.index for c in past if c and c.ties}
    opening = min(active, default=cell.index)
    before = past[-1] if past else None
    if cell.index <= opening and cell.ties:
        return

    def fate(pair: tuple[int, int]) -> str:
        last = max((c.index for c in past if c and pair in c.ties), default=None)
        if last is None:
            return "new"
        gap = cell.index - last
        if gap == 1:
            return "persisted"
        return "resumed" if gap <= network.parameters["resumed_within"] else "reactivated"

    fates = {pair: fate(pair) for pair in cell.ties}
    tables = [(WHOLE, WHOLE, cell.ties.keys(), before.ties.keys() if before else set())]
    if cell.grain != "day":
        then = before.lines if before else {}
        tables += [
            (*line, cell.lines.get(line, {}).keys(), then.get(line, {}).keys())
            for line in cell.lines.keys() | then.keys()
        ]
    for unit, other, now, was in tables:
        if not now and not was:
            continue
        touched = Counter(p for pair in (*now, *was) for p in pair)
        people = (len(touched), None) if unit == WHOLE else sides((unit, other), (*now, *was))
        behind = (*people, max(touched.values()) / (len(now) + len(was)))
        # Two who are both in both units have two ties on their line, each with one of them in either.
        told = Counter(fates[min(pair), max(pair)] for pair in now)
        kept = {pair for pair in was if (min(pair), max(pair)) in cell.ties}
        going_on = {pair for pair in now if fates[min(pair), max(pair)] == "persisted"}
        for name in ("new", "persisted", "resumed", "reactivated"):
            yield name, unit, other, told[name], *behind
        yield "lost", unit, other, len(was) - len(kept), *behind
        yield "retention", unit, other, len(kept) / len(was) if was else None, *behind
        yield "jaccard", unit, other, len(kept | going_on) / len({*now, *was}), *behind


def _until(cell: Cell) -> range:
    return range(index_of(cell.network.first, cell.grain), cell.index)


def convening(cell: Cell) -> Told:
    network = cell.network
    active = {p for one in cell.happened for p in one.people}
    if cell.channel == "work" or not active:
        return
    parties: list[tuple[Happening, dict[str, set[int]]]] = []
    for one in cell.happened:
        there: dict[str, set[int]] = defaultdict(set)
        for person in one.people:
            for unit in cell.names(person, one.day):
                there[unit].add(person)
        units = len(there.keys() - {UNKNOWN, OTHER}) + len(there[OTHER])
        if one.channel != "work" and len(one.people) >= network.parameters["convening_people"] and units > 1:  # fmt: skip
            parties.append((one, there))
    convened: dict[str, Counter[int]] = defaultdict(Counter)
    held: Counter[str] = Counter()
    guests: dict[str, set[int]] = defaultdict(set)
    units_convening = set()
    for one, there in parties:
        convened[WHOLE].update(one.starters)
        held[WHOLE] += 1
        guests[WHOLE] |= one.people
        for unit, people in there.items():
            own = people & one.starters
            if own:
                convened[unit].update(own)
                held[unit] += 1
                guests[unit] |= people
                units_convening |= own if unit == OTHER else {unit} - {UNKNOWN}  # type: ignore[operator]
    top = max(convened[WHOLE].values()) / held[WHOLE] if convened[WHOLE] else None
    behind = (len(guests[WHOLE] or active), None, top)
    yield "events", WHOLE, WHOLE, held[WHOLE], *behind
    yield "conveners", WHOLE, WHOLE, len(convened[WHOLE]), *behind
    yield "units", WHOLE, WHOLE, len(units_convening), *behind
    for unit in held.keys() - {WHOLE} if cell.grain != "day" else ():
        behind = (len(guests[unit]), None, max(convened[unit].values()) / held[unit])
        yield "events", unit, WHOLE, held[unit], *behind
        yield "conveners", unit, WHOLE, len(convened[unit]), *behind


def response(cell: Cell) -> Told:
    if cell.grain == "day" or cell.channel not in ("message", WHOLE):
        return
    lines: dict[Line, list[tuple[int, int, float | None, float, bool]]] = defaultdict(list)
    for opened in (one for one in cell.happened if one.channel == "message"):
        for s, t, *rest in _asked(cell.network, opened):
            places = {(g, h) for g in cell.names(s, opened.day) for h in cell.names(t, opened.day)}
            if any(UNKNOWN not in line and (line[0] != line[1] or line[0] == OTHER) for line in places):  # fmt: skip
                places |= {(WHOLE, WHOLE)}
            for line in places:
                lines[line].append((s, t, *rest))
    for line, asked in lines.items():
        judged = [hours is not None for _, _, hours, _, is_observed in asked if is_observed]
        touched = Counter(person for s, t, *_ in asked for person in (s, t))
        one, other = ({row[n] for row in asked} for n in (0, 1))
        sides = (len(one | other), None) if line[0] == WHOLE else (len(one), len(other))
        behind = (*sides, max(touched.values()) / len(asked))
        time = half([(-1.0, waited, hours is not None) for _, _, hours, waited, _ in asked])
        yield "rate", *line, sum(judged) / len(judged) if judged else None, *behind
        yield "time", *line, time, *behind


def _asked(network: Network, opened: Happening) -> Iterator[tuple[int, int, float | None, float, bool]]:  # fmt: skip
    """Who asks whom in a message, hours to the answer, hours waited, and whether all of the time is in the data."""
    if not opened.is_opening or opened.is_broadcast:
        return
    days = timedelta(days=network.parameters["answer_days"])
    is_observed = opened.day + days <= network.last
    midnight = opened.at.combine(network.last + timedelta(days=1), opened.at.min.time())
    left = days if is_observed else max(midnight - opened.at, timedelta())
    for s in opened.starters:
        for t in opened.addressed - {s}:
            waits = [
                one.at - opened.at
                for name in {opened.conversation, opened.number}
                for one in network.conversations[name]
                if t in one.starters and opened.at < one.at <= opened.at + days
                and one.day <= opened.day + days
            ]  # fmt: skip
            wait = min(waits, default=None)
            yield s, t, wait and wait / HOUR, (wait or left) / HOUR, is_observed


def joint_initiatives(cell: Cell) -> Told:
    if cell.grain not in ("month", "quarter"):
        return
    now, before = _taken_up(cell), {}
    earlier = cell.around(-1)
    if earlier:
        before = _taken_up(earlier)
    for unit, other in now.keys() | before.keys():
        alive, was = now.get((unit, other), {}), before.get((unit, other), {})
        sides = [
            {
                p
                for part in (alive, was)
                for seats, _ in part.values()
                for p, n in seats
                if n == side
            }
            for side in (0, 1)
        ]
        behind = (len(sides[0]), None if other == WHOLE else len(sides[1]))
        yield "alive", unit, other, len(alive), *behind
        yield "started", unit, other, sum(is_new for _, is_new in alive.values()), *behind
        if was:
            kept = len(alive.keys() & was.keys())
            yield "ended", unit, other, len(was) - kept, *behind
            yield "survival", unit, other, kept / len(was), *behind


def _taken_up(cell: Cell) -> dict[Line, dict[Any, tuple[set[tuple[int, int]], bool]]]:
    """Of whom → initiative → people with their side, and whether it was born in the period."""
    found: dict[Line, dict[Any, tuple[set[tuple[int, int]], bool]]] = defaultdict(dict)
    end = first_day(cell.index + 1, cell.grain)
    for (channel, container), met in cell.network.joint(cell.boundary).items():
        until = [(day, there) for day, there in met if day < end]
        here = [(day, there) for day, there in until if day >= cell.period]
        if channel not in (cell.channel, cell.channel.replace(WHOLE, channel)) or not here or len(until) < 2:  # fmt: skip
            continue
        is_new = until[1][0] >= cell.period
        for _, there in here:
            for unit, people in there.items():
                for key in ((WHOLE, WHOLE), (unit, WHOLE)):
                    seats, _ = found[key].setdefault((channel, container), (set(), is_new))
                    seats |= {(p, 0) for p in people}
            for line in combinations(sorted(there), 2):
                seats, _ = found[line].setdefault((channel, container), (set(), is_new))
                seats |= {(p, side) for side in (0, 1) for p in there[line[side]]}
    return found


def connector_dependence(cell: Cell) -> Told:
    """People on the books stand behind it, and nobody carries more than the loss itself says."""
    if cell.grain == "day" or not cell.across:
        return
    sizes = cell.sizes
    whole = sizes.total()
    share = ceil(cell.network.parameters["connector_share"] * whole - 1e-9)
    leaving = {f"loss_{k}": min(k, whole) for k in (1, 2, 3)} | {"loss_share": share}
    graph = graph_of(tie for ties in cell.across.values() for tie in ties.items())
    for measure, loss in script.losses(graph, leaving).items():
        untouched = comb(whole - leaving[measure], 2) / comb(whole, 2) if whole > 1 else nan
        yield measure, WHOLE, WHOLE, loss, whole, None, None, 1 - untouched
    outward: dict[str, Counter[int]] = defaultdict(Counter)
    for line, ties in cell.across.items():
        for pair, w in ties.items():
            for unit, person in zip(line, pair, strict=True):
                outward[unit][person] += w
    for unit, own in outward.items():
        if not sizes[unit]:  # all have left before the end of the period
            continue
        for k in (1, 2, 3):
            lost = sum(w for _, w in own.most_common(min(k, sizes[unit])))
            by_chance = min(k, sizes[unit]) / sizes[unit]
            yield f"loss_{k}", unit, WHOLE, lost / own.total(), sizes[unit], None, None, by_chance


def of_acts(name: str, is_daily: Callable[[tuple[Any, ...]], bool]) -> Callable[[Cell], Told]:
    """The oracle of oracle_directed of this name, on a day where `is_daily` says so of a row."""

    def told(cell: Cell) -> Told:
        oracle = oracle_directed.ORACLES[name]
        rows = oracle(cell.acts, cell.units, cell.network.parameters)
        return (row for row in rows if cell.grain != "day" or is_daily(row))

    return told


ORACLES: dict[str, Callable[[Cell], Told]] = {
    f.__name__: f
    for f in (
        interaction_volume, flow, cross_boundary_share, ei_index, boundary_coverage, threads, tie_turnover,
        convening, response, joint_initiatives, connector_dependence,
    )
} | {
    "reciprocity": of_acts("reciprocity", lambda row: bool(row[1] == WHOLE)),
    "initiators": of_acts("initiators", lambda _: False),
}  # fmt: skip
