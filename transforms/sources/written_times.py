"""Times as shells and spreadsheets write them in their user's language, to UTC.

ISO 8601 is one of them. Of `3/2/2026` only the other rows of a file can tell which is the month.
"""

from __future__ import annotations

import polars as pl

from transforms.sources.instants import instants

_PARTS = (
    r"^(?<first>\d{1,2})(?<sign>[-./])(?<second>\d{1,2})[-./](?<year>\d{4})[ ,T]+"
    r"(?<hour>\d{1,2})[:.](?<minute>\d{2})(?:[:.](?<rest>\d{2}))?"
    r"(?: ?(?<half>[AaPp])\.?[Mm]\.?)?(?<offset> ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?$"
)
_YEAR_FIRST = r"^(\d{4})/(\d{2})/(\d{2})\b"
MIDDAY = 12


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
    )  # fmt: skip


def _date(month: str, day: str) -> pl.Expr:
    return pl.concat_str("year", month, day, separator="-").str.to_date("%Y-%m-%d", strict=False)
