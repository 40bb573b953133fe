"""The rows and the atoms of a month, from the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quality.disclosure import IS_TOLD, KEY, judged, told_number
from quality.disclosure_contributions import contributions
from quality.disclosure_structure import ACTS, CONVENED, EVENTS, among
from warehouse.schema import ALL, METRIC_VALUE, quoted

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    import duckdb

    from quality.disclosure_structure import Family

END = """(period + CASE grain WHEN 'day' THEN INTERVAL 1 DAY WHEN 'week' THEN INTERVAL 7 DAY
  WHEN 'month' THEN INTERVAL 1 MONTH ELSE INTERVAL 3 MONTH END)::DATE"""


def rows_of_months(
    family: Family, people_counts: Collection[tuple[str, str]], today: date, rounding: float
) -> str:
    """SELECT of a family's rows of periods that are over, once for each `month` in which they lie.

    Columns: KEY, value, numerator, denominator, told, is_secret, month. Parameters: $k, $dominance.
    """
    of_family = f"(FROM {METRIC_VALUE.name} WHERE {among(family.names())} AND {IS_TOLD} AND {END} <= DATE '{today}')"
    return f"""
SELECT {", ".join(KEY)}, value, numerator, denominator, {told_number("value", rounding)} AS told,
  hidden_reason IS NOT NULL AS is_secret,
  unnest(generate_series(date_trunc('month', period), {END} - 1, INTERVAL 1 MONTH))::DATE AS month
FROM ({judged(people_counts, of_family)})
WHERE value IS NOT NULL"""


def atoms_of_month(
    con: duckdb.DuckDBPyConnection, month: date, family: Family
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Atoms (pair, channel, stretch, value) of a month, and their parts (pair, what, PLACE, part).

    People are of one kind on a day when they are in the same units with the same shares. With a person in
    several units the interaction is told of each by its share.
    """
    if family.of == EVENTS:
        return _events(con, month)
    if family.of == ACTS:
        return _acts(con, month)
    if family.of == CONVENED:
        return _convened(con, month)
    con.execute(_HELD.format(who=f"unnest([s, t]) AS person_id FROM ({_TIES})"), {"month": month})
    atoms = con.execute(
        f"""SELECT least(a.kind, b.kind) AS one, greatest(a.kind, b.kind) AS other, channel,
          {_STRETCH} AS stretch, sum({family.of}) AS value
        FROM ({_TIES}) AS d
        JOIN held AS a ON a.day = d.day AND a.person_id = d.s
        JOIN held AS b ON b.day = d.day AND b.person_id = d.t
        WHERE {family.of} > 0
        GROUP BY ALL ORDER BY ALL""",
        {"month": month},
    ).pl()
    seats = _seats(con)
    pairs = atoms.select("one", "other").unique(maintain_order=True).with_row_index("pair")
    return (
        atoms.join(pairs, on=["one", "other"], maintain_order="left"),
        contributions(pairs, seats),
    )


