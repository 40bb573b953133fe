"""iCalendar (.ics, .ics.gz): meetings of Outlook, Google, Apple and Exchange calendars.

Two passes over the bytes: the first finds where each VEVENT lies and which UID it has, the second
reads them, one UID at a time, because an override replaces what the series says about its instance.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    TIME,
    Batch,
    Options,
    Source,
    UnreadableFileError,
    frame,
)
from transforms.sources.opening import HEAD, encoding, whole
from transforms.sources.recurrence import Instance, Patience, Person, Series, Version, resolve
from transforms.sources.zones import defined_zone, named_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_BOUNDARY = re.compile(
    rb"\n(?=[bemx])(?:(BEGIN|END):(VCALENDAR|VEVENT)[ \t]*\r*(?=\n|\Z)"
    rb"|((?:METHOD|X-WR-(?:CALNAME|RELCALID|TIMEZONE))"
    rb"(?:[;:]|\r?\n[ \t])[^\n]*(?:\n[ \t][^\n]*)*))",
    re.IGNORECASE,
)
_UID = re.compile(rb"\nUID(?:[;:]|\r?\n[ \t])[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE)
_DEFINITION = re.compile(
    rb"\nBEGIN:VTIMEZONE\b[^\n]*+(?:\n(?!(?:BEGIN|END):VTIMEZONE\b)[^\n]*+)*+\nEND:VTIMEZONE\b",
    re.IGNORECASE,
)
_TZID = re.compile(r"^TZID[^:\n]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_INNER = re.compile(rb"\nBEGIN:", re.IGNORECASE)
_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;(?:"[^"]*"|[^":;])*)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";])*)')
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.IGNORECASE,
)
_TIME = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z)?)?", re.IGNORECASE)
_EVENT = {  # an event as the reader collects it
    "uid": pl.String,
    "recurrence_id": TIME,
    "in_series": pl.Boolean,
    **{name: RAW_EVENT[name] for name in (
        "started_at", "ended_at", "initiator", "is_cancelled", "revision", "position",
    )},
    "size": pl.UInt32,
}  # fmt: skip
_SINGLE = {
    "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "SEQUENCE", "DTSTAMP", "STATUS", "TRANSP",
    "ORGANIZER", "X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT",
}  # fmt: skip
_SEVERAL = {"RRULE", "RDATE", "EXDATE"}
_EDGES = {"BEGIN", "END"}  # of an alarm and the like, whose lines are not the event's
_KNOWN = {"ATTENDEE", "UID", *_SINGLE, *_SEVERAL}
_NAMED = re.compile(  # a property that is read; what starts like ATTENDEE is taken for one
    rf"\n(((?-i:ATTENDEE)|(?:{'|'.join(sorted(_KNOWN))})(?=[;:\n]|\Z)"
    rf"|(?:{'|'.join(sorted(_EDGES))})(?=[;:])).*)",
    re.IGNORECASE,
)
_RESPONSES = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}
_NO_PERSON = {"ROOM", "RESOURCE", "GROUP"}
_NO_VERSION = {"COUNTER", "DECLINECOUNTER", "REFRESH"}  # wishes about a meeting, not the meeting
LONGEST_NUMBER = 18  # digits
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = datetime(1800, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)


class RefusalError(ValueError):
    """Why a VEVENT cannot be read, in plain words without its content."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a VCALENDAR says about all its events."""

    method: str = ""
    owner: str = ""  # address of the person whose calendar it is
    zone: tzinfo | None = None  # of floating and UTC times


@dataclass(frozen=True, slots=True)
class Block:
    """Where a VEVENT lies in the bytes; `line` counts from 1."""

    start: int
    end: int
    line: int
    calendar: int


