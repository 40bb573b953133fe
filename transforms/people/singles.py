"""Units of one person, which would be a person with another name, become part of (other)."""

from __future__ import annotations

import polars as pl

from transforms.people.shares import DIGITS
from warehouse.schema import MEMBERSHIP, OTHER


def merged(membership: pl.DataFrame) -> pl.DataFrame:
    """`membership` (MEMBERSHIP, shares made up) with OTHER for every unit that never had two people at a time."""
    of = ["boundary", "unit"]
    comings = membership.select(*of, pl.col("valid_from").alias("day"), pl.lit(1).alias("people"))
    goings = membership.select(
        *of, pl.col("valid_to").dt.offset_by("1d").alias("day"), pl.lit(-1).alias("people")
    )
    single = (
        pl.concat([comings, goings])
        .group_by(*of, "day")
        .agg(pl.col("people").sum())
        .sort("day")
        .group_by(of)
        .agg(pl.col("people").cum_sum().max())
        .filter(pl.col("people") == 1)
        .select(*of, pl.lit(OTHER).alias("other"))
    )
    columns = MEMBERSHIP.names()
    return (
        membership.join(single, on=of, how="left")
        .with_columns(pl.coalesce("other", "unit").alias("unit"))
        .group_by(pl.exclude("share", "other"))
        .agg(pl.col("share").sum().round(DIGITS))
        .select(columns)
        .sort(columns)
    )
