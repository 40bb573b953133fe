"""Which rows to hide so that secret numbers cannot be computed, at little loss.

Where the audit finds a secret exposed, it looks again for the cheapest worlds, in information lost, that
shown rows forbid; those rows go (Kelly, Golden & Assad 1992). In a small block what need not have gone is
then shown again, the dearest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from quality.disclosure_audit import audit

if TYPE_CHECKING:
    from quality.disclosure_audit import Flags, Floats
    from quality.disclosure_block import Block

TURNS = 4
SMALL = 600  # atoms times hidden rows: as many as are tried one by one


class DisclosureError(Exception):
    """Hidden numbers could be computed from what would be published; the message says which."""


def protect(block: Block, shown: Flags, fixed: Flags) -> Flags:
    """Rows of `shown` that may stay so, so that no secret is exposed; all of `fixed` do.

    `fixed`: can be read elsewhere, so that hiding them would not help.
    Raises DisclosureError if there is no such choice.
    """
    start, may_go = shown, shown & ~fixed
    found = first = check(block, shown | fixed)
    for turn in range(TURNS):
        if not found.any():
            return _shown_again(block, start, shown, fixed, first)
        done = audit(block, prices(block, shown | fixed, may_go), found)
        gone, found = done.broken, done.exposed
        if found.any() and (turn == TURNS - 2 or not gone.any()):
            gone |= _around(block, found) & may_go
        shown = shown & ~gone
    raise DisclosureError(
        f"{found.sum()} hidden numbers could be computed from what would be shown; nothing is published,"
        " the last release stays: run with `[disclosure] rounding = 0.05` or more, or report this"
    )


def _shown_again(block: Block, start: Flags, shown: Flags, fixed: Flags, exposed: Flags) -> Flags:
    """Rows that can be shown besides: only what was exposed at the start can become so again."""
    hidden = np.flatnonzero(start & ~shown)
    if len(hidden) * len(block.atoms) > SMALL:
        return shown
    for row in hidden[np.argsort(-block.cost[hidden])]:
        more = shown.copy()
        more[row] = True
        if not check(block, more | fixed, exposed).any():
            shown = more
    return shown


def check(block: Block, shown: Flags, only: Flags | None = None) -> Flags:
    """Secrets that are exposed when these rows are shown."""
    return audit(block, prices(block, shown, np.zeros(len(shown), dtype=bool)), only).exposed


def prices(block: Block, shown: Flags, may_go: Flags) -> Floats:
    """What it costs to hide each row: nothing where it is hidden already, more than all where it must stay."""
    return np.where(shown, np.where(may_go, block.cost, np.inf), 0.0)


def _around(block: Block, found: Flags) -> Flags:
    """Every row that holds an atom of an exposed secret."""
    atoms = np.diff(block.secrets[found].tocsc().indptr) > 0
    touches = abs(block.limits.matrix) @ atoms.astype(np.float64) > 0
    rows = np.zeros(len(block.cost), dtype=bool)
    rows[block.limits.row[touches]] = True
    return rows