class Refused(NamedTuple):
    """A VEVENT that cannot be read, by its line, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Layout:
    """What the first pass finds."""

    calendars: list[dict[str, str]] = field(default_factory=lambda: [{}])
    zones: dict[str, str] = field(default_factory=dict)  # TZID → VTIMEZONE
    groups: dict[str, list[Block]] = field(default_factory=dict)  # UID → its VEVENTs
    refused: list[Refused] = field(default_factory=list)

    def place(self, data: bytes, block: Block) -> None:
        """Put a block with those of its UID."""
        uid = _uid(data, block)
        if uid:
            self.groups.setdefault(uid, []).append(block)
        else:
            self.refused.append(Refused(block.line, "has no UID"))


# --- bytes → blocks ---------------------------------------------------------------------------


def layout(data: bytes) -> Layout:
    """Where every VEVENT lies, by UID. `data` starts with a newline; lines end in one."""
    found = Layout(zones=_definitions(data))
    opened: int | None = None
    line = counted = 0
    for match in _BOUNDARY.finditer(data):
        edge, name, header = match.groups()
        if header is not None:
            _, key, _, value = _content(_text(header))
            found.calendars[-1].setdefault(key, value.strip())
        elif name.upper() == b"VCALENDAR":
            if edge.upper() == b"BEGIN":
                found.calendars.append({})
        elif edge.upper() == b"BEGIN":
            if opened is not None:
                found.refused.append(Refused(line, "has no END:VEVENT"))
            opened = match.end()
            line += data.count(b"\n", counted, match.start() + 1)
            counted = match.start() + 1
        elif opened is not None:
            found.place(data, Block(opened, match.start(), line, len(found.calendars) - 1))
            opened = None
    if opened is not None:
        found.refused.append(Refused(line, "has no END:VEVENT"))
    return found


def _definitions(data: bytes) -> dict[str, str]:
    """TZID → VTIMEZONE that defines it."""
    texts = [_text(match[0]) for match in _DEFINITION.finditer(data)]
    named = [(_TZID.search(text), text) for text in reversed(texts)]
    return {_unescaped(tzid[1]): text for tzid, text in named if tzid}


def _uid(data: bytes, block: Block) -> str:
    match = _UID.search(data, block.start, block.end)
    if match is None:
        return ""
    if _INNER.search(data, block.start, match.start()):  # perhaps an alarm's
        line = _lines(_text(data[block.start : block.end]))[0].get("UID", "")
        return _unescaped(_content(line)[3])
    return _unescaped(_content(_text(match[0]))[3])


def _text(block: bytes) -> str:
    """Unfolded and decoded; folds go first because they can split a character."""
    block = block.replace(b"\n ", b"")
    if b"\t" in block:
        block = block.replace(b"\n\t", b"")
    try:
        text = block.decode()
    except UnicodeDecodeError:
        text = block.decode("cp1252", "replace")
    return text.replace("\r", "").lstrip("\n")


def _content(line: str) -> tuple[bool, str, str, str]:
    """Content line → whether it is well formed, name in capitals, parameters, value."""
    if '"' in line:  # a quoted parameter may hold the other marks
        match = _LINE.match(line)
        if match:
            return True, match[1].upper(), match[2], match[3]
    head, _, value = line.partition(":")
    name, mark, parameters = head.partition(";")
    return '"' not in line, name.strip().upper(), mark + parameters, value


def _unescaped(text: str) -> str:
    return (re.sub(r"\\([,;\\])", r"\1", text) if "\\" in text else text).strip()


def _parameters(text: str) -> dict[str, str]:
    found = _PARAMETER.findall(text) if text else ()
    return {name.upper(): value.strip().strip('"') for name, value in found}


def _lines(text: str, *, is_outer: bool = False) -> tuple[dict[str, str], list[str], list[str]]:
    """A VEVENT's single lines by name, its RRULE, RDATE and EXDATE lines, its ATTENDEE lines."""
    single: dict[str, str] = {}
    several: list[str] = []
    attendees: list[str] = []
    for line, written in _NAMED.findall(f"\n{text}"):
        name = written if written in _KNOWN else written.upper()
        if name == "ATTENDEE":
            attendees.append(line)
        elif name in _SEVERAL:
            several.append(line)
        elif name in _EDGES:
            if not is_outer:
                return _lines(_outer(text), is_outer=True)
        else:
            single.setdefault(name, line)
    return single, several, attendees


