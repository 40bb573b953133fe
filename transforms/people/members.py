"""Who belongs where and when: directories first, then domains; neutral domains say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from transforms.people.addresses import canonical, ids_of, looked_up
from transforms.people.aliases import NOTES, one_person
from transforms.people.dates import ALWAYS, OPEN
from transforms.people.domains import by_domain, domain_rules
from transforms.people.shares import first_told, split
from transforms.people.singles import merged
from transforms.people.units import spelled
from transforms.sources.directory_frames import MEMBERS
from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transforms.people.units import Told
    from transforms.sources.directory_frames import Directory

CONFLICTS = {"label": pl.String, "position": pl.Int64, "place": pl.String, "reason": pl.String}
NONE: Mapping[str, Told] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class People:
    """Frames as MEMBERSHIP and ADDRESS_ALIAS, the identities behind them, and what was left out.

    `conflicts` is (label, position, place, reason): rows of directories that contradict others.
    """

    membership: pl.DataFrame
    alias: pl.DataFrame
    identity: pl.DataFrame
    conflicts: pl.DataFrame


def memberships(
    directories: Sequence[Directory],
    identity: pl.DataFrame,
    domains: Mapping[str, Told],
    *,
    key: bytes,
    units: Mapping[str, Told] = NONE,
    nobody: str | None = None,
    merge_singles: bool = False,
) -> People:
    """Who belongs where and when.

    `directories` stand in order: where two disagree about a day, the first one counts. `identity` holds
    every address seen so far; `domains` maps a domain, or a parent of it, to its organisation ("" for
    a neutral one), or to what it stands for until when. `units` tells in the same way what a unit is
    called. A domain counts only for people without a directory row of the same boundary. `nobody` is
    a pattern of addresses that are no person. With `merge_singles` units of one person become part of
    OTHER.
    """
    is_person = (
        pl.lit(value=True) if nobody is None else pl.col("address").str.contains(nobody).not_()
    )
    seen = identity.filter(is_person)
    pairs, left_out = one_person(directories, seen["address"], nobody)
    members = _members(directories).filter(is_person)
    ids = ids_of(
        pl.concat([members["address"], pairs["alias"], pairs["address"]]).unique(),
        "address_id",
        key,
    )
    alias = pairs.select(
        looked_up("alias", ids).alias("address_id"), looked_up("address", ids).alias("person_id")
    )
    placed = spelled(
        members.join(pairs, left_on="address", right_on="alias", how="left")
        .with_columns(pl.coalesce("address_right", "address").alias("address"))
        .select(looked_up("address", ids).alias("person_id"), *members.columns[1:]),
        units,
    )
    told, disagreed = first_told(placed, ["person_id", "boundary"])
    ruled, torn = domain_rules(domains, directories, units)
    rows = pl.concat(
        [
            told.with_columns(pl.lit("directory").alias("origin")).select(
                schema.MEMBERSHIP.names()
            ),
            by_domain(
                _people_of(seen, alias), told.select("person_id", "boundary").unique(), ruled
            ),
        ]
    )
    membership = split(rows).select(schema.MEMBERSHIP.names())
    return People(
        merged(membership) if merge_singles else membership,
        alias.sort("address_id"),
        ids.rename({"text": "address"}).select("address_id", "address"),
        _conflicts(directories, left_out, disagreed, torn),
    )


def _members(directories: Sequence[Directory]) -> pl.DataFrame:
    """Members of all, with the rank of their directory."""
    told = [
        one.members.with_columns(pl.lit(n, pl.Int64).alias("rank"))
        for n, one in enumerate(directories)
    ]
    return pl.concat([pl.DataFrame(schema={**MEMBERS, "rank": pl.Int64}), *told]).with_columns(
        canonical(pl.col("address")),
        pl.col("valid_from").fill_null(ALWAYS),
        pl.col("valid_to").fill_null(OPEN),
    )


def _people_of(seen: pl.DataFrame, alias: pl.DataFrame) -> pl.DataFrame:
    """Whose each address is: (person_id, address, is_main)."""
    return seen.join(alias, on="address_id", how="left").select(
        pl.coalesce("person_id", "address_id").alias("person_id"),
        "address",
        pl.col("person_id").is_null().alias("is_main"),
    )


def _conflicts(
    directories: Sequence[Directory],
    left_out: pl.DataFrame,
    disagreed: pl.DataFrame,
    torn: pl.DataFrame,
) -> pl.DataFrame:
    """Everything that contradicts, by directory and place."""
    files = pl.DataFrame(
        {
            "rank": [-1, *range(len(directories))],
            "label": ["tieline.toml", *(one.label or "a directory" for one in directories)],
            "place": ["row", *(one.place for one in directories)],
        },
        schema={"rank": pl.Int64, "label": pl.String, "place": pl.String},
    )
    against = files.select(pl.col("rank").alias("against"), pl.col("label").alias("other"))
    notes = [left_out.select(list(NOTES))]
    for rows, whose in ((disagreed, "a person's"), (torn, "a domain's")):
        reason = pl.concat_str(
            pl.lit(f"{whose} "), "boundary", pl.lit(" is another one than in "), "other",
            pl.lit(" for the same days; that one counts"),
        )  # fmt: skip
        notes.append(
            rows.join(against, on="against").select("rank", "position", reason.alias("reason"))
        )
    return (
        pl.concat(notes)
        .join(files, on="rank")
        .sort("rank", "position", "reason")
        .select(list(CONFLICTS))
    )
