"""What every kind of directory is turned into."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import polars as pl

Schema = dict[str, pl.DataType | type[pl.DataType]]

MEMBERS: Schema = {
    "address": pl.String,
    "boundary": pl.String,
    "unit": pl.String,
    "valid_from": pl.Date,  # null: always
    "valid_to": pl.Date,  # last day included; null: open
    "share": pl.Float64,  # null: not told
    "position": pl.Int64,
}
ALIASES: Schema = {"alias": pl.String, "address": pl.String, "position": pl.Int64}
NAMES: Schema = {"name": pl.String, "address": pl.String, "position": pl.Int64}
DOMAINS: Schema = {
    "domain": pl.String,
    "boundary": pl.String,
    "unit": pl.String,  # "": a neutral domain
    "valid_from": pl.Date,
    "valid_to": pl.Date,
    "position": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class Directory:
    """What a directory tells. Frames as MEMBERS, ALIASES, RAW_REJECT, NAMES, ALIASES and DOMAINS.

    A row gives a member per boundary whose cell is filled in. `merges` are aliases that somebody
    wrote down on purpose; `names` stay where addresses stay. `records` counts rows, `label` is how
    messages call the file, `place` what a position counts in it.
    """

    members: pl.DataFrame
    aliases: pl.DataFrame
    rejects: pl.DataFrame
    records: int
    names: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=NAMES))
    merges: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=ALIASES))
    domains: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=DOMAINS))
    label: str = ""
    place: str = "row"
