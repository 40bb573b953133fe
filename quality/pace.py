"""How long a stage takes, judged by how long it took before."""

from __future__ import annotations

from itertools import combinations
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def expected_seconds(history: Sequence[tuple[float, float]], amount: float) -> float | None:
    """Seconds that `amount` of work will take; None without history.

    `history` holds (amount, seconds) of earlier runs. The line through them is Theil and Sen's: the
    median of the slopes between any two, so that one run on a busy machine changes nothing. It never
    slopes down, and nothing takes less than no time.
    """
    if not history:
        return None
    slopes = [
        (other - one) / (more - less)
        for (less, one), (more, other) in combinations(sorted(history), 2)
        if more > less
    ]
    slope = max(median(slopes), 0.0) if slopes else _of_one(history)
    base = median(seconds - slope * done for done, seconds in history)
    return max(base + slope * amount, 0.0)


def _of_one(history: Sequence[tuple[float, float]]) -> float:
    """All runs did as much: what they took is in proportion to it."""
    done = history[0][0]
    return median(seconds for _, seconds in history) / done if done else 0.0
