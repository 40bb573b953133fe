"""One VEVENT: when it is, who takes part, and which version of the meeting it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from transforms.sources.ics_lines import content, lines_of, parameters
from transforms.sources.ics_times import TIME, Clock, RefusalError, span
from transforms.sources.recurrence import Person, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_RESPONSES = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}
_NO_PERSON = {"ROOM", "RESOURCE", "GROUP"}
LONGEST_NUMBER = 18  # digits
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a VCALENDAR says about all its events."""

    method: str = ""
    owner: str = ""  # address of the person whose calendar it is
    zone: tzinfo | None = None  # of floating and UTC times


def attendee(line: str, owner: str) -> Person | None:
    """ATTENDEE or ORGANIZER line → who that is, `owner`'s own copy or not; None if not a person."""
    is_whole, _, raw, value = content(line)
    if not is_whole:  # a lone quotation mark
        head, scheme, rest = line.lower().partition(":mailto:")
        raw, value = (head, f"mailto:{rest}") if scheme else (raw, value)
    told = parameters(raw)
    if told.get("CUTYPE", "").upper() in _NO_PERSON:
        return None
    role = told.get("ROLE", "").upper()
    if role == "NON-PARTICIPANT":
        return None
    value = value.strip()
    if value[:7].lower() == "mailto:":
        address = value[7:]
    else:
        address = told.get("EMAIL") or (value if "@" in value else "")
        address = address[7:] if address[:7].lower() == "mailto:" else address
    address = address.strip(" \t<>\"'").lower()
    if not address or address.endswith("calendar.google.com"):  # a shared calendar or a room
        return None
    response = _RESPONSES.get(told.get("PARTSTAT", "").upper(), "none")
    role = "optional" if role == "OPT-PARTICIPANT" else "required"
    return Person(address, role, response, address == owner)


def version_of(
    text: str,
    line: int,
    calendar: Calendar,
    clock: Clock,
    person: Callable[[str, str], Person | None],
) -> Version:
    """Read one VEVENT. Raises RefusalError."""
    single, several, attendees = lines_of(text)
    if "DTSTART" not in single:
        raise RefusalError("has no start")
    start = _time(single["DTSTART"], clock)
    rid_line = single.get("RECURRENCE-ID")
    recurrence_id = _time(rid_line, clock) if rid_line else None
    timed = start if isinstance(start, datetime) else None
    if _value(single, "X-MICROSOFT-CDO-ALLDAYEVENT") == "TRUE":
        timed = None
    rules: list[str] = []
    dates: list[tuple[datetime, timedelta | None]] = []
    excluded: list[datetime | date] = []
    for one in several:
        _, name, raw, value = content(one)
        if name == "RRULE":
            rules.append(value.strip())
        elif name == "EXDATE":
            excluded += [clock.moment(item, raw) for item in value.split(",") if item]
        else:
            dates += [_date(item, raw, clock) for item in value.split(",") if item]
    is_reply = calendar.method == "REPLY"
    sequence = _integer(_value(single, "SEQUENCE"))
    organiser, people = _people(
        single.get("ORGANIZER"), attendees, person, "" if is_reply else calendar.owner
    )
    if is_reply:
        people = tuple(one._replace(is_own=one.role != "organiser") for one in people)
    stamps = (_seconds(_value(single, name)) for name in ("DTSTAMP", "LAST-MODIFIED"))
    stamp = 0 if is_reply else max(stamps)
    return Version(
        line=line,
        text=text,
        start=timed,
        span=_length(start, single, clock) if timed else None,
        recurrence_id=recurrence_id,
        and_future=rid_line is not None and "RANGE=THISANDFUTURE" in rid_line.upper(),
        rules=tuple(rules),
        dates=tuple(dates),
        excluded=tuple(excluded),
        sequence=sequence,
        revision=(int(recurrence_id is not None) << 60) | (sequence << 40) | stamp,
        is_cancelled=calendar.method == "CANCEL" or _value(single, "STATUS") == "CANCELLED",
        is_free=_value(single, "TRANSP") == "TRANSPARENT"
        or _value(single, "X-MICROSOFT-CDO-BUSYSTATUS") == "FREE",
        is_reply=is_reply,
        organiser=organiser,
        people=people,
        is_guests=bool(organiser) and any(one.is_own and one.role != "organiser" for one in people),
    )


def _value(single: Mapping[str, str], name: str) -> str:
    line = single.get(name)
    if not line:
        return ""
    value = content(line)[3] if '"' in line else line.partition(":")[2]
    return value.strip().upper()


def _time(line: str, clock: Clock) -> datetime | date:
    _, _, raw, value = content(line)
    return clock.moment(value, raw)


def _date(item: str, parameters: str, clock: Clock) -> tuple[datetime, timedelta | None]:
    """One RDATE: a date, a time, or a period with a length of its own."""
    first, _, last = item.partition("/")
    moment = clock.moment(first, parameters)
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time()), None
    if not last:
        return moment, None
    if last.strip()[:1] in {"P", "p", "+", "-"}:
        return moment, span(last)
    end = clock.moment(last, parameters)
    if not isinstance(end, datetime) or (end.tzinfo is None) != (moment.tzinfo is None):
        raise RefusalError("has a period that cannot be read")
    return moment, _difference(moment, end)


def _difference(start: datetime, end: datetime) -> timedelta:
    """Time that passes, also when the clocks change in between."""
    if start.tzinfo is not None:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end < start:
        raise RefusalError("ends before it starts")
    return end - start


def _length(start: datetime | date, single: Mapping[str, str], clock: Clock) -> timedelta | None:
    if not isinstance(start, datetime):
        return None
    if "DTEND" in single:
        end = _time(single["DTEND"], clock)
        if not isinstance(end, datetime):
            end = datetime.combine(end, time(), start.tzinfo)
        if (end.tzinfo is None) != (start.tzinfo is None):  # one of the two floats
            zone = end.tzinfo or start.tzinfo
            start, end = start.replace(tzinfo=zone), end.replace(tzinfo=zone)
        return _difference(start, end)
    return span(_value(single, "DURATION")) if "DURATION" in single else None


def _integer(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return min(int(text), (1 << 20) - 1) if is_number else 0


@lru_cache(maxsize=4096)  # an export often has one DTSTAMP
def _seconds(text: str) -> int:
    """DTSTAMP or LAST-MODIFIED → seconds since 1970, 0 when it is missing or no time."""
    match = TIME.fullmatch(text)
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2] or '000000'}+00:00" if match else "")
    except ValueError:
        return 0
    return max(0, int((moment - _EPOCH).total_seconds()))


def _people(
    organiser_line: str | None,
    attendees: Sequence[str],
    person: Callable[[str, str], Person | None],
    owner: str,
) -> tuple[str | None, tuple[Person, ...]]:
    """Organiser's address, and everybody once, the organiser first."""
    host = person(organiser_line, owner) if organiser_line else None
    people: dict[str, Person] = {}
    if host is not None:
        people[host.address] = _as_host(host)
    for line in attendees:
        one = person(line, owner)
        if one is None:
            continue
        known = people.setdefault(one.address, one)
        if known.role == "organiser" and one.response == "declined":
            people[one.address] = known._replace(response="declined")
    return host.address if host else None, tuple(people.values())


@lru_cache(maxsize=4096)
def _as_host(one: Person) -> Person:
    return one._replace(role="organiser", response="accepted")
