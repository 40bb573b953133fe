"""Published sums are rounded, so that what is hidden does not follow from them by subtraction.

To a step of 1, 2 or 5 and zeros, the largest that is not more than `part` of the number: so the error is at
most half of that part, and 1234 becomes 1250 where part is 0.05. Shares are rounded to SHARE_STEP.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHARE_STEP = 0.02
COUNT_STEP = 5
# A number at the edge of two steps belongs to the wider one, and one in the middle of two multiples is told as the
# larger: sums of floats depend on their order, and what is told must not.
_EDGE = 1e-9


def rounded(number: str, part: float) -> str:
    """SQL of `number` rounded; as it is where part is 0."""
    if not part:
        return number
    scaled = f"(abs({number}) * {part} * {1 + _EDGE})"
    ten = f"power(10.0, floor(log10({scaled})))"
    step = f"({ten} * CASE WHEN {scaled} >= 5 * {ten} THEN 5 WHEN {scaled} >= 2 * {ten} THEN 2 ELSE 1 END)"
    return f"CASE WHEN {number} = 0 THEN 0.0 ELSE round(round({number} / {step} * {1 + _EDGE}) * {step}, 9) END"


def rounded_count(number: str, part: float) -> str:
    """SQL of a count rounded to COUNT_STEP, or to the step of `rounded` where that is more."""
    if not part:
        return number
    return f"""CASE WHEN abs({number}) * {part} < {COUNT_STEP} THEN round({number} / {COUNT_STEP}.0) * {COUNT_STEP}
      ELSE {rounded(number, part)} END"""


def rounded_share(number: str, part: float) -> str:
    """SQL of a share or index rounded; as it is where part is 0."""
    return (
        f"round(round({number} / {SHARE_STEP} * {1 + _EDGE}) * {SHARE_STEP}, 9)" if part else number
    )


def interval(told: Floats, part: float) -> tuple[Floats, Floats]:
    """Between what the true number lies, from what is told of it; where in doubt narrower than that."""
    if not part:
        return told, told
    step, below = _step(told, part), _step(told * (1 - 4 * _EDGE), part)
    # Beyond this a number has the next step, and is told as something else.
    edge = np.where(np.isclose(step % (5 * _ten(step)), 2 * _ten(step)), 2.5, 2.0)
    high = np.minimum(told + step / 2, edge * step / part)
    low = np.where(below < step, told - below / 2, np.maximum(told - step / 2, step / part))
    return np.where(_is_multiple(told, below), low, told), np.where(
        _is_multiple(told, step), high, told
    )


def _is_multiple(number: Floats, step: Floats) -> npt.NDArray[np.bool_]:
    times = number / np.where(step == 0, 1.0, step)
    return np.isclose(times, np.round(times), rtol=0, atol=1e-6)


def _step(number: Floats, part: float) -> Floats:
    scaled = np.abs(number) * part * (1 + _EDGE)
    ten = _ten(scaled)
    step = ten * np.select([scaled >= 5 * ten, scaled >= 2 * ten], [5.0, 2.0], 1.0)
    return np.asarray(np.where(number == 0, 0.0, step), dtype=np.float64)


def _ten(number: Floats) -> Floats:
    """The power of ten at or below a number, as exact as floats are."""
    power = np.floor(np.log10(np.maximum(number, 1e-300)) + _EDGE)
    return np.asarray(10.0**power, dtype=np.float64)
