"""Google Calendar events: JSON of events.list, with or without its series expanded.

A record of a cancelled event may hold no more than its id; its UID is then found in the file, or
read from the id. A copy that leaves out attendees (attendeesOmitted, or a guest list that guests
may not see) is incomplete, not a meeting of few: those who are shown count, also when that is only
one, and the copy yields to a whole one. A guest's cancelled copy yields too: deleting an
invitation from one's own calendar does not call off the meeting.
"""

from __future__ import annotations

import binascii
import re
from base64 import b32hexdecode
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from transforms.sources.base import Batch, Options, Source
from transforms.sources.ics_times import Clock, RefusalError
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

_KIND = re.compile(r'"calendar#events?"')
_TZID = re.compile(r';TZID="?([^";]+)', re.IGNORECASE)
_INSTANCE = re.compile(r"_\d{8}(?:T\d{6}Z)?$")  # what the id of an instance adds to its series'
_RESPONSES = {"accepted": "accepted", "tentative": "tentative", "declined": "declined"}
_MEETINGS = {None, "default", "fromGmail"}


# --- what is read of the JSON; everything else is passed over ----------------------------------


class When(msgspec.Struct, rename="camel"):
    """A time, or a date for what lasts all day."""

    date: str | None = None
    date_time: str | None = None
    time_zone: str | None = None


class Guest(msgspec.Struct, rename="camel"):
    """An organiser or attendee; `self` is the person whose calendar it is."""

    email: str | None = None
    self: bool | None = None
    optional: bool | None = None
    resource: bool | None = None
    response_status: str | None = None


class Event(msgspec.Struct, rename="camel"):
    """One event."""

    id: str | None = None
    uid: str | None = msgspec.field(default=None, name="iCalUID")
    status: str | None = None
    event_type: str | None = None
    updated: str | None = None
    sequence: int | None = None
    transparency: str | None = None
    start: When | None = None
    end: When | None = None
    end_time_unspecified: bool | None = None
    recurrence: list[str] | None = None
    recurring_event_id: str | None = None
    original_start_time: When | None = None
    organizer: Guest | None = None
    attendees: list[Guest] | None = None
    attendees_omitted: bool | None = None
    guests_can_see_other_guests: bool | None = None


_EVENT = msgspec.json.Decoder(Event)


class Known(NamedTuple):
    """What the whole records of an event or series tell of it."""

    uid: str
    is_hosted: bool  # by the person whose calendar it is
    is_series: bool  # told as a rule, so that its instances in the file are exceptions


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Meetings of the events at `path`, in batches. Positions are records from 1.

    The file is read twice: the records that name a UID say it for those that do not.
    Raises UnreadableFileError when the file is no JSON.
    """
    known = _known(path)
    told = Told()
    for record in records(path):
        told.records += 1
        try:
            event = _EVENT.decode(record.raw)
        except BROKEN as error:
            told.reject(record.position, refusal(error, "event as Google returns it"), record.place)
            continue
        if event.start is None and event.original_start_time is None and _is_cancelled(event):
            continue  # gone, and it is not told when it was to be
        about = _about(event, known)
        if about is None:
            told.reject(record.position, "has neither iCalUID nor id")
            continue
        try:
            told.add(about.uid, _version(event, record, about))
        except RefusalError as error:
            told.reject(record.position, str(error))
        except OverflowError:
            told.reject(record.position, "has a time that cannot be read")
    yield from batches(told, options)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Google's events."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    if _KIND.search(text):
        return 0.95
    return 0.9 if '"iCalUID"' in text and '"start"' in text else 0.0


def _known(path: Path) -> dict[str, Known]:
    """Id of an event, or of the series it belongs to → what is known of it."""
    found: dict[str, Known] = {}
    for record in records(path):
        try:
            event = _EVENT.decode(record.raw)
        except BROKEN:
            continue
        name = event.recurring_event_id or event.id
        if name and event.uid:
            one = Known(
                event.uid,
                bool(event.organizer and event.organizer.self),
                bool(event.recurrence),
            )
            before = found.get(name, one)
            found[name] = Known(
                one.uid, before.is_hosted or one.is_hosted, before.is_series or one.is_series
            )
    return found


def _about(event: Event, known: dict[str, Known]) -> Known | None:
    name = event.recurring_event_id or event.id or ""
    found = known.get(name) or known.get(_INSTANCE.sub("", name))
    uid = event.uid or (found.uid if found else _uid(name))
    if not uid:
        return None
    return found._replace(uid=uid) if found else Known(uid, is_hosted=False, is_series=False)


def _uid(name: str) -> str:
    """UID of the event with this id: Google's own, or one of elsewhere in base 32."""
    name = _INSTANCE.sub("", name)
    if not name.startswith("_"):
        return f"{name}@google.com" if name else ""
    digits = name[1:].upper()
    try:
        return b32hexdecode(digits + "=" * (-len(digits) % 8)).decode()
    except (binascii.Error, ValueError):
        return ""


# --- one event --------------------------------------------------------------------------------


