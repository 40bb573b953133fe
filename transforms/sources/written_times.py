"""Times as shells and spreadsheets write them in their user's language, to UTC.

ISO 8601 is one of them. Of `3/2/2026` only the other rows of a file can tell which is the month.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from transforms.sources.instants import instants

_PARTS = (
    r"^(?<first>\d{1,2})(?<sign>[-./])(?<second>\d{1,2})[-./](?<year>\d{4}|\d{2})[ ,T]+"
    r"(?<hour>\d{1,2})[:.](?<minute>\d{2})(?:[:.](?<rest>\d{2}))?"
    r"(?: ?(?<half>[AaPp])\.?[Mm]\.?)?(?<offset> ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?$"
)
_YEAR_FIRST = r"^(\d{4})/(\d{2})/(\d{2})\b"
MIDDAY = 12
_WITH_WORD = (  # 11/mei/26 03:26 PM, 11 mrt. 2026; and as JavaScript writes it
    r"^(?<day>\d{1,2})[-./ ](?<month>[A-Za-z\u00c0-\u017f]{3,9})\.?[-./ ](?<year>\d{2}|\d{4})(?<rest>[ ,T].*)?$"
)
_JAVASCRIPT = (
    r"^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>\d{2}) (?<year>\d{4})"
    r"(?<rest> \d{2}:\d{2}:\d{2}) GMT(?<offset>[+-]\d{4}).*$"
)
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            ("jan",), ("feb",), ("mar", "mrt", "maa"), ("apr",), ("may", "mei"), ("jun",),
            ("jul",), ("aug",), ("sep",), ("oct", "okt"), ("nov",), ("dec",),
        ),
        1,
    )
    for word in words
}  # fmt: skip
_SERIAL = r"^\d{5}(?:\.\d+)?$"  # days since the end of 1899, as a spreadsheet counts
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no zones


def day_is_first(cells: pl.Series) -> bool | None:
    """Whether the day stands before the month in `3/2/2026`; None where the cells cannot tell.

    Told by a number above 12, or else by the shorter span of days: a report covers days in a row.
    With a.m. and p.m., and nothing else to go by, the month is first. Dots and dashes need no
    telling: there the day is first.
    """
    written = _parts(cells).filter(pl.col("sign") == "/")
    dates = written.select(
        _date("second", "first").alias("day"), _date("first", "second").alias("month")
    )
    if dates.select((pl.col("day").eq_missing(pl.col("month"))).all()).item():
        return True
    nulls = dates.null_count().row(0)
    if nulls[0] != nulls[1]:
        return bool(nulls[0] < nulls[1])
    spans = dates.select((pl.all().max() - pl.all().min()).dt.total_days()).row(0)
    if spans[0] != spans[1]:
        return bool(spans[0] < spans[1])
    return None if written["half"].null_count() else False


def numbered(cells: pl.Series) -> pl.Series:
    """Times with a month in words (English or Dutch) or counted in days, as the others are written.

    A day alone is its midnight. What is neither stays as it is.
    """
    cell = pl.first().str.replace_all("[\u00a0\u202f]", " ").str.strip_chars()
    worded = pl.coalesce(_numbered(cell, _JAVASCRIPT, "offset"), _numbered(cell, _WITH_WORD))
    serial = pl.when(cell.str.contains(_SERIAL)).then(cell).cast(pl.Float64, strict=False)
    counted = pl.lit(_FIRST_DAY, pl.Datetime("us")) + pl.duration(
        seconds=(serial * 86_400).round().cast(pl.Int64)
    )
    told = pl.coalesce(worded, counted.dt.strftime("%Y-%m-%dT%H:%M:%S"), cell)
    day = r"^(\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))$"
    return (
        cells.to_frame().select(told.str.replace(day, "${1} 00:00").alias(cells.name)).to_series()
    )


def _numbered(cell: pl.Expr, pattern: str, *last: str) -> pl.Expr:
    """`day-month-year rest`, null where the cell is not like `pattern` or knows no such month."""
    part = cell.str.extract_groups(pattern).struct
    month = (
        part.field("month")
        .str.to_lowercase()
        .str.slice(0, 3)
        .replace_strict(_MONTHS, default=None, return_dtype=pl.Int64)
        .cast(pl.String)
    )
    year = _whole_year(part.field("year"))
    rest = [part.field(name).fill_null("") for name in ("rest", *last)]
    return pl.concat_str(part.field("day"), pl.lit("-"), month, pl.lit("-"), year, *rest)


def written_instants(cells: pl.Series, zone: str, *, day_first: bool | None) -> pl.Series:
    """UTC of text cells, to the microsecond; null where they are no time, or cannot be told.

    A time without offset is one in `zone`; `day_first` as `day_is_first` returns it.
    """
    is_dated = (pl.col("sign") != "/") | pl.lit(day_first is not None)
    is_day_first = (pl.col("sign") != "/") | pl.lit(bool(day_first))
    hour = pl.col("hour").cast(pl.Int64)
    afternoon = pl.col("half").str.to_lowercase() == "p"
    clock = pl.when(pl.col("half").is_null()).then(hour).when(
        hour.is_between(1, MIDDAY)
    ).then(hour % MIDDAY + pl.when(afternoon).then(MIDDAY).otherwise(0))  # fmt: skip
    iso = pl.concat_str(
        pl.when(is_day_first).then(_date("second", "first")).otherwise(_date("first", "second")),
        pl.lit("T"),
        clock.cast(pl.String).str.zfill(2),
        pl.lit(":"),
        "minute",
        pl.lit(":"),
        pl.col("rest").fill_null("00"),
        pl.col("offset").fill_null("").str.strip_chars(),
    )
    tidied = _parts(cells).select(
        pl.when(pl.col("first").is_null())
        .then(pl.col("cell").str.replace(_YEAR_FIRST, "${1}-${2}-${3}"))
        .when(is_dated)
        .then(iso)
        .fill_null("")
    )
    return instants(tidied.to_series().rename(cells.name), "", zone)


def _parts(cells: pl.Series) -> pl.DataFrame:
    # Windows writes a narrow space that does not break before AM and PM.
    cell = pl.first().str.replace_all("[\u00a0\u202f]", " ").str.strip_chars()
    return cells.to_frame().select(cell.alias("cell")).with_columns(
        pl.col("cell").str.extract_groups(_PARTS).struct.unnest()
    ).with_columns(_whole_year(pl.col("year")))  # fmt: skip


def _whole_year(year: pl.Expr) -> pl.Expr:
    return year.str.replace(r"^(\d\d)$", "20${1}")


def _date(month: str, day: str) -> pl.Expr:
    return pl.concat_str("year", month, day, separator="-").str.to_date("%Y-%m-%d", strict=False)
