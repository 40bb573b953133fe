"""The mapping of a table's columns, as tieline.toml has it, to a plan of what to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.opening import likely, plain

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

CHANNELS = ("meeting", "message", "work")


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
    """The mapping as a plan. Raises UnreadableFileError where a key is unknown or missing."""
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
    return Plan(
        form=form,
        columns={key: value for key, value in used.items() if key not in literals},
        literals=literals,
        separator={"tab": "\t", "\\t": "\t"}.get(settings["separator"], settings["separator"]),
        time_format=settings["time_format"],
        zone=_zone(path, settings["time_zone"], options),
        has_events="event" in used and group == "event",
        system=settings["system"],
    )


def _one_of(path: Path, key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        message = f"{path}: mapping: {key} is {value!r}; it is one of: {', '.join(known)}"
        raise UnreadableFileError(message)


def _zone(path: Path, name: str, options: Options) -> str:
    try:
        return str(ZoneInfo(name) if name else options.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{path}: mapping: no time zone {name!r}; write it like Europe/Amsterdam"
        raise UnreadableFileError(message) from error


def columns_of(path: Path, plan: Plan, names: Sequence[str]) -> dict[str, str]:
    """The file's own name of each mapped column, without regard to case, spaces and signs."""
    by_plain = {plain(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for key, column in plan.columns.items():
        name = column if column in names else by_plain.get(plain(column))
        if name is None:
            there = ", ".join(filter(None, names)) or "none"
            message = (
                f"{path}: no column {column!r} for {key}{likely(column, names)}; "
                f"columns are: {there}; correct the source's mapping in tieline.toml"
            )
            raise UnreadableFileError(message)
        found[key] = name
    return found
