"""What metrics 10 and 13-24 say of a period, by their definitions: loops, sets, networkx and survival curves.

Each yields (measure, unit, other unit, value, people, other people, share of the most active person, expected);
what comes after the value is not told by all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import permutations
from math import ceil
from statistics import median
from typing import Any

import networkx as nx
import numpy as np
from networkx.algorithms.assortativity.correlation import attribute_ac

from tests.metrics.oracle_first import Told, most, of_acts, sides
from tests.metrics.oracle_graph import as_sets, brokered, information
from tests.metrics.oracle_log import (
    OTHER,
    UNKNOWN,
    WHOLE,
    Cell,
    Line,
    first_day,
    graph_of,
    index_of,
)
from tests.metrics.oracle_time import ages, half
from transforms.metrics.brokerage import ROLES
from transforms.metrics.communities import communities as divided
from transforms.metrics.communities import expected_information

LEFT_OUT = {UNKNOWN, OTHER}  # by measures of structure


def introduced(cell: Cell) -> Told:
    if cell.grain == "day":
        return
    lines: dict[Line, list[tuple[Any, ...]]] = defaultdict(list)
    for event, introducer, s, t, took_root, is_mature in cell.network.introductions:
        day = event.day
        if index_of(day, cell.grain) != cell.index or cell.channel not in (event.channel, WHOLE):
            continue
        places = {(g, h) for g in cell.units(s, day) for h in cell.units(t, day)}
        apart = {(g, h) for g, h in places if g != h or g == OTHER}
        row = (introducer, took_root, is_mature)
        for g, h in apart:
            if g != h:
                lines[min(g, h), max(g, h)].append((*row, *((s, t) if g < h else (t, s))))
        for unit in [WHOLE, *cell.names(introducer, day)] if apart else ():
            lines[unit, WHOLE].append(row)
    for line, made in lines.items():
        by = Counter(row[0] for row in made)
        ends = [{row[n] for row in made} for n in ((0,) if line[1] == WHOLE else (3, 4))]
        behind = (len(ends[0]), len(ends[1]) if line[1] != WHOLE else None, max(by.values()) / len(made))  # fmt: skip
        judged = [took_root for _, took_root, is_mature, *_ in made if is_mature]
        yield "introductions", *line, len(made), *behind
        yield "converted", *line, sum(judged) if judged else None, *behind
        yield "rate", *line, sum(judged) / len(judged) if judged else None, *behind


def tie_half_life(cell: Cell) -> Told:
    """Of all channels, in months or in quarters of three."""
    if cell.channel != WHOLE or cell.grain not in ("month", "quarter"):
        return
    parameters, months = cell.network.parameters, 1 if cell.grain == "month" else 3
    opening = cell.index - ceil(parameters["half_life_months"] / months) + 1
    until = [c for c in cell.network.until(cell) if c.ties]
    active: dict[tuple[int, int], list[int]] = defaultdict(list)
    for past in until:
        for pair in past.ties:
            active[pair].append(past.index)
    at = {past.index: past for past in until}
    lines: dict[Line, list[tuple[Any, ...]]] = defaultdict(list)
    for pair, periods in active.items():
        for spell in _spells(periods, parameters["resumed_within"]):
            first, last = spell[0], spell[-1]
            if first == until[0].index or last < opening:
                continue
            is_ended = cell.index - last > parameters["resumed_within"]
            life = (max(0, opening - first), last + 1 - first, is_ended)
            is_across = False
            for line, seats in at[last].seats_of(pair):
                lines[line].append((*life, *seats))
                is_across |= line in at[last].across
            if is_across:
                lines[WHOLE, WHOLE].append((*life, *pair))
    for line, ties in lines.items():
        touched = Counter(person for tie in ties for person in tie[3:])
        pairs = [tie[3:] for tie in ties]
        behind = sides(line, pairs) if line[0] != WHOLE else (len(touched), None)
        age = half([tie[:3] for tie in ties])
        yield "half_life", *line, age and age * months, *behind, max(touched.values()) / len(ties)


def _spells(periods: list[int], rest: int) -> list[list[int]]:
    spells: list[list[int]] = []
    for n in periods:
        if spells and n - spells[-1][-1] <= rest:
            spells[-1].append(n)
        else:
            spells.append([n])
    return spells


def revived(cell: Cell) -> Told:
    if cell.grain == "day":
        return
    parameters, past = cell.network.parameters, list(cell.network.until(cell))[:-1]
    lines: dict[Line, list[tuple[int, int]]] = defaultdict(list)
    again: set[tuple[int, int]] = set()
    for line, ties in cell.across.items():
        for one, other in ties:
            pair = (min(one, other), max(one, other))
            last = max((c.index for c in past if pair in c.ties), default=cell.index)
            if cell.index - last > parameters["resumed_within"]:
                again.add(pair)
                if line[0] != line[1]:
                    lines[line].append((one, other))
    if not again:
        return
    lines[WHOLE, WHOLE] = [*again]
    for line, pairs in lines.items():
        touched = Counter(person for pair in pairs for person in pair)
        behind = sides(line, pairs) if line[0] != WHOLE else (len(touched), None)
        yield "ties", *line, len(pairs), *behind, max(touched.values()) / len(pairs)
    revivers: Counter[int] = Counter()
    for pair in again:
        event = min((one for one in cell.few if one.ties(*pair)), key=lambda one: (one.at, one.number))  # fmt: skip
        revivers.update(event.starters)
    x = revivers.total()
    same = sum(n * (n - 1) for n in revivers.values())
    if revivers:
        is_told = x >= parameters["initiator_acts"] and same
        yield (
            "effective", WHOLE, WHOLE, x * (x - 1) / same if is_told else None, len(revivers), None,
            max(revivers.values()) / x,
        )  # fmt: skip


def contact_to_initiative(cell: Cell) -> Told:
    if cell.channel != WHOLE or cell.grain not in ("month", "quarter"):
        return
    end = first_day(cell.index + 1, cell.grain)
    named = [line for line in cell.across if not LEFT_OUT & {*line}]
    if not named:
        return
    contact: dict[Line, date] = {}
    seen = date.min
    for day in cell.network.until(cell, "day", end):
        if day.ties:
            seen = day.period
        for line in day.across:
            if not LEFT_OUT & {*line}:
                contact.setdefault(line, day.period)
    joined: dict[Line, date] = {}
    for met in cell.network.joint(cell.boundary).values():
        until = [(day, there) for day, there in met if day < end]
        for day, there in until if len(until) > 1 else ():
            for one, other in permutations(there, 2):
                joined[one, other] = min(day, joined.get((one, other), day))
    lags = [(-1.0, max(0, (joined.get(line, seen) - day).days), line in joined) for line, day in contact.items()]  # fmt: skip
    people = {p for line in named for pair in cell.across[line] for p in pair}
    reached = sum(has for *_, has in lags) / len(lags)
    yield "time", WHOLE, WHOLE, half(lags), len(people)
    yield "reached", WHOLE, WHOLE, reached, len(people)


def homes(cell: Cell) -> dict[int, str]:
    """Where most of a person's weight is, of units with a name; of equals the first in the alphabet."""
    weight: dict[int, Counter[str]] = defaultdict(Counter)
    for line, ties in cell.lines.items():
        for pair, (w, _) in ties.items():
            for unit, person in zip(line, pair, strict=True):
                if unit not in LEFT_OUT:
                    weight[person][unit] += w
    return {
        person: min((-round(w, 9), unit) for unit, w in of.items())[1]
        for person, of in weight.items()
    }


