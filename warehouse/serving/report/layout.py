"""An order of units around a circle that puts those with much between them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def around(units: Sequence[int], weights: Mapping[tuple[int, int], float]) -> list[int]:
    """Order `units` by growing an arc: the unit with the strongest pull to an end goes there.

    `weights` holds each unordered pair once, in either order. Ties fall to the smaller number, so
    that the same network always looks the same.
    """
    between: dict[tuple[int, int], float] = {}
    for (one, other), weight in weights.items():
        between[one, other] = between[other, one] = weight
    strength = dict.fromkeys(units, 0.0)
    for (one, _), weight in between.items():
        if one in strength:
            strength[one] += weight
    waiting = sorted(units, key=lambda unit: (-strength[unit], unit))
    arc = waiting[:1]
    waiting = waiting[1:]
    while waiting:
        left, right = arc[0], arc[-1]
        _, unit, to_right = max(
            (between.get((end, unit), 0.0), -unit, is_right)
            for unit in waiting
            for end, is_right in ((left, False), (right, True))
        )
        unit = -unit
        arc = [*arc, unit] if to_right else [unit, *arc]
        waiting.remove(unit)
    return arc
