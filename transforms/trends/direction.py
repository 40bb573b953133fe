"""Direction of every metric's series: does it rise or fall over two years of periods, or is that chance?

Mann-Kendall S and Theil-Sen slope over the last 24 periods. The p-value of S comes from permuting
blocks of 4 neighbouring periods: neighbours resemble each other, and the plain test calls that a trend
far too often. All orders of the blocks are tried, so nothing is drawn at random.
"""

from __future__ import annotations

from itertools import combinations, pairwise, permutations

import numpy as np
import polars as pl

WINDOW, BLOCK, FEWEST = 24, 4, 12  # periods looked at, in one block, with a value
LOOKBACK = WINDOW - 1
GRAINS = ("week", "month", "quarter")  # a day's series is the week's rhythm
PARAMETERS = ("complete_enough", "direction_p")
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
    "direction": "rising, falling or steady",
}
_CHUNK = 2_000  # windows at once: what fits in the processor's cache
_BLOCKS = WINDOW // BLOCK
_EARLY, _LATE = (np.array(side) for side in zip(*combinations(range(WINDOW), 2), strict=True))
_PAIRS = list(combinations(range(_BLOCKS), 2))
# Which pair of blocks a pair of periods lies between, and which blocks each order of them turns round.
_BETWEEN = np.array(
    [
        [(e // BLOCK, f // BLOCK) == pair for pair in _PAIRS]
        for e, f in zip(_EARLY, _LATE, strict=True)
    ],
    dtype=np.float32,
)
_ORDERS = np.array(
    [[1 if order.index(a) < order.index(b) else -1 for order in permutations(range(_BLOCKS))]
     for a, b in _PAIRS],
    dtype=np.float32,
)  # fmt: skip


def compute(
    trend: pl.DataFrame, calendar: pl.DataFrame, *, complete_enough: float, direction_p: float
) -> pl.DataFrame:
    """Rows of model trend, and the periods → one row per series and period (columns COLUMNS)."""
    told = trend.filter(
        pl.col("completeness") >= complete_enough,
        pl.col("value").is_not_null(),
    ).join(calendar.select("grain", "period", "idx").unique(), on=["grain", "period"])
    none = told.select(KEY).clear().hstack(pl.DataFrame(judged(np.empty((0, WINDOW)))))
    found = [none, *(_of_grain(rows) for rows in told.partition_by("grain"))]
    p, s = pl.col("p_value"), pl.col("mann_kendall")
    steady = pl.when(p > direction_p).then(pl.lit("steady"))
    return pl.concat(found).with_columns(
        steady.when(s > 0).then(pl.lit("rising")).otherwise(pl.lit("falling")).alias("direction")
    )


def judged(windows: np.ndarray) -> dict[str, np.ndarray]:
    """Series as rows of WINDOW values, NaN where there is none → periods, S, slope and p_value."""
    rise = windows[:, _LATE] - windows[:, _EARLY]
    # What is only rounding is no rise: sums of floats depend on their order.
    size = np.nanmax(np.abs(windows), axis=1, keepdims=True, initial=0)
    sign = np.where(np.abs(rise) > 1e-9 * size, np.sign(rise), 0).astype(np.float32)
    s, between = sign.sum(axis=1), sign @ _BETWEEN
    within = s - between.sum(axis=1)
    chance = np.abs(within[:, None] + between @ _ORDERS)
    slopes = np.sort(rise / (_LATE - _EARLY), axis=1)  # NaN last
    last = np.maximum((~np.isnan(rise)).sum(axis=1) - 1, 0)
    row = np.arange(len(windows))
    return {
        "periods": (~np.isnan(windows)).sum(axis=1),
        "mann_kendall": s.astype(np.int64),
        "slope": (slopes[row, last // 2] + slopes[row, (last + 1) // 2]) / 2,
        "p_value": (chance >= np.abs(s)[:, None]).mean(axis=1),
    }


def _of_grain(told: pl.DataFrame) -> pl.DataFrame:
    """Key and judgement of each row of one grain with enough values behind it."""
    rows = told.sort(*SERIES, "idx").with_columns(pl.struct(SERIES).rle_id().alias("series"))
    series, idx, value = (rows[name].to_numpy() for name in ("series", "idx", "value"))
    at, periods = idx - idx.min(), int(idx.max() - idx.min()) + WINDOW
    enough, found = np.zeros(rows.height, dtype=bool), []
    step = max(1, _CHUNK // periods)
    edges = np.searchsorted(series, np.arange(0, series[-1] + step + 1, step))
    for first, last in pairwise(edges):
        line, here = series[first:last] - series[first], at[first:last]
        values = np.full((line[-1] + 1, periods), np.nan)
        values[line, here + WINDOW - 1] = value[first:last]
        windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW, axis=1)[line, here]
        enough[first:last] = (~np.isnan(windows)).sum(axis=1) >= FEWEST
        found.append(judged(windows[enough[first:last]]))
    columns = {name: np.concatenate([one[name] for one in found]) for name in found[0]}
    return rows.select(KEY).filter(enough).hstack(pl.DataFrame(columns))
