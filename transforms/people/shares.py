"""Memberships in time: which directory counts on a day, and shares that add up to 1 on every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from transforms.people.dates import OPEN
from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

DIGITS = 12  # of a share, after the point
WHOLE = 1 + 1e-9  # what parts that are told may add up to


def split(rows: pl.DataFrame) -> pl.DataFrame:
    """Cut overlapping memberships at every start and end, and make the shares of each day add up to 1.

    Columns as MEMBERSHIP; `share` may be empty (an equal part). Repeated rows count once. Neighbouring
    days on which a person belongs to the same units in the same parts are one period, however many
    rows tell of them: the same memberships always give the same rows.
    """
    person = ["person_id", "boundary"]
    # A unit told twice for the same day, by two directories or two rows, is still one unit.
    rows = rows.unique()
    alone = rows.filter(pl.len().over(person) == 1).with_columns(share=pl.lit(1.0))
    several = pieces(rows.filter(pl.len().over(person) > 1), person)
    shared = (
        several.group_by(*person, "unit", "start", "end", "origin")
        .agg(pl.col("share").max().fill_null(1.0))
        .sort(*person, "start", "unit", "origin")  # so that sums of floats come out the same
        # Three times 0.3 and three times 0.5 are not the same thirds in their last digit.
        .with_columns(
            (pl.col("share") / pl.col("share").sum().over(*person, "start")).round(DIGITS)
        )
    )
    columns = schema.MEMBERSHIP.names()
    return pl.concat([alone.select(columns), _joined(shared, person).select(columns)]).sort(columns)


def _joined(shared: pl.DataFrame, person: Sequence[str]) -> pl.DataFrame:
    """Pieces that follow each other and say the same become one."""
    same = (
        shared.group_by(*person, "start", "end", maintain_order=True)
        .agg(
            pl.concat_str("unit", "share", "origin", separator="\x1f").str.join("\x1e").alias("all")
        )
        .with_columns(
            (
                (pl.col("all") != pl.col("all").shift(1).over(person))
                | (pl.col("start") != pl.col("end").shift(1).over(person).dt.offset_by("1d"))
            )
            .fill_null(value=True)
            .cum_sum()
            .alias("run")
        )
    )
    return (
        shared.join(same.select(*person, "start", "run"), on=[*person, "start"])
        .sort("run", "start")
        .group_by(*person, "run", "unit", "origin", maintain_order=True)
        .agg(
            pl.col("start").min().alias("valid_from"),
            pl.col("end").max().alias("valid_to"),
            pl.col("share").first(),
        )
    )


def pieces(rows: pl.DataFrame, who: Sequence[str]) -> pl.DataFrame:
    """Rows cut at every start and end of the same `who`: a row per piece, with `start` and `end`."""
    starts = rows.select(*who, pl.col("valid_from").alias("start"))
    after = rows.filter(pl.col("valid_to") < OPEN).select(
        *who, pl.col("valid_to").dt.offset_by("1d").alias("start")
    )
    cuts = (
        pl.concat([starts, after])
        .unique()
        .sort(*who, "start")
        .with_columns(
            pl.col("start").shift(-1).over(who).dt.offset_by("-1d").fill_null(OPEN).alias("end")
        )
    )
    return rows.join(cuts, on=list(who)).filter(
        (pl.col("valid_from") <= pl.col("start")) & (pl.col("valid_to") >= pl.col("end"))
    )


def first_told(rows: pl.DataFrame, who: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """On each day what the first listed directory tells, and where others say something else.

    `rows` has `rank` (of the directory), `position`, `unit`, `valid_from`, `valid_to` and `share` beside
    `who`. A later directory counts too while all parts told so far add up to at most 1: a person who
    works here and there stands in both. The second frame is (rank, position, against, boundary), a row
    per row that disagrees.
    """
    several = pl.col("rank").n_unique().over(who) > 1
    cut = pieces(rows.filter(several), who)
    piece = [*who, "start"]
    told = (
        cut.group_by(*piece, "rank", "unit")
        .agg(pl.col("share").max())
        .group_by(*piece, "rank")
        .agg(
            pl.when(pl.col("share").null_count() == 0).then(pl.col("share").sum()).alias("told"),
        )
        .sort(*piece, "rank")
        .with_columns(
            pl.col("rank").first().over(piece).alias("against"),
            pl.col("told").fill_null(2.0).cum_sum().over(piece).alias("sum"),
        )
        .with_columns(
            ((pl.col("rank") == pl.col("against")) | (pl.col("sum") <= WHOLE)).alias("counts")
        )
    )
    cut = cut.join(told.select(*piece, "rank", "against", "counts"), on=[*piece, "rank"])
    kept = cut.filter("counts")
    lost = cut.filter(pl.col("counts").not_()).join(
        kept.select(*piece, "unit"), on=[*piece, "unit"], how="anti"
    )
    conflicts = (
        lost.select("rank", "position", "against", "boundary")
        .unique(["rank", "position", "boundary"], keep="first")
        .sort("rank", "position", "boundary")
    )
    columns = rows.columns
    kept = kept.with_columns(valid_from="start", valid_to="end").select(columns)
    return pl.concat([rows.filter(several.not_()), kept]), conflicts
