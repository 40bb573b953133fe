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
    lines = (
        edges.with_columns(
            (pl.col("person").rank("dense").over(_LINE) - 1).alias("row"),
            (pl.col("other_person").rank("dense").over(_LINE) - 1).alias("column"),
        )
        .group_by(_LINE)
        .agg("row", "column", people=pl.col("person").n_unique(), other_people=pl.col("other_person").n_unique())
    )
    threads = [
        matching(row.to_numpy(), column.to_numpy(), (people, other_people))
        for row, column, people, other_people in zip(
            lines["row"], lines["column"], lines["people"], lines["other_people"], strict=True
        )
    ]
    return lines.select(
        pl.lit("threads").alias("measure"),
        *_LINE,
        pl.Series("value", threads, dtype=pl.Float64),
        pl.col("people").cast(pl.Int64),
        pl.col("other_people").cast(pl.Int64),
    )


def matching(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> int:
    """Size of the largest matching of a bipartite graph given as edge arrays."""
    if min(shape) == 1:
        return 1
    graph = csr_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=shape)
    return int((maximum_bipartite_matching(graph, perm_type="column") >= 0).sum())
