"""Cells and equations of one block of rows, from the declared structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from quality.disclosure_structure import AT, LINE, UNKNOWN, List, Matrix, Name
from warehouse.schema import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quality.disclosure_audit import Flags, Floats, Integers

AGREE = 1e-6  # a sum that is off by less than this part holds
MOSTLY = 0.9  # units add up to the network where they do in this part of the periods
KEY = ["kind", *LINE]
_SERIES = ["kind", "channel", "boundary", "unit", "other_unit"]
_PART = pl.max_horizontal(pl.col("period").dt.truncate("1w"), pl.col("period").dt.truncate("1mo"))


@dataclass(frozen=True, slots=True)
class Block:
    """The numbers (cells) that rows tell, and what holds between them.

    Attributes:
        cells: Their keys (KEY) and `value`, 0 where it is stored nowhere.
        equations: A row per equation, a column per cell; the true values give 0.
        carriers: A row per cell, a column per published row: which rows tell it; for some cells none do.
        leader: Per cell the row whose own number it is, -1 where there is none.
        inside: Per cell the part of it that lies in the block's month; less than 1 for a week at its edge.
    """

    cells: pl.DataFrame
    equations: csr_matrix
    carriers: csr_matrix
    leader: Integers
    inside: Floats

    @property
    def value(self) -> Floats:
        """The true value of each cell."""
        return self.cells["value"].to_numpy()

    def hidden(self, shown: Flags) -> Flags:
        """Cells that none of the shown rows tells."""
        return np.asarray(self.carriers @ shown.astype(np.float64) == 0)


def matrix_block(
    rows: pl.DataFrame, matrix: Matrix, parts: pl.DataFrame, nesting: pl.DataFrame
) -> Block:
    """Block of a matrix.

    `rows`: row (from 0), metric, measure, LINE, value, numerator, denominator. `parts`: LINE (grain
    `part`, period the first day) and value of each line in each part of a week that two months share.
    `nesting`: boundary, unit, parent, parent_unit, where all people of the one are in the other.
    """
    line = _told(rows, matrix.line, "line")
    total = _told(rows, matrix.total, "total")
    cells, told = [line, total], [line, total, *_followers(rows, matrix.follow_line, line)]
    if matrix.share and matrix.unknown:
        crossing = _told(rows, matrix.share, "crossing", "numerator")
        known = _told(rows, matrix.share, "known", "denominator")
        stray = _told(rows, matrix.unknown, "stray", "numerator")
        cells += [crossing, known, stray]
        told += [crossing, known, stray, stray.with_columns(kind=pl.lit("known"))]
        told += _followers(rows, matrix.follow_crossing, crossing)
        told += _followers(rows, matrix.follow_known, known)
    line_parts = parts.select(pl.lit("line").alias("kind"), *LINE, "value", pl.lit(-1).alias("row"))
    network = pl.concat(cells).filter(pl.col("unit") == ALL)
    table = pl.concat([*cells, line_parts, _parts_of_days(network)]).with_row_index("cell")
    sums = [
        _over_periods(table.filter(kind="line")),
        _over_periods(table.filter(pl.col("unit") == ALL)),
        _over_channels(table.filter(kind="line")),
        *_margins(table),
    ]
    table, nested = _nested(table, nesting)
    return _block(table, told, [*sums, *nested], rows.height, _inside(line_parts))


def list_block(rows: pl.DataFrame, lists: Mapping[str, List]) -> Block:
    """Block of lists of counts. Parts of weeks that two months share are stored nowhere."""
    cells, told = [], []
    for name, one in lists.items():
        counts = _told(rows, one.count, name, one.column)
        cells.append(counts)
        told.append(counts)
        for metric, measure in one.follow:
            told += _followers(rows, (metric,), counts, measure)
    table = pl.concat(cells)
    spans = [name for name, one in lists.items() if one.over_periods]
    spanned = table.filter(pl.col("kind").is_in(spans))
    table = pl.concat([table, _unstored_parts(spanned)]).with_row_index("cell")
    across = [name for name, one in lists.items() if one.over_channels]
    joined = [name for name, one in lists.items() if one.over_units]
    sums = [
        _over_periods(table.filter(pl.col("kind").is_in(spans))),
        _over_channels(table.filter(pl.col("kind").is_in(across))),
        _over_units(table.filter(pl.col("kind").is_in(joined))),
    ]
    days = table.filter(pl.col("grain").is_in(["day", "part"]))
    inside = days.group_by([*_SERIES, pl.col("period").dt.truncate("1w")]).agg(
        pl.col("value").sum().alias("here")
    )
    return _block(table, told, sums, rows.height, inside)


def _inside(line_parts: pl.DataFrame) -> pl.DataFrame:
    """Value in the block's month of each number of a week that two months share."""
    parts = _margin_members(line_parts.with_columns(cell=pl.lit(0, pl.UInt32)))
    sums = [
        frame.with_columns(kind=pl.lit(kind), other_unit=pl.lit(ALL))
        for kind, frames in parts.items()
        for frame in frames
    ]
    here = pl.concat(
        [
            line_parts.select(*_SERIES, "period", here="value"),
            *(
                one.select(*_SERIES, "period", here=pl.col("coef") * pl.col("value"))
                for one in sums
            ),
        ]
    )
    return here.group_by([*_SERIES, pl.col("period").dt.truncate("1w")]).agg(pl.col("here").sum())


