"""Survival curves and intervals, in fractions and by scipy."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from scipy.stats import binomtest


def wilson(hits: int, tries: int) -> tuple[float, float]:
    interval = binomtest(hits, tries).proportion_ci(method="wilson")
    return interval.low, interval.high


def half(subjects: Sequence[tuple[float, float, bool]]) -> float | None:
    """When half have ended, of (from when in view, until when, whether ended), in fractions."""
    lasting = Fraction(1)
    for time in sorted({until for _, until, ended in subjects if ended}):
        at_risk = sum(entry < time <= until for entry, until, _ in subjects)
        lasting *= 1 - Fraction(sum(e and u == time for _, u, e in subjects), at_risk)
        if lasting <= Fraction(1, 2):
            return time
    return None
