"""Times and lengths as calendars write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.IGNORECASE,
)
TIME = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z)?)?", re.IGNORECASE)


class RefusalError(ValueError):
    """Why a VEVENT cannot be read, in plain words without its content."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads times: which zone the parameters name, and what the calendar's own zone is."""

    zone: Callable[[str], tzinfo | None]
    own: tzinfo | None = None

    def moment(self, value: str, parameters: str) -> datetime | date:
        """A DATE or DATE-TIME value; a naive datetime when it floats."""
        match = TIME.fullmatch(value.strip())
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


def span(text: str) -> timedelta:
    """A DURATION. Raises RefusalError."""
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