def _told(rows: pl.DataFrame, name: Name, kind: str, column: str = "value") -> pl.DataFrame:
    return rows.filter(metric=name[0], measure=name[1]).select(
        pl.lit(kind).alias("kind"), *LINE, pl.col(column).fill_null(0.0).alias("value"),
        pl.col("row").cast(pl.Int32),
    )  # fmt: skip


def _followers(
    rows: pl.DataFrame, metrics: tuple[str, ...], leader: pl.DataFrame, measure: str | None = None
) -> list[pl.DataFrame]:
    """Rows of `metrics` that tell the number of a cell of `leader` too."""
    found = rows.filter(pl.col("metric").is_in(metrics))
    if measure:
        found = found.filter(measure=measure)
    keys = leader.select(KEY)
    # What is told of acts in all channels is, without work items, what is told of messages.
    beside = keys.filter(channel="message").with_columns(pl.lit(ALL).alias("other_channel"))
    acts = found.filter(pl.col("metric").is_in(["reciprocity", "net_flow"]))
    same = keys.join(found, on=LINE)
    more = beside.join(
        acts, left_on=["other_channel" if c == "channel" else c for c in LINE], right_on=LINE
    )
    return [
        one.select(*KEY, pl.lit(0.0).alias("value"), pl.col("row").cast(pl.Int32))
        for one in (same, more)
    ]