def brokerage(cell: Cell) -> Told:
    if cell.grain == "day":
        return
    edges = {
        (s, t)
        for one in cell.few
        for s, t, _ in one.acts
        if {*cell.units(s, one.day)} - LEFT_OUT and {*cell.units(t, one.day)} - LEFT_OUT
    }
    if not edges:
        return
    home = homes(cell)
    people = sorted({p for edge in edges for p in edge})
    place = {person: n for n, person in enumerate(people)}
    unit = [home[person] for person in people]
    counts = brokered({(place[s], place[t]) for s, t in edges}, unit)
    paths = counts.sum()
    chance = _roles_by_chance(Counter({u: n for u, n in cell.sizes.items() if u != OTHER}))
    for name in [WHOLE, *sorted(set(unit))]:
        own = [n for n, of in enumerate(unit) if name in (of, WHOLE)]
        for number, role in enumerate(ROLES) if counts[own].sum() else ():
            here = counts[own, number]
            is_there = chance is not None and (name == WHOLE or cell.sizes[name])
            expected = chance[role, name] * paths if chance is not None and is_there else None
            top = here.max() / here.sum() if here.sum() else None
            yield role, name, WHOLE, here.sum(), len(own), None, top, expected


def _roles_by_chance(sizes: Counter[str]) -> Counter[tuple[str, str]] | None:
    """Role and unit of the one between → part of all ordered threes of different people."""
    n = sizes.total()
    if n < 3:
        return None
    found: Counter[tuple[str, str]] = Counter()
    for a in sizes:
        for v in sizes:
            for b in sizes:
                left = Counter(sizes)
                ways = 1
                for unit in (a, v, b):
                    ways *= left[unit]
                    left[unit] -= 1
                role = {
                    (True, True): "coordinator", (False, True): "gatekeeper", (True, False): "representative",
                }.get((a == v, v == b), "itinerant" if a == b else "liaison")  # fmt: skip
                for unit in (v, WHOLE):
                    found[role, unit] += ways / (n * (n - 1) * (n - 2))  # type: ignore[assignment]
    return found


