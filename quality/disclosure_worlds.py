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
MOVED = 1e-6  # more than this beyond its bound, as a part of what a secret moves: the row is broken


@dataclass(frozen=True, slots=True)
class Worlds:
    """Changes of the atoms in both worlds, and which rows these are not true to."""

    changes: Floats
    broken: Integers


def two_worlds(
    matrix: csr_matrix,
    most: Floats,
    price: Floats,
    owner: Integers,
    atoms: Floats,
    secrets: csr_matrix,
    sign: Floats,
    wanted: Floats,
) -> Worlds | None:
    """Worlds that set as many secrets as possible apart by what is wanted, each the way of its sign.

    A world is y with matrix @ y <= most and atoms + y >= 0. A row with a finite price may be broken, in both
    worlds at once, for its price times how far.
    """
    n, m, s = matrix.shape[1], len(wanted), len(most)
    soft = np.flatnonzero(np.isfinite(price))
    way = diags(sign) @ secrets
    give = csr_matrix((-np.ones(len(soft)), (soft, np.arange(len(soft)))), shape=(s, len(soft)))
    nothing = csr_matrix((s, n))
    unmoved = csr_matrix((s, m))
    scale = wanted.max()
    worth = DEAR * (price[soft].max() if len(soft) else 1.0)
    done = linprog(
        np.concatenate([np.zeros(2 * n), -worth / wanted, price[soft] / scale]),
        A_ub=vstack(
            [
                hstack([matrix, nothing, unmoved, give]),
                hstack([nothing, matrix, unmoved, give]),
                hstack([-way, way, identity(m), csr_matrix((m, len(soft)))]),
            ],
            format="csr",
        ),
        b_ub=np.concatenate([most, most, np.zeros(m)]),
        bounds=np.concatenate(
            [
                np.column_stack([-np.tile(atoms, 2), np.full(2 * n, np.inf)]),
                np.column_stack([np.full(m, -np.inf), wanted]),
                np.column_stack([np.zeros(len(soft)), np.full(len(soft), np.inf)]),
            ]
        ),
        method="highs",
    )
    if done.x is None:
        return None
    changes = done.x[: 2 * n].reshape(2, n)
    beyond = done.x[2 * n + m :] > MOVED * scale
    return Worlds(changes, np.unique(owner[soft[beyond]]))
