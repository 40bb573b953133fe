"""Teams attendance reports: JSON of Graph's attendanceReports with their attendanceRecords.

Who was there, which is better than who was invited. A report knows nothing of the calendar: it is
a meeting of its own, so the same meeting in a calendar's export would count beside it. Whoever adds
the event's `iCalUId` (and, of a series, `originalStart`) to a report makes them one meeting, in
which presence counts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import polars as pl

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    Source,
)
from transforms.sources.graph_events import is_of_one_day, uid_of
from transforms.sources.ics_times import RefusalError
from transforms.sources.meetings import address_of, moment
from transforms.sources.opening import decoded
from transforms.sources.pages import records
from transforms.sources.wrapped_json import BROKEN, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo
    from pathlib import Path

_PRESENCE = 1 << 61  # as a revision: above any invitation
_OTHER_DAY = "is of another day than the fullest session of its iCalUId; if that is a series, add originalStart"
_SIGNS = (
    '"attendanceRecords"', '"totalAttendanceInSeconds"', '"meetingStartDateTime"',
    '"totalParticipantCount"', '"attendanceIntervals"',
)  # fmt: skip


# --- what is read of the JSON; everything else is passed over ----------------------------------


class Identity(msgspec.Struct, rename="camel"):
    """Who somebody is, also without a mail address."""

    id: str | None = None
    display_name: str | None = None


class Presence(msgspec.Struct, rename="camel"):
    """One person in the meeting, or invited to it."""

    email_address: str | None = None
    role: str | None = None
    total_attendance_in_seconds: float | None = None
    identity: Identity | None = None


class Report(msgspec.Struct, rename="camel"):
    """One meeting."""

    id: str | None = None
    meeting_start_date_time: str | None = None
    meeting_end_date_time: str | None = None
    attendance_records: list[Presence] | None = None
    i_cal_u_id: str | None = None
    original_start: str | None = None


_REPORT = msgspec.json.Decoder(Report)


class Meeting(NamedTuple):
    """A report, read; `people` are those who were there, by address, with their role."""

    key: str
    start: datetime
    end: datetime | None
    organiser: str | None
    people: dict[str, str]


class Session(NamedTuple):
    """A report that names a calendar event, of which there may be others."""

    meeting: Meeting
    position: int


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Meetings of the reports at `path`, in batches. Positions are records from 1.

    Raises UnreadableFileError when the file is no JSON.
    """
    seen: set[int] = set()
    named: dict[str, list[Session]] = {}  # by key of the calendar event
    batch = _Pending()
    for record in records(path):
        batch.records += 1
        try:
            report = _REPORT.decode(record.raw)
            meeting = _meeting(report)
        except BROKEN as error:
            reason = refusal(error, "report as Graph returns it")
            batch.rejects.append((record.position, record.place, reason))
            continue
        except (RefusalError, OverflowError) as error:
            batch.rejects.append((record.position, "record", str(error)))
            continue
        is_inside = options.since <= meeting.start < options.until
        if is_inside and report.i_cal_u_id:
            named.setdefault(meeting.key, []).append(Session(meeting, record.position))
        elif not is_inside or not _is_meeting(meeting):
            batch.skipped += 1
        elif hash(meeting.key) in seen:
            batch.duplicates += 1
        else:
            seen.add(hash(meeting.key))
            batch.add(meeting, record.position, 0)
        if batch.is_full():
            yield batch.finished()
            batch = _Pending()
    for sessions in named.values():
        _add_sessions(batch, sessions, options.time_zone)
        if batch.is_full():
            yield batch.finished()
            batch = _Pending()
    yield batch.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of attendance reports."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    return (0.0, 0.0, 0.9, 0.95)[min(3, sum(sign in text for sign in _SIGNS))]


def _is_meeting(meeting: Meeting) -> bool:
    return len(meeting.people) > 1


def _add_sessions(batch: _Pending, sessions: list[Session], home: tzinfo) -> None:
    """Add the sessions of one calendar event as one meeting; those of other days are refused."""
    fullest, others = _by_day(sessions, home)
    whole = _together([session.meeting for session in fullest])
    if _is_meeting(whole):
        batch.add(whole, fullest[0].position, _PRESENCE)
        batch.duplicates += len(fullest) - 1
    else:
        batch.skipped += len(fullest)
    refused = [position for meeting, position in others if _is_meeting(meeting)]
    batch.rejects += [(position, "record", _OTHER_DAY) for position in refused]
    batch.skipped += len(others) - len(refused)


