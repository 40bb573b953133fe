"""Write the released tables as files of other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flows.config import ConfigError
from flows.trends import NothingToShowError
from warehouse.connection import open_readonly
from warehouse.serving.export import metadata, workbook
from warehouse.serving.export.graph import WRITERS, graphs
from warehouse.serving.export.released import facts, relations
from warehouse.serving.export.tables import write_csv, write_parquet, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from flows.config import Config
    from warehouse.serving.export.released import Relation


def export(
    config: Config,
    folder: Path,
    forms: Sequence[str],
    tables: Sequence[str],
    boundary: str | None,
    grain: str,
) -> Iterator[str]:
    """Write each of `forms` under `folder`; yield a line about each as it is done.

    A file appears when it is whole. All are of one release, even if another one is published
    meanwhile.
    """
    if not config.current.exists():
        raise NothingToShowError(
            f"{config.current}: nothing is published yet; run `tieline run` first"
        )
    with open_readonly(config.current) as con:
        there = relations(con)
        chosen = _chosen(there, tables)
        for form in dict.fromkeys(forms):
            place = folder if form == "excel" else folder / form
            place.mkdir(parents=True, exist_ok=True)
            if form in WRITERS:
                yield _graphs(
                    con, place, form, grain, boundary or config.settings.people.boundaries[0]
                )
            elif form == "excel":
                sheets = chosen if tables else _chosen(there, workbook.SHEETS)
                path = place / "tieline.xlsx"
                rows = workbook.write_workbook(con, sheets, path)
                yield f"{path}: {len(rows)} sheets, {sum(rows.values()):,} rows"
            else:
                yield _files(con, place, form, chosen)


def _chosen(there: Sequence[Relation], names: Sequence[str]) -> Sequence[Relation]:
    known = {one.name: one for one in there}
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(f"no table {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    return [known[name] for name in names] or there


def _files(
    con: duckdb.DuckDBPyConnection, place: Path, form: str, tables: Sequence[Relation]
) -> str:
    write = write_csv if form == "csv" else write_parquet
    rows = sum(write(con, table, place / f"{table.name}.{form}") for table in tables)
    if form == "csv":
        told = facts(con)
        for name, content in (
            (metadata.PACKAGE, metadata.data_package(tables, told)),
            (metadata.CSVW, metadata.csv_on_the_web(tables, told)),
        ):
            with written(place / name) as part:
                part.write_text(
                    json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
                )
    return f"{place}: {len(tables)} tables, {rows:,} rows"


def _graphs(
    con: duckdb.DuckDBPyConnection, place: Path, form: str, grain: str, boundary: str
) -> str:
    found = graphs(con, grain, boundary)
    if not found:
        raise NothingToShowError(f"no lines of boundary {boundary!r} per {grain} are published")
    name = boundary.replace("/", "-")
    for graph in found:
        WRITERS[form](graph, place / f"{name}-{graph.label}.{form}")
    return f"{place}: {len(found)} networks, of {found[0].label} to {found[-1].label}"
