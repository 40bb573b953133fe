"""The starts that a recurrence rule gives, within a window and within bounds of work.

dateutil does the calendar arithmetic. Left alone it can search for ever for a start that never
comes (`FREQ=SECONDLY;BYSETPOS=5`); here every step it takes is paid for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dateutil import rrule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MAX_STARTS = 41_000  # of one series in one window: one a day from 1990 to 2100 is 40,177
MAX_INTERVAL = 1_000_000
USUAL = 200  # letters of a rule; longer ones are not remembered
MAX_PLAIN = 10_000  # steps of a rule that are made without counting the work
SHORTEST_MONTH = 28
MAX_WORK = 8_000_000  # about half a second
MAX_ENDLESS = 20  # rules of one file that take so much work; no more that could are followed

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
_WORK = dict(zip(_FREQUENCIES, (400, 80, 40, 30, 30, 30, 30), strict=True))  # of one step
_UNITS = {
    "WEEKLY": timedelta(weeks=1),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
    "SECONDLY": timedelta(seconds=1),
}
_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_BYDAY = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)")
_DAY = timedelta(days=1)


class RecurrenceError(ValueError):
    """The rule cannot be read, or recurs too often; the message says which, in plain words."""


@dataclass(slots=True)
class Patience:
    """How many rules of a file may still turn out to recur too often."""

    left: int = MAX_ENDLESS

    def check(self, unit: timedelta | None) -> None:
        """Raise RecurrenceError for what may recur many times a day, when patience is at its end."""
        if self.left <= 0 and unit and unit < _DAY:
            raise RecurrenceError("recurs too often")


class _Spent(Exception):  # noqa: N818 - not an error: the search has passed the window
    """Every further step lies beyond the window."""


class _Stride(int):
    """INTERVAL of a rule. dateutil adds or multiplies it once a step, which is what is counted."""

    steps: int  # that lead through the window
    work: int  # that is allowed
    cost: int  # of one step

    def step(self) -> None:
        self.steps -= 1
        self.work -= self.cost
        if self.steps < 0:
            raise _Spent
        if self.work < 0:
            raise RecurrenceError("recurs too often")

    def __radd__(self, other: int) -> int:
        self.step()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self.step()
        return int(self) * other


def expand(
    rules: Sequence[str],
    start: datetime,
    dates: Sequence[datetime],
    since: datetime,
    until: datetime,
    patience: Patience | None = None,
) -> list[datetime]:
    """Starts of a series in [since, until), ascending, each once.

    `rules` are RRULE values, `dates` the RDATEs. All times are aware, or all naive when the series
    floats. Rules recur on the wall clock of `start`'s zone. Raises RecurrenceError.
    """
    patience = patience or Patience()
    parsed = [_parts(rule) if len(rule) <= USUAL else _parts.__wrapped__(rule) for rule in rules]
    lasts = [_last(parts["UNTIL"], start) if "UNTIL" in parts else None for parts in parsed]
    ends = [last for last in lasts if last is not None]
    found = [moment for moment in dates if since <= moment < until]
    if len(found) > MAX_STARTS:
        raise RecurrenceError("recurs too often")
    if since <= start < until and (not ends or start <= max(ends)):
        found.append(start)
    for parts, last in zip(parsed, lasts, strict=True):
        end = until if last is None else min(until, last)
        for moment in _moments(parts, start, since, end, patience):
            if since <= moment < until and (last is None or moment <= last):
                found.append(moment)
                if len(found) > MAX_STARTS:
                    patience.left -= 1
                    raise RecurrenceError("recurs too often")
    return sorted(set(found))


def _moments(
    parts: dict[str, str], start: datetime, since: datetime, until: datetime, patience: Patience
) -> Iterator[datetime]:
    """Starts by one rule around [since, until], a day of slack on either side for the zone."""
    zone, wall = start.tzinfo, start.replace(tzinfo=None)
    low, high = _wall(since, start) - _DAY, _wall(until, start) + _DAY
    if high < wall:
        return
    settings = _settings(parts)
    freq = parts["FREQ"]
    unit = _UNITS.get(freq)
    patience.check(unit)
    interval = settings["interval"]
    if unit and "count" not in settings:  # begin near the window, in step with the rule
        wall += max(0, (low - wall) // (unit * interval) - 2) * unit * interval
    plain = _plain(parts, settings, wall, high)
    found = _searched(parts, settings, wall, high, patience) if plain is None else plain
    yield from (moment.replace(tzinfo=zone) for moment in found if moment >= low)


def _plain(
    parts: dict[str, str], settings: dict[str, Any], first: datetime, last: datetime
) -> list[datetime] | None:
    """Starts by a rule as nearly all are, without dateutil; None of any other rule.

    That is every so many days, weeks (on some weekdays) or months, and not for long.
    """
    freq, interval, count = parts["FREQ"], settings["interval"], settings.get("count")
    by_day = settings.get("byweekday", []) if freq == "WEEKLY" else []
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *(["BYDAY"] if by_day else [])}
    if parts.keys() - known or any(day.n for day in by_day) or first.microsecond:
        return None
    if freq == "MONTHLY":
        if first.day > SHORTEST_MONTH:
            return None
        steps = (last.year - first.year) * 12 + last.month - first.month
        months = range(first.month - 1, first.month + steps, interval)
        if len(months) > MAX_PLAIN:
            return None
        found = [
            first.replace(year=first.year + month // 12, month=month % 12 + 1)
            for month in months[:count]
        ]
    elif freq in {"DAILY", "WEEKLY"}:
        unit = _UNITS[freq] * interval
        steps = (last - first) // unit + 2
        steps = steps if count is None else min(steps, count + 1)
        if steps > MAX_PLAIN:
            return None
        since = (first.weekday() - settings["wkst"]) % 7  # days, of the week in which it begins
        days = sorted({(day.weekday - settings["wkst"]) % 7 - since for day in by_day}) or [0]
        found = [first + unit * step + _DAY * day for step in range(steps) for day in days]
        found = [moment for moment in found if moment >= first]
    else:
        return None
    return [moment for moment in found[:count] if moment <= last]


def _searched(
    parts: dict[str, str], settings: dict[str, Any], first: datetime, last: datetime,
    patience: Patience,
) -> Iterator[datetime]:  # fmt: skip
    """Starts by any rule, from `first` to `last`, within bounds of work."""
    freq, interval = parts["FREQ"], settings["interval"]
    stride = _Stride(interval)
    stride.steps = _steps(freq, _UNITS.get(freq), interval, first, last)
    stride.work = MAX_WORK
    stride.cost = _WORK[freq] + _times(parts)
    try:
        for moment in rrule.rrule(
            _FREQUENCIES.index(freq), first, **(settings | {"interval": stride})
        ):
            if moment > last:
                return
            stride.work -= 5
            if stride.work < 0:
                raise RecurrenceError("recurs too often")  # noqa: TRY301
            yield moment
    except _Spent:
        return
    except RecurrenceError:
        patience.left -= 1
        raise
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise RecurrenceError("the recurrence rule cannot be followed") from error


def _wall(moment: datetime, start: datetime) -> datetime:
    """`moment` on the wall clock of `start`."""
    return moment.astimezone(start.tzinfo).replace(tzinfo=None) if start.tzinfo else moment


def _steps(
    freq: str, unit: timedelta | None, interval: int, first: datetime, last: datetime
) -> int:
    """Steps that surely lead from `first` past `last`."""
    if unit:
        return int((last - first) / (unit * interval)) + 3
    months = (last.year - first.year) * 12 + last.month - first.month
    return months // (interval * (12 if freq == "YEARLY" else 1)) + 3


def _times(parts: dict[str, str]) -> int:
    """Times of the day that dateutil makes anew in each step."""
    if parts["FREQ"] not in {"HOURLY", "MINUTELY"}:
        return 0
    minutes = parts.get("BYMINUTE", "").count(",") + 1 if parts["FREQ"] == "HOURLY" else 1
    return 5 * minutes * (parts.get("BYSECOND", "").count(",") + 1)


@lru_cache(1024)  # many series recur alike
def _parts(rule: str) -> dict[str, str]:
    """`FREQ=DAILY;COUNT=3` → its parts, in upper case."""
    pairs = [part.partition("=") for part in rule.upper().split(";") if part.strip()]
    parts = {name.strip(): value.strip() for name, _, value in pairs}
    if parts.get("FREQ") not in _FREQUENCIES:
        raise RecurrenceError("the recurrence rule has no frequency")
    return parts


def _settings(parts: dict[str, str]) -> dict[str, Any]:
    """Parts of a rule → arguments of dateutil's rrule; UNTIL is dealt with apart."""
    settings: dict[str, Any] = {"interval": 1, "wkst": 0}
    unknown = parts.keys() - _READERS.keys() - {"FREQ", "UNTIL"}
    if unknown:
        raise RecurrenceError("the recurrence rule has a part that is not known")
    try:
        for name, (argument, reader) in _READERS.items():
            if name in parts:
                settings[argument] = reader(parts[name])
    except (KeyError, ValueError) as error:
        raise RecurrenceError("the recurrence rule cannot be read") from error
    if not 1 <= settings["interval"] <= MAX_INTERVAL:
        raise RecurrenceError("the recurrence rule has an impossible interval")
    if settings.get("count", 0) < 0:  # how some say: endless
        del settings["count"]
    return settings


