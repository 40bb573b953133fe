"""The mapping of a table's columns, as tieline.toml has it, to a plan of what to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.instants import is_form
from transforms.sources.opening import columns_told, likely, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LONG, EDGE = "long", "edge"
COLUMNS = (
    "time", "end", "person", "sender", "recipient", "role", "action", "item", "event", "channel",
)  # fmt: skip
TIMES = ("time", "end")
SETTINGS = ("form", "separator", "time_format", "time_zone", "group", "system")
NEEDED = {LONG: ("time", "person"), EDGE: ("time", "sender", "recipient")}

_NO_SEPARATOR = tuple('"\r\n')
CHANNELS = ("meeting", "message", "work")
KNOWN_ROLES = (
    "organiser", "required", "optional", "from", "to", "cc",
    "author", "assignee", "reviewer", "commenter", "mentioned",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping, read: column or literal of each key that is used, and how to take times."""

    form: str
    columns: Mapping[str, str]
    literals: Mapping[str, str]
    separator: str
    time_format: str
    zone: str
    has_events: bool
    system: str


def plan_of(path: Path, options: Options) -> Plan:
    """The mapping as a plan. Raises UnreadableFileError where a key is unknown or missing, or cannot be so."""
    mapping = {key: value.strip() for key, value in options.mapping.items()}
    for key in mapping:
        if key not in {*COLUMNS, *SETTINGS}:
            known = (*COLUMNS, *SETTINGS)
            message = (
                f"{path}: mapping: no key {key!r}{likely(key, known)}; keys are: {', '.join(known)}"
            )
            raise UnreadableFileError(message)
    settings = {key: mapping.get(key, "").removeprefix("=") for key in SETTINGS}
    form = settings["form"] or (EDGE if "sender" in mapping else LONG)
    group = settings["group"] or ("event" if "event" in mapping else "row")
    _one_of(path, "form", form, (LONG, EDGE))
    _one_of(path, "group", group, ("event", "row"))
    separator = _separator(path, settings["separator"])
    _check_form(path, settings["time_format"])
    wanted = {*NEEDED[form], *(["event"] if settings["group"] == "event" else [])}
    if missing := sorted(wanted - {*mapping}):
        message = (
            f"{path}: mapping: nothing for {', '.join(missing)}; "
            f'add {missing[0]} = "name of the column" to the source\'s mapping in tieline.toml'
        )
        raise UnreadableFileError(message)
    used = {"channel": "message" if form == EDGE else "work"}
    used |= {key: value for key, value in mapping.items() if key in COLUMNS and value}
    if used["channel"] in CHANNELS:
        used["channel"] = f"={used['channel']}"
    literals = {key: value[1:] for key, value in used.items() if value.startswith("=")}
    if "channel" in literals:
        _one_of(path, "channel", literals["channel"].strip().lower(), CHANNELS)
    return Plan(
        form=form,
        columns={key: value for key, value in used.items() if key not in literals},
        literals=literals,
        separator=separator,
        time_format=settings["time_format"],
        zone=_zone(path, settings["time_zone"], options),
        has_events="event" in used and group == "event",
        system=settings["system"],
    )


def _one_of(path: Path, key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        message = f"{path}: mapping: {key} is {value!r}; it is one of: {', '.join(known)}"
        raise UnreadableFileError(message)


def _separator(path: Path, name: str) -> str:
    sign = {"tab": "\t", "\\t": "\t"}.get(name, name)
    if len(sign) > 1 or not sign.isascii() or sign in _NO_SEPARATOR:
        message = f"{path}: mapping: separator is {name!r}; write the sign itself, like ; or tab"
        raise UnreadableFileError(message)
    return sign


def _check_form(path: Path, form: str) -> None:
    if form and not is_form(form):
        message = (
            f"{path}: mapping: no time can be read by time_format {form!r}; write it like "
            "%d-%m-%Y %H:%M, hours always with minutes and %I with %p"
        )
        raise UnreadableFileError(message)


def _zone(path: Path, name: str, options: Options) -> str:
    try:
        return str(ZoneInfo(name) if name else options.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: Europe is a folder
        message = f"{path}: mapping: no time zone {name!r}; write it like Europe/Amsterdam"
        raise UnreadableFileError(message) from error


def columns_of(path: Path, plan: Plan, names: Sequence[str]) -> dict[str, str]:
    """The file's own name of each mapped column, without regard to case, spaces and signs."""
    by_plain = {plain(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for key, column in plan.columns.items():
        name = column if column in names else by_plain.get(plain(column))
        if name is None:
            message = (
                f"{path}: no column {column!r} for {key}{likely(column, names)}; "
                f"{columns_told(names)}; correct the source's mapping in tieline.toml"
            )
            raise UnreadableFileError(message)
        found[key] = name
    return found
