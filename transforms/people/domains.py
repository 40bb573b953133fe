"""Which unit a mail domain stands for, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from transforms.people.dates import ALWAYS, OPEN
from transforms.people.shares import first_told
from transforms.people.units import rules, spelled

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from transforms.people.units import Told
    from transforms.sources.directory_frames import Directory

ORGANISATION = "organisation"  # the boundary of a domain that names none


def nearest(domain: str, listed: Container[str]) -> str | None:
    """`domain` or its nearest parent that is listed."""
    labels = domain.lower().split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels)))
    return next((parent for parent in parents if parent in listed), None)


def organisation_of(domain: str, domains: Mapping[str, Told]) -> str | None:
    """The organisation now of `domain` or of its nearest listed parent; None if neutral or not listed."""
    ruled = rules(domains).filter(pl.col("boundary").is_in(["", ORGANISATION]))
    listed = nearest(domain, {*ruled["key"]})
    if listed is None:
        return None
    now = ruled.filter((pl.col("key") == listed) & (pl.col("last") == OPEN))
    return (now["unit"][0] or None) if now.height else None


def domain_rules(
    domains: Mapping[str, Told], directories: Sequence[Directory], units: Mapping[str, Told]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(domain, boundary, unit, valid_from, valid_to) of settings and lists, and where they disagree.

    The settings come first, then the lists in their order. A unit "" is a neutral domain.
    """
    own = rules(domains).select(
        pl.col("key").str.to_lowercase().alias("domain"),
        pl.when(pl.col("boundary") == "").then(pl.lit(ORGANISATION)).otherwise("boundary").alias("boundary"),
        "unit",
        pl.col("first").alias("valid_from"),
        pl.col("last").alias("valid_to"),
        pl.lit(0, pl.Int64).alias("position"),
        pl.lit(-1, pl.Int64).alias("rank"),
    )  # fmt: skip
    lists = [
        one.domains.with_columns(
            pl.col("valid_from").fill_null(ALWAYS),
            pl.col("valid_to").fill_null(OPEN),
            pl.lit(rank, pl.Int64).alias("rank"),
        )
        for rank, one in enumerate(directories)
        if one.domains.height
    ]
    every = spelled(pl.concat([own, *lists]), units).with_columns(
        pl.lit(None, pl.Float64).alias("share")
    )
    return first_told(every, ["domain", "boundary"])


def by_domain(seen: pl.DataFrame, at_home: pl.DataFrame, ruled: pl.DataFrame) -> pl.DataFrame:
    """Memberships of people whom no directory places in the boundary: as MEMBERSHIP.

    `seen` is (person_id, address, is_main); `at_home` is (person_id, boundary) of the directories. In
    each boundary the nearest parent counts that tells of it, or that stands for nothing at all. Of
    several addresses the main one counts, else the one whose domain comes first in the alphabet.
    """
    domains = seen.with_columns(
        pl.col("address").str.extract("@([^@]+)$").alias("written")
    ).drop_nulls()
    stands = ruled.filter(pl.col("unit") != "")
    neutral = {*ruled["domain"]} - {*stands["domain"]}
    written = domains["written"].unique()
    found = [
        (one, boundary, nearest(one, listed))
        for (boundary,), rows in ruled.group_by("boundary")
        for listed in [neutral | {*rows["domain"]}]
        for one in written
    ]
    names = pl.DataFrame(
        found, schema=dict.fromkeys(("written", "boundary", "domain"), pl.String), orient="row"
    ).drop_nulls()
    placed = domains.join(names, on="written").select("person_id", "is_main", "boundary", "domain")
    chosen = (
        placed.join(stands, on=["domain", "boundary"], how="semi")
        .join(at_home, on=["person_id", "boundary"], how="anti")
        .sort("person_id", "boundary", "is_main", "domain", descending=[False, False, True, False])
        .unique(["person_id", "boundary"], keep="first", maintain_order=True)
    )
    return chosen.join(stands, on=["domain", "boundary"]).select(
        "person_id", "boundary", "unit", "valid_from", "valid_to",
        pl.lit(None, pl.Float64).alias("share"), pl.lit("domain").alias("origin"),
    )  # fmt: skip
