"""Direction of every metric's series: does it rise or fall over two years of periods, or is that chance?

Mann-Kendall S and Theil-Sen slope over the last 24 periods. The p-value of S comes from permuting
blocks of 4 neighbouring periods: neighbours resemble each other, and the plain test calls that a trend
far too often. All orders of the blocks are tried, so nothing is drawn at random.
"""

from __future__ import annotations

from datetime import date
from itertools import combinations, pairwise, permutations

import numpy as np
import polars as pl

WINDOW, BLOCK, FEWEST = 24, 4, 12  # periods looked at, in one block, with a value
LOOKBACK = WINDOW - 1
GRAINS = ("week", "month", "quarter")  # a day's series is the week's rhythm
PARAMETERS = ("complete_enough", "direction_p")
EXTENT = ("first_period",)
SERIES = ("metric", "measure", "grain", "channel", "boundary", "unit", "other_unit")
KEY = (*SERIES, "period")
BY_METRIC = True  # every series stands by itself: memory follows the largest metric
READS = {"trend": (*KEY, "value", "completeness"), "calendar": ("grain", "period", "idx")}
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
    "direction": "rising, falling, or steady: neither by more than chance, or too few periods to say",
}
_CHUNK = 400  # windows at once: what fits in the processor's cache
_SERIES_ROWS = 20_000  # rows of series laid out at once
_BLOCKS = WINDOW // BLOCK
_PAIRS = list(combinations(range(_BLOCKS), 2))


def _by_blocks(pair: tuple[int, int]) -> tuple[bool, tuple[int, int]]:
    first, second = pair[0] // BLOCK, pair[1] // BLOCK
    return first == second, (first, second)


# Pairs of periods, those between two blocks together, those within a block last.
_EARLY, _LATE = (
    np.array(side)
    for side in zip(*sorted(combinations(range(WINDOW), 2), key=_by_blocks), strict=True)
)
_STARTS = np.arange(0, (len(_PAIRS) + 1) * BLOCK * BLOCK, BLOCK * BLOCK)
# Which pairs of blocks each order of them turns round.
_ORDERS = np.array(
    [[1 if order.index(a) < order.index(b) else -1 for order in permutations(range(_BLOCKS))]
     for a, b in _PAIRS],
    dtype=np.float32,
)  # fmt: skip


def compute(
    trend: pl.DataFrame,
    calendar: pl.DataFrame,
    *,
    complete_enough: float,
    direction_p: float,
    first_period: date = date.min,
) -> pl.DataFrame:
    """Rows of model trend, and the periods → a row per series and period from the first (columns COLUMNS)."""
    told = trend.filter(
        pl.col("completeness") >= complete_enough,
        pl.col("value").is_not_null(),
    ).join(calendar.select("grain", "period", "idx").unique(), on=["grain", "period"])
    none = told.select(KEY).clear().hstack(pl.DataFrame(judged(np.empty((0, WINDOW)))))
    found = [none, *(_of_grain(rows, first_period) for rows in told.partition_by("grain"))]
    p, s = pl.col("p_value"), pl.col("mann_kendall")
    steady = pl.when(p > direction_p).then(pl.lit("steady"))
    return pl.concat(found).with_columns(
        steady.when(s > 0).then(pl.lit("rising")).otherwise(pl.lit("falling")).alias("direction")
    )


def judged(windows: np.ndarray) -> dict[str, np.ndarray]:
    """Series as rows of WINDOW values, NaN where there is none → periods, S, slope and p_value."""
    rise = windows[:, _LATE] - windows[:, _EARLY]
    # What is only rounding is no rise: sums of floats depend on their order.
    least = 1e-9 * np.nanmax(np.abs(windows), axis=1, keepdims=True, initial=0)
    sign = (rise > least).view(np.int8) - (rise < -least).view(np.int8)
    sums = np.add.reduceat(sign, _STARTS, axis=1, dtype=np.float32)
    s = sums.sum(axis=1)
    # Not as a product of matrices: so small a one costs more in threads that wait than in work.
    chance = np.einsum("ij,jk->ik", sums[:, :-1], _ORDERS)
    chance += sums[:, -1:]
    slopes = rise / (_LATE - _EARLY)
    slopes.sort(axis=1)  # NaN last
    last = np.maximum((~np.isnan(rise)).sum(axis=1) - 1, 0)
    row = np.arange(len(windows))
    return {
        "periods": (~np.isnan(windows)).sum(axis=1),
        "mann_kendall": s.astype(np.int64),
        "slope": (slopes[row, last // 2] + slopes[row, (last + 1) // 2]) / 2,
        "p_value": (np.abs(chance) >= np.abs(s)[:, None]).mean(axis=1),
    }


def _of_grain(told: pl.DataFrame, first_period: date) -> pl.DataFrame:
    """Key and judgement of each row of one grain with enough values behind it, from a period on."""
    rows = told.sort(*SERIES, "idx").with_columns(pl.struct(SERIES).rle_id().alias("series"))
    series, idx, value = (rows[name].to_numpy() for name in ("series", "idx", "value"))
    at, periods = idx - idx.min(), int(idx.max() - idx.min()) + WINDOW
    wanted, found = (rows["period"] >= first_period).to_numpy().copy(), []
    step = max(1, _SERIES_ROWS // periods)
    edges = np.searchsorted(series, np.arange(0, series[-1] + step + 1, step))
    for first, last in pairwise(edges):
        line, here = series[first:last] - series[first], at[first:last]
        values = np.full((line[-1] + 1, periods), np.nan)
        values[line, here + WINDOW - 1] = value[first:last]
        told_of = wanted[first:last]
        windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=1)[
            line[told_of], here[told_of]
        ]
        enough = (~np.isnan(windows)).sum(axis=1) >= FEWEST
        told_of[told_of] = enough
        kept = windows[enough]
        found += [judged(kept[n : n + _CHUNK]) for n in range(0, max(len(kept), 1), _CHUNK)]
    columns = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    return rows.select(KEY).filter(wanted).hstack(pl.DataFrame(columns))
