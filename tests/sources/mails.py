"""Mails of a real list, and who took part, for readers of other mail formats to be held to."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from tests.sources.golden import whole
from transforms.sources import mbox

if TYPE_CHECKING:
    from pathlib import Path

    from transforms.sources.base import Batch


def people(batch: Batch) -> set[tuple[str, str, str]]:
    return set(batch.participations.select("event_key", "address", "role").iter_rows())


def real_mails(shared_data: Path) -> tuple[Batch, list[tuple[list[tuple[str, str]], int]]]:
    """A month of a real list: as our reader of mailboxes has it, and headers with UTC second."""
    path = shared_data / "openbmc-mail" / "openbmc-2020-03.mbox.gz"
    batch = whole(mbox.SOURCE, path)
    content = gzip.decompress(path.read_bytes())
    seconds = {
        row[0]: int(row[1].timestamp())
        for row in batch.events["position", "started_at"].iter_rows()
    }
    mails = []
    for position, second in sorted(seconds.items()):
        text = (
            content[position:].partition(b"\n\n")[0].partition(b"\n")[2].decode("utf-8", "replace")
        )
        lines = text.replace("\n ", "\r ").replace("\n\t", "\r\t").split("\n")
        pairs = [line.replace("\r", "\n").partition(":")[::2] for line in lines]
        mails.append(([(name, value.strip()) for name, value in pairs], second))
    return batch, mails
