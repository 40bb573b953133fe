"""iCalendar (.ics, .ics.gz): meetings of Outlook, Google, Apple and Exchange calendars.

Two passes over the bytes: the first finds where each VEVENT lies and which UID it has, the second
reads them, one UID at a time, because an override replaces what the series says about its instance.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from transforms.sources.base import Batch, Options, Source, UnreadableFileError
from transforms.sources.ics_events import Calendar, attendee, version_of
from transforms.sources.ics_layout import Layout, is_calendar, layout, normalised
from transforms.sources.ics_lines import parameters, text_of, unescaped
from transforms.sources.ics_times import Clock, RefusalError
from transforms.sources.meeting_rows import Rows
from transforms.sources.opening import whole
from transforms.sources.recurrence import Series, Version, resolve
from transforms.sources.recurrence_rules import Patience
from transforms.sources.zones import defined_zone, named_zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NO_VERSION = {"COUNTER", "DECLINECOUNTER", "REFRESH"}  # wishes about a meeting, not the meeting
_EARLIEST, _LATEST = datetime(1800, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)


class _Reading(NamedTuple):
    """A file between its two passes."""

    layout: Layout
    groups: Iterator[tuple[str, Series, list[tuple[int, str]]]]


def _reading(data: bytes, options: Options) -> _Reading:
    plan = layout(data)
    since, until = max(options.since, _EARLIEST), min(options.until, _LATEST)
    home, horizon = options.time_zone, options.horizon

    @lru_cache(maxsize=4096)
    def zone(raw: str) -> tzinfo | None:
        name = unescaped(parameters(raw).get("TZID", ""))
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
                text = text_of(data[block.start : block.end])
                try:
                    versions.append(
                        version_of(text, block.line, calendar, clocks[block.calendar], person)
                    )
                except RefusalError as refusal:
                    rejects.append((block.line, str(refusal)))
                except OverflowError:
                    rejects.append((block.line, "has a time that cannot be read"))
            try:
                series = resolve(versions, home, since, until, horizon, patience)
            except OverflowError:
                series = Series([], False, [], [(versions[0].line, "lies too far away in time")])
            yield uid, series, rejects + series.rejects

    return _Reading(plan, groups())


def _calendar(properties: Mapping[str, str]) -> Calendar:
    names = (properties.get(name, "") for name in ("X-OWNER", "X-WR-CALNAME", "X-WR-RELCALID"))
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


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Meetings of a calendar file, in batches. Raises UnreadableFileError."""
    data = whole(path)
    if not is_calendar(data):
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


def sniff(path: Path, head: bytes) -> float:
    """Certainty that a file is a calendar, from its name and first bytes."""
    if is_calendar(head):
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
        "UID", "RECURRENCE-ID", "SEQUENCE", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND",
        "DURATION", "RRULE", "RDATE", "EXDATE", "ORGANIZER", "ATTENDEE", "STATUS", "TRANSP", "METHOD", "X-OWNER",
        "X-WR-CALNAME", "X-WR-RELCALID", "X-WR-TIMEZONE", "VTIMEZONE",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
