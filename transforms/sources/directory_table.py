"""Directories in rows and columns: people, domains, or addresses to merge.

Headers are known in English and Dutch and as the usual tools write them, without regard to case,
spaces and signs. Several rows of one person are history or parts of a person. Rows with the day that
they tell of (a snapshot, an effective date) hold until the person's next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import RAW_REJECT, UnreadableFileError
from transforms.sources.directory_frames import ALIASES, DOMAINS, MEMBERS, NAMES, Directory, Schema
from transforms.sources.opening import (
    OPEN_QUOTE,
    PREFACE,
    columns_told,
    likely,
    opened_text,
    plain,
    rows_of,
    separator_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

EARLIEST_YEAR = 1900
MONTHS = 12

# Headers as `plain` writes them, the best first.
HEADERS = {
    "address": (
        "email", "mail", "emailaddress", "mailaddress", "emailadres", "mailadres",
        "employeeemail", "workemail", "primaryemail", "userprincipalname", "personid",
    ),
    "aliases": (
        "aliases", "alias", "aliassen", "otheraddresses", "andereadressen", "proxyaddresses",
        "othermails", "alternateemailaddress", "alternateemailaddresses", "worksecondaryemail",
        "homesecondaryemail", "logins",
    ),
    "name": ("name", "naam", "displayname", "weergavenaam", "fullname", "volledigenaam"),
    "valid_from": (
        "validfrom", "from", "start", "startdate", "joindate", "employeehiredate", "van",
        "geldigvan", "geldigvanaf", "vanaf", "begindatum", "ingangsdatum", "datumindienst",
    ),
    "valid_to": (
        "validto", "validuntil", "to", "until", "end", "enddate", "leavedate",
        "employeeleavedatetime", "tot", "tm", "geldigtot", "geldigtotenmet", "totenmet",
        "einddatum", "datumuitdienst",
    ),
    "as_of": (
        "effectivedate", "snapshot", "snapshotdate", "effectiveisoweek", "asof", "peildatum",
    ),
    "share": ("share", "aandeel", "deel"),
    "organisation": (
        "organisation", "organization", "organisatie", "company", "companyname", "bedrijf",
        "bedrijfsnaam",
    ),
    "team": ("team", "afdeling", "department"),
    "domain": ("domain", "domein", "maildomain", "maildomein"),
    "same_as": ("sameas", "zelfdeals", "isdezelfdeals"),
}  # fmt: skip
_ONE_COLUMN = ("valid_from", "valid_to", "as_of", "share", "name", "same_as")
_VIVA = {"personid", "effectivedate"}

# What is written where there is no address, of Excel's errors too; it would be one person of many units.
_NOBODY = r"(?i)^(\W*|#.*|n/?a|n\.?v\.?t\.?|null|none|geen|onbekend|unknown)$"

_NO_DATE = "is no date (2026-03-31 or 31-03-2026)"
_DATES = (  # a year of two digits is no date here, nor a month before the day, but where a tool says so
    (r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"),
    (r"^\d{4}/\d{1,2}/\d{1,2}$", "%Y/%m/%d"),
    (r"^\d{1,2}-\d{1,2}-\d{4}$", "%d-%m-%Y"),
    (r"^\d{1,2}/\d{1,2}/\d{4}$", "%d/%m/%Y"),
)
_MONTH_FIRST = (*_DATES[:3], (r"^\d{1,2}/\d{1,2}/\d{4}$", "%m/%d/%Y"))


def read_table(path: Path, boundaries: Sequence[str], *, valid_to: str = "included") -> Directory:
    """A directory in delimited text. Positions are rows; the header is row 1, but below a preface.

    Raises UnreadableFileError where no column holds addresses or domains, or none holds a unit, an
    alias or a name.
    """
    with opened_text(path) as text:
        rows = rows_of(text, separator_of(text))
        header = next((row for _, row in rows if not row[0].startswith(PREFACE)), [])
        return read_rows(path, header, rows, boundaries, place="row", valid_to=valid_to)


def read_rows(
    path: Path,
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    boundaries: Sequence[str],
    *,
    place: str,
    valid_to: str = "included",
) -> Directory:
    """The same from numbered rows, wherever they come from."""
    plains = [_bare(name) for name in header]
    columns = _columns(path, header, plains, boundaries)
    told = list(rows)
    cells = pl.DataFrame(
        {
            name: [row[at] if at < len(row) else "" for _, row in told]
            for name, at in columns.items()
        },
        schema=dict.fromkeys(columns, pl.String),
    ).with_columns(pl.all().str.strip_chars())
    cells = cells.with_columns(position=pl.Series([n for n, _ in told], dtype=pl.Int64))
    dates = _MONTH_FIRST if _is_month_first(cells, plains) else _DATES
    read = _with_reasons(_read(cells, place, dates, is_excluded=valid_to == "excluded"))
    good = _in_time(read.filter(pl.col("reason").is_null()))
    units = [name for name in boundaries if f"unit {name}" in columns]
    is_people = bool(_starting(columns, "address")) and "same_as" not in columns
    return Directory(
        members=_members(good, units if is_people else []),
        aliases=_aliases(good, columns) if is_people else _none(ALIASES),
        names=_names(good) if is_people else _none(NAMES),
        merges=_merges(good),
        domains=_domains(good, units if _starting(columns, "domain") else []),
        rejects=read.filter(pl.col("reason").is_not_null())
        .with_columns(place=pl.lit(place))
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_REJECT.items()),
        records=len(told),
        place=place,
    )


def kind_of_table(header: Iterable[str]) -> str | None:
    """What kind of directory a table with this header is; None if it is none."""
    names = {_bare(name) for name in header}
    told = {key for key, known in HEADERS.items() if names & {*known}}
    if "domain" in told and "address" not in told:
        return "domains" if told & {"organisation", "team", "valid_from", "valid_to"} else None
    if "same_as" in told and ("address" in told or "address" in names):
        return "merges"
    if "address" not in told or not told & {
        "organisation",
        "team",
        "valid_from",
        "aliases",
        "as_of",
    }:
        return None
    return "Viva Insights people" if names >= _VIVA else "people"


def looks_like_directory(header: Iterable[str]) -> bool:
    """Whether a CSV's header is one of people with units or dates of membership."""
    return kind_of_table(header) is not None