def _by_day(sessions: list[Session], home: tzinfo) -> tuple[list[Session], list[Session]]:
    """Sessions of the day on which most people were there, the first such day, and the others."""
    days: dict[date, list[Session]] = {}
    for session in sorted(sessions, key=lambda one: one.meeting.start):
        day = session.meeting.start.astimezone(home).date()
        days.setdefault(day, []).append(session)
    fullest = max(
        days.values(), key=lambda ones: len({a for one in ones for a in one.meeting.people})
    )
    return fullest, [one for ones in days.values() if ones is not fullest for one in ones]


def _together(sessions: list[Meeting]) -> Meeting:
    """From the start of the first to the end of the last, with whoever was in any of them."""
    people: dict[str, str] = {}
    for session in sessions:
        for address, role in session.people.items():
            people[address] = role if role == "organiser" else people.get(address, role)
    return sessions[0]._replace(
        end=max((one.end for one in sessions if one.end), default=None),
        organiser=next((one.organiser for one in sessions if one.organiser), None),
        people=people,
    )


def _meeting(report: Report) -> Meeting:
    """Read one report. Raises RefusalError."""
    if report.meeting_start_date_time is None:
        raise RefusalError("has no meetingStartDateTime; fetch the report, not only its records")
    start = moment(report.meeting_start_date_time, UTC).astimezone(UTC)
    told = report.meeting_end_date_time
    end = moment(told, UTC).astimezone(UTC) if told else None
    if end is not None and end < start:
        raise RefusalError("ends before it starts")
    organiser = None
    people: dict[str, str] = {}
    for one in report.attendance_records or ():
        address = _address(one)
        if address is None:
            continue
        is_organiser = (one.role or "").lower() == "organizer"
        organiser = organiser or (address if is_organiser else None)
        if (one.total_attendance_in_seconds or 0) > 0:
            role = "organiser" if is_organiser else "required"
            people[address] = role if role == "organiser" else people.get(address, role)
    return Meeting(_key(report, start, people), start, end, organiser, people)


def _key(report: Report, start: datetime, people: dict[str, str]) -> str:
    """The calendar event's key if the report names it, or else the report's own."""
    if report.i_cal_u_id:
        if not report.original_start and is_of_one_day(report.i_cal_u_id):
            raise RefusalError("names a day of a series (iCalUId); add its originalStart too")
        original = moment(report.original_start, UTC) if report.original_start else None
        place = original.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") if original else ""
        return f"meeting:{uid_of(report.i_cal_u_id)}|{place}"
    if report.id:
        return f"meeting:teams:{report.id}|"
    parts = (start.isoformat(), *sorted(people))
    return "meeting:~" + blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _address(one: Presence) -> str | None:
    """The mail address, or else the name, or else the account's number."""
    identity = one.identity
    name = identity.display_name if identity else None
    number = f"teams:{identity.id}" if identity and identity.id else None
    return address_of(one.email_address, name) or number


class _Pending:
    """Rows of the batch in the making."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.participations: list[tuple[object, ...]] = []
        self.rejects: list[tuple[object, ...]] = []
        self.records = self.skipped = self.duplicates = 0

    def add(self, meeting: Meeting, position: int, revision: int) -> None:
        """A meeting and who was there."""
        series = meeting.key.removeprefix("meeting:").rpartition("|")
        is_instance = bool(revision and series[2])
        self.events.append((
            meeting.key, "meeting", "meeting", meeting.start, meeting.end, meeting.organiser, None,
            None, f"series:{series[0]}" if is_instance else None, False, False, revision, position,
        ))  # fmt: skip
        self.participations += [
            (meeting.key, address, role, "accepted", False)
            for address, role in meeting.people.items()
        ]

    def is_full(self) -> bool:
        return len(self.participations) >= BATCH_ROWS

    def finished(self) -> Batch:
        return Batch(
            pl.DataFrame(self.events, schema=RAW_EVENT, orient="row"),
            pl.DataFrame(self.participations, schema=RAW_PARTICIPATION, orient="row"),
            pl.DataFrame(self.rejects, schema=RAW_REJECT, orient="row"),
            self.records,
            self.skipped,
            self.duplicates,
        )


SOURCE = Source(
    name="teams-attendance",
    title="Teams attendance reports (Graph, JSON)",
    channel="meeting",
    how=(
        "/users/{id}/onlineMeetings/{id}/attendanceReports/{id}?$expand=attendanceRecords, saved "
        "as JSON or a report a line"
    ),
    reads=(
        "id", "meetingStartDateTime", "meetingEndDateTime", "iCalUId and originalStart (if added)",
        "attendanceRecords: emailAddress, role, totalAttendanceInSeconds, identity (id, "
        "displayName)",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