def _equal(totals: pl.DataFrame, members: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Each of `totals` (cell, `on`) less its `members` (cell, coef, `on`): total, cell, coef."""
    found = members.join(totals.select(*on, pl.col("cell").alias("total")), on=on)
    return pl.concat(
        [
            totals.select(pl.col("cell").alias("total"), "cell", pl.lit(1.0).alias("coef")),
            found.select("total", "cell", -pl.col("coef")),
        ]
    )


def _over_periods(table: pl.DataFrame) -> pl.DataFrame:
    """Weeks and months as sums of days, or of parts of weeks and whole weeks."""
    cells = table.select("cell", *_SERIES, "grain", "period")
    day, week, month, part = (
        cells.filter(grain=grain) for grain in ("day", "week", "month", "part")
    )
    two = week["period"].dt.truncate("1mo") != week["period"].dt.offset_by("6d").dt.truncate("1mo")
    daily = day.select("kind").unique()["kind"].implode()
    in_days = pl.col("kind").is_in(daily)
    rough = part.filter(~in_days)
    sums = []
    for totals, members, into in (
        (week.filter(two | in_days), pl.concat([day, rough]), pl.col("period").dt.truncate("1w")),
        (
            month,
            pl.concat([day, rough, week.filter(~two & ~in_days)]),
            pl.col("period").dt.truncate("1mo"),
        ),
        (part.filter(in_days), day, _PART),
    ):
        to = members.with_columns(into, coef=pl.lit(1.0))
        sums.append(_equal(totals, to, [*_SERIES, "period"]))
    return _named(pl.concat(sums), "periods")


def _over_channels(table: pl.DataFrame) -> pl.DataFrame:
    on = [name for name in KEY if name != "channel"]
    each = pl.col("channel") != ALL
    members = table.filter(
        each & pl.col("kind").is_in(table.filter(~each)["kind"].unique().implode())
    )
    return _named(
        _equal(table.filter(~each), members.with_columns(coef=pl.lit(1.0)), on), "channel"
    )


def _margins(table: pl.DataFrame) -> list[pl.DataFrame]:
    """What units and the network have of the lines."""
    return [
        _named(
            _equal(
                table.filter(pl.col("kind") == kind, pl.col("grain") != "day"),
                pl.concat(frames).drop("value"),
                [*AT, "unit"],
            ),
            kind,
        )
        for kind, frames in _margin_members(table.filter(kind="line")).items()
    ]


def _margin_members(line: pl.DataFrame) -> dict[str, list[pl.DataFrame]]:
    """Which lines each kind of margin is the sum of: cell, AT, unit, coef, value of the line."""
    inner = line.filter(pl.col("unit") == pl.col("other_unit"))
    outer = line.filter(pl.col("unit") != pl.col("other_unit"))
    ends = pl.concat(
        [
            outer.select("cell", "value", *AT, "unit", other="other_unit"),
            outer.select("cell", "value", *AT, unit="other_unit", other="unit"),
        ]
    )
    known = pl.col("unit") != UNKNOWN
    both = known & (pl.col("other_unit") != UNKNOWN)
    out = known & (pl.col("other") != UNKNOWN)

    def of(frame: pl.DataFrame, coef: float, *, whole: bool = False) -> pl.DataFrame:
        unit = pl.lit(ALL).alias("unit") if whole else pl.col("unit")
        return frame.select("cell", "value", *AT, unit, pl.lit(coef).alias("coef"))

    crossing = [of(ends.filter(out), 1.0), of(outer.filter(both), 1.0, whole=True)]
    own = [of(inner.filter(known), 1.0), of(inner.filter(known), 1.0, whole=True)]
    return {
        "total": [of(inner, 1.0), of(ends, 0.5), of(line, 1.0, whole=True)],
        "crossing": crossing,
        "known": [*crossing, *own],
        "stray": [of(ends.filter(known & ~out), 1.0), of(line.filter(~both), 1.0, whole=True)],
    }


def _nested(table: pl.DataFrame, nesting: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Lines of boundaries whose units lie in units of another one add up to lines of that one.

    Where people of the wider unit are in none of the narrower, there is a rest, a cell that nobody tells.
    """
    line = table.filter((pl.col("kind") == "line") & (pl.col("grain") != "part"))
    sums = []
    for (boundary, parent), pairs in nesting.group_by("boundary", "parent"):
        unknown = pl.DataFrame({"unit": [UNKNOWN], "parent_unit": [UNKNOWN]})
        to = pl.concat([pairs.select("unit", "parent_unit"), unknown])
        inside = (
            line.filter(boundary=boundary)
            .join(to, on="unit")
            .join(to.select(other_unit="unit", other_parent="parent_unit"), on="other_unit")
            .select(
                "cell", "value", "grain", "period", "channel",
                pl.min_horizontal("parent_unit", "other_parent").alias("unit"),
                pl.max_horizontal("parent_unit", "other_parent").alias("other_unit"),
                pl.lit(1.0).alias("coef"),
            )
        )  # fmt: skip
        on = ["grain", "period", "channel", "unit", "other_unit"]
        wide = line.filter(boundary=parent)
        rest = (
            wide.join(
                inside.group_by(on).agg(pl.col("value").sum().alias("sum")), on=on, how="left"
            )
            .with_columns(rest=pl.col("value") - pl.col("sum").fill_null(0.0))
            .filter(
                (pl.col("rest") > AGREE * pl.col("value"))
                .any()
                .over("channel", "unit", "other_unit")
            )
            .filter(
                (pl.col("rest") >= -AGREE * pl.col("value"))
                .all()
                .over("channel", "unit", "other_unit")
            )
        )
        rests = rest.select(
            (pl.int_range(pl.len(), dtype=pl.UInt32) + table.height).alias("cell"),
            pl.lit("rest").alias("kind"), *LINE, pl.col("rest").clip(0).alias("value"),
            pl.lit(-1, pl.Int32).alias("row"), pl.lit(boundary).alias("of"),
        )  # fmt: skip
        table = pl.concat([table, rests.select(table.columns)])
        members = pl.concat(
            [
                inside.select("cell", "coef", *on),
                rests.select("cell", pl.lit(1.0).alias("coef"), *on),
            ]
        )
        sums.append(_named(_equal(wide, members, on), f"nested in {boundary}"))
    return table, sums


def _over_units(table: pl.DataFrame) -> pl.DataFrame:
    """The network's counts as sums over units or lines, where they mostly are."""
    whole = table.filter((pl.col("unit") == ALL) & (pl.col("other_unit") == ALL))
    on = ["kind", *AT]
    sums = []
    for name, members in (
        ("units", table.filter((pl.col("unit") != ALL) & (pl.col("other_unit") == ALL))),
        (
            "lines",
            table.filter((pl.col("other_unit") != ALL) & (pl.col("unit") != pl.col("other_unit"))),
        ),
    ):
        summed = members.group_by(on).agg(pl.col("value").sum().alias("sum"))
        holds = (pl.col("sum") - pl.col("value")).abs() <= AGREE * pl.col("value").abs() + 1e-9
        totals = (
            whole.join(summed, on=on)
            .filter(holds.mean().over("kind", "grain", "channel", "boundary") >= MOSTLY)
            .filter(holds)
        )
        sums.append(_named(_equal(totals, members.with_columns(coef=pl.lit(1.0)), on), name))
    return pl.concat(sums)


def _parts_of_days(days: pl.DataFrame) -> pl.DataFrame:
    """A cell that nobody tells for each part of a week that two months share, as the sum of its days."""
    month = pl.col("period").dt.truncate("1w").dt.truncate("1mo")
    last = pl.col("period").dt.truncate("1w").dt.offset_by("6d").dt.truncate("1mo")
    return (
        days.filter((pl.col("grain") == "day") & (month != last))
        .with_columns(_PART.alias("period"), grain=pl.lit("part"))
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("value").sum())
        .with_columns(row=pl.lit(-1, pl.Int32))
        .select(days.columns)
    )


