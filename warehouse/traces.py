"""Is anything of a person left? Every value of every database, and every byte of every file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from warehouse.cipher import PLAIN, Cipher
from warehouse.connection import open_readonly

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import duckdb

CHUNK = 1 << 24
NUMBER = 8  # bytes of a BIGINT
LONGEST = 256  # of a text that is looked for, in bytes


def traces(
    paths: Sequence[Path],
    texts: Collection[str],
    numbers: Collection[int],
    cipher: Cipher = PLAIN,
) -> list[str]:
    """Where `texts` (whatever their case) or `numbers` stand: lines with file and place, never the text.

    Nobody may have the databases among `paths` open for writing.
    """
    found: list[str] = []
    for path in paths:
        sought = {text.lower() for text in texts}
        if path.suffix == ".duckdb":
            with open_readonly(path, cipher) as con:
                found += [f"{path}: {place}" for place in _with_number(con, numbers)]
                for text, place, is_whole in _with_text(con, {*sought}):
                    sought.discard(text)  # bytes would only say the same, or mean another address
                    if is_whole:
                        found.append(f"{path}: {place}")
        if _bytes(path, sought, numbers):
            found.append(f"{path}: its bytes")
    return found


def _columns(con: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, str]]:
    rows = con.execute(
        """SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns()
           WHERE data_type = ? AND NOT internal ORDER BY ALL""",
        [kind],
    ).fetchall()
    return [(table, f'"{column}"') for table, column in rows]


def _with_number(con: duckdb.DuckDBPyConnection, numbers: Collection[int]) -> Iterator[str]:
    for table, column in _columns(con, "BIGINT") if numbers else ():
        query = f"SELECT count(*) FROM {table} WHERE list_contains(?, {column})"
        if con.execute(query, [[*numbers]]).fetchall() != [(0,)]:
            yield f"{table}.{column}"


def _with_text(
    con: duckdb.DuckDBPyConnection, texts: Collection[str]
) -> Iterator[tuple[str, str, bool]]:
    """(text, place, is_whole): an@x.example stands whole in "an@x.example", not in jan@x.example."""
    for table, column in _columns(con, "VARCHAR"):
        for text in texts:
            values = con.execute(
                f"SELECT DISTINCT lower({column}) FROM {table} WHERE contains(lower({column}), ?)",
                [text],
            ).fetchall()
            whole = re.compile(rf"(?<![\w.%+@-]){re.escape(text)}(?![\w@-])")
            if values:
                yield text, f"{table}.{column}", any(whole.search(value) for (value,) in values)


def _bytes(path: Path, texts: Collection[str], numbers: Collection[int]) -> bool:
    sought = [text.encode()[:LONGEST] for text in texts]
    raw = [number.to_bytes(NUMBER, "little") for number in numbers]
    tail = b""
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            seen = tail + part
            lower = seen.lower()
            if any(text in lower for text in sought) or any(number in seen for number in raw):
                return True
            tail = seen[-LONGEST:]
    return False