# --- columns ----------------------------------------------------------------------------------


def _bare(header: str) -> str:
    """A header without signs; Google puts in brackets what it thinks of a column."""
    return plain(header.partition("[")[0]) or plain(header)


def _columns(
    path: Path, header: Sequence[str], plains: Sequence[str], boundaries: Sequence[str]
) -> dict[str, int]:
    """Which column is what: "address 0", "aliases 0", valid_from, "unit <boundary>" and so on."""
    at = {name: index for index, name in reversed([*enumerate(plains)]) if name}
    known = dict(HEADERS)
    if at.keys() >= _VIVA and "team" in boundaries:
        # What Viva calls an organisation is a part of the company.
        known |= {"organisation": (), "team": (*known["team"], "organization")}
    found: dict[str, int] = {}
    for boundary in boundaries:
        names = (plain(boundary), *known.get(plain(boundary), ()))
        found |= {f"unit {boundary}": at[name] for name in [n for n in names if n in at][:1]}
    units = {*found.values()}
    free = {name: index for name, index in at.items() if index not in units}
    for key in _ONE_COLUMN:
        if there := [name for name in HEADERS[key] if name in free]:
            found[key] = free[there[0]]
    addresses = (*HEADERS["address"], *(("address", "adres") if "same_as" in found else ()))
    several = {"address": addresses, "aliases": HEADERS["aliases"]}
    if not free.keys() & {*addresses}:
        several["domain"] = HEADERS["domain"]
    for key, names in several.items():
        there = [name for name in names if name in free]
        found |= {f"{key} {number}": free[name] for number, name in enumerate(there)}
    _complain(path, header, found, boundaries)
    return found


def _starting(columns: Iterable[str], *keys: str) -> list[str]:
    return [name for name in columns if name.partition(" ")[0] in keys]


def _complain(
    path: Path, header: Sequence[str], found: Mapping[str, int], boundaries: Sequence[str]
) -> None:
    if not _starting(found, "address", "domain"):
        message = (
            f"{path}: row 1: no column of mail addresses; {columns_told(header)}"
            f"{likely('email', header)}; name it email"
        )
        raise UnreadableFileError(message)
    if not _starting(found, "unit", "aliases", "same_as"):
        wanted = ", ".join(boundaries)
        message = (
            f"{path}: row 1: no column for any boundary ({wanted}); {columns_told(header)}"
            f"{likely(boundaries[0] if boundaries else '', header)}"
            "; rename the column, or name it under boundaries in tieline.toml"
        )
        raise UnreadableFileError(message)


# --- cells ------------------------------------------------------------------------------------


