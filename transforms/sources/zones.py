"""Names of time zones, as calendars write them, to zones."""

from __future__ import annotations

import io
import re
from datetime import UTC, tzinfo
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from dateutil.tz import tzical
from tzlocal import windows_tz

if TYPE_CHECKING:
    from collections.abc import Mapping

# What tzical understands of a VTIMEZONE; it refuses a definition with any other line in it.
_PLAIN = re.compile(
    r"(?:BEGIN|END|TZID|DTSTART|RRULE|RDATE|TZOFFSETFROM|TZOFFSETTO|TZNAME)\b[^:]*:.*",
    re.IGNORECASE,
)
_ONSET = re.compile(r"^DTSTART[^:\n]*:(\d{8})(T\d{6})?.*$", re.IGNORECASE | re.MULTILINE)
_TOO_OFTEN = re.compile(r"FREQ=(?!YEARLY|MONTHLY)", re.IGNORECASE)
_PLACE = re.compile(r"^X-LIC-LOCATION:(.+)$", re.IGNORECASE | re.MULTILINE)
_MACHINE = {"localtime", "posixrules", "factory"}  # differ from one computer to the next


def named_zone(name: str) -> tzinfo | None:
    """Zone of an IANA or Windows name, quoted, prefixed or in the wrong case; None when unknown."""
    name = name.strip().strip('"').strip()
    if name.upper() in {"UTC", "Z", "GMT", "ETC/UTC", "TZONE://MICROSOFT/UTC"}:
        return UTC
    bare = name.strip("/")
    parts = bare.split("/") if name.startswith("/") else [bare]
    candidates = ("/".join(parts[skip:]) for skip in range(len(parts)))
    return next(filter(None, map(_zone, candidates)), None)


def defined_zone(name: str, definitions: Mapping[str, str]) -> tzinfo | None:
    """Zone of `name` as the calendar itself defines it, in one of its VTIMEZONE texts (by TZID)."""
    text = definitions.get(name)
    if text is None:
        return None
    place = _PLACE.search(text)
    zone = named_zone(place[1]) if place else None
    if zone is not None:
        return zone
    if _TOO_OFTEN.search(text):
        return None
    text = _ONSET.sub(lambda onset: f"DTSTART:{onset[1]}{onset[2] or 'T000000'}", text)
    lines = [line for line in text.splitlines() if _PLAIN.fullmatch(line)]
    try:
        zone = tzical(io.StringIO("\r\n".join(lines))).get()
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError):
        return None
    return zone if isinstance(zone, tzinfo) else None


def _zone(name: str) -> tzinfo | None:
    known: str | None = windows_tz.win_tz.get(name) or _spelling().get(name.lower())
    return ZoneInfo(known) if known else None


@cache
def _spelling() -> dict[str, str]:
    """Lower case → the name's own spelling, for every IANA zone."""
    return {name.lower(): name for name in available_timezones() if name.lower() not in _MACHINE}
