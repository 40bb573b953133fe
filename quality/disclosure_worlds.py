"""Two worlds that a reader cannot tell apart, by one linear program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, diags, hstack, identity, vstack

if TYPE_CHECKING:
    from quality.disclosure_audit import Floats, Integers

DEAR = 1e4  # moving a secret to its whole width, against the dearest row broken for it
MOVED = 1e-6  # more than this, as a part of what a secret moves: the step is taken


@dataclass(frozen=True, slots=True)
class Statements:
    """What worlds y must be true to: matrix @ y <= most. Those of the same sum are one.

    Attributes:
        matrix, most: The narrowest of each sum.
        step: To which of them each step belongs: beyond it lie the bounds of wider ones.
        length: How far each step goes, the last of a sum without end.
        price: For going so far along a step; it rises from step to step.
    """

    matrix: csr_matrix
    most: Floats
    step: Integers
    length: Floats
    price: Floats


@dataclass(frozen=True, slots=True)
class Worlds:
    """Changes of the atoms in both worlds, and the steps that these take."""

    changes: Floats
    taken: Integers


def two_worlds(
    told: Statements, atoms: Floats, secrets: csr_matrix, sign: Floats, wanted: Floats
) -> Worlds | None:
    """Worlds that set as many secrets as possible apart by what is wanted, each the way of its sign.

    A world is y with told.matrix @ y <= told.most and atoms + y >= 0. Both worlds may take the same steps
    beyond that, for their price times how far.
    """
    (s, n), m, k = told.matrix.shape, len(wanted), len(told.step)
    way = diags(sign) @ secrets
    give = csr_matrix((-np.ones(k), (told.step, np.arange(k))), shape=(s, k))
    nothing = csr_matrix((s, n))
    unmoved = csr_matrix((s, m))
    scale = wanted.max()
    worth = DEAR * told.price.max(initial=1.0)
    done = linprog(
        np.concatenate([np.zeros(2 * n), -worth / wanted, told.price / scale]),
        A_ub=vstack(
            [
                hstack([told.matrix, nothing, unmoved, give]),
                hstack([nothing, told.matrix, unmoved, give]),
                hstack([-way, way, identity(m), csr_matrix((m, k))]),
            ],
            format="csr",
        ),
        b_ub=np.concatenate([told.most, told.most, np.zeros(m)]),
        bounds=np.concatenate(
            [
                np.column_stack([-np.tile(atoms, 2), np.full(2 * n, np.inf)]),
                np.column_stack([np.full(m, -np.inf), wanted]),
                np.column_stack([np.zeros(k), told.length]),
            ]
        ),
        method="highs",
    )
    if done.x is None:
        return None
    return Worlds(
        done.x[: 2 * n].reshape(2, n), np.flatnonzero(done.x[2 * n + m :] > MOVED * scale)
    )
