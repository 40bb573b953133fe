"""The published numbers of a month as sums of what nobody is told: the atoms.

An atom is what people of the same units have with people of the same units, in one channel, in one part of a
week that no month cuts. Lines, totals and shares of all boundaries, channels and grains are sums of atoms or
shares of such sums, so no relation between them has to be listed. Other months count as known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix, diags, vstack

from quality.disclosure_rounding import SHARE_STEP, interval
from warehouse.schema import ALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quality.disclosure_audit import Floats, Integers
    from quality.disclosure_structure import Family, Name, Sum

LENGTHS = {"week": "1w", "month": "1mo", "quarter": "1q"}
MOST = {"week": 1 / 2, "month": 1.0, "quarter": 1 / 3}
SHARE_COST = 0.25  # of a share, as a part of what it is a share of
GRAIN_COST = {"week": 1.0, "month": 2.0, "quarter": 6.0}  # a quarter is asked of by three months
WHOLE_COST = 3.0  # of all channels together, against one of them
AGREE = 1e-6
PLACE = ["boundary", "unit", "other_unit"]
AT = ["grain", "period", "channel"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What shown rows say of changes y of the atoms: low <= A y <= high.

    Attributes:
        matrix: A, a row per statement and a column per atom.
        low, high: Bounds; infinite where there is none.
        row: Which published row says so.
    """

    matrix: csr_matrix
    low: Floats
    high: Floats
    row: Integers


@dataclass(frozen=True, slots=True)
class Block:
    """Atoms, what published rows say of them, and the secrets.

    Attributes:
        atoms: Their true values, more than 0: that somewhere there is nothing shows by what is not there.
        stretch, channel: Where each atom lies, numbered.
        limits: What each row would say if shown.
        secrets: A row per secret number, as a sum of atoms.
        wanted: Width that must remain of each secret number.
        secret_row: Which row it is.
        cost: Information lost with each row.
    """

    atoms: Floats
    stretch: Integers
    channel: Integers
    limits: Limits
    secrets: csr_matrix
    wanted: Floats
    secret_row: Integers
    cost: Floats


def make_block(
    rows: pl.DataFrame,
    atoms: pl.DataFrame,
    parts: pl.DataFrame,
    family: Family,
    *,
    part: float,
    protection: float,
) -> Block:
    """Block of one month.

    `rows`: KEY, value, numerator, denominator (exact), told (as it would be published), is_secret.
    `atoms`: pair (whose), channel, stretch (its first day), value.
    `parts`: pair, what (it counts for), PLACE, part (of its value).
    """
    rows = rows.with_row_index("row")
    atoms = atoms.with_row_index("atom")
    periods = _periods(atoms)

    def sums(names: Sequence[Name], what: Sum) -> csr_matrix:
        """Rows of these measures, each the sum `what` of atoms; other rows are empty."""
        asked = pl.DataFrame(list(what.items()), schema=["what", "times"], orient="row")
        chosen = rows.join(
            pl.DataFrame(names, schema=["metric", "measure"], orient="row"),
            on=["metric", "measure"],
        )
        held = (
            chosen.select("row", *AT, *PLACE)
            .join(parts.join(asked, on="what"), on=PLACE)
            .join(periods, on=["pair", *AT])
        )
        numbers = (held["part"] * held["times"]).to_numpy()
        places = (held["row"].to_numpy(), held["atom"].to_numpy())
        return csr_matrix((numbers, places), shape=(rows.height, atoms.height))

    whole = sum(sums([name], {what: 1.0}) for name, what in family.sums.items())
    true, value = atoms["value"].to_numpy(), rows["value"].fill_null(0.0).to_numpy()
    # Of a period that lies in several months, the one that holds most of it sees to it.
    mostly = whole @ true >= (1 - AGREE) * value * rows["grain"].replace_strict(MOST).to_numpy()
    secret = np.flatnonzero(rows["is_secret"].to_numpy() & (value > 0) & mostly)
    secret = secret[np.diff(whole[secret].indptr) > 0]
    statements = [_of_sum(whole, rows, part, whole_numbers=family.least > 1)]
    for name, ratio in family.ratios.items():
        above, below = sums([name], ratio.above), sums([name], ratio.below)
        statements += _of_ratio(above, below, rows, part)
    return Block(
        true,
        (atoms["stretch"].rank("dense") - 1).to_numpy().astype(np.int64),
        (atoms["channel"].rank("dense") - 1).to_numpy().astype(np.int64),
        Limits(
            vstack([one.matrix for one in statements]).tocsr(),
            *(
                np.concatenate([getattr(one, name) for one in statements])
                for name in ("low", "high", "row")
            ),
        ),
        whole[secret],
        np.maximum(protection * value[secret], family.least),
        secret,
        _cost(rows),
    )


def _of_sum(whole: csr_matrix, rows: pl.DataFrame, part: float, *, whole_numbers: bool) -> Limits:
    """A shown sum lies within its rounding."""
    at = np.flatnonzero(np.diff(whole.indptr) > 0)
    value, told = (rows[name].fill_null(0.0).to_numpy()[at] for name in ("value", "told"))
    low, high = interval(told, part)
    if whole_numbers:
        low, high = np.ceil(low - AGREE), np.floor(high + AGREE)
    return Limits(whole[at], np.minimum(low - value, 0.0), np.maximum(high - value, 0.0), at)


def _of_ratio(
    above: csr_matrix, below: csr_matrix, rows: pl.DataFrame, part: float
) -> list[Limits]:
    """A shown share lies within its rounding: above - low * below >= 0 >= above - high * below."""
    at = np.flatnonzero(np.diff(below.indptr) > 0)
    n, d, told = (
        rows[column].fill_null(0.0).to_numpy()[at]
        for column in ("numerator", "denominator", "told")
    )
    half = SHARE_STEP / 2 if part else 0.0
    none = np.full(len(at), np.inf)
    low, high = told - half, told + half
    return [
        Limits(above[at] - diags(low) @ below[at], np.minimum(low * d - n, 0.0), none, at),
        Limits(above[at] - diags(high) @ below[at], -none, np.maximum(high * d - n, 0.0), at),
    ]


def _periods(atoms: pl.DataFrame) -> pl.DataFrame:
    """Which periods and channels each atom counts in: atom, pair, grain, period, channel."""
    return pl.concat(
        [
            atoms.select(
                "atom", "pair", pl.lit(grain).alias("grain"),
                pl.col("stretch").dt.truncate(length).alias("period"), channel.alias("channel"),
            )
            for grain, length in LENGTHS.items()
            for channel in (pl.col("channel"), pl.lit(ALL))
        ]
    )  # fmt: skip


def _cost(rows: pl.DataFrame) -> Floats:
    """Information lost with each row: its value, that of what a share is of, and something for itself."""
    of_share = SHARE_COST * pl.col("denominator")
    value = 1.0 + pl.coalesce(of_share, "value").fill_null(0.0).abs()
    whole = pl.when(channel=ALL).then(WHOLE_COST).otherwise(1.0)
    grain = pl.col("grain").replace_strict(GRAIN_COST, return_dtype=pl.Float64)
    return rows.select(cost=value * whole * grain)["cost"].to_numpy()
