"""Directories of people: a CSV of who belongs to which unit, and since when.

Headers are known in English and Dutch, without regard to case, spaces and signs. Several rows of
one person are history or parts of a person. Names of people are not returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import RAW_REJECT, UnreadableFileError
from transforms.sources.opening import OPEN_QUOTE, likely, opened_text, plain, rows_of, separator_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

EARLIEST_YEAR = 1900

MEMBERS: dict[str, pl.DataType | type[pl.DataType]] = {
    "address": pl.String,
    "boundary": pl.String,
    "unit": pl.String,
    "valid_from": pl.Date,  # null: always
    "valid_to": pl.Date,  # last day included; null: open
    "share": pl.Float64,  # null: not told
    "position": pl.Int64,
}

# Headers as `plain` writes them.
_HEADERS = {
    "address": (
        "email", "mail", "emailaddress", "mailaddress", "emailadres", "mailadres",
        "employeeemail", "workemail", "userprincipalname",
    ),
    "aliases": ("aliases", "alias", "aliassen", "otheraddresses", "andereadressen"),
    "valid_from": (
        "validfrom", "from", "start", "startdate", "joindate", "effectivedate", "van",
        "geldigvan", "geldigvanaf", "vanaf", "begindatum", "ingangsdatum",
    ),
    "valid_to": (
        "validto", "validuntil", "to", "until", "end", "enddate", "leavedate", "tot", "tm",
        "geldigtot", "geldigtotenmet", "totenmet", "einddatum",
    ),
    "share": ("share", "aandeel", "deel"),
    "organisation": ("organisation", "organization", "organisatie", "company", "bedrijf"),
    "team": ("team", "afdeling", "department"),
}  # fmt: skip
_DATES = (  # a year of two digits or a month before the day is no date here
    (r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"),
    (r"^\d{4}/\d{1,2}/\d{1,2}$", "%Y/%m/%d"),
    (r"^\d{1,2}-\d{1,2}-\d{4}$", "%d-%m-%Y"),
    (r"^\d{1,2}/\d{1,2}/\d{4}$", "%d/%m/%Y"),
)


@dataclass(frozen=True, slots=True)
class Directory:
    """What a directory tells. Frames as MEMBERS, (alias, address) and RAW_REJECT.

    A row gives a member per boundary whose cell is filled in. `records` counts rows.
    """

    members: pl.DataFrame
    aliases: pl.DataFrame
    rejects: pl.DataFrame
    records: int


def read_directory(path: Path, boundaries: Sequence[str]) -> Directory:
    """Memberships of `boundaries`, and aliases. Positions are rows, the header being row 1.

    Raises UnreadableFileError where no column holds addresses, or none holds a unit or an alias.
    """
    with opened_text(path) as text:
        rows = rows_of(text, separator_of(text))
        header = next((row for _, row in rows if row), [])
        columns = _columns(path, header, boundaries)
        told = list(rows)
    cells = pl.DataFrame(
        {
            name: [row[at] if at < len(row) else "" for _, row in told]
            for name, at in columns.items()
        },
        schema=dict.fromkeys(columns, pl.String),
    ).with_columns(pl.all().str.strip_chars())
    people = _people(
        cells.with_columns(position=pl.Series([number for number, _ in told], dtype=pl.Int64))
    )
    good = people.filter(pl.col("reason").is_null())
    return Directory(
        members=_members(good, [name for name in boundaries if f"unit {name}" in columns]),
        aliases=_aliases(good),
        rejects=people.filter(pl.col("reason").is_not_null())
        .with_columns(place=pl.lit("row"))
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_REJECT.items()),
        records=len(told),
    )


def looks_like_directory(header: Iterable[str]) -> bool:
    """Whether a CSV's header is one of people with units or dates of membership."""
    names = {plain(name) for name in header}
    told = {key for key, known in _HEADERS.items() if names & {*known}}
    return "address" in told and bool(told & {"organisation", "team", "valid_from", "aliases"})


