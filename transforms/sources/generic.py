"""Events of any tool, from CSV, Parquet or ndjson, by a mapping of columns in tieline.toml.

Long form: a row per participation (`time`, `person`, and at will `role`, `action`, `item`, `event`,
`end`). Edge form: a row per sender and recipient (`time`, `sender`, `recipient`). A value names a
column; one that starts with "=" is meant as it stands.

Rows with the same `event` are one event, from the earliest time to the latest end; they stand
together in the file, or tell the same time. Without `event` a row is an event of its own in long
form (acts on one item on one day meet later, in the models), and in edge form rows of one sender,
time, action and item are one message to several. Keys are made of content, so the order of rows and
the file they stand in do not matter. Exact repeats within a batch are duplicates; those in a later
batch carry the same key and are united when they are loaded, so memory does not grow with the file.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl
from polars import selectors as cs
from polars.exceptions import PolarsError

from transforms.sources import delimited, json_lines
from transforms.sources.base import BATCH_ROWS, TIME, Batch, Options, Source, UnreadableFileError
from transforms.sources.directory import looks_like_directory
from transforms.sources.instants import in_utc
from transforms.sources.mapped_rows import batches
from transforms.sources.mapping import (
    CHANNELS,
    COLUMNS,
    EDGE,
    LONG,
    NEEDED,
    TIMES,
    Plan,
    columns_of,
    plan_of,
)
from transforms.sources.opening import SEPARATORS, decoded, is_told, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CHANNELS", "EDGE", "LONG", "NEEDED", "SOURCE_CSV", "SOURCE_NDJSON", "SOURCE_PARQUET"]

_PARQUET = b"PAR1"


def read_csv(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of a delimited file; positions are rows, the header being row 1.

    Raises UnreadableFileError when the mapping does not fit the file.
    """
    plan = plan_of(path, options)
    layout = delimited.layout_of(path, plan.separator)
    columns = columns_of(path, plan, layout.header)
    at = {key: layout.header.index(column) for key, column in columns.items()}
    yield from batches(delimited.cells_of(path, layout, at), plan, options, "row")


def read_ndjson(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of one JSON object a line; positions are lines. "a.b" is field b of object a."""
    plan = plan_of(path, options)
    columns = columns_of(path, plan, json_lines.names(path, [*plan.columns.values()]))
    yield from batches(map(_stripped, json_lines.cells_of(path, columns)), plan, options, "line")


def read_parquet(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of a Parquet file; positions are rows from 1."""
    plan = plan_of(path, options)
    try:
        scan = pl.scan_parquet(path if _is_bare(path) else io.BytesIO(whole(path)), glob=False)
        schema = scan.collect_schema()
        found = columns_of(path, plan, list(schema))
        rows = scan.select(
            _cell(key, column, schema[column], plan).alias(key) for key, column in found.items()
        ).with_row_index("position", 1)
        chunks = rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True)
        yield from batches(map(_stripped, chunks), plan, options, "row")
    except (PolarsError, OSError) as error:
        message = (
            f"{path}: no Parquet that can be read ({str(error).splitlines()[0]}); write it again"
        )
        raise UnreadableFileError(message) from error


def sniff_csv(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Low: any delimited text will do, and one with the header of a directory hardly."""
    text = decoded(head)
    lines = [line for line in text.splitlines()[:20] if is_told(line)]
    if not lines[1:] or "\0" in text or text.lstrip().startswith(("{", "[", "<")):
        return 0.0
    separator = max(SEPARATORS, key=lines[0].count)
    if not lines[0].count(separator) or not lines[1].count(separator):
        return 0.0
    return 0.05 if looks_like_directory(lines[0].replace('"', "").split(separator)) else 0.2


def sniff_ndjson(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Low: any JSON object on the first line will do."""
    return 0.1 if json_lines.names_of(decoded(head).partition("\n")[0]) else 0.0


def sniff_parquet(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Parquet starts with its name."""
    return 0.9 if head.startswith(_PARQUET) else 0.0


def _is_bare(path: Path) -> bool:
    if not path.is_file():  # within an archive
        return False
    with path.open("rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _stripped(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.with_columns(cs.string().fill_null("").str.strip_chars())


def _cell(key: str, column: str, dtype: pl.DataType, plan: Plan) -> pl.Expr:
    """A column as text, times as instants."""
    cell = pl.col(column)
    if isinstance(dtype, pl.Datetime) and key in TIMES and not plan.time_format:
        zoned = cell.dt.convert_time_zone("UTC") if dtype.time_zone else in_utc(cell, plan.zone)
        return zoned.cast(TIME)
    if isinstance(dtype, pl.Datetime):
        return cell.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("%:z" if dtype.time_zone else ""))
    if isinstance(dtype, pl.Float32 | pl.Float64):  # an id that has passed through pandas
        cell = cell.fill_nan(None)  # pandas has NaN where a number is missing
        whole_number = cell.cast(pl.Int64, strict=False)
        is_whole = whole_number == cell
        return pl.when(is_whole).then(whole_number.cast(pl.String)).otherwise(cell.cast(pl.String))
    return cell.cast(pl.String, strict=False)


_HOW = (
    'Any table of events. In tieline.toml, under the source: mapping = { time = "timestamp", '
    'person = "email", item = "ticket", action = "action", channel = "=work" } for a row per '
    'participation, or { sender = "from", recipient = "to", time = "date" } for a row per '
    "sender and recipient. Also: role, event, end, form, group, separator, time_format, "
    "time_zone, system (its name, where event numbers of several systems could meet)"
)  # fmt: skip
_READS = tuple(f"the column mapped to {name}" for name in COLUMNS)

SOURCE_CSV = Source(
    name="csv",
    title="Table of events, CSV (with a mapping)",
    channel="work",
    how=_HOW,
    reads=_READS,
    sniff=sniff_csv,
    read=read_csv,
)
SOURCE_PARQUET = Source(
    name="parquet",
    title="Table of events, Parquet (with a mapping)",
    channel="work",
    how=_HOW,
    reads=_READS,
    sniff=sniff_parquet,
    read=read_parquet,
)
SOURCE_NDJSON = Source(
    name="ndjson",
    title="Records of events, a JSON object a line (with a mapping)",
    channel="work",
    how=_HOW,
    reads=_READS,
    sniff=sniff_ndjson,
    read=read_ndjson,
)
