"""What is out of line with its own history: by median and MAD, which few outliers do not move."""

from __future__ import annotations

from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENOUGH = 4  # earlier numbers, below which nothing is usual yet
DEVIATIONS = 3.5  # of 1.4826 MAD, as Iglewicz and Hoaglin
MAD = 1.4826  # makes the MAD of normal numbers their standard deviation
LESS, MORE = 0.2, 0.5  # part of the median below, or above, which nothing is told


def is_more(value: float, history: Sequence[float], least: float = 0.0) -> bool:
    """Whether `value` is far above what is usual, and by more than `least`."""
    most = highest(history, least)
    return most is not None and value > most


def highest(history: Sequence[float], least: float = 0.0, more: float = MORE) -> float | None:
    """The highest number that is not far above what is usual; at least `least` above it. None: not known."""
    if len(history) < ENOUGH:
        return None
    middle = median(history)
    return middle + max(_spread(history), more * middle, least)


def fewest(counts: Sequence[float]) -> float | None:
    """The lowest count that is not far below what is usual, nor below what chance makes of counts. None: not known."""
    if len(counts) < ENOUGH:
        return None
    middle = median(counts)
    return middle - max(_spread(counts), LESS * middle, DEVIATIONS * sqrt(middle))


def _spread(history: Sequence[float]) -> float:
    middle = median(history)
    return DEVIATIONS * MAD * median(abs(one - middle) for one in history)
