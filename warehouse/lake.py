"""The event lake: tables as Parquet files, a folder per day, and commits that say which files count.

A commit is one small file that is written whole or not at all and names every file of every table.
Readers follow the newest commit, so that what a killed writer left behind is never seen. There is one
writer: whoever holds the lock of the warehouse. Folders are local or anything that fsspec reaches.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

COMMITS = "_commits"
WHOLE = ""  # the partition of a table that is not partitioned
BY_DAY = ds.partitioning(pa.schema([("day", pa.date32())]), flavor="hive")
IN_FOLDERS = ds.partitioning(
    pa.schema(
        [
            ("batch", pa.string()),
            ("day", pa.date32()),
            ("grain", pa.string()),
            ("period", pa.date32()),
        ]
    ),
    flavor="hive",
)
MOST_DAYS = 1_000  # whose files are read or written in one go


class File(msgspec.Struct, frozen=True):
    """One Parquet file: path within the lake, rows, and a sum over them that tells equal from not."""

    path: str
    rows: int
    sum: str


class Commit(msgspec.Struct, frozen=True):
    """What the lake holds: table → partition ("2026-01-31", or "" for the whole table) → its file."""

    number: int = 0
    run_id: str = ""
    tables: dict[str, dict[str, File]] = {}

    def paths(self) -> set[str]:
        """Every file that counts."""
        return {file.path for files in self.tables.values() for file in files.values()}


@dataclass(frozen=True, slots=True)
class Lake:
    """A folder of an fsspec filesystem."""

    files: Any  # fsspec.AbstractFileSystem
    root: str
    is_local: bool

    def at(self, path: str) -> str:
        """Full path of a file of the lake."""
        return f"{self.root}/{path}" if path else self.root

    def within(self, path: str) -> str:
        """Path within the lake of a full one."""
        return path.strip("/").removeprefix(self.root.strip("/")).strip("/")


def open_lake(where: str, options: Mapping[str, str]) -> Lake:
    """The lake at a local folder or a URL (s3://bucket/folder); made, for its owner only, if local.

    `options` go to the filesystem. Raises ImportError if fsspec lacks the package for the URL,
    OSError if the place cannot be reached.
    """
    files, root = fsspec.core.url_to_fs(where, **options)
    lake = Lake(files, root.rstrip("/"), "file" in _protocols(files))
    if lake.is_local:
        Path(lake.root).mkdir(mode=0o700, parents=True, exist_ok=True)
    return lake


def _protocols(files: Any) -> tuple[str, ...]:  # noqa: ANN401
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)


def latest(lake: Lake) -> Commit:
    """The newest commit; number 0 if there is none."""
    numbers = _commits(lake)
    if not numbers:
        return Commit()
    return msgspec.json.decode(lake.files.cat_file(_commit_path(lake, numbers[-1])), type=Commit)


def commit(lake: Lake, made: Commit) -> None:
    """Make `made` the newest commit, whole or not at all, once its files are safe on disk."""
    path, data = _commit_path(lake, made.number), msgspec.json.encode(made)
    if not lake.is_local:
        lake.files.pipe_file(path, data)  # an object appears whole
        return
    new = Path(f"{path}.new")
    new.parent.mkdir(exist_ok=True)
    new.write_bytes(data)
    _sync(new)
    new.replace(path)
    _sync(new.parent)


def write_days(lake: Lake, table: str, rows: pa.RecordBatchReader, name: str) -> dict[str, str]:
    """Write `rows`, sorted by their column day, one file per day called `name`; day → path.

    Nothing counts before it is committed. Not by Arrow's own writer of partitions: on a full disk that
    waits for ever.
    """
    schema = rows.schema.remove(rows.schema.get_field_index("day"))
    pieces = (piece for batch in rows for piece in _by_day(batch))
    written: dict[str, str] = {}
    for day, parts in groupby(pieces, key=itemgetter(0)):
        written[day] = f"{table}/day={day}/{name}-0.parquet"
        batches = (part.drop_columns(["day"]) for _, part in parts)
        write_whole(lake, written[day], pa.RecordBatchReader.from_batches(schema, batches))
    return written


def _by_day(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The parts of a sorted batch, each of one day."""
    runs = pc.run_end_encode(batch.column("day"))
    begin = 0
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield str(day), batch.slice(begin, end - begin)
        begin = end


def write_whole(lake: Lake, path: str, rows: pa.RecordBatchReader) -> None:
    """Write `rows` to one file; nothing counts before it is committed."""
    place = lake.at(path)
    lake.files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
    with lake.files.open(place, "wb") as file, pq.ParquetWriter(file, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
    if lake.is_local:
        _sync(Path(place))


def rows_of(lake: Lake, files: Iterable[File]) -> ds.Dataset:
    """Rows of committed files; their day, if they are partitioned by it, as a column."""
    paths = [lake.at(file.path) for file in files]
    return ds.dataset(paths, filesystem=lake.files, format="parquet", partitioning=BY_DAY)


def rows_of_parts(lake: Lake, folder: str, paths: Iterable[str]) -> ds.Dataset:
    """Rows of files below `folder`, with what the names of their folders tell as columns."""
    return ds.dataset(
        [lake.at(path) for path in paths],
        filesystem=lake.files,
        format="parquet",
        partitioning=IN_FOLDERS,
        partition_base_dir=lake.at(folder),
    )


def sweep(lake: Lake, touched: Iterable[str]) -> int:
    """Remove older commits with the files that only they name, and what killed writers left; how many.

    Those leave files in the folders `touched` alone, as the next writer writes the same days. Nothing
    that was erased from the warehouse outlives the next commit.
    """
    *older, newest = _commits(lake) or [0]
    counting = latest(lake).paths()
    stale: set[str] = set()
    for number in older:
        found = msgspec.json.decode(lake.files.cat_file(_commit_path(lake, number)), type=Commit)
        stale |= found.paths() - counting
    for folder in set(touched):
        if lake.files.isdir(lake.at(folder)):
            there = lake.files.ls(lake.at(folder), detail=False, refresh=True)
            stale |= {lake.within(path) for path in there if path.endswith(".parquet")} - counting
    for path in stale:
        if lake.files.exists(lake.at(path)):
            lake.files.rm_file(lake.at(path))
    for number in older:
        if number != newest:
            lake.files.rm_file(_commit_path(lake, number))
    return len(stale)


def _commits(lake: Lake) -> list[int]:
    folder = lake.at(COMMITS)
    if not lake.files.isdir(folder):
        return []
    names = [path.rsplit("/", 1)[-1] for path in lake.files.ls(folder, detail=False, refresh=True)]
    return sorted(int(name[:-5]) for name in names if name.endswith(".json"))


def _commit_path(lake: Lake, number: int) -> str:
    return lake.at(f"{COMMITS}/{number:012d}.json")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
