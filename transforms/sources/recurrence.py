"""Recurring meetings to instances, within a window and within bounds of work.

dateutil does the calendar arithmetic. Left alone it can search for ever for a start that never
comes (`FREQ=SECONDLY;BYSETPOS=5`); here every step it takes is paid for.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from dateutil import rrule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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


class Person(NamedTuple):
    """One participation, as a row of RAW_PARTICIPATION without its event."""

    address: str
    role: str
    response: str
    is_own: bool


class Version(msgspec.Struct, frozen=True, gc=False):
    """One VEVENT. Times are naive when they float."""

    line: int
    text: str  # settles which of two equal revisions counts, whatever their order
    start: datetime | None  # None: all day
    span: timedelta | None
    recurrence_id: datetime | date | None
    and_future: bool
    rules: tuple[str, ...]
    dates: tuple[tuple[datetime, timedelta | None], ...]
    excluded: tuple[datetime | date, ...]
    sequence: int
    revision: int
    is_cancelled: bool
    is_free: bool
    is_reply: bool
    organiser: str | None
    people: tuple[Person, ...]

    def is_meeting(self) -> bool:
        """At a time that is not free, of two people or more."""
        return self.start is not None and not self.is_free and len(self.people) > 1

    def is_alone(self) -> bool:
        """Neither a series nor part of one, nor an answer."""
        return self.recurrence_id is None and not (
            self.rules or self.dates or self.excluded or self.is_reply
        )

    def rank(self) -> tuple[bool, int, str]:
        """Highest is the version that counts; a reply names only who replied."""
        return not self.is_reply, self.revision, self.text


class Instance(NamedTuple):
    """One meeting. `recurrence_id` is None outside a series; times are UTC."""

    version: Version
    recurrence_id: datetime | None
    start: datetime
    end: datetime | None
    is_cancelled: bool
    revision: int


class Series(NamedTuple):
    """What the VEVENTs of one UID amount to, all-day and free ones still among it."""

    instances: list[Instance]
    recurs: bool
    duplicates: list[Version]
    rejects: list[tuple[int, str]]  # line, reason


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


# --- one series ---------------------------------------------------------------------------------


def resolve(
    versions: Sequence[Version],
    home: tzinfo,
    since: datetime,
    until: datetime,
    patience: Patience | None = None,
) -> Series:
    """Instances of one UID that start in [since, until), in the version that counts.

    An override replaces the instance of its RECURRENCE-ID, an EXDATE removes it. `home` is the
    zone of floating times. The order of `versions` does not matter. `patience` goes for a whole
    file.
    """
    if len(versions) == 1 and versions[0].is_alone():  # as nearly all are
        return Series(_once(versions[0], home, since, until), False, [], [])
    return _resolved(versions, home, since, until, patience or Patience())


def _resolved(
    versions: Sequence[Version], home: tzinfo, since: datetime, until: datetime, patience: Patience
) -> Series:
    ranked = sorted(versions, key=Version.rank, reverse=True)
    masters = [version for version in ranked if version.recurrence_id is None]
    master = masters[0] if masters else None
    duplicates = masters[1:]
    overrides: dict[datetime, Version] = {}  # RECURRENCE-ID in UTC → version
    for version in ranked:
        if version.recurrence_id is not None:
            original = _original(version.recurrence_id, master, home)
            if overrides.setdefault(original, version) is not version:
                duplicates.append(version)
    recurs = bool(overrides) or (master is not None and bool(master.rules or master.dates))
    instances: list[Instance] = []
    rejects: list[tuple[int, str]] = []
    if master is not None and master.start is not None:
        if recurs or master.excluded:
            try:
                instances, overrides = _instances(master, overrides, home, since, until, patience)
            except RecurrenceError as error:
                rejects.append((master.line, str(error)))
        else:
            instances = [_instance(master, None, _utc(master.start, home))]
    for original, version in overrides.items():
        if version.start is not None:
            instances.append(_instance(version, original, _utc(version.start, home)))
    inside = [one for one in instances if since <= one.start < until]
    replies = [version for version in ranked if version.is_reply]
    if replies:
        inside = [_answered(one, replies, master, home) for one in inside]
    return Series(inside, recurs, duplicates, rejects)


def _once(version: Version, home: tzinfo, since: datetime, until: datetime) -> list[Instance]:
    if version.start is None:
        return []
    start = _utc(version.start, home)
    return [_instance(version, None, start)] if since <= start < until else []


def _instance(
    version: Version,
    recurrence_id: datetime | None,
    start: datetime,
    span: timedelta | None = None,
) -> Instance:
    length = span if span is not None else version.span
    end = None if length is None else start + length
    return Instance(version, recurrence_id, start, end, version.is_cancelled, version.revision)


def _instances(
    master: Version,
    overrides: Mapping[datetime, Version],
    home: tzinfo,
    since: datetime,
    until: datetime,
    patience: Patience,
) -> tuple[list[Instance], dict[datetime, Version]]:
    """The series' own instances and tombstones, and the overrides that stand, by instance."""
    shifts = [
        (original, _shift(original, one, home), one)
        for original, one in sorted(overrides.items(), key=lambda item: item[0])
        if one.and_future
    ]
    marks = [original for original, _, _ in shifts]
    slack = max((abs(shift) for _, shift, _ in shifts), default=timedelta()) + _DAY
    starts, spans = _starts(master, home, since - slack, until + slack, patience)
    gone = _excluded(master, starts, home)
    standing = _matched(overrides, starts)
    tombstones = [
        Instance(
            master, original, original, None, True,
            max(master.revision, standing.pop(original, master).revision),
        )
        for original in gone
    ]  # fmt: skip
    replaced = {*standing, *overrides}
    own = []
    for original, moment in starts.items():
        if original in gone or original in replaced:
            continue
        version, start = master, original
        if behind := bisect_left(marks, original):
            _, shift, version = shifts[behind - 1]
            start = _utc(moment + shift, home)
        if version.start is not None:
            own.append(_instance(version, original, start, spans.get(original)))
    return own + tombstones, standing