def _outer(text: str) -> str:
    """The VEVENT's own lines, without those of alarms and the like in it."""
    depth, own = 0, []
    for line in text.split("\n"):
        name = line.partition(":")[0].partition(";")[0].upper()
        depth += (name == "BEGIN") - (name == "END")
        if not depth and name != "END":
            own.append(line)
    return "\n".join(own)


# --- values -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads times: which zone the parameters name, and what the calendar's own zone is."""

    zone: Callable[[str], tzinfo | None]
    own: tzinfo | None = None

    def moment(self, value: str, parameters: str) -> datetime | date:
        """A DATE or DATE-TIME value; a naive datetime when it floats."""
        match = _TIME.fullmatch(value.strip())
        if not match:
            raise RefusalError("has a time that cannot be read")
        digits, clock, utc = match.groups()
        try:
            if not clock:
                return date.fromisoformat(digits)
            clock = f"{clock[:4]}59" if clock[4:] == "60" else clock  # a leap second
            wall = datetime.fromisoformat(f"{digits}T{clock}{'Z' if utc else ''}")
        except ValueError as error:
            raise RefusalError("has a time that cannot be read") from error
        if utc:
            return wall.astimezone(self.own) if self.own else wall
        zone = self.zone(parameters) if parameters else None
        if zone is None:
            return wall.replace(tzinfo=self.own)
        moment = wall.replace(tzinfo=zone)
        return moment.astimezone(self.own) if zone is UTC and self.own else moment


def _span(text: str) -> timedelta:
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise RefusalError("has a duration that cannot be read")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    try:
        span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise RefusalError("has a duration that cannot be read") from error
    if match[1] == "-" and span:
        raise RefusalError("ends before it starts")
    return span


def attendee(line: str, owner: str) -> Person | None:
    """ATTENDEE or ORGANIZER line → who that is, `owner`'s own copy or not; None if not a person."""
    is_whole, _, raw, value = _content(line)
    if not is_whole:  # a lone quotation mark
        head, scheme, rest = line.lower().partition(":mailto:")
        raw, value = (head, f"mailto:{rest}") if scheme else (raw, value)
    parameters = _parameters(raw)
    if parameters.get("CUTYPE", "").upper() in _NO_PERSON:
        return None
    role = parameters.get("ROLE", "").upper()
    if role == "NON-PARTICIPANT":
        return None
    value = value.strip()
    if value[:7].lower() == "mailto:":
        address = value[7:]
    else:
        address = parameters.get("EMAIL") or (value if "@" in value else "")
        address = address[7:] if address[:7].lower() == "mailto:" else address
    address = address.strip(" \t<>\"'").lower()
    if not address or address.endswith("calendar.google.com"):  # a shared calendar or a room
        return None
    response = _RESPONSES.get(parameters.get("PARTSTAT", "").upper(), "none")
    role = "optional" if role == "OPT-PARTICIPANT" else "required"
    return Person(address, role, response, address == owner)


# --- one VEVENT -------------------------------------------------------------------------------


def _version(
    text: str,
    line: int,
    calendar: Calendar,
    clock: Clock,
    person: Callable[[str, str], Person | None],
) -> Version:
    """Read one VEVENT. Raises RefusalError."""
    single, several, attendees = _lines(text)
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
    for content in several:
        _, name, raw, value = _content(content)
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
    stamp = 0 if is_reply else _seconds(_value(single, "DTSTAMP"))
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
    )


def _value(single: Mapping[str, str], name: str) -> str:
    line = single.get(name)
    if not line:
        return ""
    value = _content(line)[3] if '"' in line else line.partition(":")[2]
    return value.strip().upper()


def _time(line: str, clock: Clock) -> datetime | date:
    _, _, raw, value = _content(line)
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
        return moment, _span(last)
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
    return _span(_value(single, "DURATION")) if "DURATION" in single else None