def _events(con: duckdb.DuckDBPyConnection, month: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Each unit's by itself: an event counts in every unit that takes part."""
    found = con.execute(
        f"""SELECT boundary, unit, channel, {_STRETCH} AS stretch, sum(events)::DOUBLE AS value
        FROM unit_event_day AS d WHERE date_trunc('month', day) = $month
        GROUP BY ALL ORDER BY ALL""",
        {"month": month},
    ).pl()
    parts = found.select("boundary", "unit").unique(maintain_order=True).with_row_index("pair")
    atoms = found.join(parts, on=["boundary", "unit"], maintain_order="left")
    return atoms, parts.select(
        "pair", pl.lit(EVENTS).alias("what"), "boundary", "unit",
        pl.lit(ALL).alias("other_unit"), pl.lit(1.0).alias("part"),
    )  # fmt: skip


def _acts(con: duckdb.DuckDBPyConnection, month: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of people of one kind; each unit of theirs has them whole."""
    con.execute(_HELD.format(who=f"person_id FROM ({_BEGUN})"), {"month": month})
    atoms = con.execute(
        f"""SELECT kind AS pair, channel, {_STRETCH} AS stretch, count(*)::DOUBLE AS value
        FROM ({_BEGUN}) AS d JOIN held USING (day, person_id)
        GROUP BY ALL ORDER BY ALL""",
        {"month": month},
    ).pl()
    seats = _seats(con)
    whole = (
        seats.select("kind", "boundary").unique(maintain_order=True).with_columns(unit=pl.lit(ALL))
    )
    return atoms, pl.concat([seats.select("kind", "boundary", "unit"), whole]).select(
        pl.col("kind").alias("pair"), pl.lit(ACTS).alias("what"), "boundary", "unit",
        pl.lit(ALL).alias("other_unit"), pl.lit(1.0).alias("part"),
    )  # fmt: skip


def _convened(con: duckdb.DuckDBPyConnection, month: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of events of one kind: in all boundaries the same units convene them, and the network does."""
    con.execute(_CONVENED, {"month": month})
    atoms = con.execute(
        f"""SELECT kind AS pair, channel, {_STRETCH} AS stretch, count(*)::DOUBLE AS value
        FROM convened AS d GROUP BY ALL ORDER BY ALL"""
    ).pl()
    parts = con.execute(
        f"""SELECT kind AS pair, {quoted(CONVENED)} AS what, unnest(any_value(units), recursive := true),
          {quoted(ALL)} AS other_unit, 1::DOUBLE AS part
        FROM convened GROUP BY kind ORDER BY kind"""
    ).pl()
    con.execute("DROP TABLE convened")
    return atoms, parts


def _seats(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Units of each kind: kind, boundary, unit, share."""
    seats = con.execute(_SEATS).pl()
    con.execute("DROP TABLE held")
    return seats


_STRETCH = "greatest(date_trunc('week', d.day), date_trunc('month', d.day))::DATE"
_TIES = f"""
SELECT period AS day, channel, s, t, w, h FROM tie
WHERE grain = 'day' AND channel <> {quoted(ALL)} AND date_trunc('month', period) = $month"""
_BEGUN = "FROM initiative_day WHERE date_trunc('month', day) = $month"
_HELD = """
CREATE OR REPLACE TEMP TABLE held AS
WITH present AS (
  SELECT DISTINCT day, {who}
), seat AS (
  SELECT p.day, p.person_id, b.boundary, coalesce(m.unit, '(unknown)') AS unit, coalesce(m.share, 1) AS share
  FROM present AS p CROSS JOIN boundary AS b
  LEFT JOIN membership AS m ON m.person_id = p.person_id AND m.boundary = b.boundary
    AND p.day BETWEEN m.valid_from AND m.valid_to
), listed AS (
  SELECT day, person_id, list({{boundary: boundary, unit: unit, share: share}} ORDER BY boundary, unit) AS seats
  FROM seat WHERE boundary <> '(all)' GROUP BY day, person_id
)
SELECT *, dense_rank() OVER (ORDER BY seats) AS kind FROM listed"""
_SEATS = """
SELECT kind, seat.boundary, seat.unit, sum(seat.share) AS share
FROM (SELECT DISTINCT kind, unnest(seats) AS seat FROM held)
GROUP BY ALL ORDER BY ALL"""
_CONVENED = f"""
CREATE OR REPLACE TEMP TABLE convened AS
WITH seat AS (
  SELECT DISTINCT day, channel, event_id, {{boundary: boundary, unit: unnest(
    CASE WHEN is_convener THEN [unit, {quoted(ALL)}] ELSE [{quoted(ALL)}] END)}} AS of_unit
  FROM convening_day WHERE date_trunc('month', day) = $month
), listed AS (
  SELECT day, channel, event_id, list(of_unit ORDER BY of_unit) AS units FROM seat GROUP BY ALL
)
SELECT *, dense_rank() OVER (ORDER BY units) AS kind FROM listed"""
