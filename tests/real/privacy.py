"""Whether bytes hold a secret: an address, a name, a subject."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection

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


def parquet_texts(path: Path) -> list[str]:
    """Every distinct text in a Parquet file."""
    rows = pl.read_parquet(path)
    return [
        text
        for name, kind in rows.schema.items()
        if kind == pl.String
        for text in rows[name].drop_nulls().unique()
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


ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
TEXT = re.compile(
    rb'^(?:SUMMARY|LOCATION|DESCRIPTION)[^:\r\n]*:([^\r\n]+)|^Subject: ([^\r\n]+)|"(?:summary|description|title|body)": "([^"]+)"',
    re.MULTILINE,
)
NAME = re.compile(
    rb'CN="?([^";:\r\n]+)|^(?:From|To|Cc): "?([^"<@\r\n]+?)"? <|"displayName": "([^"]+)"',
    re.MULTILINE,
)
LONG = 12  # signs of a subject that says something


def in_clear(paths: Collection[Path]) -> tuple[set[str], set[str], set[str]]:
    """Addresses, names and subjects that stand in input files, found without any reader of Tieline."""
    addresses: set[bytes] = set()
    names: set[bytes] = set()
    subjects: set[bytes] = set()
    for path in paths:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        raw = raw.replace(b"\r\n ", b"").replace(b"\n ", b"")  # lines of calendars go on
        addresses |= {one.lower() for one in ADDRESS.findall(raw)}
        names |= {one for found in NAME.findall(raw) for one in found}
        subjects |= {one for found in TEXT.findall(raw) for one in found}
        if path.suffix == ".csv" and b"\t" not in raw[:200]:
            rows = csv.DictReader(raw.decode("utf-8-sig").splitlines())
            told = [row for row in rows if row.get("name")]
            names |= {row["name"].encode() for row in told}
    return (
        {one.decode() for one in addresses},
        {one.decode() for one in names if b" " in one.strip() and len(one) >= SHORTEST},
        {one.decode().replace("\\,", ",") for one in subjects if len(one) >= LONG},
    )


def of_the_program(secrets: Collection[str]) -> set[str]:
    """Those that Tieline's own texts hold too: a mail about an organisation tells nothing by that word."""
    root = Path(__file__).parents[2]
    kinds = (".py", ".sql", ".toml", ".js", ".css", ".html")
    folders = ("flows", "quality", "transforms", "warehouse")
    own = [p.read_bytes() for f in folders for p in (root / f).rglob("*") if p.suffix in kinds]
    return told(b"\n".join(own), secrets)


def assert_nobody_in(home: Path, secrets: Collection[str]) -> int:
    """No file that a run leaves, but the identities, tells one of `secrets`; return how many were searched.

    A lake has a file per day: small ones are searched together, as each search costs by its secrets too.
    """
    paths = files(home)
    together: list[bytes] = []
    names: list[Path] = []
    for path in paths:
        packed = {".duckdb": texts, ".parquet": parquet_texts}.get(path.suffix)
        together += [path.read_bytes(), "\n".join(packed(path)).encode() if packed else b""]
        names.append(path)
        if sum(map(len, together)) > 4 * CHUNK or path == paths[-1]:
            found = told(b"\n".join(together), secrets)
            where = [name for name in names if found and told(name.read_bytes(), found)]
            assert not found, (sorted(found)[:5], where)
            together, names = [], []
    return len(paths)
