"""Logs of mail servers, with a row per recipient or per hop, to messages.

One message is the set of the people it was delivered to. A log does not tell To from Cc, nor what a
mail answers: everybody is in To, thread and answer are empty. Rows of one message that are far
apart give the message again, and the loader unites them, so memory does not grow with the file.
"""

from __future__ import annotations

import re
from datetime import UTC
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
)
from transforms.sources.delimited import cells_of, sized
from transforms.sources.instants import instants
from transforms.sources.mail_headers import addresses, is_machine_address
from transforms.sources.opening import OPEN_QUOTE
from transforms.sources.written_times import written_instants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from transforms.sources.delimited import Layout

DELIVERED, SENT, HOP, FAILED = 2, 1, 0, -1  # what a row says of its recipient

ROWS: dict[str, pl.DataType | type[pl.DataType]] = {
    "position": pl.Int64,
    "time": pl.String,
    "id": pl.String,  # Message-ID as written, or what stands in for it
    "sender": pl.String,
    "recipient": pl.String,  # perhaps several addresses
    "outcome": pl.Int8,
}

# Mailboxes that Exchange and the like keep for themselves.
_SYSTEM = re.compile(
    r"(?:microsoftexchange|healthmailbox|(?:discoverysearch|system)mailbox|federatedemail\."
    r"|imceaex-|inboundproxy).*"
)


def tables(path: Path, layout: Layout, at: Mapping[str, int]) -> Iterator[pl.DataFrame]:
    """Cells of a log, as `delimited.cells_of` has them; about as many as a batch may hold.

    One frame at least, so that every file gives a batch.
    """
    chunks = sized(cells_of(path, layout, at), BATCH_ROWS)
    empty = pl.DataFrame(schema={**dict.fromkeys(at, pl.String), "position": pl.Int64})
    yield from chain([next(chunks, empty)], chunks)


def batch_of(
    rows: pl.DataFrame, records: int, options: Options, zone: str, *, day_first: bool | None
) -> Batch:
    """The messages of `rows` (columns of ROWS), of which the file shows `records`.

    Times without offset are in `zone`; `day_first` as `day_is_first` tells. Rows that tell of no
    delivery (hops, failures) are skipped; they may set the time and the sender of a message.
    """
    read = _read(rows, zone, day_first=day_first)
    told = read.filter(
        pl.col("reason").is_null() & pl.col("event_key").is_not_null(),
        pl.col("started_at").is_not_null(),
    )
    # A row with another recipient who has an address is read, not refused.
    good = told.select("position").filter(told["outcome"] >= SENT)
    refused = (
        read.filter(pl.col("reason").is_not_null())
        .unique("position", keep="first", maintain_order=True)
        .join(good, on="position", how="anti", maintain_order="left")
    )
    events = _events(told).filter(
        # polars compares instants of one zone only.
        pl.col("started_at").is_between(
            options.since.astimezone(UTC), options.until.astimezone(UTC), closed="left"
        )
    )
    arrived = (
        told.join(events.select("event_key", "initiator"), on="event_key", maintain_order="left")
        .filter(_is_delivered() if (told["outcome"] != DELIVERED).any() else pl.lit(value=True))
        .filter(pl.col("outcome") >= SENT)
    )
    events = events.join(arrived, on="event_key", how="semi", maintain_order="left")
    told_first = pl.col("position").min().over("event_key", "recipient") == pl.col("position")
    telling = arrived["position"].n_unique()
    return Batch(
        events=_as(events, RAW_EVENT),
        participations=_participations(events, arrived),
        rejects=_as(refused.with_columns(place=pl.lit("row")), RAW_REJECT),
        records=records,
        skipped=records - refused.height - telling,
        duplicates=telling - arrived.filter(told_first)["position"].n_unique(),
    )