def spanners(cell: Cell) -> Told:
    if cell.grain == "day":
        return
    active: dict[str, set[int]] = defaultdict(set)
    for one in cell.happened:
        for person in one.people:
            units = list(cell.units(person, one.day))
            for unit in [WHOLE, *units] if units else ():
                active[unit].add(person)
    outside: dict[tuple[str, int], set[int]] = defaultdict(set)
    for line, ties in cell.across.items():
        for pair in ties:
            for unit, person, other in zip(line, pair, reversed(pair), strict=True):
                outside[unit, person].add(other)
                outside[WHOLE, person].add(other)
    least = cell.network.parameters["spanner_ties"]
    for unit, people in active.items():
        spanning = sum(len(outside[unit, person]) >= least for person in people)
        yield "share", unit, WHOLE, spanning / len(people), len(people)


def silo(cell: Cell) -> Told:
    if cell.grain == "day":
        return
    mixing: Counter[tuple[Any, Any]] = Counter()
    ends: dict[str, Counter[int]] = defaultdict(Counter)
    for line, ties in cell.lines.items():
        for pair, (w, _) in ties.items() if UNKNOWN not in line else ():
            one, other = ((u, p if u == OTHER else None) for u, p in zip(line, pair, strict=True))
            mixing[one, other] += w
            mixing[other, one] += w
            for unit, person in zip(line, pair, strict=True):
                ends[unit][person] += w
                ends[WHOLE][person] += w
    if not mixing:
        return
    names = sorted({name for pair in mixing for name in pair}, key=str)
    matrix = np.array([[mixing[one, other] for other in names] for one in names])
    value = attribute_ac(matrix / matrix.sum()) if len(names) > 1 else None
    whole = ends.pop(WHOLE)
    yield "assortativity", WHOLE, WHOLE, value, len(whole), None, 2 * max(whole.values()) / whole.total()  # fmt: skip
    for unit, own in ends.items():
        if unit != OTHER and cell.sizes[unit] > 1:
            expected = (cell.sizes[unit] - 1) / (cell.sizes.total() - 1)
            inside = mixing[(unit, None), (unit, None)] / own.total()
            yield "homophily", unit, WHOLE, inside, len(own), None, max(own.values()) / own.total(), expected  # fmt: skip


def communities(cell: Cell) -> Told:
    """Of the division that the model's own search finds; how good that is, other tests say."""
    if cell.grain not in ("month", "quarter"):
        return
    # Parts of a tie on several lines one by one: the search rounds each of them.
    ties = [
        (*sorted(pair), w)
        for line, here in cell.lines.items() if not LEFT_OUT & {*line}
        for pair, (w, _) in here.items()
    ]  # fmt: skip
    if not ties:
        return
    home = homes(cell)
    people = sorted({p for tie in ties for p in tie[:2]})
    place = {person: n for n, person in enumerate(people)}
    numbered = [(place[s], place[t], w) for s, t, w in ties]
    s, t, w = (np.array(column) for column in zip(*numbered, strict=True))
    member = divided(s, t, w, np.zeros(len(people), dtype=np.int64))
    graph = graph_of(((s, t), w) for s, t, w in numbered)
    groups = as_sets(member)
    unit = tuple(home[person] for person in people)
    chance = expected_information(*(np.array([*Counter(one).values()]) for one in (member.tolist(), unit)))  # fmt: skip
    agreement = None
    if len(set(unit)) > 1:
        entropies = information(unit, unit) + information(tuple(member), tuple(member))
        above = information(tuple(member), unit) - chance
        agreement = above / (entropies / 2 - chance)
    yield "agreement", WHOLE, WHOLE, agreement, len(people)
    yield "communities", WHOLE, WHOLE, len(groups), len(people)
    yield (
        "modularity",
        WHOLE,
        WHOLE,
        nx.community.modularity(graph, groups, weight="w"),
        len(people),
    )


