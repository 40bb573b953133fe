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
definition_en = "By how many threads a line hangs: the fewest people whose leaving would cut the line between two units altogether."
definition_nl = "Aan hoeveel draden een lijn hangt: het kleinste aantal mensen door wier vertrek de lijn tussen twee eenheden geheel breekt."
formula_en = "largest number of ties between the two units of which no two have a person in common (maximum matching)"
formula_nl = "grootste aantal verbindingen tussen de twee eenheden waarvan er geen twee een mens delen (maximum matching)"
reading_en = "A heavy line with one thread hangs on one person. As a number of people it is hidden below the threshold: a line whose people are shown and whose threads are not has few. More threads make a line safer, not busier."
reading_nl = "Een zware lijn met één draad hangt aan één mens. Als aantal mensen is het onder de drempel verborgen: een lijn waarvan het gewicht er staat en het aantal draden niet, heeft er weinig. Meer draden maken een lijn veiliger, niet drukker."
example_en = "Person 1 of A has ties with x, y and z of B; persons 2 and 3 of A with x only. When 1 and x leave nothing is left: 2 threads, though there are 5 ties."
example_nl = "Persoon 1 van A heeft verbindingen met x, y en z van B; personen 2 en 3 van A alleen met x. Als 1 en x vertrekken blijft er niets over: 2 draden, terwijl er 5 verbindingen zijn."
question = "fragile"
grains = ["day", "week", "month", "quarter"]
told_of = ["line"]
boundary = "any"
direction = "up"
reference = "König 1931; Hopcroft & Karp 1973"

[measures.threads]
title_en = "Threads"
title_nl = "Draden"
unit = "people"
range = ">= 0"
"""  # noqa: E501
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
    ties = across.select(
        "grain", "period", "channel", "boundary",
        pl.min_horizontal("unit_s", "unit_t").alias("unit"),
        pl.max_horizontal("unit_s", "unit_t").alias("other_unit"),
        pl.when(turned).then("t").otherwise("s").alias("person"),
        pl.when(turned).then("s").otherwise("t").alias("other_person"),
    )  # fmt: skip
    lines = ties.select(_LINE).unique().with_row_index("line")
    edges = ties.join(lines, on=_LINE).select("line", "person", "other_person")
    people = edges.select("line", "person").unique().with_row_index("row")
    others = edges.select("line", "other_person").unique().with_row_index("column")
    seats = edges.join(people, on=["line", "person"]).join(others, on=["line", "other_person"])
    # Lines share no edge, so one matching of all of them together is the matching of each.
    matched = matching(seats["row"].to_numpy(), seats["column"].to_numpy())
    found = (
        people.with_columns(pl.Series("matched", matched))
        .group_by("line")
        .agg(
            pl.col("matched").sum().cast(pl.Float64).alias("value"),
            pl.len().cast(pl.Int64).alias("people"),
        )
    )
    opposite = others.group_by("line").agg(pl.len().cast(pl.Int64).alias("other_people"))
    return (
        lines.join(found, on="line")
        .join(opposite, on="line")
        .select(pl.lit("threads").alias("measure"), *_LINE, "value", "people", "other_people")
    )


def matching(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Which rows a largest matching of the bipartite graph of these edges covers."""
    if not len(row):
        return np.zeros(0, dtype=bool)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    graph = csr_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=shape)
    return np.asarray(maximum_bipartite_matching(graph, perm_type="column") >= 0)
