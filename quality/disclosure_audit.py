"""The audit: how far each secret number can be narrowed by all that is shown.

A reader cannot tell the true atoms x from x + y where low <= A y <= high holds for what is shown and
x + y >= 0. A secret is safe when two such worlds set it apart by its width. Worlds come from linear programs
(HiGHS), each for many secrets together, over few atoms at first: one channel in one part of a week, then more.
What they do not find safe counts as exposed, so the audit errs to the safe side only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import vstack

from quality.disclosure_worlds import Statements, two_worlds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_matrix

    from quality.disclosure_block import Block

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

ENOUGH = 1 - 1e-6  # a width counts as reached at this part of it
TRIES = 3  # pairs of worlds over the same atoms where rows may be broken
LEAST = 0.05  # fewer newly safe than this part of those looked at: no more tries


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        exposed: Secrets that were not found safe.
        broken: Rows that the worlds found are not true to; only rows with a price can be.
    """

    exposed: Flags
    broken: Flags


def audit(block: Block, price: Floats, only: Flags | None = None) -> Audit:
    """Which secrets (of `only`) can be narrowed to less than their width.

    `price`: per row infinite where it is shown, 0 where it is hidden, and between them what it would cost to
    hide it: worlds may break such rows where they find no other way, the cheapest.
    """
    low, high = _alone(block, price)
    asked = np.ones(len(block.wanted), dtype=bool) if only is None else only
    price, broken = price.copy(), np.zeros(len(price), dtype=bool)
    dice = np.random.default_rng(len(low))
    secrets = block.secrets.tocsc()
    limits = block.limits.matrix.tocsc()
    firm = not (np.isfinite(price) & (price > 0)).any()
    for atoms in _neighbourhoods(block, small=firm):
        inside = secrets[:, atoms].tocsr()
        some = np.diff(inside.indptr) > 0
        here = limits[:, atoms].tocsr()
        for _ in range(1 if firm else TRIES):
            left = np.flatnonzero(asked & some & (high - low < block.wanted * ENOUGH))
            if not len(left):
                break
            # One draw for all, so that sums are asked to move where their parts do.
            drawn = dice.choice([-1.0, 1.0], len(atoms)) * block.atoms[atoms]
            sign = np.where(inside[left] @ drawn < 0, -1.0, 1.0)
            found = _found(block, here, atoms, price, inside[left], sign, block.wanted[left])
            if found is None:
                break
            change, gone = inside @ found[0].T, found[1]
            low, high = np.minimum(low, change.min(axis=1)), np.maximum(high, change.max(axis=1))
            broken[gone] = True
            price[gone] = 0.0
            if (high - low < block.wanted * ENOUGH)[left].sum() > len(left) * (1 - LEAST):
                break
    return Audit(asked & (high - low < block.wanted * ENOUGH), broken)


def _alone(block: Block, price: Floats) -> tuple[Floats, Floats]:
    """How far each secret goes down and up in worlds in which a single atom moves."""
    told = price[block.limits.row] > 0
    matrix = block.limits.matrix[told].tocsc()
    high, low = block.limits.high[told][matrix.indices], block.limits.low[told][matrix.indices]
    up, down = np.full(len(block.atoms), np.inf), block.atoms.copy()
    some = np.flatnonzero(np.diff(matrix.indptr) > 0)
    if len(some):
        first, by = matrix.indptr[some], matrix.data
        up[some] = np.minimum.reduceat(np.where(by > 0, high, low) / by, first)
        down[some] = np.minimum(
            down[some], np.minimum.reduceat(np.where(by > 0, -low, -high) / by, first)
        )
    secrets = block.secrets.tocoo()
    low, high = np.zeros(len(block.wanted)), np.zeros(len(block.wanted))
    np.minimum.at(low, secrets.row, -secrets.data * down[secrets.col])
    np.maximum.at(high, secrets.row, secrets.data * up[secrets.col])
    return low, high


def _neighbourhoods(block: Block, *, small: bool) -> Iterator[Integers]:
    """Atoms that move together: what is safe within few need not be looked at among many."""
    stretches, channels = np.unique(block.stretch), np.unique(block.channel)
    for stretch in stretches if small else ():
        for channel in channels:
            yield np.flatnonzero((block.stretch == stretch) & (block.channel == channel))
    if len(channels) > 1 or not small:
        for stretch in stretches:
            yield np.flatnonzero(block.stretch == stretch)


def _found(
    block: Block,
    here: csr_matrix,
    atoms: Integers,
    price: Floats,
    secrets: csr_matrix,
    sign: Floats,
    wanted: Floats,
) -> tuple[Floats, Integers] | None:
    """Changes in two worlds over these atoms, and the rows that they are not true to."""
    limits = block.limits
    told = (np.diff(here.indptr) > 0) & (price[limits.row] > 0)
    above, below = told & np.isfinite(limits.high), told & np.isfinite(limits.low)
    rows = vstack([here[above], -here[below]]).tocsr()
    most = np.concatenate([limits.high[above], -limits.low[below]])
    owner = np.concatenate([limits.row[above], limits.row[below]])
    # Weeks, months and channels often say the same of these atoms, the one more narrowly than the other.
    mark = (rows @ np.random.default_rng(0).uniform(1, 2, len(atoms))).round(9)
    order = np.lexsort((most, mark))
    rows, most, owner = rows[order], most[order], owner[order]
    is_first = np.diff(mark[order], prepend=np.nan) != 0
    first, group = np.flatnonzero(is_first), np.cumsum(is_first) - 1
    is_firm = np.isinf(price[owner])
    dearer = _running(np.where(is_firm, 0.0, price[owner]), first, group)
    # How far it is to the bound of the next row that says the same.
    length = np.where(np.roll(is_first, -1), np.inf, np.roll(most, -1)) - most
    steps = np.flatnonzero((_running(is_firm, first, group) == 0) & (length > 0))
    found = two_worlds(
        Statements(rows[first], most[first], group[steps], length[steps], dearer[steps]),
        block.atoms[atoms], secrets, sign, wanted,
    )  # fmt: skip
    if found is None:
        return None
    last = np.full(len(first), -1)
    np.maximum.at(last, group[steps[found.taken]], steps[found.taken])
    return found.changes, np.unique(owner[np.arange(len(owner)) <= last[group]])


def _running(number: Floats | Flags, first: Integers, group: Integers) -> Floats:
    """Sums from the first of each group on."""
    total = np.cumsum(number, dtype=np.float64)
    return np.asarray(total - (total - number)[first][group], dtype=np.float64)
