"""Microsoft Graph calendar events: JSON of /events, /calendarView and their deltas.

A meeting's UID is the same for a whole series and equal to the one in its .ics: Graph's `iCalUId`
writes the day of the occurrence into it, which is taken out again. Series without their occurrences
are expanded. Where attendees are hidden, those who are shown count, and such a copy yields to a
whole one of another partner.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import msgspec

from transforms.sources.base import Batch, Options, Source
from transforms.sources.ics_times import RefusalError
from transforms.sources.meetings import (
    Partial,
    Told,
    address_of,
    batches,
    gathered,
    moment,
    person,
    revision,
    text_of,
    zone,
)
from transforms.sources.opening import decoded
from transforms.sources.pages import Record, records
from transforms.sources.recurrence import Person, Version
from transforms.sources.wrapped_json import BROKEN, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GLOBAL_ID = re.compile(r"040000008200E00074C5B7101A82E008[0-9A-F]{48,}", re.IGNORECASE)
_DAY_DIGITS = slice(32, 40)  # year, month and day of the occurrence
_FOREIGN_UID = b"vCal-Uid\x01\x00\x00\x00"  # a UID that another system gave
_DATA = 40  # bytes before the data of a global id
_OWNER = re.compile(r"users\('([^')]+)'\)", re.IGNORECASE)
_DAY_OF_ID = re.compile(r"\.(\d{4}-\d{2}-\d{2})$")
_SURE_DAY = 28  # of every month
_SIGNS = (
    '"iCalUId"', '"seriesMasterId"', '"isAllDay"', '"isCancelled"', '"originalStartTimeZone"',
    '"showAs"', '"isOrganizer"', '"hideAttendees"',
)  # fmt: skip
_RESPONSES = {
    "organizer": "accepted", "accepted": "accepted", "tentativelyaccepted": "tentative",
    "declined": "declined",
}  # fmt: skip
_FREQUENCIES = {
    "daily": "DAILY", "weekly": "WEEKLY", "absolutemonthly": "MONTHLY",
    "relativemonthly": "MONTHLY", "absoluteyearly": "YEARLY", "relativeyearly": "YEARLY",
}  # fmt: skip
_POSITIONS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}


# --- what is read of the JSON; everything else is passed over ----------------------------------


class Wall(msgspec.Struct, rename="camel"):
    """A time on the clock of a zone."""

    date_time: str | None = None
    time_zone: str | None = None


class Mailbox(msgspec.Struct):
    """A person's name and address."""

    name: str | None = None
    address: str | None = None


class Answer(msgspec.Struct):
    """What somebody answered."""

    response: str | None = None


class Invited(msgspec.Struct, rename="camel"):
    """An organiser or attendee."""

    email_address: Mailbox | None = None
    type: str | None = None
    status: Answer | None = None


class Pattern(msgspec.Struct, rename="camel"):
    """How a series recurs."""

    type: str | None = None
    interval: int | None = None
    month: int | None = None
    day_of_month: int | None = None
    days_of_week: list[str] | None = None
    first_day_of_week: str | None = None
    index: str | None = None


class Range(msgspec.Struct, rename="camel"):
    """How long a series recurs."""

    type: str | None = None
    end_date: str | None = None
    recurrence_time_zone: str | None = None
    number_of_occurrences: int | None = None


class Recurrence(msgspec.Struct):
    """The rule of a series."""

    pattern: Pattern
    range: Range


class Event(msgspec.Struct, rename="camel"):
    """One event."""

    id: str | None = None
    i_cal_u_id: str | None = None
    uid: str | None = None
    type: str | None = None
    series_master_id: str | None = None
    occurrence_id: str | None = None
    original_start: str | None = None
    original_start_time_zone: str | None = None
    last_modified_date_time: str | None = None
    start: Wall | None = None
    end: Wall | None = None
    is_all_day: bool | None = None
    is_cancelled: bool | None = None
    is_draft: bool | None = None
    is_organizer: bool | None = None
    hide_attendees: bool | None = None
    show_as: str | None = None
    organizer: Invited | None = None
    attendees: list[Invited] | None = None
    response_status: Answer | None = None
    recurrence: Recurrence | None = None
    cancelled_occurrences: list[str] | None = None


_EVENT = msgspec.json.Decoder(Event)


