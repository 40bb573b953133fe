"""Outlook's calendar as CSV: File > Open & Export > Export to a file.

There are no addresses and no UID. People are "name:" and their display name in lower case, until a
directory says whose name it is. A meeting is known by its organiser, its start and who is invited:
the copies in two such exports are one. It is of kind "appointment": which meeting of the other
calendars it is, the loader finds out, because that takes the directory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    Source,
    UnreadableFileError,
    frame,
)
from transforms.sources.mail_headers import addresses
from transforms.sources.meetings import named
from transforms.sources.opening import (
    OPEN_QUOTE,
    SEPARATORS,
    columns_told,
    decoded,
    likely,
    opened_text,
    plain,
    rows_of,
    separator_of,
)
from transforms.sources.written_times import day_is_first, written_instants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_HEADERS = {  # as `plain` writes them; Outlook's own words differ from version to version
    "start_date": ("startdate", "begindatum", "startdatum"),
    "start_time": ("starttime", "begintijd", "starttijd", "aanvangstijd"),
    "end_date": ("enddate", "einddatum"),
    "end_time": ("endtime", "eindtijd"),
    "all_day": ("alldayevent", "duurthelendag", "duurthelededag", "duurthelendaggebeurtenis",
                "duurtheledag", "heledag", "gebeurtenisduurthelendag"),
    "organiser": ("meetingorganizer", "meetingorganiser", "organisatorvanvergadering",
                  "organisatorvandevergadering", "vergaderingsorganisator", "organisator",
                  "vergaderingbelegddoor"),
    "required": ("requiredattendees", "verplichtedeelnemers", "vereistedeelnemers",
                 "vereisteaanwezigen", "verplichteaanwezigen"),
    "optional": ("optionalattendees", "optioneledeelnemers", "optioneleaanwezigen"),
    "resources": ("meetingresources", "vergaderresources", "vergaderbronnen",
                  "vergaderingsbronnen", "resourcesvoorvergadering", "bronnenvoorvergadering"),
    "subject": ("subject", "onderwerp"),
    "shown_as": ("showtimeas", "tijdweergevenals", "tijdtonenals", "weergevenals"),
}  # fmt: skip
_NEEDED = {
    "start_date": "Start Date", "start_time": "Start Time", "organiser": "Meeting Organizer",
    "required": "Required Attendees",
}  # fmt: skip
_TOLD = (
    "started_at", "ended_at", "position", "organiser", "required", "optional", "resources",
)  # fmt: skip
_YES = {"true", "waar", "yes", "ja", "1", "-1"}
_FREE = {"3", "free", "vrij", "beschikbaar"}  # 1 tentative, 2 busy, 4 out of office
_CALLED_OFF = r"(?i)^\s*(?:cancell?ed|geannuleerd)\s*:"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each column stands, how cells are parted, and whether the day comes first."""

    at: Mapping[str, int]
    separator: str
    day_first: bool


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Meetings of the rows at `path`, in batches; positions are rows, the header being row 1.

    The file is read twice: its dates together tell whether day or month comes first.
    Raises UnreadableFileError when a column is missing.
    """
    layout = _layout(path)
    seen: set[int] = set()
    with opened_text(path) as text:
        rows = rows_of(text, layout.separator)
        next(rows, None)
        for chunk in iter(lambda: list(islice(rows, BATCH_ROWS // 5)), []):
            yield _batch(_cells(chunk, layout.at), layout, options, seen)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens Outlook's calendar, by its header."""
    line = next((line for line in decoded(head).splitlines() if line.strip()), "")
    header = line.replace('"', "").split(max(SEPARATORS, key=line.count))
    return 0.95 if _NEEDED.keys() <= _columns(header).keys() else 0.0


def _columns(header: Sequence[str]) -> dict[str, int]:
    at = {plain(name): index for index, name in reversed([*enumerate(header)])}
    return {
        key: next(at[name] for name in names if name in at)
        for key, names in _HEADERS.items()
        if at.keys() & {*names}
    }


def _layout(path: Path) -> Layout:
    with opened_text(path) as text:
        separator = separator_of(text)
        rows = rows_of(text, separator)
        header = next((row for _, row in rows), [])
        at = _columns(header)
        for key, name in _NEEDED.items():
            if key not in at:
                message = (
                    f"{path}: row 1: no column {name!r}{likely(name, header)}; "
                    f"{columns_told(header)}; export the calendar again with all its fields"
                )
                raise UnreadableFileError(message)
        chunks = iter(lambda: list(islice(rows, BATCH_ROWS)), [])
        days = pl.concat([pl.Series([""]), *(_days(_cells(chunk, at)) for chunk in chunks)])
    # Without a.m. and p.m., and nothing to tell by, the file is no American one.
    return Layout(at, separator, day_is_first(days) is not False)


def _cells(rows: Sequence[tuple[int, list[str]]], at: Mapping[str, int]) -> pl.DataFrame:
    """Text of each column, empty where the file has none, and the row's number."""
    cells: dict[str, list[str] | list[int]] = {
        name: [row[at[name]] if name in at and at[name] < len(row) else "" for _, row in rows]
        for name in _HEADERS
    }
    return pl.DataFrame(
        {**cells, "position": [number for number, _ in rows]},
        schema={**dict.fromkeys(_HEADERS, pl.String), "position": pl.Int64},
    ).with_columns(pl.exclude("position").str.strip_chars())


# --- times ------------------------------------------------------------------------------------


def _days(cells: pl.DataFrame) -> pl.Series:
    """Each distinct day that is written, at the hour that is written with it first."""
    return cells.unique("start_date").select(_written("start")).to_series()


