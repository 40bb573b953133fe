"""What the interaction of people of two kinds counts for: lines, totals and shares of every boundary."""

from __future__ import annotations

import polars as pl

from quality.disclosure_block import PLACE
from warehouse.schema import ALL, OTHER, UNKNOWN


def contributions(pairs: pl.DataFrame, seats: pl.DataFrame) -> pl.DataFrame:
    """What part of each pair's interaction counts for what: pair, what, PLACE, part.

    `pairs`: pair, one, other (kinds of people). `seats`: kind, boundary, unit, share, for every boundary.
    """
    here = seats.rename({"kind": "one", "unit": "u", "share": "share_u"})
    there = seats.rename({"kind": "other", "unit": "v", "share": "share_v"})
    both = (
        pairs.join(here, on="one")
        .join(there, on=["other", "boundary"])
        .select(
            "pair",
            "boundary",
            pl.min_horizontal("u", "v").alias("u"),
            pl.max_horizontal("u", "v").alias("v"),
            (pl.col("share_u") * pl.col("share_v")).alias("part"),
        )
    )
    u_known, v_known = pl.col("u") != UNKNOWN, pl.col("v") != UNKNOWN
    is_inner = pl.col("u") == pl.col("v")
    outer, inner = both.filter(~is_inner & u_known & v_known), both.filter(is_inner & u_known)
    stray = both.filter(~(u_known & v_known))
    of_several = pl.col("u") == OTHER  # which has nothing inside

    def of(frame: pl.DataFrame, what: str, unit: str, times: float = 1.0) -> pl.DataFrame:
        of_unit = pl.lit(ALL) if unit == ALL else pl.col(unit)
        to = pl.col("v") if what == "line" else pl.lit(ALL)
        return frame.select(
            "pair", pl.lit(what).alias("what"), "boundary", of_unit.alias("unit"),
            to.alias("other_unit"), pl.col("part") * times,
        )  # fmt: skip

    return (
        pl.concat(
            [
                of(both, "line", "u"),
                of(both, "total", "u", 0.5), of(both, "total", "v", 0.5), of(both, "total", ALL),
                *(of(outer, what, unit) for what in ("crossing", "known") for unit in ("u", "v", ALL)),
                *(of(inner, "known", unit) for unit in ("u", ALL)),
                *(of(inner.filter(~of_several), "inside", unit) for unit in ("u", ALL)),
                *(of(inner.filter(of_several), "crossing", unit) for unit in ("u", ALL)),
                of(stray.filter(u_known), "stray", "u"), of(stray.filter(v_known), "stray", "v"),
                of(stray, "stray", ALL),
            ]
        )
        .group_by("pair", "what", *PLACE, maintain_order=True)
        .agg(pl.col("part").sum())
    )  # fmt: skip
