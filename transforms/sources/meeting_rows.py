"""Meetings to the rows of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    TIME,
    Batch,
    frame,
)
from transforms.sources.recurrence import Person

if TYPE_CHECKING:
    from transforms.sources.recurrence import Instance, Version

_EVENT = {  # an event as the reader collects it
    "uid": pl.String,
    "recurrence_id": TIME,
    "in_series": pl.Boolean,
    **{name: RAW_EVENT[name] for name in (
        "started_at", "ended_at", "initiator", "is_cancelled", "revision", "position",
    )},
    "size": pl.UInt32,
}  # fmt: skip


class Rows:
    """Rows of one batch. A person's row is kept once, however many events it belongs to."""

    def __init__(self) -> None:
        self.events: list[tuple[object, ...]] = []
        self.people: dict[Person, int] = {}
        self.members: list[int] = []  # who takes part, event after event
        self.last: tuple[Version | None, list[int]] = (None, [])
        self.rejects: list[tuple[int, str, str]] = []
        self.records = self.skipped = self.duplicates = 0

    def reject(self, line: int, reason: str) -> None:
        """Note a component that cannot be read."""
        self.rejects.append((line, "line", reason))

    def is_full(self) -> bool:
        """Whether it is time for a batch."""
        return max(len(self.members), len(self.events), len(self.rejects)) >= BATCH_ROWS

    def add(self, uid: str, one: Instance, *, in_series: bool) -> None:
        """One event and who took part; a cancelled one needs nobody."""
        version = one.version
        if self.last[0] is not version:
            ids = [self.people.setdefault(person, len(self.people)) for person in version.people]
            self.last = version, ids
        members = [] if one.is_cancelled else self.last[1]
        self.members += members
        self.events.append((
            uid, one.recurrence_id, in_series, one.start, one.end, version.organiser,
            one.is_cancelled, one.revision, version.line, len(members),
        ))  # fmt: skip

    def batch(self) -> Batch:
        """The rows as frames."""
        told = zip(*self.events, strict=True) if self.events else ([] for _ in _EVENT)
        events = frame(dict(zip(_EVENT, told, strict=True)), _EVENT).with_columns(
            event_key=pl.format(
                "meeting:{}|{}",
                "uid",
                pl.col("recurrence_id").dt.strftime("%Y%m%dT%H%M%SZ").fill_null(""),
            ),
            channel=pl.lit("meeting"),
            kind=pl.lit("meeting"),
            thread_key=pl.lit(None, pl.String),
            reply_key=pl.lit(None, pl.String),
            container_key=pl.when("in_series").then(pl.format("series:{}", "uid")),
            is_automated=pl.lit(value=False),
        )
        keys = events.filter(pl.col("size") > 0).select(
            pl.col("event_key").repeat_by("size").explode()
        )
        columns = [(name, RAW_PARTICIPATION[name]) for name in Person._fields]
        people = pl.DataFrame(list(self.people), schema=columns, orient="row")
        return Batch(
            events=events.select(list(RAW_EVENT)),
            participations=keys.hstack(people[pl.Series(self.members, dtype=pl.UInt32)]),
            rejects=pl.DataFrame(self.rejects, schema=RAW_REJECT, orient="row"),
            records=self.records,
            skipped=self.skipped,
            duplicates=self.duplicates,
        )
