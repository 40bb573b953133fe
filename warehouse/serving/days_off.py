"""Days off: public holidays of a country, and the school vacations of the Netherlands.

The vacations are the dates that the Dutch ministry of education publishes, the summer of 2029 being
the last. For spring and autumn they are advice: a school may choose another week.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

NETHERLANDS: Final = "NL"
REGIONS: Final = ("north", "middle", "south")
VACATIONS_KNOWN: Final = (date(2022, 9, 5), date(2029, 9, 30))
_VACATIONS: Final = Path(__file__).with_name("school_vacations.csv")
_NAMES: Final = {
    "autumn": ("Autumn vacation", "Herfstvakantie"),
    "christmas": ("Christmas vacation", "Kerstvakantie"),
    "spring": ("Spring vacation", "Voorjaarsvakantie"),
    "may": ("May vacation", "Meivakantie"),
    "summer": ("Summer vacation", "Zomervakantie"),
}
SCHEMA: Final = {
    "kind": pl.String, "region": pl.String, "first_day": pl.Date, "last_day": pl.Date,
    "name_en": pl.String, "name_nl": pl.String,
}  # fmt: skip

_Row = tuple[str, str, date, date, str, str]


def days_off(country: str, first: date, last: date) -> pl.DataFrame:
    """Public holidays of `country` (ISO 3166, "" for none) and school vacations from `first` to `last`.

    Columns as SCHEMA: kind is public or school, region (all) or that of a vacation. A day on which
    two holidays fall is one row. Raises ValueError for a country that is not known.
    """
    rows = [*_public(country, first, last), *_school(country, first, last)]
    return pl.DataFrame(sorted(rows), schema=SCHEMA, orient="row")


def is_known(country: str) -> bool:
    """Whether the public holidays of `country` are known."""
    import holidays  # noqa: PLC0415  takes a second

    return country in holidays.list_supported_countries(include_aliases=False)


def _public(country: str, first: date, last: date) -> Iterable[_Row]:
    if not country:
        return
    import holidays  # noqa: PLC0415  takes a second

    years = range(first.year, last.year + 1)
    try:
        english, dutch = (
            holidays.country_holidays(country, years=years, language=language)
            for language in ("en_US", "nl")
        )
    except NotImplementedError:
        raise ValueError(f"{country}: public holidays of this country are not known") from None
    for day, name in english.items():
        if first <= day <= last:
            yield "public", "(all)", day, day, name, dutch.get(day, name)


def _school(country: str, first: date, last: date) -> Iterable[_Row]:
    if country != NETHERLANDS:
        return
    frame = pl.read_csv(_VACATIONS, try_parse_dates=True)
    for begin, end, region, vacation in frame.iter_rows():
        if begin <= last and end >= first:
            yield "school", region, begin, end, *_NAMES[vacation]
