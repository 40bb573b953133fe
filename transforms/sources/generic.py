"""Events of any tool, from CSV, Parquet or ndjson, by a mapping of columns in tieline.toml.

Long form: a row per participation (`time`, `person`, and at will `role`, `action`, `item`, `event`,
`end`). Edge form: a row per sender and recipient (`time`, `sender`, `recipient`). A value names a
column; one that starts with "=" is meant as it stands.

Rows with the same `event` are one event, from the earliest time to the latest end; they stand
together in the file, or tell the same time. Without `event` a row is an event of its own in long
form (acts on one item on one day meet later, in the models), and in edge form rows of one sender,
time, action and item are one message to several. Keys are made of content, so the order of rows and
the file they stand in do not matter. Exact repeats within a batch are duplicates; those in a later
batch carry the same key and are united when they are loaded, so memory does not grow with the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from polars.exceptions import PolarsError

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    Source,
    UnreadableFileError,
)
from transforms.sources.directory import looks_like_directory
from transforms.sources.instants import instants
from transforms.sources.opening import (
    OPEN_QUOTE,
    SEPARATORS,
    decoded,
    likely,
    opened_text,
    plain,
    rows_of,
    separator_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LONG, EDGE = "long", "edge"
COLUMNS = (
    "time", "end", "person", "sender", "recipient", "role", "action", "item", "event", "channel",
)  # fmt: skip
SETTINGS = ("form", "separator", "time_format", "time_zone", "group", "system")
NEEDED = {LONG: ("time", "person"), EDGE: ("time", "sender", "recipient")}

CHANNELS = ("meeting", "message", "work")
KINDS = {"meeting": "meeting", "message": "mail"}
ROLES = {"meeting": "required", "message": "to"}
FIRST_ROLES = {"meeting": "organiser", "message": "from"}  # a sender's, in edge form
STARTERS = ("organiser", "from", "author")
_SPELLINGS = {
    "organizer": "organiser", "host": "organiser", "attendee": "required",
    "participant": "required", "sender": "from", "recipient": "to",
}  # fmt: skip
_PART = "\x1f"  # between the parts of a key


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


# --- the three formats ------------------------------------------------------------------------


def read_csv(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of a delimited file; positions are rows, the header being row 1.

    Raises UnreadableFileError when the mapping does not fit the file.
    """
    plan = _plan(path, options)
    with opened_text(path) as text:
        rows = rows_of(text, plan.separator or separator_of(text))
        header = [name.strip() for name in next((row for _, row in rows), [])]
        at = {name: header.index(column) for name, column in _found(path, plan, header).items()}
        chunks = iter(lambda: list(islice(rows, BATCH_ROWS)), [])
        yield from _batches((_cells(chunk, at) for chunk in chunks), plan, options, "row")


def read_ndjson(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of one JSON object a line; positions are lines. "a.b" is field b of object a."""
    plan = _plan(path, options)
    with opened_text(path) as text:
        names = dict.fromkeys(name for line in islice(text, 1000) for name in _names(line))
    found = _found(path, plan, list(names))
    with opened_text(path) as text:
        lines = ((n, line) for n, line in enumerate(text, 1) if line.strip())
        chunks = iter(lambda: list(islice(lines, BATCH_ROWS)), [])
        yield from _batches((_fields(chunk, found) for chunk in chunks), plan, options, "line")


def read_parquet(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of a Parquet file; positions are rows from 1."""
    plan = _plan(path, options)
    try:
        scan = pl.scan_parquet(path, glob=False)
        schema = scan.collect_schema()
        found = _found(path, plan, list(schema))
        rows = scan.select(
            _as_text(column, schema[column]).alias(name) for name, column in found.items()
        ).with_row_index("position", 1)
        chunks = rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True)
        yield from _batches(chunks, plan, options, "row")
    except (PolarsError, OSError) as error:
        message = (
            f"{path}: no Parquet that can be read ({str(error).splitlines()[0]}); write it again"
        )
        raise UnreadableFileError(message) from error


