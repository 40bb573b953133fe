"""Text cells of a mapped table to rows of the contract.

Cells come as frames with a column for each key of the mapping that names one, and `position`. All are
text, stripped and not null, but `time` and `end` may be instants already.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import polars as pl
from polars import selectors as cs

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    TIME,
    Batch,
    Options,
)
from transforms.sources.delimited import sized
from transforms.sources.instants import instants
from transforms.sources.mapping import CHANNELS, COLUMNS, EDGE, KNOWN_ROLES, Plan
from transforms.sources.opening import OPEN_QUOTE, SHORTENED, SHORTENED_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {"meeting": "meeting", "message": "mail"}
DEFAULT_ROLES = {"meeting": "required", "message": "to"}
FIRST_ROLES = {"meeting": "organiser", "message": "from"}  # a sender's, in edge form
STARTERS = ("organiser", "from", "author")
_SPELLINGS = {
    "organizer": "organiser", "host": "organiser", "attendee": "required",
    "participant": "required", "sender": "from", "recipient": "to",
    "organisator": "organiser", "genodigde": "required", "deelnemer": "required", "afzender": "from", "ontvanger": "to",
}  # fmt: skip
_WITH_NAME = r"^[^<>]*<([^<>\s]+@[^<>\s]+)>$"
_IDS = ("person", "sender", "recipient", "event", "item")
_PART = "\x1f"  # between the parts of a key


def batches(
    chunks: Iterator[pl.DataFrame], plan: Plan, options: Options, place: str
) -> Iterator[Batch]:
    """Batches of cells; `place` is what their `position` counts."""
    full = sized(chunks, BATCH_ROWS)
    for chunk in _whole_events(full) if "event" in plan.columns and plan.has_events else full:
        yield _batch(chunk, plan, options, place)


def _whole_events(chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows; the last event of a chunk waits for the rest of it."""
    waiting: list[pl.DataFrame] = []
    for rows in chunks:
        event = rows["event"]
        others = event.ne_missing(event[-1]).arg_true() if event[-1] else [event.len() - 1]
        end = others[-1] + 1 if len(others) else 0
        if end:
            yield pl.concat([*waiting, rows[:end]])
            waiting = []
        waiting.append(rows[end:])
    if any(map(len, waiting)):
        yield pl.concat(waiting)


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
    literals = [
        pl.lit(plan.literals.get(name, "").strip()).alias(name)
        for name in COLUMNS
        if name not in cells.columns
    ]
    rows = cells.with_columns(literals)
    if plan.form == EDGE:
        rows = rows.with_columns(person="recipient")
    channel = pl.col("channel").str.to_lowercase()
    role = pl.col("role").str.to_lowercase().replace(_SPELLINGS)
    default = "mentioned" if plan.form == EDGE else "author"
    rows = rows.with_columns(
        channel=channel,
        started_at=_instants(rows["time"], plan),
        ended_at=_instants(rows["end"], plan),
        person=_person(rows["person"]),
        sender=_person(rows["sender"]),
        role=pl.when(role != "").then(role).otherwise(
            channel.replace_strict(DEFAULT_ROLES, default=default, return_dtype=pl.String)
        ),
        kind=pl.when(pl.col("action") != "").then(pl.col("action").str.to_lowercase()).otherwise(
            channel.replace_strict(
                KINDS, default="mention" if plan.form == EDGE else "act", return_dtype=pl.String
            )
        ),
    )  # fmt: skip
    ids = [name for name in _IDS if name in cells.columns]
    unreadable = "cannot be read; tell its form as time_format in the source's mapping"
    reasons = (
        (pl.any_horizontal((cs.by_name("time", "end", "person", "sender", "event") & cs.string())
                           .str.contains("\n", literal=True)), OPEN_QUOTE),
        (pl.any_horizontal(cs.by_name(ids).str.contains(SHORTENED_ID)), SHORTENED),
        (~_is_told(rows["time"]), "no time"),
        (pl.col("started_at").is_null(), f"the time {unreadable}"),
        (_is_told(rows["end"]) & pl.col("ended_at").is_null(), f"the end {unreadable}"),
        (pl.col("sender") == "" if plan.form == EDGE else pl.lit(value=False), "no sender"),
        (~pl.col("channel").is_in(CHANNELS),
         f"the channel is none of {', '.join(CHANNELS)}; mend channel in the source's mapping"),
        (~pl.col("role").is_in(KNOWN_ROLES),
         f"the role is none of {', '.join(KNOWN_ROLES)}; mend role in the source's mapping"),
        (pl.col("person") == "", "no recipient" if plan.form == EDGE else "no person"),
    )  # fmt: skip
    return rows.with_columns(
        _key(plan).alias("event_key"),
        reason=pl.coalesce(pl.when(is_wrong).then(pl.lit(words)) for is_wrong, words in reasons),
    )


def _instants(cells: pl.Series, plan: Plan) -> pl.Series:
    return cells if cells.dtype == TIME else instants(cells, plan.time_format, plan.zone)


def _is_told(cells: pl.Series) -> pl.Expr:
    cell = pl.col(cells.name)
    return cell.is_not_null() if cells.dtype == TIME else cell != ""


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


def _person(cells: pl.Series) -> pl.Expr:
    """A mail address in lower case, also where it is written as Name <address>; or what else is told."""
    cell = pl.col(cells.name)
    if cells.str.ends_with(">").any():
        cell = pl.coalesce(cell.str.extract(_WITH_NAME), cell)
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
