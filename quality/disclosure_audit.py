"""The audit: how far each hidden number can be narrowed by all that is shown.

Numbers are cells; what holds between them is a sparse matrix A with A x = 0 (a month less its weeks, a
unit's total less its lines). A reader who knows the shown cells cannot tell the true x from x + y where
A y = 0, x + y >= 0 and y is 0 in every shown cell. A hidden cell is safe when such worlds set it apart
by its range. Worlds come from linear programs (HiGHS), each for all cells together. What is not proven
safe by them counts as exposed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

STALLED = 0.95  # programs go on while a pair of them leaves less than this part of the cells
STRETCH = 30  # how far a cell may move in one program, in its ranges
ENOUGH = 1 - 1e-6  # a range counts as reached at this part of it


@dataclass(frozen=True, slots=True)
class System:
    """Cells and what holds between them.

    Attributes:
        equations: A, a row per equation and a column per cell.
        value: x per cell, 0 or more; 0 also where nobody has it, which then can only rise.
        hidden: Cells that readers do not know.
        range: Width that must remain of each cell; 0 where nothing has to.
    """

    equations: csr_matrix
    value: Floats
    hidden: Flags
    range: Floats


def determined(system: System) -> Flags:
    """Hidden cells that follow exactly from shown ones, one equation after the other."""
    shape = abs(system.equations)
    unknown = system.hidden.copy()
    number = np.arange(len(unknown), dtype=np.float64)
    while True:
        left = shape.astype(bool).astype(np.float64) @ unknown
        alone = left == 1
        if not alone.any():
            return system.hidden & ~unknown
        place = shape.astype(bool).astype(np.float64) @ (unknown * number)
        unknown[place[alone].astype(np.int64)] = False


def exposed(system: System) -> Flags:
    """Hidden cells that can be narrowed to less than their range."""
    known = determined(system)
    found = known & (system.range > 0)
    free = np.flatnonzero(system.hidden & ~known)
    equations = system.equations[:, free]
    equations = equations[np.diff(equations.indptr) > 0]
    wanted = system.range[free]
    if (wanted > 0).any():
        width = _widths(equations, system.value[free], wanted)
        found[free] = width < wanted * ENOUGH
    return found


def _widths(equations: csr_matrix, value: Floats, wanted: Floats) -> Floats:
    """Width of each cell over the worlds looked at, as far as `wanted` asks."""
    low, high = np.zeros(len(value)), np.zeros(len(value))
    dice = np.random.default_rng(len(value))
    # At first bounded, so that no cell takes all, yet wide, so that sums move with their parts. What is
    # left then moves against all the rest.
    for freely in (False, True):
        left, before = _left(low, high, wanted), len(value) + 1
        while 0 < left.sum() < before * STALLED:
            before = left.sum()
            bound = left if freely else wanted > 0
            step = np.where(bound, STRETCH * wanted, np.inf)
            signs = dice.choice([-1.0, 1.0], len(value)) * dice.uniform(0.2, 1.0, len(value))
            goal = np.where(left, signs / np.where(left, wanted, 1.0), 0.0)
            for one in (goal, -goal):
                done = linprog(
                    -one, A_eq=equations, b_eq=np.zeros(equations.shape[0]), method="highs",
                    bounds=np.column_stack([-np.minimum(value, step), step]),
                )  # fmt: skip
                if done.x is not None:
                    np.minimum(low, done.x, out=low)
                    np.maximum(high, done.x, out=high)
            left = _left(low, high, wanted)
    return high - low


def _left(low: Floats, high: Floats, wanted: Floats) -> Flags:
    return np.asarray((wanted > 0) & (high - low < wanted * ENOUGH), dtype=np.bool_)
