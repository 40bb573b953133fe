"""One spelling per unit, and units that become another one on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import polars as pl

from transforms.people.dates import ALWAYS, OPEN


class Dated(Protocol):
    """What something is up to and including a day, or from then on; "" is every boundary."""

    @property
    def unit(self) -> str:
        """Name of the unit; "" for none."""

    @property
    def until(self) -> date | None:
        """Last day, included; None for good."""

    @property
    def boundary(self) -> str:
        """organisation, team, ..., or ""."""


Told = str | Sequence[Dated]

RULES = {
    "key": pl.String, "boundary": pl.String, "unit": pl.String, "first": pl.Date, "last": pl.Date,
}  # fmt: skip


def rules(told: Mapping[str, Told]) -> pl.DataFrame:
    """Rows of RULES: each row of a key begins on the day after the one before it, of its boundary."""
    rows: list[tuple[str, str, str, date, date]] = []
    for key, value in told.items():
        if isinstance(value, str):
            rows.append((key, "", value, ALWAYS, OPEN))
            continue
        first: dict[str, date] = {}
        for one in value:
            begun = first.get(one.boundary, ALWAYS)
            rows.append((key, one.boundary, one.unit, begun, one.until or OPEN))
            first[one.boundary] = _next(one.until or OPEN)
    return pl.DataFrame(rows, schema=RULES, orient="row").filter(pl.col("first") <= pl.col("last"))


def _next(day: date) -> date:
    return day if day == OPEN else day.fromordinal(day.toordinal() + 1)


def plain_unit(unit: pl.Expr) -> pl.Expr:
    """A unit's name without case and doubled blanks, to look it up by."""
    return unit.str.strip_chars().str.to_lowercase().str.replace_all(r"\s+", " ")


def spelled(rows: pl.DataFrame, units: Mapping[str, Told]) -> pl.DataFrame:
    """`rows` (boundary, unit, valid_from, valid_to, ...) with every unit as the settings call it then.

    A unit without a rule stays as it is. Days after the last rule of a unit are left out.
    """
    if not units or rows.is_empty():
        return rows
    ruled = _of_each(rules(units).with_columns(plain_unit(pl.col("key"))), rows["boundary"])
    keyed = rows.with_columns(plain_unit(pl.col("unit")).alias("key"))
    is_ruled = ["key", "boundary"]
    others = keyed.join(ruled, on=is_ruled, how="anti").select(rows.columns)
    changed = (
        keyed.join(ruled.rename({"unit": "spelled"}), on=is_ruled)
        .with_columns(
            pl.col("spelled").alias("unit"),
            pl.max_horizontal("valid_from", "first").alias("valid_from"),
            pl.min_horizontal("valid_to", "last").alias("valid_to"),
        )
        .filter(pl.col("valid_from") <= pl.col("valid_to"))
        .select(rows.columns)
    )
    return pl.concat([others, changed])


def _of_each(ruled: pl.DataFrame, boundaries: pl.Series) -> pl.DataFrame:
    """Rules of every boundary stand under each one, but where it has its own."""
    every = ruled.filter(pl.col("boundary") == "").drop("boundary")
    own = ruled.filter(pl.col("boundary") != "")
    general = every.join(pl.DataFrame({"boundary": boundaries.unique()}), how="cross").join(
        own, on=["key", "boundary"], how="anti"
    )
    return pl.concat([own, general.select(own.columns)])
