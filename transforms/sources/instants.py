"""Times as tables write them, to UTC."""

from __future__ import annotations

import polars as pl

_OFFSET = r"T.*[+-]\d{2}:?\d{2}$"
_EPOCHS = (  # digits of a number, and how many microseconds one of it is
    (r"^\d{9,11}(?:\.\d+)?$", 1e6),
    (r"^\d{12,14}(?:\.\d+)?$", 1e3),
    (r"^\d{15,17}$", 1.0),
    (r"^\d{18,19}$", 1e-3),
)
_HOURS = "HIklTRrXcsD+"  # what a form has that tells more than a day


def instants(cell: pl.Expr, form: str, zone: str) -> pl.Expr:
    """UTC of text cells, to the microsecond; null where they are no time.

    With `form` as strptime reads it; without, ISO 8601 or a number of seconds (milli-, micro-,
    nanoseconds) since 1970. A time without offset is one in `zone`; a day is its midnight.
    """
    if not form:
        return pl.coalesce(*_iso(cell, zone), _epoch(cell))
    if "%z" in form or "%#z" in form:
        return cell.str.to_datetime(form, time_unit="us", strict=False).dt.convert_time_zone("UTC")
    if any(f"%{sign}" in form for sign in _HOURS):
        return _in_utc(cell.str.to_datetime(form, time_unit="us", strict=False), zone)
    return _in_utc(cell.str.to_date(form, strict=False).cast(pl.Datetime("us")), zone)


def _iso(cell: pl.Expr, zone: str) -> tuple[pl.Expr, pl.Expr]:
    """Of cells with and without an offset; the forms that occur are brought to one first."""
    text = (
        cell.str.replace(r"^(\d{4}-\d{2}-\d{2}) +", "${1}T")
        .str.replace(r" *(?:[Zz]|UTC|GMT)$", "+00:00")
        .str.replace(r" +([+-]\d{2}:?\d{2})$", "${1}")
        .str.replace(r"(T\d{2}:\d{2}.*[+-]\d{2})$", "${1}:00")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00")
        .str.replace(r"(T\d{2}:\d{2})($|[+-])", "${1}:00${2}")
        .str.replace(r"(T\d{2}:\d{2}:\d{2}),(\d)", "${1}.${2}")
    )
    has_offset = text.str.contains(_OFFSET)
    aware, naive = pl.when(has_offset).then(text), pl.when(~has_offset).then(text)
    form = "%Y-%m-%dT%H:%M:%S%.f"
    return (
        aware.str.to_datetime(f"{form}%z", time_unit="us", strict=False),
        _in_utc(naive.str.to_datetime(form, time_unit="us", strict=False), zone),
    )


def _epoch(cell: pl.Expr) -> pl.Expr:
    micros = (
        (pl.when(cell.str.contains(digits)).then(cell).cast(pl.Float64, strict=False) * factor)
        .round()
        .cast(pl.Int64, strict=False)
        for digits, factor in _EPOCHS
    )
    return pl.coalesce(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _in_utc(naive: pl.Expr, zone: str) -> pl.Expr:
    """An hour told twice is the first one; one that a clock skipped is the hour after it."""

    def placed(time: pl.Expr) -> pl.Expr:
        return time.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")

    later = placed(naive.dt.offset_by("1h"))
    return pl.coalesce(placed(naive), later).dt.convert_time_zone("UTC")