def _integer(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return min(int(text), (1 << 20) - 1) if is_number else 0


@lru_cache(maxsize=4096)  # an export often has one DTSTAMP
def _seconds(text: str) -> int:
    """DTSTAMP → seconds since 1970, 0 when it is missing or no time."""
    match = _TIME.fullmatch(text)
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


# --- a file -----------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """A file between its two passes."""

    layout: Layout
    groups: Iterator[tuple[str, Series, list[tuple[int, str]]]]


def _reading(data: bytes, options: Options) -> _Reading:
    plan = layout(data)
    since, until = max(options.since, _EARLIEST), min(options.until, _LATEST)

    @lru_cache(maxsize=4096)
    def zone(parameters: str) -> tzinfo | None:
        name = _unescaped(_parameters(parameters).get("TZID", ""))
        found = (named_zone(name) or defined_zone(name, plan.zones)) if name else None
        if name and found is None:
            raise RefusalError("has a time zone that is not known")
        return found

    person = lru_cache(maxsize=65_536)(attendee)  # the same few people are named again and again
    calendars = [_calendar(properties) for properties in plan.calendars]
    clocks = [Clock(zone, calendar.zone) for calendar in calendars]

    patience = Patience()

    def groups() -> Iterator[tuple[str, Series, list[tuple[int, str]]]]:
        for uid, blocks in plan.groups.items():
            versions: list[Version] = []
            rejects: list[tuple[int, str]] = []
            for block in blocks:
                calendar = calendars[block.calendar]
                if calendar.method in _NO_VERSION:
                    continue
                text = _text(data[block.start : block.end])
                try:
                    versions.append(
                        _version(text, block.line, calendar, clocks[block.calendar], person)
                    )
                except RefusalError as refusal:
                    rejects.append((block.line, str(refusal)))
                except OverflowError:
                    rejects.append((block.line, "has a time that cannot be read"))
            try:
                series = resolve(versions, options.time_zone, since, until, patience)
            except OverflowError:
                series = Series([], False, [], [(versions[0].line, "lies too far away in time")])
            yield uid, series, rejects + series.rejects

    return _Reading(plan, groups())


def _calendar(properties: Mapping[str, str]) -> Calendar:
    names = (properties.get(name, "") for name in ("X-WR-CALNAME", "X-WR-RELCALID"))
    owner = next((name for name in names if "@" in name and " " not in name.strip()), "")
    owner = owner.strip().lower().removeprefix("mailto:")
    zone = named_zone(properties["X-WR-TIMEZONE"]) if "X-WR-TIMEZONE" in properties else None
    return Calendar(properties.get("METHOD", "").upper(), owner, zone)


def occurrences(data: bytes, options: Options) -> list[tuple[str, datetime]]:
    """(UID, start in UTC) of all that takes place at a time within the window.

    Before any rule of what counts as a meeting: cancelled, free and one-person events are there.
    """
    return [
        (uid, one.start)
        for uid, series, _ in _reading(normalised(data), options).groups
        for one in series.instances
        if not (one.is_cancelled and not one.version.is_cancelled)
    ]


def normalised(data: bytes) -> bytes:
    """Any character set and line end → UTF-8 (or cp1252), each line led by a newline."""
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    elif (name := encoding(data[:HEAD])).startswith("utf-16"):
        data = data.decode(name, "replace").encode()
    lines = data.replace(b"\r\n", b"\n") if b"\n" in data else data.replace(b"\r", b"\n")
    return b"\n" + lines


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Meetings of a calendar file, in batches. Raises UnreadableFileError."""
    data = whole(path)
    if not _is_calendar(data):
        message = f"{path.name}: no BEGIN:VCALENDAR in it; export the calendar as iCalendar (.ics)"
        raise UnreadableFileError(message)
    data = normalised(data)
    reading = _reading(data, options)
    rows = Rows()
    for line, reason in reading.layout.refused:
        rows.reject(line, reason)
        rows.records += 1
        if rows.is_full():
            yield rows.batch()
            rows = Rows()
    for (uid, series, rejects), blocks in zip(
        reading.groups, reading.layout.groups.values(), strict=True
    ):
        told = {version.line for version in series.duplicates}
        rows.duplicates += len(told)
        for line, reason in rejects:
            rows.reject(line, reason)
            told.add(line)
        for one in series.instances:
            if one.is_cancelled or one.version.is_meeting():
                told.add(one.version.line)
                rows.add(uid, one, in_series=series.recurs)
            if rows.is_full():
                yield rows.batch()
                rows = Rows()
        rows.records += len(blocks)
        rows.skipped += len(blocks) - len(told)
    yield rows.batch()


def _is_calendar(data: bytes) -> bool:
    head = normalised(data[:65_536]).upper()
    return b"\nBEGIN:VCALENDAR" in head or b"\nBEGIN:VEVENT" in head


class Rows:
    """Rows of one batch. A person's row is kept once, however many events it belongs to."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.people: dict[Person, int] = {}
        self.members: list[int] = []  # who takes part, event after event
        self.last: tuple[Version | None, list[int]] = (None, [])
        self.rejects: list[tuple[int, str, str]] = []
        self.records = self.skipped = self.duplicates = 0

    def reject(self, line: int, reason: str) -> None:
        """Note a component that cannot be read."""
        self.rejects.append((line, "line", reason))

    def is_full(self) -> bool:
        """Whether it is time for a batch."""
        return max(len(self.members), len(self.events), len(self.rejects)) >= BATCH_ROWS

    def add(self, uid: str, one: Instance, *, in_series: bool) -> None:
        """One event and who took part; a cancelled one needs nobody."""
        version = one.version
        if self.last[0] is not version:
            ids = [self.people.setdefault(person, len(self.people)) for person in version.people]
            self.last = version, ids
        members = [] if one.is_cancelled else self.last[1]
        self.members += members
        self.events.append((
            uid, one.recurrence_id, in_series, one.start, one.end, version.organiser,
            one.is_cancelled, one.revision, version.line, len(members),
        ))  # fmt: skip

    def batch(self) -> Batch:
        """The rows as frames."""
        told = zip(*self.events, strict=True) if self.events else ([] for _ in _EVENT)
        events = frame(dict(zip(_EVENT, told, strict=True)), _EVENT).with_columns(
            event_key=pl.format(
                "meeting:{}|{}",
                "uid",
                pl.col("recurrence_id").dt.strftime("%Y%m%dT%H%M%SZ").fill_null(""),
            ),
            channel=pl.lit("meeting"),
            kind=pl.lit("meeting"),
            thread_key=pl.lit(None, pl.String),
            reply_key=pl.lit(None, pl.String),
            container_key=pl.when("in_series").then(pl.format("series:{}", "uid")),
            is_automated=pl.lit(value=False),
        )
        keys = events.filter(pl.col("size") > 0).select(
            pl.col("event_key").repeat_by("size").explode()
        )
        columns = [(name, RAW_PARTICIPATION[name]) for name in Person._fields]
        people = pl.DataFrame(list(self.people), schema=columns, orient="row")
        return Batch(
            events=events.select(list(RAW_EVENT)),
            participations=keys.hstack(people[pl.Series(self.members, dtype=pl.UInt32)]),
            rejects=pl.DataFrame(self.rejects, schema=RAW_REJECT, orient="row"),
            records=self.records,
            skipped=self.skipped,
            duplicates=self.duplicates,
        )


def sniff(path: Path, head: bytes) -> float:
    """Certainty that a file is a calendar, from its name and first bytes."""
    if _is_calendar(head):
        return 1.0
    return 0.1 if path.name.lower().removesuffix(".gz").endswith(".ics") else 0.0


SOURCE = Source(
    name="icalendar",
    title="iCalendar file (.ics)",
    channel="meeting",
    how=(
        "Outlook: File > Save Calendar. Google: Settings > Import & export > Export. "
        "Apple: File > Export. Exchange: the published calendar's ICS link."
    ),
    reads=(
        "UID", "RECURRENCE-ID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "RRULE",
        "RDATE", "EXDATE", "ORGANIZER", "ATTENDEE", "STATUS", "TRANSP", "METHOD", "X-WR-CALNAME",
        "X-WR-RELCALID", "X-WR-TIMEZONE", "VTIMEZONE",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
