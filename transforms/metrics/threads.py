"""Threads of a line: the fewest people whose leaving cuts it.

That is the maximum matching between the two sides (Kőnig), which SQL cannot compute.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import scipy  # whose parts load when they are first used: half a second

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
        pl.when(turned).then("unit_t").otherwise("unit_s").alias("unit"),
        pl.when(turned).then("unit_s").otherwise("unit_t").alias("other_unit"),
        pl.when(turned).then("t").otherwise("s").alias("person"),
        pl.when(turned).then("s").otherwise("t").alias("other_person"),
    )  # fmt: skip
    ties = ties.with_columns(line=numbered(*ties.select(_LINE)))
    line = ties["line"].to_numpy()
    row = numbered(ties["line"], ties["person"]).to_numpy()
    column = numbered(ties["line"], ties["other_person"]).to_numpy()
    of_row, of_column = _of_each(row, line), _of_each(column, line)
    lines = ties[_of_each(line, np.arange(ties.height))]
    # Lines share no edge, so one matching of all of them together is the matching of each.
    matched = of_row[matching(row, column)]
    return lines.select(
        pl.lit("threads").alias("measure"), *_LINE,
        pl.Series("value", np.bincount(matched, minlength=lines.height), pl.Float64),
        pl.Series("people", np.bincount(of_row), pl.Int64),
        pl.Series("other_people", np.bincount(of_column), pl.Int64),
    )  # fmt: skip


def numbered(*columns: pl.Series) -> pl.Series:
    """A number for each row, the same one where all `columns` are the same; from 0 on, none left out.

    Joins and groups by several texts would take most of the time that the metric takes.
    """
    number = np.zeros(1, dtype=np.int64)
    for column in columns:
        code = _code(column).cast(pl.Int64).to_numpy()
        number = number * (int(code.max(initial=0)) + 1) + code
    return pl.Series(number).rank("dense") - 1


def _code(column: pl.Series) -> pl.Series:
    """Small numbers in place of texts, of days, and of people, whose numbers are of any size."""
    if column.dtype == pl.String:
        return column.cast(pl.Enum(column.unique())).to_physical()
    return column.rank("dense") if column.dtype == pl.Int64 else column.to_physical()


def _of_each(number: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Number → what `told` says in a row that has it."""
    found = np.zeros(int(number.max()) + 1 if len(number) else 0, dtype=told.dtype)
    found[number] = told
    return found


def matching(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Which rows a largest matching of the bipartite graph of these edges covers."""
    if not len(row):
        return np.zeros(0, dtype=bool)
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    graph = scipy.sparse.csr_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=shape)
    return np.asarray(
        scipy.sparse.csgraph.maximum_bipartite_matching(graph, perm_type="column") >= 0
    )
