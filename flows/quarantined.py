"""What was refused: by file and reason, row by row, to be read again or left at that."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import polars as pl

from flows.config import ConfigError
from flows.directories import directory_files
from flows.plan import file_id, found_files, known_files, masked
from transforms.sources.opening import fingerprint
from warehouse import load, refusals
from warehouse.connection import open_readonly, open_warehouse, warehouse_lock
from warehouse.layout import require_present

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from flows.config import Config

GONE = "(a file that is gone)"
DIRECTORY = "(directory)"


def listed(config: Config) -> pl.DataFrame:
    """(source, file, what, reason, records), a row per file and reason; the most records first."""
    with _readonly(config) as con:
        rows = con.sql(
            """SELECT file_id, CASE WHEN stage = 'batch' THEN 'file' WHEN place = 'file' THEN 'left aside'
                 ELSE 'record' END AS what, reason, count(*) AS records
               FROM quarantine GROUP BY ALL"""
        ).pl()
        known = _files(con, config)
    return (
        rows.join(known, on="file_id", how="left")
        .with_columns(pl.col("file").fill_null(GONE))
        .select("source", "file", "what", "records", "reason")
        .sort("what", "records", "file", "reason", descending=[False, True, False, False])
    )


def shown(config: Config, file: str) -> pl.DataFrame:
    """(file, place, position, reason, record) of the files that `file`, a path or glob, names."""
    with _readonly(config) as con:
        chosen = _chosen(_files(con, config), [file])
        con.register("chosen", chosen)
        return con.sql(
            """SELECT file, place, position, reason, record FROM quarantine JOIN chosen USING (file_id)
               ORDER BY ALL"""
        ).pl()


def release(config: Config, files: Sequence[str], wait: int) -> int:
    """Have the next run read these files again; return how many. Raises ConfigError."""
    with (
        warehouse_lock(config.warehouse, wait, "quarantine"),
        open_warehouse(config.warehouse) as con,
    ):
        load.create(con)
        chosen = _chosen(_files(con, config), files)
        return refusals.release(con, chosen["file_id"].to_list())


def discard(config: Config, files: Sequence[str], wait: int) -> int:
    """Tell these refusals no more, until the file says something else; return how many rows."""
    with (
        warehouse_lock(config.warehouse, wait, "quarantine"),
        open_warehouse(config.warehouse) as con,
    ):
        load.create(con)
        chosen = _chosen(_files(con, config), files)
        contents = {
            row["file_id"]: fingerprint(path)
            for row in chosen.iter_rows(named=True)
            if (path := config.place(row["label"])).is_file()
        } | {
            one.file_id: one.content
            for one in found_files(config, known_files(con)).files
            if one.file_id in set(chosen["file_id"])
        }
        return refusals.discard(con, chosen["file_id"].to_list(), contents)


def _readonly(config: Config) -> duckdb.DuckDBPyConnection:
    if not config.warehouse.is_file():
        raise ConfigError(f"{config.warehouse}: nothing has run yet; run `tieline run`")
    con = open_readonly(config.warehouse)
    require_present(con)
    return con


def _files(con: duckdb.DuckDBPyConnection, config: Config) -> pl.DataFrame:
    """(file_id, source, file, label) of all that can have been refused: others that are there, read ones.

    `file` is the label without the names that calendars are called after.
    """
    read = con.sql("SELECT file_id, source, path AS file, path AS label FROM source_file").pl()
    within = [
        (one.file_id, one.source.name, one.shown, one.label)
        for one in found_files(config, known_files(con)).files
    ]
    there = (
        within
        + [
            (file_id(source.name, label), source.name, masked(label), label)
            for source in config.settings.source
            for label in {
                *map(config.relative, config.files(source.files)),
                source.files.rstrip("/"),
            }
        ]
        + [
            (file_id("directory", label), DIRECTORY, masked(label), label)
            for label in {*directory_files(config), *config.settings.people.directories}
        ]
    )
    known = pl.DataFrame(there, schema=read.schema, orient="row")
    return pl.concat([known, read]).unique("file_id", keep="first", maintain_order=True)


def _chosen(known: pl.DataFrame, files: Sequence[str]) -> pl.DataFrame:
    """Those of `known` that the paths or globs name. Raises ConfigError for one that names none."""
    names = {*known["file"], *known["label"]}
    hits = {one: [n for n in names if n == one or fnmatchcase(n, one)] for one in files}
    for one, found in hits.items():
        if not found:
            raise ConfigError(
                f"{one}: no such file in the ledger; `tieline quarantine list` has them"
            )
    chosen = [name for found in hits.values() for name in found]
    return known.filter(pl.col("file").is_in(chosen) | pl.col("label").is_in(chosen))
