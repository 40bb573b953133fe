"""Google Workspace's Email Log Search: a row per recipient and step, as the admin console exports it.

See `deliveries` for what a log of deliveries cannot tell. Headers are known in English and Dutch.
"""

from __future__ import annotations

import io
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import Batch, Options, Source, UnreadableFileError
from transforms.sources.delimited import layout_of, layout_of_text
from transforms.sources.deliveries import DELIVERED, HOP, ROWS, SENT, batch_of, tables
from transforms.sources.opening import columns_told, decoded, likely, plain
from transforms.sources.written_times import day_is_first

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Headers as `plain` writes them; the first one of each is the name to show.
_COLUMNS = {
    "id": ("Message ID", "Bericht-ID", "Bericht ID"),
    "time": ("Start date", "Startdatum", "Begindatum"),
    "sender": ("Sender", "Afzender"),
    "recipient": (
        "Recipient address", "Recipient", "Adres van ontvanger", "Adres ontvanger",
        "E-mailadres van ontvanger", "E-mailadres ontvanger", "Ontvangersadres", "Ontvanger",
    ),
    "target": ("Event target", "Doel van gebeurtenis", "Gebeurtenisdoel", "Doel gebeurtenis"),
}  # fmt: skip
# What the step hands the mail to; every other one (lists, spam, quarantine) is no delivery.
_OUTCOMES = {"gmailinbox": DELIVERED, "smtpout": SENT}


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the log at `path`; positions are rows, the header being row 1.

    Times without offset are in the time zone of the network. Raises UnreadableFileError when a
    column is missing.
    """
    layout = layout_of(path)
    at = _found(layout.header)
    if missing := [name for name in _COLUMNS if name not in at]:
        wanted = _COLUMNS[missing[0]][0]
        message = (
            f"{path}: no column {wanted!r}{likely(wanted, layout.header)}; "
            f"{columns_told(layout.header)}; export the log again with all its columns"
        )
        raise UnreadableFileError(message)
    chunks = tables(path, layout, at)
    first = next(chunks)
    day_first = day_is_first(first["time"])
    for chunk in chain([first], chunks):
        target = pl.col("target").str.to_lowercase().str.replace_all(r"[\s_-]", "")
        told = chunk.with_columns(
            outcome=target.replace_strict(_OUTCOMES, default=HOP, return_dtype=pl.Int8)
        ).select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
        zone = str(options.time_zone)
        yield batch_of(told, chunk.height, options, zone, day_first=day_first)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a log with every column that is needed."""
    header = layout_of_text(io.StringIO(decoded(head))).header
    return 0.95 if {*_COLUMNS} == {*_found(header)} else 0.0


def _found(header: list[str]) -> dict[str, int]:
    there = {plain(name): index for index, name in reversed(list(enumerate(header)))}
    return {
        key: there[plain(name)]
        for key, names in _COLUMNS.items()
        for name in names[::-1]
        if plain(name) in there
    }


SOURCE = Source(
    name="google-mail-log",
    title="Google Workspace Email Log Search (CSV)",
    channel="message",
    how=(
        "Google Admin console: Reporting > Email Log Search > Search > Download, or Export to "
        "Google Sheets and from there File > Download > CSV"
    ),
    reads=("Message ID", "Start date", "Sender", "Recipient address", "Event target"),
    sniff=sniff,
    read=read,
)
