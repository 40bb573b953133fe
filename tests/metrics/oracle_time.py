"""Metrics that follow time: plain loops over events, survival curves in fractions, intervals by scipy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import combinations
from typing import Any, Protocol

from scipy.stats import binomtest

from transforms.model import Parameters

Moment = tuple[date, datetime]  # day in the network's time zone, and when


class Event(Protocol):
    """What introductions are told from."""

    @property
    def number(self) -> int: ...
    @property
    def day(self) -> date: ...
    @property
    def at(self) -> datetime: ...
    @property
    def people(self) -> Collection[int]: ...
    @property
    def is_event_of_few(self) -> bool: ...
    @property
    def introducer(self) -> int | None: ...

    def ties(self, one: int, other: int) -> bool:
        """Whether it makes a tie of the two."""


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


def introductions(
    events: Sequence[Event], parameters: Parameters
) -> Iterator[tuple[Any, int, int, int, bool, bool]]:
    """(event, introducer, s, t, is_converted, is_mature), by the words of the catalogue."""
    length, history, within = (
        timedelta(days=parameters[name])
        for name in ("introduction_days", "introduction_history", "conversion_days")
    )
    first, last = min(e.day for e in events), max(e.day for e in events)
    shared = defaultdict(list)
    for event in events:
        if event.is_event_of_few:
            for pair in combinations(sorted(event.people), 2):
                shared[pair].append(event)

    def before(event: Event, one: int, other: int) -> list[Event]:
        pair = (min(one, other), max(one, other))
        return [e for e in shared[pair] if event.day - length <= e.day and e.at < event.at]

    credited: dict[tuple[int, int], date] = {}
    for event in sorted(events, key=lambda e: (e.at, e.number)):
        if not event.is_event_of_few or event.day - history < first:
            continue
        introducer = event.introducer
        if introducer is None:  # several began it, or nobody is known to have
            continue
        for s, t in combinations(sorted({*event.people} - {introducer}), 2):
            if before(event, s, t) or not all(
                any(e.ties(introducer, p) for e in before(event, introducer, p)) for p in (s, t)
            ):
                continue
            if (s, t) in credited and event.day - credited[s, t] <= length:
                continue
            credited[s, t] = event.day
            is_converted = any(
                e.ties(s, t) and introducer not in e.people
                for e in shared[s, t]
                if e.at > event.at and e.day <= event.day + within
            )
            yield event, introducer, s, t, is_converted, event.day + within <= last


def ages(
    heard: Mapping[Moment, Iterable[tuple[str, str]]], units: Iterable[str], until: date
) -> dict[tuple[str, str], int]:
    """(g, h) → days since the last day of h of which g can know: backwards from what g was told.

    `heard`: moment → (who tells, who hears).
    """
    moments = [moment for moment in sorted(heard, reverse=True) if moment[0] <= until]
    found = {}
    for g in units:
        informs = {g}
        for moment in moments:
            new = {h for h, k in heard[moment] if k in informs} - informs
            found |= {(g, h): (until - moment[0]).days for h in new}
            informs |= new
    return found
