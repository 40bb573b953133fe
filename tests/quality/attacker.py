"""Somebody who reads a release and solves for what it hides: own equations, own linear programs.

Nothing of Tieline's audit is used. Unknown is the weight of each line and channel in each stretch of
days that no published period cuts; every shown number is an equation over these.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

ALL, UNKNOWN = "(all)", "(unknown)"
LENGTH = {"day": 1, "week": 7}
Atom = tuple[date, str, str, str, str]  # first day, channel, boundary, unit, other unit


@dataclass
class Attacker:
    """`rows`: what a release publishes of the weights: dictionaries with the columns of metric_value."""

    rows: list[dict[str, Any]]
    atoms: dict[Atom, int] = field(default_factory=dict)
    equations: list[tuple[dict[int, float], float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        lines = [r for r in self.rows if (r["metric"], r["measure"]) == ("flow", "weight")]
        told = {self._key(r) for r in lines}
        self.spans = {(r["grain"], r["period"]): self._stretches(r) for r in self.rows}
        for row in lines:
            channels = [row["channel"]] if row["channel"] != ALL else []
            for stretch in self.spans[row["grain"], row["period"]]:
                for channel in channels:
                    atom = (stretch, channel, row["boundary"], row["unit"], row["other_unit"])
                    # No row of a week or month that holds the stretch: nothing was there.
                    if all((g, p, *atom[1:]) in told for g, p in self._around(stretch)):
                        self.atoms.setdefault(atom, len(self.atoms))
        by: dict[tuple[date, str], list[Atom]] = defaultdict(list)
        for atom in self.atoms:
            by[atom[0], atom[2]].append(atom)
        self.by = by
        for row in self.rows:
            if row["hidden_reason"] is None:
                for coefficients, value in self._numbers(row):
                    self.equations.append((coefficients, value))

    def range(self, row: dict[str, Any]) -> tuple[float, float]:
        """Least and most that a hidden line or total can be."""
        target = self._numbers({**row, "value": 0.0})[0][0]
        n = len(self.atoms)
        entries = [
            (e, atom, c) for e, (cs, _) in enumerate(self.equations) for atom, c in cs.items()
        ]
        at, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = coo_matrix((values, (at, columns)), shape=(len(self.equations), n)).tocsr()
        right = np.array([value for _, value in self.equations])
        goal = np.zeros(n)
        for atom, c in target.items():
            goal[atom] = c
        found = []
        for sign in (1, -1):
            done = linprog(sign * goal, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
            found.append(np.inf if done.status == 3 else sign * done.fun)
        return found[0], found[1]

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

    def _numbers(self, row: dict[str, Any]) -> list[tuple[dict[int, float], float]]:
        """What a row says of the atoms: coefficients and sum."""
        name = (row["metric"], row["measure"])
        if row["grain"] == "day":
            return []
        unit, value = row["unit"], row["value"]
        if name == ("flow", "weight"):
            pair = (unit, row["other_unit"])
            return [(self._sum(row, lambda u, v: float((u, v) == pair)), value)]
        if name == ("interaction_volume", "weight"):
            return [
                (
                    self._sum(
                        row, lambda u, v: 1.0 if unit == ALL else ((u == unit) + (v == unit)) / 2
                    ),
                    value,
                )
            ]
        if name == ("cross_boundary_share", "share"):
            top, bottom = row["numerator"] or 0.0, row["denominator"] or 0.0
            return [
                (self._sum(row, lambda u, v: float(self._in(unit, u, v) and u != v)), top),
                (self._sum(row, lambda u, v: float(self._in(unit, u, v))), bottom),
            ]
        return []

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
