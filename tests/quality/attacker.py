"""Somebody who reads a release and solves for what it hides: own equations, own linear programs.

Nothing of Tieline's audit is used. Unknown is the weight of each line and channel in each stretch of days
that no published period cuts; every shown number says between what a sum of these lies. Assumed known: how
numbers are rounded, and which teams are in which organisation.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

ALL, UNKNOWN = "(all)", "(unknown)"
LENGTH = {"day": 1, "week": 7}
SHARE_STEP = 0.02
Atom = tuple[date, str, str, str, str]  # first day, channel, boundary, unit, other unit
Statement = tuple[float, dict[int, float], float]  # least, sum of atoms, most
OF_WEIGHT = """(metric, measure) IN (('flow', 'weight'), ('interaction_volume', 'weight'),
  ('cross_boundary_share', 'share'), ('cross_boundary_share', 'unknown_share'), ('ei_index', 'index'),
  ('silo', 'homophily'))"""


def read(con: duckdb.DuckDBPyConnection, where: str = "true") -> list[dict[str, Any]]:
    """All that a release tells of weights: metric_value, and what mart.line tells of single periods."""
    rows = con.sql(f"FROM mart.metric_value WHERE {OF_WEIGHT} AND grain <> 'day' AND {where}").pl()
    found = rows.to_dicts()
    standing = con.sql(f"FROM mart.line WHERE weight > 0 AND {where}").pl().to_dicts()
    return found + [
        {
            **row,
            "metric": "flow",
            "measure": "weight",
            "value": row["weight"],
            "hidden_reason": None,
        }
        for row in standing
    ]


def rounded(x: float, part: float) -> float:
    """A number as it is published, written again."""
    if not x or not part:
        return x
    bound = x * part * (1 + 1e-9)
    ten = 10.0 ** floor(log10(bound))
    step = ten * max(m for m in (1, 2, 5) if m * ten <= bound)
    return round(floor(x / step * (1 + 1e-9) + 0.5) * step, 9)


@cache
def preimage(told: float, part: float) -> tuple[float, float]:
    """The numbers that are published as this one, found by halving."""
    if not told or not part:
        return told, told
    ends = []
    for far in (told * (1 - part), told * (1 + part)):
        inside, outside = told, far
        for _ in range(50):
            middle = (inside + outside) / 2
            if abs(rounded(middle, part) - told) < 1e-9:
                inside = middle
            else:
                outside = middle
        ends.append(inside)
    return ends[0], ends[1]


@dataclass
class Attacker:
    """`rows`: as `read` gives them. `rounding`: as the release says. `nesting`: team → organisation."""

    rows: list[dict[str, Any]]
    rounding: float = 0.05
    nesting: Mapping[str, str] = field(default_factory=dict)
    atoms: dict[Atom, int] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    finest: tuple[str, str] = ("flow", "weight")  # what atoms are parts of

    def __post_init__(self) -> None:
        lines = [r for r in self.rows if (r["metric"], r["measure"]) == self.finest]
        told = {self._key(r) for r in lines}
        self.spans = {(r["grain"], r["period"]): self._stretches(r) for r in self.rows}
        whole = ALL if any(r["channel"] != ALL for r in lines) else ""  # else nothing else is told
        for row in lines:
            for stretch in (
                self.spans[row["grain"], row["period"]] if row["channel"] != whole else ()
            ):
                atom = (stretch, row["channel"], row["boundary"], row["unit"], row["other_unit"])
                # No row of a week or month that holds the stretch: nothing was there.
                if all((g, p, *atom[1:]) in told for g, p in self._around(stretch)):
                    self.atoms.setdefault(atom, len(self.atoms))
        self.by: dict[tuple[date, str], list[Atom]] = defaultdict(list)
        for atom in self.atoms:
            self.by[atom[0], atom[2]].append(atom)
        for row in self.rows:
            if row["hidden_reason"] is None and row["value"] is not None:
                self.statements += self._told(row)
        self._nest()

    def range(self, row: dict[str, Any]) -> tuple[float, float]:
        """Least and most that a hidden line or total can be."""
        n = len(self.atoms)
        goal = np.zeros(n)
        for atom, c in self._number(row).items():
            goal[atom] = c
        found = []
        for sign in (1, -1):
            done = linprog(
                sign * goal,
                A_ub=self.matrix[0],
                b_ub=self.matrix[1],
                bounds=(0, None),
                method="highs",
            )
            found.append(inf if done.status == 3 else sign * done.fun)
        return found[0], found[1]

    @property
    def matrix(self) -> Any:
        if not hasattr(self, "_matrix"):
            rows = [(cs, most, 1) for _, cs, most in self.statements if most < inf]
            rows += [(cs, -least, -1) for least, cs, _ in self.statements if least > -inf]
            entries = [(i, a, s * c) for i, (cs, _, s) in enumerate(rows) for a, c in cs.items()]
            at, columns, values = zip(*entries, strict=True)
            shape = (len(rows), len(self.atoms))
            self._matrix = (
                coo_matrix((values, (at, columns)), shape=shape).tocsr(),
                np.array([m for _, m, _ in rows]) + 1e-6,  # what is only rounding of floats
            )
        return self._matrix

    @staticmethod
    def _key(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(
            row[n] for n in ("grain", "period", "channel", "boundary", "unit", "other_unit")
        )

    @staticmethod
    def _end(grain: str, period: date) -> date:
        if grain in LENGTH:
            return period + timedelta(days=LENGTH[grain])
        months = 1 if grain == "month" else 3
        month = period.month - 1 + months
        return date(period.year + month // 12, month % 12 + 1, 1)

    def _stretches(self, row: dict[str, Any]) -> list[date]:
        """First days of the parts of weeks and months that a period is made of."""
        day, end, found = row["period"], self._end(row["grain"], row["period"]), []
        while day < end:
            found.append(max(day - timedelta(days=day.weekday()), day.replace(day=1)))
            day += timedelta(days=1)
        return sorted(set(found))

    def _around(self, stretch: date) -> list[tuple[str, date]]:
        periods = [
            ("week", stretch - timedelta(days=stretch.weekday())),
            ("month", stretch.replace(day=1)),
        ]
        return [one for one in periods if one in self.spans]

    def _told(self, row: dict[str, Any]) -> list[Statement]:
        """What a shown row says of the atoms."""
        name, unit, value = (row["metric"], row["measure"]), row["unit"], row["value"]
        if name in (("flow", "weight"), ("interaction_volume", "weight")):
            least, most = preimage(value, self.rounding)
            return [(least, self._number(row), most)]
        crossing = self._sum(row, lambda u, v: float(self._in(unit, u, v) and u != v))
        inside = self._sum(row, lambda u, v: float(self._in(unit, u, v) and u == v))
        stray = self._sum(row, lambda u, v: float(UNKNOWN in (u, v) and unit in (ALL, u, v)))
        above, below = {
            ("cross_boundary_share", "share"): ([(1, crossing)], [(1, crossing), (1, inside)]),
            ("cross_boundary_share", "unknown_share"): (
                [(1, stray)],
                [(1, crossing), (1, inside), (1, stray)],
            ),
            ("ei_index", "index"): (
                [(1, crossing), (-1, inside)],
                [(1, crossing), (1, inside)],
            ),
            ("silo", "homophily"): ([(2, inside)], [(1, crossing), (2, inside)]),
        }[name]
        half = SHARE_STEP / 2 if self.rounding else 0.0
        return [
            (0.0, _added([*above, *((-(value - half) * c, s) for c, s in below)]), inf),
            (-inf, _added([*above, *((-(value + half) * c, s) for c, s in below)]), 0.0),
        ]

    def _number(self, row: dict[str, Any]) -> dict[int, float]:
        """A line or a total as a sum of atoms."""
        unit, pair = row["unit"], (row["unit"], row["other_unit"])
        if row["metric"] == "flow":
            return self._sum(row, lambda u, v: float((u, v) == pair))
        return self._sum(row, lambda u, v: 1.0 if unit == ALL else ((u == unit) + (v == unit)) / 2)

    def _nest(self) -> None:
        """Lines of teams make up the line of their organisations."""
        wide: dict[Atom, dict[int, float]] = defaultdict(dict)
        inside = {**self.nesting, UNKNOWN: UNKNOWN}
        for (stretch, channel, boundary, unit, other), number in self.atoms.items():
            if boundary == "team" and self.nesting:
                pair = sorted((inside[unit], inside[other]))
                wide[stretch, channel, "organisation", pair[0], pair[1]][number] = 1.0
        for atom, parts in wide.items():
            if atom in self.atoms:
                self.statements.append((0.0, {**parts, self.atoms[atom]: -1.0}, 0.0))

    @staticmethod
    def _in(unit: str, u: str, v: str) -> bool:
        return UNKNOWN not in (u, v) and (unit == ALL or unit in (u, v))

    def _sum(self, row: dict[str, Any], coefficient: Any) -> dict[int, float]:
        found = {}
        for stretch in self.spans[row["grain"], row["period"]]:
            for atom in self.by[stretch, row["boundary"]]:
                if row["channel"] in (ALL, atom[1]) and (c := coefficient(atom[3], atom[4])):
                    found[self.atoms[atom]] = c
        return found


@dataclass
class Counter(Attacker):
    """Who solves for counts, which are whole: `finest` is what is counted.

    `adds`: whether units add up to the network, `nests`: whether teams do to organisations.
    """

    adds: bool = False
    nests: bool = True

    def _told(self, row: dict[str, Any]) -> list[Statement]:
        least, most = preimage(row["value"], self.rounding)
        return [(ceil(least - 1e-6), self._number(row), floor(most + 1e-6))]

    def _number(self, row: dict[str, Any]) -> dict[int, float]:
        return self._sum(row, lambda u, _: float(u == row["unit"]))

    def _nest(self) -> None:
        """Teams make up their organisation; with those that are in none, all units the network."""
        sums: dict[Atom, dict[int, float]] = defaultdict(dict)
        for (stretch, channel, boundary, unit, other), number in self.atoms.items():
            if self.adds and unit != ALL:
                sums[stretch, channel, boundary, ALL, other][number] = 1.0
                if boundary == "team" and self.nests:
                    whole = self.nesting[unit]
                    sums[stretch, channel, "organisation", whole, other][number] = 1.0
        for atom, parts in sums.items():
            if atom in self.atoms:
                most = inf if atom[3] == ALL and self.nests else 0.0
                self.statements.append(
                    (0.0, _added([(-1, parts), (1, {self.atoms[atom]: 1.0})]), most)
                )
        for atom, number in self.atoms.items() if self.nests else ():
            if (twin := (*atom[:2], "organisation", *atom[3:])) in self.atoms and atom[3] == ALL:
                self.statements.append(
                    (0.0, _added([(1, {number: 1.0}), (-1, {self.atoms[twin]: 1.0})]), 0.0)
                )


def _added(parts: list[tuple[float, dict[int, float]]]) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for times, one in parts:
        for atom, c in one.items():
            found[atom] += times * c
    return dict(found)


def both(yesterday: Attacker, today: Attacker) -> Attacker:
    """Who has two releases of the same network: what was there yesterday is there today, and maybe more."""
    joined = Attacker([], today.rounding)
    joined.spans, joined.by = today.spans, today.by
    joined.atoms = dict(today.atoms)
    joined.statements = list(today.statements)
    n = len(today.atoms)
    number = {}
    for atom, i in yesterday.atoms.items():
        number[i] = n + len(number)
        joined.atoms[atom[0], f"{atom[1]} yesterday", *atom[2:]] = number[i]
        if atom in today.atoms:
            joined.statements.append((0.0, {today.atoms[atom]: 1.0, number[i]: -1.0}, inf))
    joined.statements += [
        (least, {number[i]: c for i, c in cs.items()}, most)
        for least, cs, most in yesterday.statements
    ]
    return joined
