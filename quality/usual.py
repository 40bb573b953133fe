"""Whether a number is out of line with its own history: by median and MAD, which few outliers do not move."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENOUGH = 4  # earlier numbers, below which nothing is usual yet
SAME_WEEKDAY = 4  # so many of one weekday are a history of their own
DEVIATIONS = 3.5  # of 1.4826 MAD, as Iglewicz and Hoaglin
MAD = 1.4826  # makes the MAD of normal numbers their standard deviation
LESS, MORE = 0.2, 0.5  # part of the median below, or above, which nothing is told


def is_less(value: float, history: Sequence[float]) -> bool:
    """Whether `value` is far below what is usual."""
    if len(history) < ENOUGH:
        return False
    middle = median(history)
    return value < middle - max(_spread(history), LESS * middle)


def is_more(value: float, history: Sequence[float], least: float = 0.0) -> bool:
    """Whether `value` is far above what is usual, and by more than `least`."""
    if len(history) < ENOUGH:
        return False
    middle = median(history)
    return value > middle + max(_spread(history), MORE * middle, least)


def of_weekday(history: Sequence[tuple[int, float]], weekday: int) -> list[float]:
    """The numbers of this weekday, where there are enough; else all of them. `history`: (weekday, number)."""
    same = [number for day, number in history if day == weekday]
    return same if len(same) >= SAME_WEEKDAY else [number for _, number in history]


def _spread(history: Sequence[float]) -> float:
    middle = median(history)
    return DEVIATIONS * MAD * median(abs(one - middle) for one in history)