def _is_cancelled(event: Event) -> bool:
    return event.status == "cancelled"


def _version(event: Event, record: Record, about: Known) -> Version:
    """Read one event. Raises RefusalError."""
    original = event.original_start_time
    recurrence_id = _moment(original, record.zone) if original else None
    start = _moment(event.start or original, record.zone)
    timed = start if isinstance(start, datetime) else None
    is_cancelled = _is_cancelled(event)
    host, people = _people(event)
    is_hosted = about.is_hosted or bool(event.organizer and event.organizer.self)
    shows_all = not event.attendees_omitted and (
        event.guests_can_see_other_guests is not False or is_hosted
    )
    is_weak = not (is_hosted if is_cancelled else shows_all)
    is_exception = recurrence_id is not None and (
        about.is_series or is_cancelled or start != recurrence_id
    )
    kind = Version if shows_all or is_cancelled else Partial
    rules, dates, excluded = _series(event)
    return kind(
        line=record.position,
        text=text_of(bytes(record.raw)),
        start=timed,
        span=_span(event, timed, record.zone) if timed else None,
        recurrence_id=recurrence_id,
        and_future=False,
        rules=rules,
        dates=dates,
        excluded=excluded,
        sequence=event.sequence or 0,
        revision=revision(
            event.sequence or 0,
            None if is_weak else event.updated,
            is_exception=is_exception and not (is_weak and is_cancelled),
        ),
        is_cancelled=is_cancelled,
        is_free=event.transparency == "transparent" or event.event_type not in _MEETINGS,
        is_reply=False,
        organiser=host.address if host else None,
        people=people,
    )


def _moment(when: When | None, calendar: str) -> datetime | date:
    """A date, or a time in the zone that it names, or else the calendar's."""
    if when is None:
        raise RefusalError("has no start")
    if when.date_time is None:
        try:
            return date.fromisoformat(when.date or "")
        except ValueError as error:
            raise RefusalError("has a date that cannot be read") from error
    name = when.time_zone or calendar
    time = moment(when.date_time)
    if time.tzinfo is None:
        return time.replace(tzinfo=zone(name)) if name else time
    if when.time_zone is None:
        return time
    try:
        return time.astimezone(zone(name))  # a series keeps its hour on this clock
    except RefusalError:
        return time


def _span(event: Event, start: datetime, calendar: str) -> timedelta | None:
    if event.end is None or event.end_time_unspecified:
        return None
    end = _moment(event.end, calendar)
    if not isinstance(end, datetime) or (end.tzinfo is None) != (start.tzinfo is None):
        return None
    if start.tzinfo is not None:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end < start:
        raise RefusalError("ends before it starts")
    return end - start


def _people(event: Event) -> tuple[Person | None, tuple[Person, ...]]:
    host = None
    organiser = event.organizer
    if organiser and (address := address_of(organiser.email)):
        host = person(address, "organiser", "accepted", is_own=bool(organiser.self))
    others = [
        person(
            address,
            "optional" if guest.optional else "required",
            _RESPONSES.get(guest.response_status or "", "none"),
            is_own=bool(guest.self),
        )
        for guest in event.attendees or ()
        if not guest.resource and (address := address_of(guest.email))
    ]
    return host, gathered(host, others)


def _series(
    event: Event,
) -> tuple[
    tuple[str, ...], tuple[tuple[datetime, timedelta | None], ...], tuple[datetime | date, ...]
]:
    """Rules, further dates and dates left out, from the lines of iCalendar that a series has."""
    rules: list[str] = []
    dates: list[tuple[datetime, timedelta | None]] = []
    excluded: list[datetime | date] = []
    clock = Clock(_named)
    for line in event.recurrence or ():
        head, _, value = line.partition(":")
        name, mark, parameters = head.partition(";")
        if name.upper() == "RRULE":
            rules.append(value.strip())
            continue
        for item in filter(None, value.split(",")):
            found = clock.moment(item.partition("/")[0], mark + parameters)
            if name.upper() == "EXDATE":
                excluded.append(found)
            elif name.upper() == "RDATE" and isinstance(found, datetime):
                dates.append((found, None))
    return tuple(rules), tuple(dates), tuple(excluded)


def _named(parameters: str) -> tzinfo | None:
    found = _TZID.search(parameters)
    return zone(found[1]) if found else None


SOURCE = Source(
    name="google-events",
    title="Google Calendar events (API, JSON)",
    channel="meeting",
    how=(
        "Pages of calendar/v3/calendars/{mail address}/events with singleEvents=true, timeMin, "
        "timeMax and no maxAttendees, saved as JSON or a page a line, one file per calendar"
    ),
    reads=(
        "iCalUID", "id", "recurringEventId", "originalStartTime", "status", "eventType", "updated",
        "sequence", "transparency", "start", "end", "recurrence", "attendeesOmitted",
        "guestsCanSeeOtherGuests", "organizer: email, self",
        "attendees: email, responseStatus, optional, resource, self", "timeZone of the calendar",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
