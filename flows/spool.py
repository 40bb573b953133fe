"""What a reader in another process hands back: Parquet files without names, and how many of what.

The folder is for its owner only, as the warehouse is: addresses are in it until the run has taken them
over. A file's folder appears whole or not at all.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from flows.ingest import batches
from flows.plan import ExportFile, why_refused
from flows.transient import is_transient
from transforms.people import EVERYBODY, Counted, Staged
from transforms.sources.base import Batch, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from flows.config import Config

FRAMES = ("events", "participations", "quarantine", "identity")


class Counts(NamedTuple):
    """What a batch counts beside its rows."""

    records: int
    skipped: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Spooled:
    """One file as it was read elsewhere; iterating gives what `ingest.batches` gives."""

    folder: Path
    counts: tuple[Counts, ...]
    refused: str | None = None

    def __iter__(self) -> Iterator[tuple[Batch, Staged]]:
        nothing = pl.DataFrame()
        for number, told in enumerate(self.counts):
            frames = (pl.read_parquet(self.folder / f"{number}.{name}.parquet") for name in FRAMES)
            yield Batch(nothing, nothing, nothing, *told), Staged(*frames)
        if self.refused is not None:
            raise UnreadableFileError(self.refused)

    def remove(self) -> None:
        """Throw the files away."""
        shutil.rmtree(self.folder, ignore_errors=True)


def spool(
    config: Config,
    file: ExportFile,
    key: bytes,
    folder: Path,
    counted: Counted = EVERYBODY,
    since: date | None = None,
) -> Spooled:
    """Read `file` into a folder of its own below `folder`; a second call starts afresh.

    Of those `counted`, and nothing before `since`.
    """
    made, new = folder / str(file.file_id), folder / f"{file.file_id}.new"
    for old in (made, new):
        shutil.rmtree(old, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    counts: list[Counts] = []
    refused: list[str] = []
    for batch, staged in _read(batches(config, file, key, counted, since), file, refused):
        for name in FRAMES:
            getattr(staged, name).write_parquet(new / f"{len(counts)}.{name}.parquet")
        counts.append(Counts(batch.records, batch.skipped, batch.duplicates))
    new.rename(made)
    return Spooled(made, tuple(counts), *refused)


def _read(
    batches: Iterator[tuple[Batch, Staged]], file: ExportFile, refused: list[str]
) -> Iterator[tuple[Batch, Staged]]:
    """The batches, up to where the file cannot be read; that adds why to `refused`. A full disk is no fault of it."""
    while True:
        try:
            one = next(batches, None)
        except (UnreadableFileError, OSError) as error:
            if is_transient(error):
                raise
            refused.append(why_refused(error, file.path))
            return
        if one is None:
            return
        yield one
