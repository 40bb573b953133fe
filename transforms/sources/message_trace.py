"""Exchange Online's message trace: who sent which mail to whom, from the mail server's own books.

Three reports are read: the list of Get-MessageTraceV2 (a row per recipient), the enhanced summary (a
row per mail, its recipients in one cell as `address##status;...`) and the extended report (a row
per hop, some sixteen a mail). Which one a file is, its header tells. See `deliveries` for what a
log of deliveries cannot tell.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from transforms.sources.base import Batch, Options, Source, UnreadableFileError
from transforms.sources.delimited import layout_of, layout_of_text
from transforms.sources.deliveries import (
    DELIVERED,
    FAILED,
    HOP,
    ROWS,
    SENT,
    batch_of,
    tables,
)
from transforms.sources.opening import columns_told, decoded, likely, plain
from transforms.sources.written_times import day_is_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# What becomes of a recipient, by the trace's own word in lower case; every other word is a hop.
_OUTCOMES = {
    "delivered": DELIVERED, "deliver": DELIVERED, "duplicatedeliver": DELIVERED,
    "send": SENT, "sendexternal": SENT, "fail": FAILED, "failed": FAILED,
}  # fmt: skip
_FAILED = r"\bfail(?:ed)?\b"
_DELIVERED = r"\b(?:deliver(?:ed)?|send|sent)\b"


class Shape(NamedTuple):
    """One of the reports: its columns (as `plain` writes them) and how to tell what happened."""

    columns: Mapping[str, tuple[str, ...]]
    outcomes: Callable[[pl.DataFrame], pl.DataFrame]  # cells → columns recipient and outcome


def _by_word(rows: pl.DataFrame) -> pl.DataFrame:
    """Status or event of the row, of all its recipients."""
    word = pl.col("status").str.to_lowercase()
    return rows.with_columns(
        outcome=word.replace_strict(_OUTCOMES, default=HOP, return_dtype=pl.Int8)
    )


def _by_recipient(rows: pl.DataFrame) -> pl.DataFrame:
    """`address##Receive, Deliver;address##Receive, Fail`: a row per address."""
    status = pl.col("recipient").str.to_lowercase().str.splitn("##", 2).struct.field("field_1")
    return (
        rows.with_columns(pl.col("recipient").str.split(";"))
        .explode("recipient")
        .with_columns(
            outcome=pl.when(status.str.contains(_FAILED))
            .then(FAILED)
            .when(status.str.contains(_DELIVERED))
            .then(DELIVERED)
            .otherwise(HOP)
            .cast(pl.Int8),
            recipient=pl.col("recipient").str.splitn("##", 2).struct.field("field_0"),
        )
    )


_SHAPES = {
    "extended": Shape(
        {
            "time": ("datetimeutc", "datetime"),
            "id": ("messageid",),
            "sender": ("senderaddress",),
            "recipient": ("recipientaddress",),
            "status": ("eventid",),
        },
        _by_word,
    ),
    "enhanced summary": Shape(
        {
            "time": ("origintimestamputc", "origintimestamp"),
            "id": ("messageid",),
            "sender": ("senderaddress",),
            "recipient": ("recipientstatus",),
        },
        _by_recipient,
    ),
    "list": Shape(
        {
            "time": ("received",),
            "id": ("messageid",),
            "sender": ("senderaddress",),
            "recipient": ("recipientaddress",),
            "status": ("status",),
        },
        _by_word,
    ),
}
_NETWORK_ID = ("networkmessageid", "messagetraceid")


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the trace at `path`; positions are rows, the header being row 1.

    Raises UnreadableFileError when the header is that of none of the three reports.
    """
    layout = layout_of(path)
    shape, at = _shape(layout.header)
    if shape is None:
        message = (
            f"{path}: no message trace: a column is missing{_missing(layout.header)}; "
            f"{columns_told(layout.header)}; export it again with Received, SenderAddress, "
            "RecipientAddress, Status and MessageId"
        )
        raise UnreadableFileError(message)
    chunks = tables(path, layout, at)
    first = next(chunks)
    day_first = day_is_first(first["time"])
    for chunk in chain([first], chunks):
        told = shape.outcomes(_with_ids(chunk)).select(
            pl.col(name).cast(dtype) for name, dtype in ROWS.items()
        )
        yield batch_of(told, chunk.height, options, "UTC", day_first=day_first)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens one of the three reports."""
    return 0.95 if _shape(layout_of_text(io.StringIO(decoded(head))).header)[0] else 0.0


def _shape(header: list[str]) -> tuple[Shape | None, dict[str, int]]:
    """The report that has this header, and where its columns stand."""
    there = {plain(name): index for index, name in reversed(list(enumerate(header)))}
    for shape in _SHAPES.values():
        at = {
            key: there[name]
            for key, names in {**shape.columns, "network": _NETWORK_ID}.items()
            for name in names[::-1]
            if name in there
        }
        if {*shape.columns} <= {*at}:
            return shape, at
    return None, {}


def _missing(header: list[str]) -> str:
    wanted = ("Received", "SenderAddress", "RecipientAddress", "Status", "MessageId")
    there = {plain(name) for name in header}
    return "".join(likely(name, header) for name in wanted if plain(name) not in there)[:200]


def _with_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """A mail without Message-ID goes by Exchange's own number, which all reports know."""
    if "network" not in rows.columns:
        return rows
    number = pl.col("network").str.replace_all("-", "", literal=True).str.to_lowercase()
    return rows.with_columns(
        id=pl.when((pl.col("id") == "") & (number != "")).then("exchange:" + number).otherwise("id")
    )


SOURCE = Source(
    name="message-trace",
    title="Exchange Online message trace (CSV: list, enhanced summary or extended)",
    channel="message",
    how=(
        "Exchange admin center: Mail flow > Message trace > Start a trace, report type Enhanced "
        "summary or Extended; or in PowerShell: Get-MessageTraceV2 -StartDate ... -EndDate ... "
        "-ResultSize 5000 | Export-Csv trace.csv"
    ),
    reads=(
        "Received, origin_timestamp_utc or date_time_utc",
        "SenderAddress",
        "RecipientAddress or recipient_status",
        "Status or event_id",
        "MessageId",
        "MessageTraceId or network_message_id, where MessageId is empty",
    ),
    sniff=sniff,
    read=read,
)
