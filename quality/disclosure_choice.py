"""Which rows to hide so that hidden numbers cannot be computed, at little loss.

Where an equation gives a number away, the cheapest other row of it goes, at first where a number follows
exactly, then where the audit still finds it exposed. Repeated until the audit finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack

from quality.disclosure_audit import System, determined, exposed

if TYPE_CHECKING:
    from quality.disclosure_audit import Flags, Floats, Integers
    from quality.disclosure_equations import Block

TURNS = 30
PATIENCE = 8  # turns after which all that is near goes too
HALF = 0.5
BETTER = 1e3  # how much dearer an exposed number is than what must be hidden for it
MOVED = 1e-6


class DisclosureError(Exception):
    """Hidden numbers could be computed from what would be published; the message says which."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of a block's rows.

    Attributes:
        shown: Published as things stand.
        kept: Width that must remain of the row's own number, as a part of it; 0 where nothing has to.
        fixed: Can be read elsewhere: hiding them would not help.
    """

    shown: Flags
    kept: Floats
    fixed: Flags


def protect(block: Block, rows: Rows) -> Flags:
    """Rows that may be shown, so that the audit finds no secret number exposed.

    Raises DisclosureError if there is no such choice.
    """
    rows = _closed(block, rows)
    shape = _shape(block)
    todo = np.ones(len(block.value), dtype=bool)
    for turn in range(TURNS):
        rows = _where_given_away(block, shape, rows)
        system = system_of(block, rows)
        # What is safe stays so: each row that goes leaves more room.
        todo = exposed(replace(system, range=system.range * todo))
        if not todo.any():
            return rows.shown
        before = int(rows.shown.sum())
        if turn < PATIENCE:
            rows = _by_programme(block, rows, system, todo, turn)
        if rows.shown.sum() == before:
            rows = _around(block, shape, rows, todo)
        if rows.shown.sum() == before:
            break
    # No fine choice was found: all of it goes, as far as that helps.
    rows = replace(rows, shown=rows.shown & rows.fixed)
    check(block, rows)
    return rows.shown


def check(block: Block, rows: Rows) -> None:
    """Raise DisclosureError if a secret number can be computed from the rows shown."""
    found = exposed(system_of(block, rows))
    if found.any():
        raise DisclosureError(_words(block, found))


def _words(block: Block, found: Flags) -> str:
    one = block.cells.row(int(np.flatnonzero(found)[0]), named=True)
    place = ", ".join(str(one[name]) for name in block.cells.columns if name != "value")
    return (
        f"{found.sum()} hidden numbers could be computed from what would be shown ({place});"
        " nothing is published; report this"
    )


def system_of(block: Block, rows: Rows) -> System:
    """What the audit looks at when `rows.shown` are published."""
    wanted = np.where(block.leader >= 0, rows.kept[block.leader], 0.0) * block.value
    # That a number is 0 shows by what is not there. Of a week that two months share, one of them cares.
    ours = block.inside >= HALF
    return System(
        block.equations, block.value, block.hidden(rows.shown), np.where(ours, wanted, 0.0)
    )


def _shape(block: Block) -> csr_matrix:
    a = block.equations
    return csr_matrix((np.ones(a.nnz), a.indices, a.indptr), shape=a.shape)


def _closed(block: Block, rows: Rows) -> Rows:
    """What tells a hidden row's own number in other rows goes with it."""
    gone = np.where(
        block.leader >= 0, ~rows.shown[block.leader] & (rows.kept[block.leader] > 0), False
    )
    return _hide(block, rows, np.flatnonzero(gone))


def _hide(block: Block, rows: Rows, cells: Integers) -> Rows:
    shown = rows.shown.copy()
    shown[np.unique(block.carriers[cells].indices)] = False
    return replace(rows, shown=shown | (rows.fixed & rows.shown))