def _columns(path: Path, header: list[str], boundaries: Sequence[str]) -> dict[str, int]:
    """Which column is what: address, aliases, valid_from, valid_to, share, "unit <boundary>"."""
    at = {plain(name): index for index, name in reversed([*enumerate(header)])}
    found: dict[str, int] = {}
    for boundary in boundaries:
        for name in (plain(boundary), *_HEADERS.get(plain(boundary), ())):
            if name in at:
                found[f"unit {boundary}"] = at[name]
                break
    units = set(found.values())
    for key in ("address", "aliases", "valid_from", "valid_to", "share"):
        for name in _HEADERS[key]:
            if name in at and at[name] not in units:
                found[key] = at[name]
                break
    there = ", ".join(filter(None, (name.strip("\ufeff ") for name in header))) or "none"
    if "address" not in found:
        message = (
            f"{path}: row 1: no column of mail addresses; columns are: {there}"
            f"{likely('email', header)}; name it email"
        )
        raise UnreadableFileError(message)
    if not units and "aliases" not in found:
        wanted = ", ".join(boundaries)
        message = (
            f"{path}: row 1: no column for any boundary ({wanted}); columns are: {there}"
            f"{likely(boundaries[0] if boundaries else '', header)}"
            "; rename the column, or name it under boundaries in tieline.toml"
        )
        raise UnreadableFileError(message)
    return found


def _people(cells: pl.DataFrame) -> pl.DataFrame:
    """Cells → address, dates and share, and the first reason to refuse the row."""
    absent = [pl.lit("").alias(name) for name in _HEADERS if name not in cells.columns]
    read = cells.with_columns(absent).with_columns(
        pl.col("address").str.to_lowercase(),
        _date("valid_from").alias("first"),
        _date("valid_to").alias("last"),
        _share(pl.col("share")).alias("part"),
    )
    reasons = (
        (
            pl.any_horizontal(
                pl.all().exclude("position", "first", "last", "part").str.contains("\n")
            ),
            OPEN_QUOTE,
        ),
        (pl.col("address") == "", "no mail address"),
        (_untold("valid_from", "first"), "valid_from is no date (2026-03-31 or 31-03-2026)"),
        (_untold("valid_to", "last"), "valid_to is no date (2026-03-31 or 31-03-2026)"),
        (pl.col("last") < pl.col("first"), "valid_to is before valid_from"),
        (_untold("share", "part"), "share is no number"),
        ((pl.col("part") <= 0) | (pl.col("part") > 1), "share is not above 0 and at most 1"),
    )
    return read.with_columns(
        reason=pl.coalesce(pl.when(is_wrong).then(pl.lit(words)) for is_wrong, words in reasons)
    )


def _untold(cell: str, value: str) -> pl.Expr:
    return (pl.col(cell) != "") & pl.col(value).is_null()


def _date(name: str) -> pl.Expr:
    text = pl.col(name).str.replace(r"[T ]00:00(:00(\.0+)?)?Z?$", "")
    dates = (
        pl.when(text.str.contains(pattern)).then(text).str.to_date(form, strict=False)
        for pattern, form in _DATES
    )
    found = pl.coalesce(dates)
    return pl.when(found.dt.year() >= EARLIEST_YEAR).then(found)


def _share(cell: pl.Expr) -> pl.Expr:
    number = (
        cell.str.replace(",", ".", literal=True)
        .str.strip_suffix("%")
        .str.strip_chars()
        .cast(pl.Float64, strict=False)
    )
    number = pl.when(number.is_finite()).then(number)
    return pl.when(cell.str.ends_with("%")).then(number / 100).otherwise(number)


def _members(people: pl.DataFrame, boundaries: Sequence[str]) -> pl.DataFrame:
    told = [
        people.filter(pl.col(f"unit {boundary}") != "").select(
            "address",
            pl.lit(boundary).alias("boundary"),
            pl.col(f"unit {boundary}").alias("unit"),
            pl.col("first").alias("valid_from"),
            pl.col("last").alias("valid_to"),
            pl.col("part").alias("share"),
            "position",
        )
        for boundary in boundaries
    ]
    return pl.concat([pl.DataFrame(schema=MEMBERS), *told]).sort("position", maintain_order=True)


def _aliases(people: pl.DataFrame) -> pl.DataFrame:
    aliases = pl.col("aliases").str.to_lowercase().str.extract_all(r"[^\s;,]+").alias("alias")
    return (
        people.select(aliases, "address")
        .explode("alias")
        .filter(pl.col("alias") != pl.col("address"))
        .unique(maintain_order=True)
    )
