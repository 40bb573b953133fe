"""Calendars as iCalendar (RFC 5545): one file per partner, with what its people are invited to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from flows.demo_network import texts
from flows.demo_network.people import BY_SLUG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from flows.demo_network.happenings import Block, Guest, Meeting, Occurrence
    from flows.demo_network.people import Seat

HEAD = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Rijnoever demo//Tieline//NL
CALSCALE:GREGORIAN
METHOD:PUBLISH
BEGIN:VTIMEZONE
TZID:Europe/Amsterdam
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
""".splitlines()
WITHOUT_START = (
    "BEGIN:VEVENT",
    "UID:zonder-begin-{number}@agenda.{domain}",
    "DTSTAMP:20260101T080000Z",
    "SUMMARY:Afspraak zonder begin",
    "ORGANIZER:mailto:secretariaat@{domain}",
    "END:VEVENT",
)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY = timedelta(days=1)


def calendar(
    slug: str, meetings: Iterable[Meeting], blocks: Iterable[Block], broken: int = 0
) -> bytes:
    """The partner's calendar file; `broken` adds entries without a start."""
    lines = list(HEAD)
    for meeting in meetings:
        if slug in meeting.partners():
            lines += _meeting(meeting, slug)
    for block in blocks:
        if block.seat.organisation == slug:
            lines += _block(block)
    for number in range(broken):
        domain = BY_SLUG[slug].domain
        lines += (line.format(number=number, domain=domain) for line in WITHOUT_START)
    lines += ("END:VCALENDAR", "")
    return "\r\n".join(map(folded, lines)).encode()


def between(
    meetings: Iterable[Meeting], since: date | None, until: date | None
) -> Iterator[Meeting]:
    """What an export from `since` until `until` (excluded) shows of the meetings."""
    for meeting in meetings:
        kept = [
            o
            for o in meeting.occurrences
            if (since is None or shown_on(o) >= since) and (until is None or shown_on(o) < until)
        ]
        held = [i for i, o in enumerate(kept) if o.state != "dropped"]
        if held:
            yield replace(meeting, occurrences=tuple(kept[held[0] : held[-1] + 1]))


def shown_on(occurrence: Occurrence) -> date:
    return (occurrence.moved_to or occurrence.start).date()


def folded(line: str) -> str:
    """Lines of at most 75 octets, as RFC 5545 has it; never cut within a character."""
    if len(line) < 38 or (len(line) <= 75 and line.isascii()):
        return line
    parts, rest = [], line.encode()
    while len(rest) > 75:
        cut = 75
        while rest[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(rest[:cut])
        rest = b" " + rest[cut:]
    return b"\r\n".join((*parts, rest)).decode()


def _meeting(meeting: Meeting, slug: str) -> Iterator[str]:
    if meeting.stale_copy and _holds_stale_copy(meeting, slug):
        yield from _vevent(_version_before(meeting), slug)
        return
    yield from _vevent(meeting, slug)
    if meeting.every:
        for occurrence in meeting.occurrences:
            if occurrence.state in ("moved", "cancelled"):
                yield from _vevent(meeting, slug, occurrence)


def _holds_stale_copy(meeting: Meeting, slug: str) -> bool:
    # The last guest partner missed the update; the organiser's own calendar never does.
    others = [slug for slug in meeting.partners() if slug != meeting.organiser.organisation]
    return bool(others) and slug == others[-1]


def _version_before(meeting: Meeting) -> Meeting:
    if meeting.every:
        return replace(meeting, sequence=max(meeting.sequence - 1, 0))
    (only,) = meeting.occurrences
    before = replace(only, state="held", start=only.start - timedelta(hours=1))
    return replace(meeting, sequence=meeting.sequence - 1, occurrences=(before,))


def _vevent(meeting: Meeting, slug: str, override: Occurrence | None = None) -> Iterator[str]:
    first = override or meeting.occurrences[0]
    begin = (override and override.moved_to) or first.start
    own = slug == meeting.organiser.organisation
    sequence = meeting.sequence + (override is not None)
    yield "BEGIN:VEVENT"
    yield f"UID:{meeting.uid}"
    # The organiser's copy is the newest of its version.
    stamp = meeting.occurrences[0].start - (10 if own else 11) * DAY
    yield f"DTSTAMP:{_utc(stamp + sequence * timedelta(hours=2))}"
    yield f"SEQUENCE:{sequence}"
    if override:
        yield f"RECURRENCE-ID;TZID=Europe/Amsterdam:{_local(override.start)}"
    yield f"DTSTART;TZID=Europe/Amsterdam:{_local(begin)}"
    yield f"DTEND;TZID=Europe/Amsterdam:{_local(begin + timedelta(minutes=meeting.minutes))}"
    if meeting.every and not override:
        yield f"RRULE:{_rule(meeting)}"
        dropped = [o.start for o in meeting.occurrences if o.state == "dropped"]
        if dropped:
            yield f"EXDATE;TZID=Europe/Amsterdam:{','.join(map(_local, dropped))}"
    cancelled = first.state == "cancelled" and (override is not None or not meeting.every)
    yield f"SUMMARY:{escaped(texts.title(meeting.number))}"
    yield f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}"
    yield "TRANSP:OPAQUE"
    yield f"ORGANIZER;CN={meeting.organiser.name}:mailto:{meeting.organiser.address}"
    if meeting.number % 2:
        yield _attendee(meeting.organiser, "CHAIR", "ACCEPTED")
    for guest in meeting.guests:
        yield _attendee(_written(guest, meeting), guest.role, _response(guest, slug, own=own))
    if meeting.number % 5 < 2:
        yield from _room(meeting)
    yield "END:VEVENT"


