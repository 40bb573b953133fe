"""Rows on their way to the staging tables: of many small files together, as each statement has its price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from warehouse import schema
from warehouse.identity import remember
from warehouse.load import stage

if TYPE_CHECKING:
    import duckdb

MOST_ROWS, MOST_FILES = 100_000, 1_000  # that wait
OF_FILES = (
    schema.OBSERVED_EVENT, schema.OBSERVED_PARTICIPATION, schema.SOURCE_FILE, schema.QUARANTINE,
)  # fmt: skip


class Staging:
    """What the files of a batch show, by file; call `flush` before anything reads the staging tables."""

    def __init__(self, con: duckdb.DuckDBPyConnection, identity: duckdb.DuckDBPyConnection) -> None:
        self._con, self._identity = con, identity
        self._waiting: dict[int, list[tuple[schema.Table, pl.DataFrame]]] = {}
        self._addresses: list[pl.DataFrame] = []
        self._rows = 0
        self._staged: set[int] = set()

    def add(self, file: int, table: schema.Table, rows: pl.DataFrame) -> None:
        """Rows (columns of `table`) that a file shows."""
        if rows.height:
            ours = rows if rows.columns == table.names() else rows.select(table.names())
            self._waiting.setdefault(file, []).append((table, ours))
            self._rows += rows.height
        if self._rows >= MOST_ROWS or len(self._waiting) >= MOST_FILES:
            self.flush()

    def seen(self, addresses: pl.DataFrame) -> None:
        """Addresses (address_id, address) that a file names."""
        self._addresses.append(addresses.select("address_id", "address"))

    def forget(self, file: int) -> None:
        """Take back what was added of a file."""
        for _, rows in self._waiting.pop(file, ()):
            self._rows -= rows.height
        if file in self._staged:
            self._staged.remove(file)
            for table in OF_FILES:
                self._con.execute(
                    f"DELETE FROM {schema.STAGE}.{table.name} WHERE file_id = ?", [file]
                )

    def flush(self) -> None:
        """Put everything where it belongs: addresses first, that no event has one that nobody knows."""
        if self._addresses:
            remember(self._identity, pl.concat(self._addresses, how="vertical_relaxed").unique())
        for table in OF_FILES:
            frames = [rows for told in self._waiting.values() for one, rows in told if one is table]
            if frames:
                stage(self._con, table, pl.concat(frames, how="vertical_relaxed"))
        self._staged |= self._waiting.keys()
        self._waiting, self._addresses, self._rows = {}, [], 0