def _numbers(text: str) -> list[int]:
    return sorted({int(item) for item in text.split(",")})


def _weekdays(text: str) -> list[Any]:
    """`MO,-1FR` → dateutil's weekdays."""
    matches = [_BYDAY.fullmatch(day.strip()) for day in text.split(",")]
    return [
        rrule.weekday(_WEEKDAYS[match[2]], int(match[1]) if match[1] else None)
        if match
        else _WEEKDAYS[text]  # which it is not: KeyError
        for match in matches
    ]


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {  # part → dateutil's argument, its value
    "INTERVAL": ("interval", int),
    "COUNT": ("count", int),
    "WKST": ("wkst", _WEEKDAYS.__getitem__),
    "BYDAY": ("byweekday", _weekdays),
    "BYMONTH": ("bymonth", _numbers),
    "BYMONTHDAY": ("bymonthday", _numbers),
    "BYYEARDAY": ("byyearday", _numbers),
    "BYWEEKNO": ("byweekno", _numbers),
    "BYHOUR": ("byhour", _numbers),
    "BYMINUTE": ("byminute", _numbers),
    "BYSECOND": ("bysecond", _numbers),
    "BYSETPOS": ("bysetpos", _numbers),
}


def _last(text: str, start: datetime) -> datetime:
    """UNTIL as a time of the same sort as `start`: without Z it is on the series' wall clock."""
    digits = text.removesuffix("Z")
    try:
        wall = datetime.strptime(  # noqa: DTZ007 - its zone comes below
            digits if "T" in digits else f"{digits}T000000", "%Y%m%dT%H%M%S"
        )
    except ValueError as error:
        raise RecurrenceError("the recurrence rule has an end that is no date") from error
    if start.tzinfo is None:
        return wall
    return wall.replace(tzinfo=UTC if text.endswith("Z") else start.tzinfo)
