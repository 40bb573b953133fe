"""Rows of a query as they come, for commands that need no frame: to import polars takes longer than they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warehouse.schema import polars_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import duckdb
    import polars as pl


@dataclass(frozen=True, slots=True)
class Rows:
    """Name → type in SQL of each column, and a value of each in every row."""

    types: Mapping[str, str]
    values: list[tuple[Any, ...]]

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.types)

    def rows(self) -> list[tuple[Any, ...]]:
        """Every row, as a frame gives them."""
        return self.values

    def select(self, *names: str) -> Rows:
        """These columns alone."""
        return _chosen(self, names)

    def frame(self) -> pl.DataFrame:
        """The same as a frame."""
        import polars as pl

        schema = {name: polars_types()[kind] for name, kind in self.types.items()}
        return pl.DataFrame(self.values, schema=schema, orient="row")


def fetched(found: duckdb.DuckDBPyRelation) -> Rows:
    """All rows of a query."""
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    return Rows(types, found.fetchall())


def _chosen(rows: Rows, names: Iterable[str]) -> Rows:
    places = [rows.columns.index(name) for name in names]
    return Rows(
        {name: rows.types[name] for name in names},
        [tuple(row[place] for place in places) for row in rows.values],
    )