def _rule(meeting: Meeting) -> str:
    first, last = meeting.occurrences[0].start, meeting.occurrences[-1].start
    until = f"UNTIL={_utc(last)}"
    weekday = WEEKDAYS[first.weekday()]
    if meeting.every == "month":
        return f"FREQ=MONTHLY;{until};BYDAY={(first.day - 1) // 7 + 1}{weekday}"
    interval = 2 if meeting.every == "fortnight" else 1
    return f"FREQ=WEEKLY;{until};INTERVAL={interval};BYDAY={weekday}"


def _response(guest: Guest, slug: str, *, own: bool) -> str:
    # A guest's copy shows the guest's own answer; of the others it knows nothing.
    return guest.response if own or guest.seat.organisation == slug else "NEEDS-ACTION"


def _written(guest: Guest, meeting: Meeting) -> Seat:
    """Now and then the invitation went to another address of the same person."""
    seat = guest.seat
    if seat.aliases and (meeting.number + seat.number) % 12 == 0:
        return replace(seat, address=seat.aliases[0])
    return seat


def _attendee(seat: Seat, role: str, response: str) -> str:
    rsvp = ";RSVP=TRUE" if response == "NEEDS-ACTION" else ""
    return (
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE={role};PARTSTAT={response}{rsvp};"
        f"CN={seat.name}:mailto:{seat.address}"
    )


def _room(meeting: Meeting) -> Sequence[str]:
    name = texts.ROOMS[meeting.number % len(texts.ROOMS)]
    local = f"zaal-{name.lower().replace(' ', '-')}"
    domain = BY_SLUG[meeting.organiser.organisation].domain
    kind = "CUTYPE=ROOM;ROLE=NON-PARTICIPANT;PARTSTAT=ACCEPTED"
    return (f"LOCATION:{name}", f"ATTENDEE;{kind};CN={name}:mailto:{local}@{domain}")


def _block(block: Block) -> Sequence[str]:
    day, free = block.start.date(), block.kind != "alone"
    if block.kind == "all-day":
        times = (f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + DAY:%Y%m%d}")
    else:
        end = block.start + timedelta(minutes=block.minutes)
        times = (
            f"DTSTART;TZID=Europe/Amsterdam:{_local(block.start)}",
            f"DTEND;TZID=Europe/Amsterdam:{_local(end)}",
        )
    title = {"all-day": "Studiedag", "free": "Reistijd", "alone": "Schrijven, liever niet storen"}
    return (
        "BEGIN:VEVENT",
        f"UID:blok-{block.number:05d}@agenda.{block.seat.address.partition('@')[2]}",
        f"DTSTAMP:{_utc(block.start - 5 * DAY)}",
        *times,
        f"SUMMARY:{escaped(title[block.kind])}",
        f"TRANSP:{'TRANSPARENT' if free else 'OPAQUE'}",
        f"ORGANIZER;CN={block.seat.name}:mailto:{block.seat.address}",
        "END:VEVENT",
    )


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _local(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%S")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
