"""Who computes the rows of models: DuckDB in the warehouse, or another engine beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from transforms import materialise
from transforms.periods import chunk_days

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from transforms.model import Model, Parameters
    from transforms.periods import Span


class Engine(Protocol):
    """Writes the rows of one model after the other, within the transaction of the runner."""

    def chunk(self, con: duckdb.DuckDBPyConnection, days: int) -> int:
        """How many of the `days` with data to compute at once."""

    def empty(
        self,
        con: duckdb.DuckDBPyConnection,
        model: Model,
        parameters: Parameters,
        closed: date | None = None,
    ) -> None:
        """Throw the model's rows away, and make its table; rows before the day `closed` stay."""

    def replace(
        self,
        con: duckdb.DuckDBPyConnection,
        model: Model,
        parameters: Parameters,
        span: Span,
        *,
        fresh: bool,
    ) -> None:
        """Compute the rows of `span` anew; with `fresh` there are no old ones."""


class InWarehouse:
    """DuckDB, over its own tables."""

    def chunk(self, con: duckdb.DuckDBPyConnection, days: int) -> int:
        """So many that a run of periods stays within the memory of one machine."""
        return chunk_days(con, days)

    def empty(
        self,
        con: duckdb.DuckDBPyConnection,
        model: Model,
        parameters: Parameters,
        closed: date | None = None,
    ) -> None:
        """Throw the model's rows away, and make its table; rows before the day `closed` stay."""
        materialise.empty(con, model, parameters, closed)

    def replace(
        self,
        con: duckdb.DuckDBPyConnection,
        model: Model,
        parameters: Parameters,
        span: Span,
        *,
        fresh: bool,
    ) -> None:
        """Compute the rows of `span` anew; with `fresh` there are no old ones."""
        materialise.replace(con, model, parameters, span, fresh=fresh)