def _starts(
    master: Version, home: tzinfo, since: datetime, until: datetime, patience: Patience
) -> tuple[dict[datetime, datetime], dict[datetime, timedelta]]:
    """Starts in UTC → starts as the series has them, and lengths that RDATE periods bring."""
    start = master.start
    if start is None:
        return {}, {}
    zone = start.tzinfo
    since, until = (moment.astimezone(zone or home) for moment in (since, until))
    if zone is None:
        since, until = since.replace(tzinfo=None), until.replace(tzinfo=None)
    dates = [
        (moment.replace(tzinfo=zone) if moment.tzinfo is None
         else moment if zone else moment.astimezone(home).replace(tzinfo=None), span)
        for moment, span in master.dates
    ]  # fmt: skip
    moments = expand(master.rules, start, [moment for moment, _ in dates], since, until, patience)
    spans = {_utc(moment, home): span for moment, span in dates if span is not None}
    return {_utc(moment, home): moment for moment in moments}, spans


def _excluded(
    master: Version, starts: Mapping[datetime, datetime], home: tzinfo
) -> dict[datetime, None]:
    """What EXDATE removes, in UTC, also where the rule has no such start (any more)."""
    gone: dict[datetime, None] = {}
    days = {mark for mark in master.excluded if not isinstance(mark, datetime)}
    if days:
        gone = dict.fromkeys(
            original for original, moment in starts.items() if moment.date() in days
        )
    marks = [mark for mark in master.excluded if isinstance(mark, datetime)]
    exact = {mark: _original(mark, master, home) for mark in master.excluded}
    digits = {
        digit for mark in marks if exact[mark] not in starts for digit in _digits(mark)
    }  # fmt: skip
    if digits:
        gone |= dict.fromkeys(
            original for original, moment in starts.items()
            if not digits.isdisjoint(_digits(moment))
        )  # fmt: skip
    return gone | dict.fromkeys(exact.values())


def _matched(
    overrides: Mapping[datetime, Version], starts: Mapping[datetime, datetime]
) -> dict[datetime, Version]:
    """Overrides by the instance they replace; without one, by their own RECURRENCE-ID."""
    by_digits = {
        digit: original
        for original, moment in starts.items()
        if original not in overrides
        for digit in _digits(moment)
    } if any(original not in starts for original in overrides) else {}  # fmt: skip
    matched: dict[datetime, Version] = {}
    for original, version in sorted(overrides.items(), key=lambda item: item[0]):
        written = version.recurrence_id
        key = original
        if original not in starts and isinstance(written, datetime):
            key = next(
                (by_digits[digit] for digit in _digits(written) if digit in by_digits), original
            )
        matched.setdefault(key, version)
    return matched


def _digits(moment: datetime) -> tuple[datetime, ...]:
    """What a calendar that is careless about zones may write for `moment`: UTC, own clock."""
    if moment.tzinfo is None:
        return (moment,)
    return moment.astimezone(UTC).replace(tzinfo=None), moment.replace(tzinfo=None)


def _shift(original: datetime, version: Version, home: tzinfo) -> timedelta:
    """How far a THISANDFUTURE override moves what follows it, on the wall clock."""
    if version.start is None:
        return timedelta()
    zone = version.start.tzinfo or home
    return version.start.replace(tzinfo=None) - original.astimezone(zone).replace(tzinfo=None)


def _original(moment: datetime | date, master: Version | None, home: tzinfo) -> datetime:
    """RECURRENCE-ID or EXDATE in UTC; a bare date takes the series' time of day and zone."""
    start = master.start if master else None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, start.time() if start else time())
    return _utc(moment, (start.tzinfo if start else None) or home)


def _utc(moment: datetime, home: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=home)).astimezone(UTC)


def _answered(
    one: Instance, replies: Sequence[Version], master: Version | None, home: tzinfo
) -> Instance:
    """The instance with the answers that attendees sent themselves."""
    answers = {
        person.address: person
        for reply in reversed(replies)
        if reply.recurrence_id is None
        or _original(reply.recurrence_id, master, home) == one.recurrence_id
        for person in reply.people
        if person.is_own
    }
    people = tuple(
        person._replace(response=answers[person.address].response, is_own=True)
        if person.address in answers and person.role != "organiser"
        else person
        for person in one.version.people
    )
    return one._replace(version=msgspec.structs.replace(one.version, people=people))


# --- one rule -----------------------------------------------------------------------------------


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