def _unstored_parts(table: pl.DataFrame) -> pl.DataFrame:
    """A cell of unknown value for each part of a week that two months share, where no days are told."""
    daily = table.filter(grain="day")["kind"].unique().implode()
    week = table.filter((pl.col("grain") == "week") & ~pl.col("kind").is_in(daily))
    last = pl.col("period").dt.offset_by("6d").dt.truncate("1mo")
    week = week.filter(pl.col("period").dt.truncate("1mo") != last)
    both = pl.concat([week, week.with_columns(last.alias("period"))])
    return both.with_columns(grain=pl.lit("part"), value=pl.lit(0.0), row=pl.lit(-1, pl.Int32))


def _named(equations: pl.DataFrame, name: str) -> pl.DataFrame:
    return equations.with_columns(name=pl.lit(name))


def _block(
    table: pl.DataFrame,
    told: list[pl.DataFrame],
    sums: list[pl.DataFrame],
    rows: int,
    here: pl.DataFrame,
) -> Block:
    found = (
        pl.concat([s.select("name", "total", "cell", "coef") for s in sums])
        .with_columns(equation=pl.struct("name", "total").rank("dense") - 1)
    )  # fmt: skip
    shape = (found["equation"].n_unique(), table.height)
    places = (found["equation"].to_numpy(), found["cell"].to_numpy())
    equations = csr_matrix((found["coef"].to_numpy(), places), shape=shape)
    carried = pl.concat([one.select(*KEY, "row") for one in told]).join(
        table.filter(pl.col("row") >= 0).select("cell", *KEY), on=KEY
    )
    carriers = csr_matrix(
        (np.ones(carried.height), (carried["cell"].to_numpy(), carried["row"].to_numpy())),
        shape=(table.height, rows),
    )
    month = pl.col("period").dt.truncate("1mo")
    last = pl.col("period").dt.offset_by("6d").dt.truncate("1mo")
    shared = (pl.col("grain") == "week") & (month != last)
    inside = table.join(here, on=[*_SERIES, "period"], how="left", maintain_order="left").select(
        pl.when(shared & (pl.col("value") > 0))
        .then(pl.col("here").fill_null(0.0) / pl.col("value"))
        .otherwise(1.0)
    )
    return Block(
        table.select(*KEY, "value"), equations, carriers, table["row"].to_numpy(),
        inside.to_series().to_numpy(),
    )  # fmt: skip
