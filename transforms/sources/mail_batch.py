"""Messages, one after the other, to batches: what every reader of whole mails shares.

A message with the same key as an earlier one of the file is a duplicate: within a batch the copies
become one event whose To and Cc are united; a copy in a later batch is emitted again, event and
participations, and the loader unites them (distinct). So records - rejects - skipped - duplicates =
distinct events, whatever the size of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    frame,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transforms.sources.mail_headers import Mail

ROLES = ("from", "to", "cc")  # of several, an address has the first


def batches(
    messages: Iterable[tuple[int, str, tuple[int, Mail] | str | None]], options: Options
) -> Iterator[Batch]:
    """Batches of messages: position, what it counts, and what the record holds.

    That is the UTC second of sending (since 1970) and the mail, or why it is refused, or None for
    what is no mail by rule (a draft).
    """
    since, until = options.since.timestamp(), options.until.timestamp()
    seen: set[int] = set()  # hashes of the keys: a tenth of the keys' own size
    batch = _Pending()
    for position, place, message in messages:
        batch.records += 1
        if isinstance(message, str):
            batch.rejects.append((position, place, message))
        elif message is None or not since <= message[0] < until:
            batch.skipped += 1
        else:
            batch.add(position, *message)
        if batch.size + len(batch.rejects) >= BATCH_ROWS:
            yield batch.finished(seen)
            batch = _Pending()
    if batch.records:
        yield batch.finished(seen)


@dataclass(slots=True)
class _Pending:
    """A batch in the making. Columns are made at the end: cheaper than one by one."""

    positions: list[int] = field(default_factory=list)
    seconds: list[int] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    size: int = 0  # participations
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    records: int = 0
    skipped: int = 0

    def add(self, position: int, second: int, mail: Mail) -> None:
        self.positions.append(position)
        self.seconds.append(second)
        self.mails.append(mail)
        self.size += 1 + len(mail.to) + len(mail.cc)

    def finished(self, seen: set[int]) -> Batch:
        """The batch; `seen` holds the hashes of earlier keys, and of these from then on."""
        mails, known = self.mails, len(seen)
        keys = [mail.key for mail in mails]
        seen.update(map(hash, keys))
        duplicates = len(keys) - (len(seen) - known)
        events = pl.DataFrame(
            {
                "event_key": pl.Series(keys, dtype=pl.String),
                "started_at": pl.Series(self.seconds, dtype=pl.Int64) * 1_000_000,
                "initiator": pl.Series([mail.sender for mail in mails], dtype=pl.String),
                "thread_key": pl.Series([mail.thread for mail in mails], dtype=pl.String),
                "reply_key": pl.Series([mail.reply for mail in mails], dtype=pl.String),
                "is_automated": pl.Series([mail.is_automated for mail in mails], dtype=pl.Boolean),
                "position": pl.Series(self.positions, dtype=pl.Int64),
            }
        ).with_columns(
            channel=pl.lit("message"),
            kind=pl.lit("mail"),
            ended_at=None,
            container_key=None,
            is_cancelled=pl.lit(value=False),
            revision=0,
        )
        groups = [group for mail in mails for group in ((mail.sender,), mail.to, mail.cc)]
        addresses = list(chain.from_iterable(groups))
        size = pl.Series(list(map(len, groups)), dtype=pl.UInt32)
        part = pl.int_range(size.len(), eager=True).repeat_by(size).explode()
        participations = pl.DataFrame(
            {
                "event_key": events["event_key"].gather(part // 3),
                "address": pl.Series(addresses, dtype=pl.String),
                "role": pl.Series(ROLES, dtype=pl.String).gather(part % 3),
            }
        ).with_columns(response=pl.lit("none"), is_own=pl.lit(value=False))
        if duplicates:
            events, participations = _united(events, participations)
        columns = zip(*self.rejects, strict=True) if self.rejects else ((), (), ())
        rejects: dict[str, list[object]] = {
            name: list(column) for name, column in zip(RAW_REJECT, columns, strict=True)
        }
        return Batch(
            _as(events, RAW_EVENT),
            _as(participations, RAW_PARTICIPATION),
            frame(rejects, RAW_REJECT),
            self.records,
            self.skipped,
            duplicates,
        )


def _united(
    events: pl.DataFrame, participations: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Copies of a message as one: the first one's event and sender, To and Cc of all."""
    events = events.unique("event_key", keep="first", maintain_order=True)
    senders = events.select("event_key", "initiator")
    participations = (
        participations.join(senders, on="event_key", maintain_order="left")
        .filter((pl.col("role") != "from") | (pl.col("address") == pl.col("initiator")))
        .sort(pl.col("role").replace_strict(ROLES, [0, 1, 2]), maintain_order=True)
        .unique(["event_key", "address"], keep="first", maintain_order=True)
    )
    return events, participations


def _as(rows: pl.DataFrame, schema: dict[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