def sniff_csv(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Low: any delimited text will do, and one with the header of a directory hardly."""
    text = decoded(head)
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if not lines[1:] or "\0" in text or text.lstrip().startswith(("{", "[", "<")):
        return 0.0
    separator = max(SEPARATORS, key=lines[0].count)
    if not lines[0].count(separator) or not lines[1].count(separator):
        return 0.0
    return 0.05 if looks_like_directory(lines[0].replace('"', "").split(separator)) else 0.2


def sniff_ndjson(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Low: any JSON object on the first line will do."""
    return 0.1 if _names(decoded(head).partition("\n")[0]) else 0.0


def sniff_parquet(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Parquet starts with its name."""
    return 0.9 if head.startswith(b"PAR1") else 0.0


# --- the mapping ------------------------------------------------------------------------------


def _plan(path: Path, options: Options) -> Plan:
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


def _found(path: Path, plan: Plan, names: Sequence[str]) -> dict[str, str]:
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


# --- records → text cells ---------------------------------------------------------------------


def _cells(rows: Sequence[tuple[int, list[str]]], at: Mapping[str, int]) -> pl.DataFrame:
    cells: dict[str, list[str] | list[int]] = {
        name: [row[index] if index < len(row) else "" for _, row in rows]
        for name, index in at.items()
    }
    return pl.DataFrame(
        {**cells, "position": [number for number, _ in rows]},
        schema={**dict.fromkeys(at, pl.String), "position": pl.Int64},
    )


def _fields(lines: Sequence[tuple[int, str]], found: Mapping[str, str]) -> pl.DataFrame:
    records = pl.DataFrame(
        {"line": [line for _, line in lines], "position": [number for number, _ in lines]},
        schema={"line": pl.String, "position": pl.Int64},
    )
    steps = {
        name: "".join(f"['{part}']" for part in column.split(".")) for name, column in found.items()
    }
    return records.select(
        *(
            pl.col("line").str.json_path_match(f"${step}").alias(name)
            for name, step in steps.items()
        ),
        "position",
    )


def _names(line: str) -> list[str]:
    """Fields of a line's JSON object, those of objects inside it as "outer.inner"."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if not isinstance(record, dict):
        return []
    inner = [
        f"{name}.{part}"
        for name, value in record.items()
        if isinstance(value, dict)
        for part in value
    ]
    return [*record, *inner]


def _as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    cell = pl.col(column)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return cell.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")
    if isinstance(dtype, pl.Datetime):
        return cell.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    if isinstance(
        dtype, pl.Float32 | pl.Float64
    ):  # an id or a second that has passed through pandas
        whole = cell.cast(pl.Int64, strict=False)
        return pl.when(whole == cell).then(whole.cast(pl.String)).otherwise(cell.cast(pl.String))
    return cell.cast(pl.String, strict=False)


# --- cells → rows of the contract -------------------------------------------------------------


def _batches(
    chunks: Iterator[pl.DataFrame], plan: Plan, options: Options, place: str
) -> Iterator[Batch]:
    for chunk in _whole_events(chunks) if plan.has_events else chunks:
        yield _batch(chunk, plan, options, place)


def _whole_events(chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows; the last event of a chunk waits for the rest of it."""
    waiting: pl.DataFrame | None = None
    for chunk in chunks:
        rows = pl.concat([waiting, chunk]) if waiting is not None else chunk
        others = (rows["event"].ne_missing(rows["event"][-1])).arg_true()
        end = others[-1] + 1 if len(others) else 0
        if end:
            yield rows[:end]
        waiting = rows[end:]
    if waiting is not None:
        yield waiting


def _batch(cells: pl.DataFrame, plan: Plan, options: Options, place: str) -> Batch:
    rows = _read(cells, plan)
    refused = pl.col("reason").is_not_null()
    told = rows.filter(~refused)
    inside = told.filter(
        pl.col("started_at").is_between(
            # polars compares instants of one zone only.
            options.since.astimezone(UTC),
            options.until.astimezone(UTC),
            closed="left",
        )
    )
    content = ["event_key", "sender", "person", "role", "started_at", "ended_at"]
    once = inside.unique(content, keep="first", maintain_order=True)
    return Batch(
        events=_events(once, plan.system),
        participations=_participations(once, plan),
        rejects=rows.filter(refused)
        .with_columns(place=pl.lit(place))
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_REJECT.items()),
        records=cells.height,
        skipped=told.height - inside.height,
        duplicates=inside.height - once.height,
    )


def _read(cells: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Cells → times, people, role, kind, item, channel, key, and the first reason to refuse."""
    texts = [
        pl.lit(plan.literals.get(name, "")).alias(name)
        for name in COLUMNS
        if name not in cells.columns
    ]
    rows = cells.with_columns(texts).with_columns(
        pl.exclude("position").fill_null("").str.strip_chars()
    )
    if plan.form == EDGE:
        rows = rows.with_columns(person="recipient")
    channel = pl.col("channel").str.to_lowercase()
    role = pl.col("role").str.to_lowercase().replace(_SPELLINGS)
    default = "mentioned" if plan.form == EDGE else "author"
    rows = rows.with_columns(
        channel=channel,
        started_at=instants(rows["time"], plan.time_format, plan.zone),
        ended_at=instants(rows["end"], plan.time_format, plan.zone),
        person=_person("person"),
        sender=_person("sender"),
        role=pl.when(role != "").then(role).otherwise(
            channel.replace_strict(ROLES, default=default, return_dtype=pl.String)
        ),
        kind=pl.when(pl.col("action") != "").then(pl.col("action").str.to_lowercase()).otherwise(
            channel.replace_strict(
                KINDS, default="mention" if plan.form == EDGE else "act", return_dtype=pl.String
            )
        ),
    )  # fmt: skip
    unreadable = "cannot be read; tell its form as time_format in the source's mapping"
    reasons = (
        (pl.any_horizontal(pl.col(*COLUMNS[:2], "person", "sender", "event").str.contains("\n")),
         OPEN_QUOTE),
        (pl.col("time") == "", "no time"),
        (pl.col("started_at").is_null(), f"the time {unreadable}"),
        ((pl.col("end") != "") & pl.col("ended_at").is_null(), f"the end {unreadable}"),
        (pl.col("sender") == "" if plan.form == EDGE else pl.lit(value=False), "no sender"),
        (pl.col("person") == "", "no recipient" if plan.form == EDGE else "no person"),
    )  # fmt: skip
    return rows.with_columns(
        _key(plan).alias("event_key"),
        reason=pl.coalesce(pl.when(is_wrong).then(pl.lit(words)) for is_wrong, words in reasons),
    )


def _key(plan: Plan) -> pl.Expr:
    """What makes an event itself, and no other, whatever file and row it stands in."""
    moment = pl.col("started_at").dt.epoch("us").cast(pl.String)
    last = pl.col("ended_at").dt.epoch("us").cast(pl.String).fill_null("")
    if plan.form == EDGE:
        parts = [moment, pl.col("sender"), pl.col("kind"), pl.col("item")]
    else:
        parts = [moment, last, *map(pl.col, ("person", "role", "kind", "item"))]
    if not plan.has_events:
        parts.append(pl.col("event"))
    content = pl.concat_str(pl.lit(plan.system), *parts, separator=_PART)
    if plan.has_events:
        named = pl.concat_str(pl.lit(plan.system), "event", separator=_PART)
        content = pl.when(pl.col("event") != "").then(named).otherwise(content)
    return pl.concat_str("channel", pl.lit(":generic:"), content)


def _person(name: str) -> pl.Expr:
    cell = pl.col(name)
    return (
        pl.when(cell.str.contains("@", literal=True)).then(cell.str.to_lowercase()).otherwise(cell)
    )


def _events(rows: pl.DataFrame, system: str) -> pl.DataFrame:
    started = pl.when(pl.col("sender") != "").then("sender").otherwise(
        pl.when(pl.col("role").is_in(STARTERS)).then("person")
    )  # fmt: skip
    events = rows.group_by("event_key", maintain_order=True).agg(
        pl.col("channel", "kind").first(),
        pl.col("started_at").min(),
        pl.col("ended_at").max(),
        started.drop_nulls().first().alias("initiator"),
        pl.col("person").n_unique().alias("people"),
        pl.col("person").first(),
        pl.col("item").filter(pl.col("item") != "").first(),
        pl.col("position").min(),
    )
    made = events.with_columns(
        # Who acts alone began it, whatever the act is called.
        initiator=pl.coalesce("initiator", pl.when(pl.col("people") == 1).then("person")),
        container_key=pl.concat_str(pl.lit("generic:"), pl.lit(system), "item"),
        thread_key=None,
        reply_key=None,
        is_automated=pl.lit(value=False),
        is_cancelled=pl.lit(value=False),
        revision=0,
    )
    return made.select(pl.col(name).cast(dtype) for name, dtype in RAW_EVENT.items())


def _participations(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    people = rows.select("event_key", "role", address="person")
    if plan.form == EDGE:
        first = pl.col("channel").replace_strict(
            FIRST_ROLES, default="author", return_dtype=pl.String
        )
        senders = rows.select("event_key", first.alias("role"), address="sender")
        people = pl.concat([senders, people])
    return (
        people.unique(maintain_order=True)
        .with_columns(response=pl.lit("none"), is_own=pl.lit(value=False))
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_PARTICIPATION.items())
    )


_HOW = (
    'Any table of events. In tieline.toml, under the source: mapping = { time = "timestamp", '
    'person = "email", item = "ticket", action = "action", channel = "=work" } for a row per '
    'participation, or { sender = "from", recipient = "to", time = "date" } for a row per '
    "sender and recipient. Also: role, event, end, form, group, separator, time_format, "
    "time_zone, system (its name, where event numbers of several systems could meet)"
)  # fmt: skip
_READS = tuple(f"the column mapped to {name}" for name in COLUMNS)

SOURCE_CSV = Source(
    name="csv",
    title="Table of events, CSV (with a mapping)",
    channel="work",
    how=_HOW,
    reads=_READS,
    sniff=sniff_csv,
    read=read_csv,
)
SOURCE_PARQUET = Source(
    name="parquet",
    title="Table of events, Parquet (with a mapping)",
    channel="work",
    how=_HOW,
    reads=_READS,
    sniff=sniff_parquet,
    read=read_parquet,
)
SOURCE_NDJSON = Source(
    name="ndjson",
    title="Records of events, a JSON object a line (with a mapping)",
    channel="work",
    how=_HOW,
    reads=_READS,
    sniff=sniff_ndjson,
    read=read_ndjson,
)