class Bare(NamedTuple):
    """An occurrence that leaves to its series who takes part, as deltas write it."""

    record: Record
    event: Event


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Meetings of the events at `path`, in batches. Positions are records from 1.

    Raises UnreadableFileError when the file is no JSON.
    """
    told = Told()
    series: dict[str, tuple[str, Version]] = {}  # id → UID, version
    waiting: list[Bare] = []
    for record in records(path):
        told.records += 1
        try:
            event = _EVENT.decode(record.raw)
        except BROKEN as error:
            told.reject(record.position, refusal(error, "event as Graph returns it"), record.place)
            continue
        uid = event.uid or uid_of(event.i_cal_u_id or "")
        try:
            if uid:
                version = _version(event, record)
                told.add(uid, version)
                series[event.id or ""] = uid, version
            elif event.series_master_id:
                waiting.append(Bare(record, event))
            elif event.start:
                told.reject(record.position, "has no iCalUId")
        except (RefusalError, OverflowError) as error:
            told.reject(record.position, _words(error))
    for record, event in waiting:
        uid, master = series.get(event.series_master_id or "", ("", None))
        if master is None:
            told.reject(record.position, "has no iCalUId, and its series is not in the file")
            continue
        try:
            told.add(uid, _occurrence(event, record, master))
        except (RefusalError, OverflowError) as error:
            told.reject(record.position, _words(error))
    yield from batches(told, options)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Graph events."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")) or '"dateTime"' not in text:
        return 0.0
    return (0.0, 0.75, 0.9, 0.95)[min(3, sum(sign in text for sign in _SIGNS))]


def uid_of(name: str) -> str:
    """The UID that the meeting's .ics has, from Graph's `iCalUId`."""
    if not _GLOBAL_ID.fullmatch(name) or len(name) % 2:
        return name
    data = bytes.fromhex(name)[_DATA:]
    if data.startswith(_FOREIGN_UID):
        return data[len(_FOREIGN_UID) :].rstrip(b"\0").decode("utf-8", "replace")
    return f"{name[: _DAY_DIGITS.start]}00000000{name[_DAY_DIGITS.stop :]}".upper()


def is_of_one_day(name: str) -> bool:
    """Whether an `iCalUId` is that of one day of a series."""
    return bool(_GLOBAL_ID.fullmatch(name)) and name[_DAY_DIGITS] != "00000000"


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, RefusalError) else "has a time that cannot be read"


# --- one event --------------------------------------------------------------------------------


def _version(event: Event, record: Record) -> Version:
    """Read one event. Raises RefusalError."""
    start, span = _times(event)
    host, people = _people(event, record.context)
    is_instance = event.series_master_id is not None or event.type in {"occurrence", "exception"}
    is_hidden = bool(event.hide_attendees) and not event.is_organizer
    kind = Partial if is_hidden and not event.is_cancelled else Version
    recurrence = None if is_instance else event.recurrence
    return kind(
        line=record.position,
        text=text_of(bytes(record.raw)),
        start=None if event.is_all_day else _in_step(start, event),
        span=span,
        recurrence_id=_original(event, start) if is_instance else None,
        and_future=False,
        rules=(_rule(recurrence),) if recurrence else (),
        dates=(),
        excluded=_excluded(event),
        sequence=0,  # Graph does not tell
        revision=revision(
            0,
            None if kind is Partial else event.last_modified_date_time,
            is_exception=event.type == "exception",
        ),
        is_cancelled=bool(event.is_cancelled),
        is_free=event.show_as == "free" or bool(event.is_draft),
        is_reply=False,
        organiser=host.address if host else None,
        people=people,
        is_guests=event.is_organizer is False,
    )


def _occurrence(event: Event, record: Record, master: Version) -> Version:
    """Read an occurrence that says of itself only when it is. Raises RefusalError."""
    start, span = _times(event)
    return msgspec.structs.replace(
        master,
        line=record.position,
        text=text_of(bytes(record.raw)),
        start=start if master.start else None,  # None: all day, which only the series tells
        span=span,
        recurrence_id=_original(event, start),
        rules=(),
        excluded=(),
        revision=master.revision | (int(event.type == "exception") << 60),
        is_cancelled=master.is_cancelled or bool(event.is_cancelled),
    )


def _times(event: Event) -> tuple[datetime, timedelta | None]:
    start = _wall(event.start)
    if event.end is None or event.end.date_time is None:
        return start, None
    span = _wall(event.end).astimezone(UTC) - start.astimezone(UTC)
    if span < timedelta():
        raise RefusalError("ends before it starts")
    return start, span


def _wall(wall: Wall | None) -> datetime:
    if wall is None:
        raise RefusalError("has no start")
    return moment(wall.date_time, zone(wall.time_zone or "UTC"))


def _clock(event: Event) -> tzinfo | None:
    """Zone whose clock the series follows; None where it has no name that is known."""
    rule = event.recurrence.range.recurrence_time_zone if event.recurrence else None
    for name in (rule, event.original_start_time_zone):
        try:
            return zone(name or "")
        except RefusalError:
            continue
    return None


def _in_step(start: datetime, event: Event) -> datetime:
    """`start` on the clock that a series follows: shown in UTC, it would shift in summer."""
    clock = _clock(event) if event.recurrence else None
    return start.astimezone(clock) if clock else start


def _original(event: Event, start: datetime) -> datetime:
    """When the occurrence was to start; from its id's day and its own clock if it does not tell."""
    if event.original_start:
        return moment(event.original_start, UTC)
    found = _DAY_OF_ID.search(event.occurrence_id or "")
    clock = _clock(event)
    if found is None:
        return start
    own = start.astimezone(clock) if clock else start
    day = _day(found[1])
    return own.replace(year=day.year, month=day.month, day=day.day)


