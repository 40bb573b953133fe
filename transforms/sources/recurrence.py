"""Recurring meetings to instances: a series with its exceptions, overrides and answers."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources.recurrence_rules import Patience, RecurrenceError, expand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    is_guests: bool = False  # surely the copy of somebody who was invited

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


def resolve(
    versions: Sequence[Version],
    home: tzinfo,
    since: datetime,
    until: datetime,
    horizon: datetime,
    patience: Patience | None = None,
) -> Series:
    """Instances of one UID that start in [since, until), in the version that counts.

    What a series gives by its rule starts before `horizon` too. An override replaces the instance of
    its RECURRENCE-ID, an EXDATE removes it. `home` is the zone of floating times. The order of
    `versions` does not matter. `patience` goes for a whole file.
    """
    if len(versions) == 1 and versions[0].is_alone():  # as nearly all are
        return Series(_once(versions[0], home, since, until), False, [], [])
    return _resolved(versions, home, since, until, min(until, horizon), patience or Patience())


def _resolved(
    versions: Sequence[Version],
    home: tzinfo,
    since: datetime,
    until: datetime,
    horizon: datetime,
    patience: Patience,
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
                given, overrides = _instances(master, overrides, home, since, horizon, patience)
                instances = [one for one in given if one.start < horizon]
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
    newest = {original: standing.pop(original, master).revision for original in gone}
    tombstones = [
        # A guest who takes a day out of their own calendar does not call the meeting off.
        Instance(
            master, original, original, None, True,
            0 if master.is_guests else max(master.revision, revision),
        )
        for original, revision in newest.items()
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