def _written(name: str) -> pl.Expr:
    return pl.concat_str(f"{name}_date", f"{name}_time", separator=" ").str.strip_chars().alias("")


def _times(cells: pl.DataFrame, name: str, layout: Layout, options: Options) -> pl.Series:
    """Start or end of each row in UTC; null where it cannot be read."""
    written = cells.select(_written(name)).to_series()
    return written_instants(written, str(options.time_zone), day_first=layout.day_first)


# --- rows of the contract ---------------------------------------------------------------------


def _batch(cells: pl.DataFrame, layout: Layout, options: Options, seen: set[int]) -> Batch:
    rows = cells.with_columns(
        started_at=_times(cells, "start", layout, options),
        ended_at=_times(cells, "end", layout, options),
        is_no_meeting=pl.col("all_day").str.to_lowercase().is_in(_YES)
        | pl.col("shown_as").str.to_lowercase().is_in(_FREE)
        | pl.col("subject").str.contains(_CALLED_OFF),
    ).with_columns(reason=_reason())
    refused = rows.filter(pl.col("reason").is_not_null())
    inside = rows.filter(
        pl.col("reason").is_null()
        & ~pl.col("is_no_meeting")
        & (pl.col("started_at") >= options.since.astimezone(UTC))
        & (pl.col("started_at") < options.until.astimezone(UTC))
    )
    events: dict[str, list[object]] = {name: [] for name in RAW_EVENT}
    participations: dict[str, list[object]] = {name: [] for name in RAW_PARTICIPATION}
    alone = duplicates = 0
    for start, end, position, organiser, *guests in inside.select(_TOLD).iter_rows():
        host, people = _people(organiser, *guests)
        if len(people) < 2:  # noqa: PLR2004 - one person is no meeting
            alone += 1
            continue
        key = meeting_key(host, start, [address for address, _ in people])
        if hash(key) in seen:
            duplicates += 1
            continue
        seen.add(hash(key))
        _append(
            events,
            (key, "meeting", "appointment", start, end, host, None, None, None, False, False, 0,
             position),
        )  # fmt: skip
        for address, role in people:
            response = "accepted" if role == "organiser" else "none"
            _append(participations, (key, address, role, response, False))
    return Batch(
        frame(events, RAW_EVENT),
        frame(participations, RAW_PARTICIPATION),
        refused.with_columns(place=pl.lit("row")).select(
            pl.col(name).cast(dtype) for name, dtype in RAW_REJECT.items()
        ),
        records=cells.height,
        skipped=cells.height - refused.height - inside.height + alone,
        duplicates=duplicates,
    )


def _reason() -> pl.Expr:
    """The first reason to refuse a row; what is no meeting needs no times."""
    is_open = pl.any_horizontal(pl.col("start_date", "start_time", "organiser").str.contains("\n"))
    is_timed = ~pl.col("is_no_meeting")
    has_end = (pl.col("end_date") != "") | (pl.col("end_time") != "")
    reasons = (
        (is_open, OPEN_QUOTE),
        (is_timed & (pl.col("start_date") == ""), "no start date"),
        (is_timed & pl.col("started_at").is_null(), "the start is no date and time"),
        (is_timed & has_end & pl.col("ended_at").is_null(), "the end is no date and time"),
        (is_timed & (pl.col("ended_at") < pl.col("started_at")), "ends before it starts"),
    )
    return pl.coalesce(pl.when(is_wrong).then(pl.lit(words)) for is_wrong, words in reasons)


def _append(columns: dict[str, list[object]], row: tuple[object, ...]) -> None:
    for column, value in zip(columns.values(), row, strict=True):
        column.append(value)


# --- people -----------------------------------------------------------------------------------


def meeting_key(organiser: str | None, start: datetime, people: Sequence[str]) -> str:
    """Key of a meeting without UID: "meeting:~" and a hash of organiser, UTC start, attendees."""
    guests = sorted({*people} - {organiser})
    parts = (organiser or "", start.astimezone(UTC).isoformat(), *guests)
    return "meeting:~" + blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


def _people(
    organiser: str, required: str, optional: str, resources: str
) -> tuple[str | None, list[tuple[str, str]]]:
    """The organiser, and everybody once with a role, the organiser first; resources left out."""
    host = next(iter(_names(organiser)), None)
    roles = {host: "organiser"} if host else {}
    for role, cell in (("required", required), ("optional", optional)):
        for address in _names(cell):
            roles.setdefault(address, role)
    things = {*_names(resources)} - {host}
    return host, [(address, role) for address, role in roles.items() if address not in things]


@lru_cache(16_384)
def _names(cell: str) -> tuple[str, ...]:
    """The people that a cell names; those with a mail address by that."""
    return tuple(
        dict.fromkeys(address for token in cell.split(";") if (address := _address(token)))
    )


@lru_cache(65_536)
def _address(token: str) -> str | None:
    found = addresses(token.strip(" \t'")) if "@" in token else []
    return found[0] if found else named(token)


SOURCE = Source(
    name="outlook-csv",
    title="Outlook calendar (CSV)",
    channel="meeting",
    how=(
        "Outlook (classic): File > Open & Export > Import/Export > Export to a file > Comma "
        "Separated Values > Calendar, with all fields mapped. An .ics tells more: prefer it"
    ),
    reads=(
        "Start Date, Start Time, End Date, End Time (Begindatum, Begintijd, Einddatum, Eindtijd)",
        "All day event, Show time as", "Meeting Organizer, Required Attendees, Optional Attendees",
        "Meeting Resources (who is no person)", "Subject (only whether it starts with Canceled:)",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
