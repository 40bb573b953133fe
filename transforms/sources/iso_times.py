"""Many times in ISO 8601 at once: their digits as columns of numbers.

An export writes nearly all its times alike, so one of them tells where the digits stand in the others.
What stands otherwise is left to slower readers, which give the same instants.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from transforms.sources.acts import utc
from transforms.sources.base import TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WRITTEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
_YEAR, _MONTH, _DAY, _HOUR, _MINUTE, _SECOND, _FRACTION, _UTC, _SIGN, _EAST, _EAST_MINUTE = range(
    1, 12
)
_LIMITS = {_MONTH: (1, 12), _HOUR: (0, 23), _MINUTE: (0, 59), _SECOND: (0, 59), _EAST: (0, 23),
           _EAST_MINUTE: (0, 59)}  # fmt: skip
_MICROS, _DIGITS = 1_000_000, 6
_FIRST_DAYS = (  # of every month from the year 1 on, in days since 1970
    np.arange("0001-01", "10000-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int32)
)
_FIRST_SECOND, _END = (int(_FIRST_DAYS[at]) * 86_400 for at in (0, -1))  # since 1970
FORMS = 4  # that a column is written in; the rest is left to others


class Clock(NamedTuple):
    """Columns, a row per text. `moment` is naive, null where the text was not read."""

    moment: pl.Series  # UTC where there is an offset
    has_offset: pl.Series


def clock_times(cells: pl.Series) -> Clock:
    """Times as YYYY-MM-DDThh:mm:ss, at will with a fraction and an offset; others are null."""
    count = len(cells)
    micros, is_read = np.zeros(count, np.int64), np.zeros(count, np.bool_)
    has_offset = np.zeros(count, np.bool_)
    lengths = cells.str.len_bytes().fill_null(0).to_numpy()
    left = lengths > 0
    for _ in range(FORMS):
        first = int(left.argmax()) if count else 0
        if not count or not left[first] or not (form := _WRITTEN.fullmatch(cells[first])):
            break
        alike = np.flatnonzero(left & (lengths == form.end()))
        texts = cells if len(alike) == count else cells.gather(alike)
        found, is_good = _numbers(texts.str.join("").item(), form)
        good = alike[is_good]
        micros[good], is_read[good] = found[is_good], True
        has_offset[good] = form[_UTC] is not None or form[_SIGN] is not None
        left[good] = False
    moment = pl.Series(cells.name, micros).cast(pl.Datetime("us"))
    if not is_read.all():
        moment = moment.set(pl.Series(~is_read), None)
    return Clock(moment, pl.Series(has_offset))


def utc_instants(cells: pl.Series) -> pl.Series:
    """UTC of times with an offset; null where there is none or it cannot be read, as `acts.utc`."""
    clock = clock_times(cells)
    found = clock.moment.dt.replace_time_zone("UTC")
    odd = (found.is_null() & cells.is_not_null() | ~clock.has_offset).arg_true()
    if odd.is_empty():
        return found
    return found.scatter(odd, pl.Series([utc(text) for text in cells.gather(odd)], dtype=TIME))


def _numbers(texts: str, form: re.Match[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since 1970 of texts that are as long as `form`'s, and which are written like it."""
    size = form.end()
    signs = np.ascontiguousarray(np.frombuffer(texts.encode(), np.uint8).reshape(-1, size).T)
    parts = [part for part in range(_YEAR, _EAST_MINUTE + 1) if part != _UTC and form[part]]
    digits = {at for part in parts if part != _SIGN for at in range(*form.span(part))}
    is_good = np.ones(signs.shape[1], np.bool_)
    for at in sorted({*range(size)} - digits - ({form.start(_SIGN)} if form[_SIGN] else set())):
        is_good &= signs[at] == ord(form.string[at])

    def number(part: int, length: int | None = None) -> NDArray[np.int32]:
        nonlocal is_good
        total: NDArray[np.int32] = np.zeros(signs.shape[1], np.int32)
        if not form[part]:
            return total
        start, end = form.span(part)
        for at in range(start, end):
            digit = signs[at] - np.uint8(ord("0"))
            is_good &= digit <= 9  # noqa: PLR2004 - what is less than "0" wraps round
            if length is None or at < start + length:
                total = total * np.int32(10) + digit
        least, most = _LIMITS.get(part, (0, _MICROS))
        is_good &= (total >= least) & (total <= most)
        return total * np.int32(10 ** max(0, (length or 0) - (end - start)))

    seconds = number(_HOUR) * 3600 + number(_MINUTE) * 60 + number(_SECOND)
    year, month, day = number(_YEAR), number(_MONTH), number(_DAY)
    days, is_day = _days(year, month, day)
    is_good &= is_day
    if form[_SIGN]:
        sign = signs[form.start(_SIGN)]
        is_good &= (sign == ord("+")) | (sign == ord("-"))
        east = number(_EAST) * 3600 + number(_EAST_MINUTE) * 60
        seconds = seconds - np.where(sign == ord("-"), -east, east)
    whole = days.astype(np.int64) * 86_400 + seconds
    # An offset may lead out of the years that a datetime knows.
    is_good &= (whole >= _FIRST_SECOND) & (whole < _END)
    return np.asarray(whole * _MICROS + number(_FRACTION, _DIGITS), np.int64), is_good


def _days(
    year: NDArray[np.int32], month: NDArray[np.int32], day: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Days since 1970, and whether there is such a day: looked up by month."""
    months = np.clip(year * 12 + month - 13, 0, len(_FIRST_DAYS) - 2)
    first = _FIRST_DAYS[months]
    longest = _FIRST_DAYS[months + 1] - first
    return first + day - 1, (year >= 1) & (day >= 1) & (day <= longest)