def _read(rows: pl.DataFrame, zone: str, *, day_first: bool | None) -> pl.DataFrame:
    """Rows → event_key, started_at, a row per recipient; why a row that counts is refused."""
    times = rows["time"].unique()
    moments = _moments(times, zone, day_first=day_first)
    moment = RAW_EVENT["started_at"]
    started = (  # of no rows polars would make no times
        pl.col("time").replace_strict(times, moments, return_dtype=moment)
        if len(times)
        else pl.lit(None, moment)
    )
    # As `own_id` does it: a comment behind the id, brackets and spaces are dropped.
    bare = pl.col("id").str.strip_chars("<>")
    whole = pl.col("id").str.replace(r"^\s*(<[^<>]*>)\s.*$", "${1}").str.replace_all(r"[<>\s]", "")
    ids = rows.select("id", own=bare)
    if ids["own"].str.contains(r"[<>\s]").any():
        ids = ids.with_columns(own=whole)
    people = _mailboxes(pl.concat([rows["sender"], rows["recipient"]]).unique())
    first = people.unique("cell", keep="first", maintain_order=True)
    ambiguous = pl.col("time").str.contains(r"^\s*\d{1,2}/\d{1,2}/\d{4}\b") & (day_first is None)
    reasons = (
        (pl.any_horizontal(pl.col("time", "id", "sender").str.contains("\n")), OPEN_QUOTE),
        (pl.col("event_key").is_null(), "no message id"),
        (pl.col("time") == "", "no time"),
        (pl.col("started_at").is_null() & ambiguous,
         "the time can be day/month or month/day; export more than one day, "
         "or with times like 2026-03-02T09:00:00"),
        (pl.col("started_at").is_null(), "the time cannot be read"),
        ((pl.col("sender") != "") & ~pl.col("sender").is_in(["<>", "N/A"])
         & pl.col("initiator").is_null(), "the sender is no address"),
        (pl.col("recipient").is_null(), "no recipient with an address"),
    )  # fmt: skip
    return (
        rows.with_columns(started.alias("started_at"), ids["own"])
        .with_columns(event_key=pl.when(pl.col("own") != "").then("mail:" + pl.col("own")))
        .join(
            first.rename({"cell": "sender", "address": "initiator", "is_machine": "by_machine"}),
            on="sender", how="left", maintain_order="left",
        )
        .join(
            people.rename({"cell": "recipient", "address": "to"}),
            on="recipient", how="left", maintain_order="left",
        )
        .with_columns(recipient="to")
        .with_columns(
            # A number: words in every row would cost more than all the rest.
            reason=pl.when(pl.col("outcome") >= SENT).then(
                pl.coalesce(
                    pl.when(is_wrong).then(pl.lit(number, pl.UInt8))
                    for number, (is_wrong, _) in enumerate(reasons)
                )
            ).replace_strict(
                {number: words for number, (_, words) in enumerate(reasons)}, default=None,
                return_dtype=pl.Enum([words for _, words in reasons]),
            )
        )
    )  # fmt: skip


def _moments(times: pl.Series, zone: str, *, day_first: bool | None) -> pl.Series:
    """As `written_instants`; nearly all logs have ISO 8601, which is quicker."""
    found = instants(times, "", zone)
    odd = found.is_null().arg_true()
    if odd.is_empty():
        return found
    return found.scatter(odd, written_instants(times.gather(odd), zone, day_first=day_first))


def _mailboxes(texts: pl.Series) -> pl.DataFrame:
    """Each address that a cell names, as `mail_headers` reads it, and whether it is a machine's."""
    found = [(text, address, _is_machine(address)) for text in texts for address in addresses(text)]
    names = {"cell": pl.String, "address": pl.String, "is_machine": pl.Boolean}
    return pl.DataFrame(found, schema=names, orient="row")


def _is_machine(address: str) -> bool:
    return is_machine_address(address) or _SYSTEM.match(address) is not None


def _events(told: pl.DataFrame) -> pl.DataFrame:
    """An event per message: from the first time that any of its rows shows."""
    events = told.group_by("event_key", maintain_order=True).agg(
        pl.col("started_at").min(),
        pl.col("initiator").drop_nulls().first(),
        pl.col("by_machine").drop_nulls().first(),
        pl.col("position").min(),
    )
    return events.with_columns(
        channel=pl.lit("message"),
        kind=pl.lit("mail"),
        ended_at=None,
        thread_key=None,
        reply_key=None,
        container_key=None,
        is_automated=pl.col("by_machine").fill_null(value=True),  # the empty sender is a server
        is_cancelled=pl.lit(value=False),
        revision=0,
    )


def _is_delivered() -> pl.Expr:
    """Delivered, or sent on to another server and not failed there."""
    recipient = ("event_key", "recipient")
    best, worst = pl.col("outcome").max().over(recipient), pl.col("outcome").min().over(recipient)
    return (best == DELIVERED) | ((best == SENT) & (worst != FAILED))


def _participations(events: pl.DataFrame, arrived: pl.DataFrame) -> pl.DataFrame:
    senders = events.select("event_key", address="initiator", role=pl.lit("from")).drop_nulls()
    people = (
        arrived.filter(
            ~pl.col("is_machine"), pl.col("recipient").ne_missing(pl.col("initiator_right"))
        )
        .select("event_key", address="recipient", role=pl.lit("to"))
        .unique(maintain_order=True)
    )
    rows = pl.concat([senders, people]).with_columns(
        response=pl.lit("none"), is_own=pl.lit(value=False)
    )
    return _as(rows, RAW_PARTICIPATION)


def _as(rows: pl.DataFrame, schema: dict[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
