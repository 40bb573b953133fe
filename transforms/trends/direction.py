"""Direction of every metric's series: does it rise or fall over two years of periods, or is that chance?

Mann-Kendall S and Theil-Sen slope over the last 24 periods. The p-value of S comes from permuting
blocks of 4 neighbouring periods: neighbours resemble each other, and the plain test calls that a trend
far too often. All orders of the blocks are tried, so nothing is drawn at random.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW, BLOCK, FEWEST = 24, 4, 12  # periods looked at, in one block, with a value
LOOKBACK = WINDOW - 1
READS = ("trend", "calendar")
PARAMETERS = ("complete_enough", "direction_p")
SERIES = ("metric", "measure", "grain", "channel", "boundary", "unit", "other_unit")
KEY = (*SERIES, "period")
COLUMNS = {
    "": "Direction of every metric's series over the last 24 whole periods, where 12 of them have a value.",
    "metric": "Name of the metric",
    "measure": "Which of its numbers",
    "grain": "week, month or quarter",
    "period": "First day of the last of the periods",
    "channel": "meeting, message, work or (all)",
    "boundary": "organisation, team, ...",
    "unit": "Unit, or (all)",
    "other_unit": "Other unit of a line, or (all)",
    "periods": "Periods with a value",
    "mann_kendall": "S: pairs of periods that rise less pairs that fall",
    "slope": "Theil-Sen slope, per period: the median of the slopes of all pairs",
    "p_value": "How often chance alone gives so large an S: share of the orders of blocks of 4 periods",
    "direction": "rising, falling or steady",
}
_CHUNK = 20_000  # series at once: bounds memory
_BLOCKS = WINDOW // BLOCK


def compute(
    trend: pl.DataFrame, calendar: pl.DataFrame, *, complete_enough: float, direction_p: float
) -> pl.DataFrame:
    """Rows of model trend, and the periods → one row per series and period (columns COLUMNS)."""
    told = trend.filter(
        pl.col("grain") != "day",
        pl.col("completeness") >= complete_enough,
        pl.col("value").is_not_null(),
    ).join(calendar.select("grain", "period", "idx").unique(), on=["grain", "period"])
    found = [
        rows.hstack(pl.DataFrame(judged(windows)))
        for of_grain in told.partition_by("grain")
        for rows, windows in _windows(of_grain)
    ]
    none = told.select(KEY).clear().hstack(pl.DataFrame(judged(np.empty((0, WINDOW)))))
    p, s = pl.col("p_value"), pl.col("mann_kendall")
    steady = pl.when(p > direction_p).then(pl.lit("steady"))
    return pl.concat([none, *found]).with_columns(
        steady.when(s > 0).then(pl.lit("rising")).otherwise(pl.lit("falling")).alias("direction")
    )


def judged(windows: np.ndarray) -> dict[str, np.ndarray]:
    """Series as rows of WINDOW values, NaN where there is none → periods, s, slope and p_value."""
    early, late = (np.array(side) for side in zip(*combinations(range(WINDOW), 2), strict=True))
    rise = windows[:, late] - windows[:, early]
    # What is only rounding is no rise: sums of floats depend on their order.
    size = np.nanmax(np.abs(windows), axis=1, keepdims=True, initial=0)
    sign = np.where(np.isnan(rise) | (np.abs(rise) <= 1e-9 * size), 0, np.sign(rise))
    pairs = list(combinations(range(_BLOCKS), 2))
    block = early // BLOCK * _BLOCKS + late // BLOCK
    between = np.stack([sign[:, block == a * _BLOCKS + b].sum(axis=1) for a, b in pairs], axis=1)
    within = sign.sum(axis=1) - between.sum(axis=1)
    s = sign.sum(axis=1)
    orders = np.array(
        [[1 if order.index(a) < order.index(b) else -1 for a, b in pairs] for order in permutations(range(_BLOCKS))]
    )  # fmt: skip
    chance = np.abs(within[:, None] + between @ orders.T)
    slopes, whole = rise / (late - early), ~np.isnan(windows).any(axis=1)
    slope = np.empty(len(windows))
    slope[whole] = np.median(slopes[whole], axis=1)  # without the gaps three times as fast
    slope[~whole] = np.nanmedian(slopes[~whole], axis=1)
    return {
        "periods": (~np.isnan(windows)).sum(axis=1),
        "mann_kendall": s.astype(np.int64),
        "slope": slope,
        "p_value": (chance >= np.abs(s)[:, None]).mean(axis=1),
    }


def _windows(told: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, np.ndarray]]:
    """Rows of one grain with enough values behind them, and those values, NaN where there is none."""
    rows = told.sort(*SERIES, "idx").with_columns(pl.struct(SERIES).rle_id().alias("series"))
    first, last = rows.select(pl.col("idx").min().alias("a"), pl.col("idx").max().alias("b")).row(0)
    series_at_once = max(1, _CHUNK // (last - first + 1))
    chunk = (pl.col("series") // series_at_once).alias("chunk")
    for part in rows.with_columns(chunk).partition_by("chunk", include_key=False):
        series = part["series"].to_numpy() - int(part["series"][0])
        at = part["idx"].to_numpy() - first
        values = np.full((series[-1] + 1, last - first + WINDOW), np.nan)
        values[series, at + WINDOW - 1] = part["value"].to_numpy()
        windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=1)[series, at]
        enough = (~np.isnan(windows)).sum(axis=1) >= FEWEST
        yield part.select(KEY).filter(enough), windows[enough]