def regularity(cell: Cell) -> Told:
    if cell.grain not in ("month", "quarter"):
        return
    weeks: set[date] = set()
    active: dict[Line, set[date]] = defaultdict(set)
    end = first_day(cell.index + 1, cell.grain)
    for day in cell.network.until(cell, "day", end + timedelta(days=7)):
        sunday = day.period + timedelta(days=6 - day.period.weekday())
        if cell.period <= sunday < end and day.ties:
            weeks.add(sunday)
            for line in day.across:
                active[line].add(sunday)
    for line, own in active.items():
        if not LEFT_OUT & {*line}:
            ties = cell.across.get(line, {})
            behind = (*sides(line, ties), most(ties) / sum(ties.values())) if ties else (None, None, None)  # fmt: skip
            yield "active_weeks", *line, len(own) / len(weeks), *behind


def latency(cell: Cell) -> Told:
    if cell.grain == "day" or cell.channel != WHOLE or not cell.across:
        return
    network = cell.network
    until = max(one.day for one in cell.happened)
    units = sorted(cell.sizes.keys() - {OTHER})
    known = ages(network.heard(cell.boundary), units, until)
    ends: dict[str, Counter[int]] = defaultdict(Counter)
    for line, ties in cell.across.items():
        for pair, w in ties.items():
            for unit, person in zip(line, pair, strict=True):
                ends[unit][person] += w
                ends[WHOLE][person] += w
    for unit in [WHOLE, *units] if len(units) > 1 else ():
        listed = [known.get((g, h), float("inf")) for g, h in permutations(units, 2) if unit in (g, WHOLE)]  # fmt: skip
        age = median(listed)
        if ends[unit]:
            whole = ends[unit].total() / (2 if unit == WHOLE else 1)
            top = max(ends[unit].values()) / whole
            yield "median", unit, WHOLE, None if age == float("inf") else age, len(ends[unit]), None, top  # fmt: skip


def line_dependence(cell: Cell) -> Told:
    for line, ties in cell.across.items() if cell.grain != "day" else ():
        if not LEFT_OUT & {*line}:
            behind, top = sides(line, ties), most(ties) / sum(ties.values())
            yield "top", *line, top, *behind, top, 1 / min(behind)


def one_sided(cell: Cell) -> Told:
    if cell.grain == "day":
        return
    shown: dict[Line, list[bool]] = defaultdict(list)
    for one, partners in cell.network.seen:
        if index_of(one.day, cell.grain) != cell.index or cell.channel not in (one.channel, WHOLE):
            continue
        there = [(unit, p) for p in one.people for unit in cell.names(p, one.day)]
        lines = {(g, h) for (g, s), (h, t) in permutations(there, 2) if s != t and g < h}
        for line in lines if one.is_event_of_few and partners else ():
            shown[line].append(len(partners) == 1)
    for line, ties in cell.lines.items():
        if line[0] != line[1] and UNKNOWN not in line and shown[line]:
            weights = {pair: w for pair, (w, _) in ties.items()}
            top = most(weights) / sum(weights.values())
            yield "share", *line, sum(shown[line]) / len(shown[line]), *sides(line, ties), top


ORACLES: dict[str, Callable[[Cell], Iterator[tuple[Any, ...]]]] = {
    "introductions": introduced,
    **{
        f.__name__: f
        for f in (
            tie_half_life, revived, contact_to_initiative, brokerage, spanners, silo, communities, regularity,
            latency, line_dependence, one_sided,
        )
    },
    "participation_balance": of_acts("participation_balance", lambda _: False),
    "initiative_balance": of_acts("initiative_balance", lambda _: False),
    "net_flow": of_acts("net_flow", lambda _: True),
}  # fmt: skip
