"""A directory as rows of one table, to be kept for a night on which its file cannot be read."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import polars as pl

from transforms.people.addresses import canonical
from transforms.sources.base import RAW_REJECT
from transforms.sources.directory_frames import ALIASES, DOMAINS, MEMBERS, NAMES, Directory, Schema

KEPT = {
    "kind": pl.String, "address": pl.String, "other": pl.String, "boundary": pl.String,
    "unit": pl.String, "valid_from": pl.Date, "valid_to": pl.Date, "share": pl.Float64,
    "position": pl.Int64,
}  # fmt: skip
# Kind → its frame's schema and what its columns are called among the rows kept.
_KINDS: dict[str, tuple[Schema, dict[str, str]]] = {
    "members": (MEMBERS, {}),
    "aliases": (ALIASES, {"alias": "address", "address": "other"}),
    "merges": (ALIASES, {"alias": "address", "address": "other"}),
    "names": (NAMES, {"name": "address", "address": "other"}),
    "domains": (DOMAINS, {"domain": "address"}),
}


def to_keep(directory: Directory, seen: pl.Series) -> tuple[str, pl.DataFrame]:
    """Rows as KEPT and a hash of them. Of names those alone that stand among the addresses `seen`."""
    known = canonical("name:" + pl.col("name")).is_in(seen.implode())
    frames = [
        (directory.names.filter(known) if kind == "names" else getattr(directory, kind)).select(
            pl.lit(kind).alias("kind"),
            *(pl.col(column).alias(names.get(column, column)) for column in schema),
        )
        for kind, (schema, names) in _KINDS.items()
    ]
    rows = (
        pl.concat([pl.DataFrame(schema=KEPT), *frames], how="diagonal")
        .select(list(KEPT))
        .sort(list(KEPT))
    )
    return blake2b(rows.write_csv().encode(), digest_size=16).hexdigest(), rows


def as_kept(rows: pl.DataFrame, label: str) -> Directory:
    """The directory again."""
    frames = {
        kind: rows.filter(pl.col("kind") == kind).select(
            pl.col(names.get(column, column)).cast(dtype).alias(column)
            for column, dtype in schema.items()
        )
        for kind, (schema, names) in _KINDS.items()
    }
    nothing = Directory(
        frames["members"], frames["aliases"], pl.DataFrame(schema=RAW_REJECT), 0, label=label
    )
    return replace(
        nothing, names=frames["names"], merges=frames["merges"], domains=frames["domains"]
    )
