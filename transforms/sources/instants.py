"""Times as tables write them, to UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
from polars.exceptions import PolarsError

from transforms.sources.iso_times import clock_times

# Digits of a number, and how many microseconds one of it is: from 1973 to 2286. Twelve that begin
# with 1 or 2, fourteen and seventeen are a date's, as 202603020915.
_EPOCHS = (
    (r"^\d{9,10}(?:\.\d+)?$", 1e6),
    (r"^(?:[3-9]\d{11}|\d{13})(?:\.\d+)?$", 1e3),
    (r"^\d{15,16}$", 1.0),
    (r"^\d{18,19}$", 1e-3),
)
_HOURS = "HIklTRrXcsD+"  # what a form has that tells more than a day
_TIME = pl.Series([datetime(2026, 11, 23, 17, 45, 58, tzinfo=UTC)])


def instants(cells: pl.Series, form: str, zone: str) -> pl.Series:
    """UTC of text cells, to the microsecond; null where they are no time.

    With `form` as strptime reads it; without, ISO 8601 or a number of seconds (milli-, micro-,
    nanoseconds) since 1970. A time without offset is one in `zone`; a day is its midnight.
    """
    if form:
        return _each_once(cells, form, zone)
    clock = clock_times(cells)
    found = clock.moment.dt.replace_time_zone("UTC")
    if not clock.has_offset.all():
        naive = clock.moment.to_frame("at").select(in_utc(pl.col("at"), zone)).to_series()
        found = naive.zip_with(~clock.has_offset, found)
    odd = (found.is_null() & cells.is_not_null() & (cells != "")).arg_true()
    if odd.is_empty():
        return found.rename(cells.name)
    return found.scatter(odd, _each_once(cells.gather(odd), form, zone)).rename(cells.name)


def is_form(form: str) -> bool:
    """Whether times can be read by `form`: it reads what it writes, in the same year."""
    try:
        written = _TIME.dt.strftime(form.replace("%#z", "%z"))  # only for reading
        return bool((instants(written, form, "UTC").dt.year() == _TIME.dt.year()).all())
    except PolarsError:
        return False


def _each_once(cells: pl.Series, form: str, zone: str) -> pl.Series:
    written = cells.unique().rename("cell")
    told = written.to_frame().with_columns(at=_instants(written, form, zone))
    found = (
        cells.rename("cell")
        .to_frame()
        .join(told, on="cell", how="left", nulls_equal=True, maintain_order="left")
    )
    return found["at"].rename(cells.name)


def _instants(cells: pl.Series, form: str, zone: str) -> pl.Series:
    if form:
        return _apply(cells, _formed(pl.first(), form, zone))
    found = _apply(cells, _iso(pl.first(), zone))
    usual = pl.first().str.replace(" ", "T", literal=True)
    for read in (_iso(usual, zone), pl.coalesce(_iso(_tidy(pl.first()), zone), _epoch(pl.first()))):
        odd = (found.is_null() & (cells != "")).arg_true()
        if odd.is_empty():
            break
        found = found.scatter(odd, _apply(cells.gather(odd), read))
    return found


def _apply(cells: pl.Series, read: pl.Expr) -> pl.Series:
    return cells.to_frame().select(read.alias(cells.name)).to_series()


def _formed(cell: pl.Expr, form: str, zone: str) -> pl.Expr:
    if "%z" in form or "%#z" in form:
        return cell.str.to_datetime(form, time_unit="us", strict=False).dt.convert_time_zone("UTC")
    if any(f"%{sign}" in form for sign in _HOURS):
        return in_utc(cell.str.to_datetime(form, time_unit="us", strict=False), zone)
    return in_utc(cell.str.to_date(form, strict=False).cast(pl.Datetime("us")), zone)


def _iso(cell: pl.Expr, zone: str) -> pl.Expr:
    form = "%Y-%m-%dT%H:%M:%S%.f"
    return pl.coalesce(
        cell.str.to_datetime(f"{form}%#z", time_unit="us", strict=False),
        in_utc(cell.str.to_datetime(form, time_unit="us", strict=False), zone),
    )


def _tidy(cell: pl.Expr) -> pl.Expr:
    """The ways to write ISO 8601 that occur, as one."""
    return (
        cell.str.replace(r"^(\d{4}-\d{2}-\d{2}) +", "${1}T")
        .str.replace(r" *(?:[Zz]|UTC|GMT)$", "+00:00")
        .str.replace(r" +([+-]\d{2}:?\d{2})$", "${1}")
        .str.replace(r"(T\d{2}:\d{2}.*[+-]\d{2})$", "${1}:00")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00")
        .str.replace(r"(T\d{2}:\d{2})($|[+-])", "${1}:00${2}")
        .str.replace(r"(T\d{2}:\d{2}:\d{2}),(\d)", "${1}.${2}")
    )


def _epoch(cell: pl.Expr) -> pl.Expr:
    micros = (
        (pl.when(cell.str.contains(digits)).then(cell).cast(pl.Float64, strict=False) * factor)
        .round()
        .cast(pl.Int64, strict=False)
        for digits, factor in _EPOCHS
    )
    return pl.coalesce(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def in_utc(naive: pl.Expr, zone: str) -> pl.Expr:
    """A clock's time in `zone`: an hour told twice is the first one; one that a clock skipped is the hour after it."""

    def placed(time: pl.Expr) -> pl.Expr:
        return time.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    later = placed(naive.dt.offset_by("1h"))
    return pl.coalesce(placed(naive), later).dt.convert_time_zone("UTC")
