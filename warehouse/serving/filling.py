"""Rows into a database of the published schema: a new one, or one that holds rows already."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from warehouse.connection import STORAGE_VERSION, new_cursor
from warehouse.schema import quoted
from warehouse.serving import mart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import duckdb

    from warehouse.schema import Table


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor of `con` with the file attached; a new one has its tables, views and comments made."""
    is_new = not path.exists()
    with new_cursor(con) as outside:
        outside.execute(
            f"ATTACH {quoted(str(path.resolve()))} AS {mart.CATALOG}"
            f" (STORAGE_VERSION '{STORAGE_VERSION}')"
        )
        try:
            if is_new:
                _declare(con)
            with new_cursor(con) as cursor:
                yield cursor
            outside.execute(f"CHECKPOINT {mart.CATALOG}")
        finally:
            outside.execute(f"DETACH {mart.CATALOG}")


def insert(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    select: str,
    parameters: Mapping[str, object],
) -> int:
    """Add the rows of `select`, by the names of its columns; return how many."""
    names = ", ".join(table.names())
    done = cursor.execute(
        f"INSERT INTO {mart.CATALOG}.{mart.MART}.{table.name} ({names})"
        f" SELECT {names} FROM ({select}) ORDER BY ALL",
        used(select, parameters),
    ).fetchall()
    return int(done[0][0])


def used(select: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """Those of the parameters that `select` names."""
    return {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", select)}


def _declare(con: duckdb.DuckDBPyConnection) -> None:
    with new_cursor(con) as inside:  # USE holds for this cursor only
        inside.execute("BEGIN")  # one transaction: each of its own would wait for the disk
        inside.execute(f"CREATE SCHEMA {mart.CATALOG}.{mart.MART}")
        inside.execute(f"USE {mart.CATALOG}.{mart.MART}")
        for item in mart.RELATIONS:
            inside.execute(";\n".join((mart.create(item), *mart.comments(item))))
        inside.execute("COMMIT")
