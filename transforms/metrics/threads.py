"""Threads of a line: the fewest people whose leaving cuts it.

That is the maximum matching between the two sides (Kőnig), which SQL cannot compute.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching

HEADER = """
title_en = "Threads"
title_nl = "Draden"
definition_en = "The fewest people whose leaving would cut the line between two units altogether."
definition_nl = "Het kleinste aantal mensen door wier vertrek de lijn tussen twee eenheden geheel breekt."
boundary = "any"
direction = "up"
reference = "König 1931; Hopcroft & Karp 1973"

[measures.threads]
title_en = "Threads"
title_nl = "Draden"
unit = "people"
"""
READS = ("unit_tie",)
_LINE = ("grain", "period", "channel", "boundary", "unit", "other_unit")


def compute(unit_tie: pl.DataFrame) -> pl.DataFrame:
    """Ties with units (columns of model unit_tie) → rows of metric_value, one per line and period."""
    across = unit_tie.filter(
        (pl.col("unit_s") != pl.col("unit_t"))
        & (pl.col("unit_s") != "(unknown)")
        & (pl.col("unit_t") != "(unknown)")
    )
    turned = pl.col("unit_s") > pl.col("unit_t")
    edges = across.select(
        "grain", "period", "channel", "boundary",
        pl.min_horizontal("unit_s", "unit_t").alias("unit"),
        pl.max_horizontal("unit_s", "unit_t").alias("other_unit"),
        pl.when(turned).then("t").otherwise("s").alias("person"),
        pl.when(turned).then("s").otherwise("t").alias("other_person"),
    ).unique()  # fmt: skip
    # Lines share no edge, so one matching of all of them together is the matching of each.
    seats = edges.with_columns(
        (pl.struct(*_LINE, "person").rank("dense") - 1).alias("row"),
        (pl.struct(*_LINE, "other_person").rank("dense") - 1).alias("column"),
    )
    matched = matching(seats["row"].to_numpy(), seats["column"].to_numpy())
    lines = (
        seats.with_columns(matched=pl.Series(matched).gather(seats["row"]))
        .group_by(_LINE)
        .agg(
            value=pl.col("row").filter("matched").n_unique().cast(pl.Float64),
            people=pl.col("person").n_unique().cast(pl.Int64),
            other_people=pl.col("other_person").n_unique().cast(pl.Int64),
        )
    )
    return lines.select(
        pl.lit("threads").alias("measure"), *_LINE, "value", "people", "other_people"
    )


def matching(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Which rows a largest matching of the bipartite graph of these edges covers."""
    if not len(row):
        return np.zeros(0, dtype=bool)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    graph = csr_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=shape)
    return np.asarray(maximum_bipartite_matching(graph, perm_type="column") >= 0)
