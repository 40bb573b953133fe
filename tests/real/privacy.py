"""Whether bytes hold a secret: an address, a name, a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

SHORTEST = 8
CHUNK = 1 << 24


def told(raw: bytes, secrets: Collection[str]) -> set[str]:
    """Those of `secrets` that stand in `raw`, in UTF-8 and in whatever case.

    One pass: a place counts as possible when its first, middle and last three bytes of eight all
    begin, halve or end some secret; only those are looked at one by one.
    """
    raw = raw.lower()
    found = {secret for secret in secrets if len(secret.encode()) < SHORTEST}
    found = {secret for secret in found if secret.lower().encode() in raw}
    starts: dict[bytes, list[tuple[bytes, str]]] = {}
    for secret in secrets:
        text = secret.lower().encode()
        if len(text) >= SHORTEST:
            starts.setdefault(text[:SHORTEST], []).append((text, secret))
    known = np.zeros((3, 1 << 24), dtype=bool)
    for start in starts:
        for row, at in enumerate((0, 3, 5)):
            known[row, int.from_bytes(start[at : at + 3], "little")] = True
    for base in range(0, len(raw), CHUNK):
        part = np.frombuffer(raw[base : base + CHUNK + SHORTEST], dtype=np.uint8).astype(np.uint32)
        three = part[:-2] | part[1:-1] << 8 | part[2:] << 16
        possible = known[0, three[:-5]] & known[1, three[3:-2]] & known[2, three[5:]]
        for at in (np.flatnonzero(possible) + base).tolist():
            texts = starts.get(raw[at : at + SHORTEST], ())
            found |= {secret for text, secret in texts if raw.startswith(text, at)}
    return found


def texts(path: Path) -> list[str]:
    """Every distinct text in any table of a database: its bytes may be compressed on disk."""
    with duckdb.connect(path, read_only=True) as con:
        columns = con.execute(
            """SELECT schema_name, table_name, column_name FROM duckdb_columns()
               WHERE data_type = 'VARCHAR' AND NOT internal"""
        ).fetchall()
        return [
            row[0]
            for schema, table, column in columns
            for row in con.execute(
                f'SELECT DISTINCT "{column}" FROM {schema}.{table} WHERE "{column}" IS NOT NULL'
            ).fetchall()
        ]


def numbers(path: Path) -> set[int]:
    """Every distinct whole number in any table of a database that could be a person's."""
    with duckdb.connect(path, read_only=True) as con:
        columns = con.execute(
            """SELECT schema_name, table_name, column_name FROM duckdb_columns()
               WHERE data_type LIKE '%INT%' AND NOT internal"""
        ).fetchall()
        return {
            row[0]
            for schema, table, column in columns
            for row in con.execute(f'SELECT DISTINCT "{column}" FROM {schema}.{table}').fetchall()
        }


def files(home: Path) -> list[Path]:
    """Everything that a run leaves, but the identities, which are kept apart for this reason."""
    return [
        path
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.is_symlink() and "identity" not in path.parts
    ]