def _is_month_first(cells: pl.DataFrame, plains: Sequence[str]) -> bool:
    """Viva Insights writes 3/31/2026, as its manual tells; a day above 12 in front says otherwise."""
    if not {*plains} >= _VIVA:
        return False
    days = cells["as_of"].str.extract(r"^(\d{1,2})/\d{1,2}/\d{4}", 1).cast(pl.Int32, strict=False)
    return not bool((days > MONTHS).any())


def _read(
    cells: pl.DataFrame, place: str, dates: Sequence[tuple[str, str]], *, is_excluded: bool
) -> pl.DataFrame:
    """Cells → who it is of, dates and share beside them; `is_broken` where a quote was left open."""
    wanted = ("valid_from", "valid_to", "as_of", "share", "name", "same_as")
    absent = [pl.lit("").alias(name) for name in wanted if name not in cells.columns]
    addresses, domains = _starting(cells.columns, "address"), _starting(cells.columns, "domain")
    is_open = pl.any_horizontal(pl.all().exclude("position").str.contains("\n"))
    cell = [pl.col(name) for name in addresses or domains]
    told = [pl.when(one.str.contains(_NOBODY).not_()).then(one) for one in cell]
    who = pl.coalesce(told).fill_null("").str.to_lowercase()
    last = _date("valid_to", dates)
    return cells.with_columns(
        pl.lit("address" if addresses else "domain").alias("is of"),
        (is_open if place == "row" else pl.lit(value=False)).alias("is_broken"),
        *absent,
    ).with_columns(
        (who if addresses else who.str.replace(r"^[@*.]+", "").str.strip_chars(".")).alias("who"),
        _date("valid_from", dates).alias("first"),
        last.alias("told last"),
        (last.dt.offset_by("-1d") if is_excluded else last).alias("last"),
        _date("as_of", dates).alias("of"),
        _share(pl.col("share")).alias("part"),
    )


def _with_reasons(read: pl.DataFrame) -> pl.DataFrame:
    """The first reason to refuse each row, or null."""
    reasons = (
        (pl.col("is_broken"), pl.lit(OPEN_QUOTE)),
        (pl.col("who") == "", "no " + pl.col("is of").replace("address", "mail address")),
        (_untold("valid_from", "first"), pl.lit(f"valid_from {_NO_DATE}")),
        (_untold("valid_to", "told last"), pl.lit(f"valid_to {_NO_DATE}")),
        (_untold("as_of", "of"), pl.lit(f"effective date {_NO_DATE}")),
        (pl.col("told last") < pl.col("first"), pl.lit("valid_to is before valid_from")),
        (pl.col("last") < pl.col("first"), pl.lit("valid_to is valid_from, and excluded")),
        (_untold("share", "part"), pl.lit("share is no number")),
        (
            (pl.col("part") <= 0) | (pl.col("part") > 1),
            pl.lit("share is not above 0 and at most 1"),
        ),
    )
    return read.with_columns(
        reason=pl.coalesce(pl.when(is_wrong).then(words) for is_wrong, words in reasons)
    )


def _in_time(people: pl.DataFrame) -> pl.DataFrame:
    """Rows of a day that they tell of hold from it until the person's next such day.

    The first one holds from the day somebody joined. What was over before it began is left out.
    """
    days = (
        people.select("who", "of")
        .drop_nulls()
        .unique()
        .sort("who", "of")
        .with_columns(
            (pl.col("of").shift(-1).over("who").dt.offset_by("-1d")).alias("before next"),
            (pl.col("of") == pl.col("of").min().over("who")).alias("is earliest"),
        )
    )
    earliest, later = pl.coalesce("first", "of"), pl.max_horizontal("first", "of")
    since = pl.when(pl.col("is earliest")).then(earliest).otherwise(later)
    return (
        people.join(days, on=["who", "of"], how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("of").is_null()).then("first").otherwise(since).alias("first"),
            pl.min_horizontal("last", "before next").alias("last"),
        )
        .filter((pl.col("first") <= pl.col("last")).fill_null(value=True))
    )


def _untold(cell: str, value: str) -> pl.Expr:
    return (pl.col(cell) != "") & pl.col(value).is_null()


def _date(name: str, known: Sequence[tuple[str, str]]) -> pl.Expr:
    text = pl.col(name).str.replace(
        r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?(Z|[+-]\d\d:?\d\d)?$", ""
    )
    dates = (
        pl.when(text.str.contains(pattern)).then(text).str.to_date(form, strict=False)
        for pattern, form in known
    )
    found = pl.coalesce([*dates])
    return pl.when(found.dt.year() >= EARLIEST_YEAR).then(found)