def _excluded(event: Event) -> tuple[date, ...]:
    """Days on which the series was called off."""
    found = (_DAY_OF_ID.search(name) for name in event.cancelled_occurrences or ())
    return tuple(_day(match[1]) for match in found if match)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefusalError("has a date that cannot be read") from error


def _people(event: Event, context: str) -> tuple[Person | None, tuple[Person, ...]]:
    """The organiser, and everybody once. Whose calendar it is, the page's context may tell."""
    match = _OWNER.search(context)
    owner = unquote(match[1]).lower() if match else ""
    own = _response(event.response_status)
    address = _address(event.organizer)
    host = (
        person(address, "organiser", "accepted", is_own=bool(event.is_organizer))
        if address
        else None
    )
    others = []
    for one in event.attendees or ():
        address = _address(one)
        if address is None or one.type == "resource":
            continue
        is_own = address == owner
        response = own if is_own and own != "none" else _response(one.status)
        role = "optional" if one.type == "optional" else "required"
        others.append(person(address, role, response, is_own=is_own))
    return host, gathered(host, others)


def _address(invited: Invited | None) -> str | None:
    box = invited.email_address if invited else None
    return address_of(box.address, box.name) if box else None


def _response(answer: Answer | None) -> str:
    return _RESPONSES.get(((answer and answer.response) or "").lower(), "none")


# --- a series ---------------------------------------------------------------------------------


def _rule(recurrence: Recurrence) -> str:
    """The series' rule as iCalendar writes one. Raises RefusalError."""
    pattern, limits = recurrence.pattern, recurrence.range
    kind = (pattern.type or "").lower()
    if kind not in _FREQUENCIES:
        raise RefusalError("has a recurrence that is not known")
    parts = [f"FREQ={_FREQUENCIES[kind]}", f"INTERVAL={pattern.interval or 1}"]
    if kind.endswith("yearly"):
        parts.append(f"BYMONTH={pattern.month}")
    if kind.startswith("absolute"):
        last = pattern.day_of_month or 0
        days = range(min(last, _SURE_DAY), last + 1)  # a month that is too short: its last day
        parts += [f"BYMONTHDAY={','.join(map(str, days))}", "BYSETPOS=-1"]
    elif kind != "daily":
        parts.append(f"BYDAY={','.join(day[:2].upper() for day in pattern.days_of_week or ())}")
    if kind == "weekly":
        parts.append(f"WKST={(pattern.first_day_of_week or 'sunday')[:2].upper()}")
    if kind.startswith("relative"):
        parts.append(f"BYSETPOS={_POSITIONS.get((pattern.index or 'first').lower(), 1)}")
    if limits.type == "endDate":
        parts.append(f"UNTIL={(limits.end_date or '').replace('-', '')}T235959")
    elif limits.type == "numbered":
        parts.append(f"COUNT={limits.number_of_occurrences}")
    return ";".join(parts)


SOURCE = Source(
    name="graph-events",
    title="Microsoft 365 calendar events (Graph, JSON)",
    channel="meeting",
    how=(
        "Pages of /users/{mail address}/calendarView with startDateTime and endDateTime, saved as "
        "JSON or a page a line, one file per calendar; /events and delta pages are read too"
    ),
    reads=(
        "iCalUId", "uid", "id", "seriesMasterId", "occurrenceId", "type", "start", "end",
        "originalStart", "originalStartTimeZone", "lastModifiedDateTime", "isAllDay",
        "isCancelled", "isDraft", "isOrganizer", "hideAttendees", "showAs", "responseStatus",
        "recurrence", "cancelledOccurrences", "organizer and attendees: address (name where there "
        "is none), type, response", "@odata.context (whose calendar)",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
