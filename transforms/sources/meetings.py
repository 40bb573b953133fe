"""Meetings out of records: who takes part, and one meeting per UID whatever tells of it.

Calendars that come as JSON share these rules with iCalendar: the same meeting has the same key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from transforms.sources.ics_times import RefusalError
from transforms.sources.meeting_rows import Rows
from transforms.sources.recurrence import Person, Series, Version, resolve
from transforms.sources.recurrence_rules import Patience
from transforms.sources.zones import named_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transforms.sources.base import Batch, Options

_EARLIEST, _LATEST = datetime(1800, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)
_LAST_SEQUENCE = (1 << 20) - 1


class Partial(Version, frozen=True, gc=False):
    """A version that does not show everybody: one person in it may be one of many."""

    def is_meeting(self) -> bool:
        """At a time that is not free."""
        return self.start is not None and not self.is_free and bool(self.people)


@dataclass(slots=True)
class Told:
    """What the records of a file say; a record that is no version of a meeting is only counted."""

    versions: dict[str, list[Version]] = field(default_factory=dict)  # by UID
    rejects: list[tuple[int, str, str]] = field(default_factory=list)  # position, place, reason
    records: int = 0

    def add(self, uid: str, version: Version) -> None:
        """Put a version with those of its UID."""
        self.versions.setdefault(uid, []).append(version)

    def reject(self, position: int, reason: str, place: str = "record") -> None:
        """Refuse a record."""
        self.rejects.append((position, place, reason))


# --- people -----------------------------------------------------------------------------------


def address_of(address: str | None, name: str | None = None) -> str | None:
    """The mail address, or else the name as an address; None for nobody and for shared calendars.

    Where neither is there, what stands for the address as it is: a pseudonym, in some exports.
    """
    text = (address or "").strip(" \t<>\"'").lower().removeprefix("mailto:").removeprefix("smtp:")
    if "@" in text:
        return None if text.endswith("calendar.google.com") else text
    return named(name or "") or (address or "").strip() or None


def named(name: str) -> str | None:
    """A display name where an address is missing: "name:" and its words; None without any.

    A directory can say whose name it is, by listing it among the aliases of an address.
    """
    words = " ".join(name.strip(" \t\"'").lower().split())
    return f"name:{words}" if words else None


@lru_cache(65_536)
def person(address: str, role: str, response: str, *, is_own: bool) -> Person:
    """A participation; the same few people are named again and again."""
    return Person(address, role, response, is_own)


def gathered(host: Person | None, others: Iterable[Person]) -> tuple[Person, ...]:
    """Everybody once, the host first: present, unless the list of attendees says otherwise."""
    people: dict[str, Person] = {}
    if host is not None:
        people[host.address] = host
    for one in others:
        known = people.setdefault(one.address, one)
        if known.role == "organiser":
            response = "declined" if one.response == "declined" else known.response
            is_own = known.is_own or one.is_own
            people[one.address] = person(known.address, "organiser", response, is_own=is_own)
    return tuple(people.values())


# --- times and versions -----------------------------------------------------------------------


@lru_cache(1024)
def zone(name: str) -> tzinfo:
    """Zone of an IANA or Windows name. Raises RefusalError: a guess would move the meeting."""
    found = named_zone(name)
    if found is None:
        raise RefusalError("has a time zone that is not known")
    return found


def moment(text: str | None, home: tzinfo | None = None) -> datetime:
    """A time in ISO 8601, in `home` when it has no offset. Raises RefusalError."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise RefusalError("has a time that cannot be read" if text else "has no start") from error
    return time if time.tzinfo else time.replace(tzinfo=home)


def revision(sequence: int, changed: str | None, *, is_exception: bool) -> int:
    """As iCalendar's: an exception beats its series, then SEQUENCE, then the last change."""
    try:
        stamp = max(0, int(moment(changed, UTC).timestamp())) if changed else 0
    except (RefusalError, OverflowError):
        stamp = 0
    return (int(is_exception) << 60) | (min(max(sequence, 0), _LAST_SEQUENCE) << 40) | stamp


def text_of(raw: bytes) -> str:
    """What settles which of two equal revisions counts, whatever their order."""
    return blake2b(raw, digest_size=8).hexdigest()


def batches(told: Told, options: Options) -> Iterator[Batch]:
    """The meetings of `told` that start in the window."""
    since, until = max(options.since, _EARLIEST), min(options.until, _LATEST)
    home = options.time_zone
    patience = Patience()
    rows = Rows()
    rows.records = told.records
    rows.rejects = told.rejects
    rows.skipped = told.records - len(told.rejects) - sum(map(len, told.versions.values()))
    for uid, versions in told.versions.items():
        try:
            series = resolve(versions, home, since, until, options.horizon, patience)
        except OverflowError:
            series = Series([], False, [], [(versions[0].line, "lies too far away in time")])
        counted = {version.line for version in series.duplicates}
        rows.duplicates += len(counted)
        for position, reason in series.rejects:
            rows.rejects.append((position, "record", reason))
            counted.add(position)
        for one in series.instances:
            if one.is_cancelled or one.version.is_meeting():
                counted.add(one.version.line)
                rows.add(uid, one, in_series=series.recurs)
            if rows.is_full():
                yield rows.batch()
                rows = Rows()
        rows.skipped += len(versions) - len(counted)
    yield rows.batch()
