"""Damage done to exports, and what a reader owes whatever the file: no crash, no record lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.sources.golden import together
from tests.sources.test_registry import GOLDEN
from transforms.sources import SOURCES
from transforms.sources.base import Options, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SEEDS = GOLDEN
MAPPINGS = {
    "csv": {"time": "When", "person": "E-mail"},
    "ndjson": {"time": "start", "person": "who.mail"},
}
# Several rows make one event here, so that positions of events do not tell how many were read.
BY_ROW = {"csv", "ndjson"}
LOGS = {"message-trace", "google-mail-log"}  # what is left of the rows is skipped, by definition


class Cut(NamedTuple):
    """One piece of damage, in thousandths of the file's length."""

    kind: str
    at: int
    size: int
    data: bytes


def damaged(seed: bytes, cuts: Sequence[Cut]) -> bytes:
    """`seed` after each of `cuts`."""
    data = seed
    for kind, at, size, new in cuts:
        start = len(data) * at // 1000
        end = min(len(data), start + len(data) * size // 5000 + 1)
        if kind == "flip":
            data = (
                data[:start]
                + bytes(byte ^ 1 << size % 8 for byte in data[start : start + 1])
                + data[start + 1 :]
            )
        elif kind == "truncate":
            data = data[:end]
        elif kind == "insert":
            data = data[:start] + new + data[start:]
        elif kind == "repeat":
            data = data[:end] + data[start:end] * 3 + data[end:]
        else:
            data = data[:start] + data[end:]
    return data


def must_bear(form: str, path: Path) -> None:
    """Read the file at `path`: every record is told of, and no reason says what a record holds."""
    source = SOURCES[form]
    try:
        source.sniff(path, path.read_bytes()[:65_536])
        batch = together(source.read(path, Options(mapping=MAPPINGS.get(form, {}))))
    except UnreadableFileError as error:
        assert path.name in str(error)  # noqa: PT017
        return
    assert min(batch.records, batch.skipped, batch.duplicates) >= 0
    assert not batch.rejects["reason"].str.contains("SECRET").any()
    read = batch.records - batch.skipped - batch.duplicates
    if form in BY_ROW:
        assert 0 <= read - batch.rejects.height <= batch.participations.height
    elif form not in LOGS:
        # A line that is no record has a number of its own, which may be that of a record as well.
        rejected = batch.rejects.n_unique(["position", "place"])
        assert read <= batch.events["position"].n_unique() + rejected
