"""The identity database: which address a pseudonym stands for. Nothing downstream reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import polars as pl

IDENTITY_DDL = """
CREATE TABLE IF NOT EXISTS identity (
  address_id BIGINT NOT NULL,
  address VARCHAR NOT NULL
)
"""


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table if it is missing."""
    con.execute(IDENTITY_DDL)
    con.execute(
        "COMMENT ON TABLE identity IS 'Address behind each keyed hash; for the key holder only.'"
    )


def remember(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Add the addresses (address_id, address) that are not there yet."""
    if rows.height:
        con.register("seen", rows)
        con.execute(
            "INSERT INTO identity SELECT DISTINCT address_id, address FROM seen"
            " WHERE address_id NOT IN (SELECT address_id FROM identity)"
        )
        con.unregister("seen")


def addresses(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """All of them: (address_id, address)."""
    return con.sql("SELECT address_id, address FROM identity ORDER BY ALL").pl()
