"""The contract of a reader: a file in, batches of raw rows out.

A reader knows one export format and nothing else: no database, no people, no settings but `Options`.
It streams (memory does not grow with the file), turns what it cannot read into a reject with its
place, and never lets a subject, body, location or attachment name out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import polars as pl

BATCH_ROWS = 50_000  # participations a batch holds at most, roughly

TIME = pl.Datetime("us", "UTC")
_EPOCH, _MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

RAW_EVENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_key": pl.String,  # natural key with its kind: "mail:<id>", "meeting:<uid>|<recurrence-id>"
    "channel": pl.String,  # meeting, message or work
    "kind": pl.String,  # meeting, mail, assignment, mention, comment, status, commit, ...
    "started_at": TIME,
    "ended_at": TIME,  # null: no duration
    "initiator": pl.String,  # address of organiser, sender or author; null: not known
    "thread_key": pl.String,  # null: none
    "reply_key": pl.String,  # event_key of what it answers; null: none
    "container_key": pl.String,  # series or work item; null: none
    "is_automated": pl.Boolean,
    "is_cancelled": pl.Boolean,  # a version that says: called off or deleted
    "revision": pl.Int64,  # highest wins; 0 where a format has no versions
    "position": pl.Int64,
}
RAW_PARTICIPATION: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_key": pl.String,
    "address": pl.String,  # as written; lower case and trimmed where it is an address
    "role": pl.String,
    "response": pl.String,  # accepted, tentative, declined, none
    "is_own": pl.Boolean,  # this row is the person's own copy of the answer
}
RAW_REJECT: dict[str, pl.DataType | type[pl.DataType]] = {
    "position": pl.Int64,
    "place": pl.String,  # what position counts: line, byte, record, row
    "reason": pl.String,  # plain words, no content of the record
}


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may know of the settings."""

    since: datetime = datetime(
        1990, 1, 1, tzinfo=UTC
    )  # window: events that start in [since, until)
    until: datetime = datetime(2100, 1, 1, tzinfo=UTC)
    horizon: datetime = datetime(
        2100, 1, 1, tzinfo=UTC
    )  # series are followed to here: many have no end
    time_zone: ZoneInfo = field(
        default_factory=lambda: ZoneInfo("Europe/Amsterdam")
    )  # of floating times
    mapping: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # generic formats


@dataclass(frozen=True, slots=True)
class Batch:
    """Part of a file. Columns as RAW_EVENT, RAW_PARTICIPATION and RAW_REJECT.

    `records` counts what the file holds (messages, VEVENTs, issues, rows), rejected ones included.
    `skipped` counts records that by rule are no event, or lie outside the window; `duplicates` those
    that repeat an event of this file. An event and its participations are in the same batch.
    """

    events: pl.DataFrame
    participations: pl.DataFrame
    rejects: pl.DataFrame
    records: int = 0
    skipped: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """An export format: how to know it, how to read it, how a user gets it."""

    name: str
    title: str
    channel: str
    how: str  # menu path or command that makes the export
    reads: tuple[str, ...]  # fields that are read; nothing else leaves the reader
    sniff: Callable[[Path, bytes], float]  # path, first 64 kB (decompressed) → certainty 0..1
    read: Callable[[Path, Options], Iterator[Batch]]


class UnreadableFileError(Exception):
    """The file as a whole is not what it should be; the message says what and the cure."""


def frame(
    rows: Mapping[str, Sequence[object]], schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """Columns collected as lists → a frame of exactly `schema`."""
    columns = {
        name: times(values) if schema[name] == TIME else pl.Series(values, dtype=schema[name])  # type: ignore[arg-type]
        for name, values in rows.items()
    }
    return pl.DataFrame(columns, schema=dict(schema), strict=True)


def times(moments: Sequence[datetime | None]) -> pl.Series:
    """Moments with a zone as a column; as numbers, which polars takes six times as fast."""
    micros = [None if moment is None else (moment - _EPOCH) // _MICRO for moment in moments]
    return pl.Series(micros, dtype=pl.Int64).cast(TIME)
