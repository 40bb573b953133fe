"""When people in the demo network work: days, hours, school vacations, in Dutch local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from random import Random

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)

WEEKDAYS = (1.0, 1.15, 0.85, 1.1, 0.7, 0.0, 0.0)
# School vacations, (month, day) of the first and last day, and the part of the work that goes on.
VACATIONS = (
    ((1, 1), (1, 4), 0.2),
    ((2, 14), (2, 22), 0.8),
    ((4, 25), (5, 3), 0.5),
    ((7, 11), (8, 23), 0.45),
    ((10, 17), (10, 25), 0.8),
    ((12, 20), (12, 31), 0.2),
)
MAIL_HOURS = tuple(range(7, 23))
MAIL_HOUR_WEIGHTS = tuple(accumulate((1, 5, 9, 10, 9, 5, 7, 9, 8, 6, 3, 1, 0.7, 0.7, 0.5, 0.3)))
MEETING_HOURS = (9, 10, 11, 13, 14, 15, 16)


@dataclass(frozen=True, slots=True)
class Year:
    """Twelve months up to `end` (excluded), with how lively each day is."""

    start: date
    end: date
    days: tuple[date, ...]
    meeting_weights: tuple[float, ...]  # cumulative, for random.choices
    mail_weights: tuple[float, ...]
    months: tuple[date, ...]  # firsts of the whole months


def year_until(end: date) -> Year:
    start = _a_year_before(end)
    days = tuple(start + i * DAY for i in range((end - start).days))
    lively = [liveliness(day) for day in days]
    return Year(
        start,
        end,
        days,
        tuple(accumulate(lively)),
        tuple(accumulate(max(weight, 0.02) for weight in lively)),
        tuple(day for day in days if day.day == 1),
    )


@lru_cache(maxsize=1024)
def liveliness(day: date) -> float:
    """Work done on a day: about 1 on a working day, 0 in weekends and on public holidays."""
    return 0.0 if day in holidays(day.year) else WEEKDAYS[day.weekday()] * vacation(day)


def vacation(day: date) -> float:
    """Part of the work that goes on: 1 outside school vacations."""
    here = (day.month, day.day)
    return next((part for first, last, part in VACATIONS if first <= here <= last), 1.0)


@lru_cache(maxsize=8)
def holidays(year: int) -> frozenset[date]:
    easter = _easter(year)
    moving = (easter + offset * DAY for offset in (1, 39, 50))
    fixed = (date(year, month, day) for month, day in ((1, 1), (4, 27), (12, 25), (12, 26)))
    return frozenset((*moving, *fixed))


def is_working_day(day: date) -> bool:
    return liveliness(day) > 0


def working_day(day: date) -> date:
    """The day itself, or the first working day after it."""
    while not is_working_day(day):
        day += DAY
    return day


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), AMSTERDAM)


def meeting_moment(rng: Random, day: date) -> datetime:
    return at(day, rng.choice(MEETING_HOURS), rng.choice((0, 0, 30)))


def mail_moment(rng: Random, day: date) -> datetime:
    hour = rng.choices(MAIL_HOURS, cum_weights=MAIL_HOUR_WEIGHTS)[0]
    return at(day, hour, rng.randrange(60), rng.randrange(60))


def reply_moment(rng: Random, after: datetime) -> datetime:
    """Hours to days later, mostly within working hours."""
    moment = after + timedelta(seconds=round(rng.lognormvariate(1.5, 1.2) * 3600) + 90)
    day = moment.date()
    if is_working_day(day) and 7 <= moment.hour < 20:
        return moment
    if rng.random() < 0.08 and 7 <= moment.hour < 23:
        return moment
    day = working_day(day if moment.hour < 7 and is_working_day(day) else day + DAY)
    return at(day, 8, 20) + timedelta(seconds=rng.randrange(4 * 3600))


def _a_year_before(day: date) -> date:
    # 29 February has no day a year earlier: the year then starts on 1 March.
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return date(day.year - 1, 3, 1)


def _easter(year: int) -> date:
    # Gregorian computus (Meeus, Jones, Butcher).
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