def _share(cell: pl.Expr) -> pl.Expr:
    number = (
        cell.str.replace(",", ".", literal=True)
        .str.strip_suffix("%")
        .str.strip_chars()
        .cast(pl.Float64, strict=False)
    )
    finite = pl.when(number.is_finite()).then(number)
    return pl.when(cell.str.ends_with("%")).then(finite / 100).otherwise(finite)


# --- what it tells ----------------------------------------------------------------------------


def _none(schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


def _members(people: pl.DataFrame, boundaries: Sequence[str]) -> pl.DataFrame:
    told = [
        people.filter(pl.col(f"unit {boundary}") != "").select(
            pl.col("who").alias("address"),
            pl.lit(boundary).alias("boundary"),
            pl.col(f"unit {boundary}").alias("unit"),
            pl.col("first").alias("valid_from"),
            pl.col("last").alias("valid_to"),
            pl.col("part").alias("share"),
            "position",
            "of",
        )
        for boundary in boundaries
    ]
    return pl.concat([_none(MEMBERS), *map(_runs, told)]).sort("position", maintain_order=True)


def _runs(members: pl.DataFrame) -> pl.DataFrame:
    """Snapshots that follow each other and say the same become one row: they repeat what has not changed.

    Later all rows of a person are held against each other, so many of them cost their square.
    """
    same = ["address", "unit", "share"]
    goes_on = pl.col("valid_from") == pl.col("valid_to").shift(1).over(same).dt.offset_by("1d")
    return (
        members.sort(*same, "valid_from", "position")
        .with_columns(
            (goes_on & pl.col("of").is_not_null())
            .fill_null(value=False)
            .not_()
            .cum_sum()
            .alias("run")
        )
        .group_by(*same, "run", maintain_order=True)
        .agg(
            pl.col("boundary", "valid_from").first(),
            pl.col("valid_to").last(),
            pl.col("position").first(),
        )
        .select(list(MEMBERS))
    )


def _aliases(people: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Addresses and logins stand apart by blanks, commas or semicolons; a name goes on to a semicolon.

    Microsoft joins addresses with a plus sign, each with its kind before it. A second column of
    addresses holds one each.
    """
    words = r"name:[^;|]+|x\d00:[^;|]+|[^\s;,|]+"
    cells = [pl.col(name).str.to_lowercase() for name in _starting(columns, "aliases")]
    told = [
        cell.str.replace_all(r"\+((?:smtp|sip|spo|x\d00|eum):)", ";${1}").str.extract_all(words)
        for cell in cells
    ] + [pl.concat_list(pl.col(name).str.to_lowercase()) for name in _starting(columns, "address")]
    lists = [
        people.select(one.alias("alias"), pl.col("who").alias("address"), "position").explode(
            "alias"
        )
        for one in told
    ]
    alias = pl.col("alias")
    return (
        pl.concat([_none(ALIASES), *lists])
        .with_columns(_one_blank(alias.str.replace(r"^(smtp|mailto):", "")))
        .filter(alias.str.contains(r"^(sip|spo|x\d00|eum):").not_())
        .filter(alias.str.contains(_NOBODY).not_() & (alias != pl.col("address")))
        .unique(["alias", "address"], keep="first", maintain_order=True)
        .select(list(ALIASES))
        .sort("position", maintain_order=True)
    )


def _one_blank(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.replace_all(r"\s+", " ").str.replace(r"^name: ", "name:")


def _names(people: pl.DataFrame) -> pl.DataFrame:
    name = _one_blank(pl.col("name").str.to_lowercase()).str.strip_chars("\"'")
    return (
        people.select(name, pl.col("who").alias("address"), "position")
        .filter(pl.col("name") != "")
        .unique(["name", "address"], keep="first", maintain_order=True)
    )


def _merges(people: pl.DataFrame) -> pl.DataFrame:
    return people.filter(pl.col("same_as") != "").select(
        pl.col("who").pipe(_one_blank).alias("alias"),
        pl.col("same_as").str.to_lowercase().pipe(_one_blank).alias("address"),
        "position",
    )


def _domains(rows: pl.DataFrame, boundaries: Sequence[str]) -> pl.DataFrame:
    told = [
        rows.select(
            pl.col("who").alias("domain"),
            pl.lit(boundary).alias("boundary"),
            pl.col(f"unit {boundary}").alias("unit"),
            pl.col("first").alias("valid_from"),
            pl.col("last").alias("valid_to"),
            "position",
        )
        for boundary in boundaries
    ]
    return pl.concat([_none(DOMAINS), *told]).sort("position", maintain_order=True)