def _cost(block: Block) -> Floats:
    """Information lost with each cell: its value, and something for each row that goes with it."""
    return np.asarray(block.value + np.diff(block.carriers.indptr), dtype=np.float64)


def _hideable(block: Block, rows: Rows) -> Flags:
    fixed = np.asarray(block.carriers @ rows.fixed.astype(np.float64)) > 0
    told = np.diff(block.carriers.indptr) > 0
    free = told & ~fixed & ~block.hidden(rows.shown) & (block.value > 0)
    return np.asarray(free, dtype=np.bool_)


def _where_given_away(block: Block, shape: csr_matrix, rows: Rows) -> Rows:
    """Hide the cheapest shown cell of every equation from which a secret number follows exactly."""
    while True:
        system = system_of(block, rows)
        known = determined(system)
        given = (known & (system.range > 0)).astype(np.float64)
        tight = (shape @ (system.hidden & ~known).astype(np.float64) == 0) & (shape @ given > 0)
        chosen = _partners(block, shape, rows, np.flatnonzero(tight), system.range)
        if not len(chosen):
            return rows
        rows = _hide(block, rows, chosen)


def _by_programme(block: Block, rows: Rows, system: System, found: Flags, turn: int) -> Rows:
    """Hide the shown cells that move in the cheapest world in which what is exposed moves.

    Cheapest in information lost: Kelly, Golden & Assad 1992, for all exposed cells together.
    """
    hidden = np.flatnonzero(system.hidden)
    shown = np.flatnonzero(_hideable(block, rows))
    if not len(shown):
        return rows
    value, wanted = block.value, np.where(found, system.range, 0.0)[hidden]
    # By what the cell is worth, however little it moves: it is hidden whole.
    price = _cost(block)[shown]
    signs = np.random.default_rng(turn).choice([-1.0, 1.0], len(hidden))
    gain = np.where(wanted > 0, BETTER * price.max() / np.where(wanted > 0, wanted, 1.0), 0.0)
    reach = np.where(wanted > 0, wanted, np.inf)
    parts = [system.equations[:, hidden], system.equations[:, shown], -system.equations[:, shown]]
    done = linprog(
        np.concatenate([-gain * signs, price, price]),
        A_eq=hstack(parts, format="csr"),
        b_eq=np.zeros(system.equations.shape[0]),
        bounds=np.concatenate(
            [
                np.column_stack([-np.minimum(value[hidden], reach), reach]),
                np.column_stack([np.zeros(len(shown)), np.full(len(shown), np.inf)]),
                np.column_stack([np.zeros(len(shown)), value[shown]]),
            ]
        ),
        method="highs",
    )
    if done.x is None:
        return rows
    moved = done.x[len(hidden) :].reshape(2, -1).sum(axis=0)
    return _hide(block, rows, shown[moved > MOVED * value[shown]])


def _around(block: Block, shape: csr_matrix, rows: Rows, found: Flags) -> Rows:
    """Hide all that shares an equation with a hidden cell that shares one with what is exposed."""
    near = found.astype(np.float64)
    for _ in range(2):
        near = (shape.T @ (shape @ near > 0).astype(np.float64) > 0).astype(np.float64)
    return _hide(block, rows, np.flatnonzero((near > 0) & _hideable(block, rows)))


def _partners(
    block: Block, shape: csr_matrix, rows: Rows, equations: Integers, wanted: Floats
) -> Integers:
    """The cheapest cell that can be hidden in each equation, rather one that can move enough."""
    cost, free = _cost(block), _hideable(block, rows)
    chosen: set[int] = set()
    for equation in equations:
        members = shape.indices[shape.indptr[equation] : shape.indptr[equation + 1]]
        can = members[free[members]]
        if not len(can) or not chosen.isdisjoint(can):
            continue
        enough = can[block.value[can] >= wanted[members].max()]
        best = enough if len(enough) else can
        chosen.add(int(best[np.argmin(cost[best])]))
    return np.array(sorted(chosen), dtype=np.int64)
