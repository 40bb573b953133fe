"""Which addresses, logins and names are one person: told by directories, never guessed.

Somebody's written merges come first; then what directories tell. An alias that two people claim
belongs to neither, and one that is a person of its own stays so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from transforms.people.addresses import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transforms.sources.directory_frames import Directory

PAIRS = {"alias": pl.String, "address": pl.String}
CLAIMS = {**PAIRS, "position": pl.Int64, "rank": pl.Int64}
NOTES = {"rank": pl.Int64, "position": pl.Int64, "reason": pl.String}

OWN = "an alias that is a person of its own; write it in a list of merges if they are the same"
TWICE = "an alias that somebody else has too; it counts for neither"
CIRCLE = "an alias that goes round in a circle; it is left out"
AGAIN = "a merge of an address that is merged with somebody else already; the first one counts"
ROUND = "a merge that goes round in a circle with those before it; it is left out"


def one_person(
    directories: Sequence[Directory], seen: pl.Series, nobody: str | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every alias with the main address behind it (PAIRS), and what was left out (NOTES).

    `seen` are all addresses of events. A display name is an alias only where an event knows somebody
    by it. `nobody` is a pattern of addresses that are no person.
    """
    merges, notes = _merged(_claims(directories, "merges", nobody))
    own = _own(directories)
    own = own.filter(own.is_in(merges["alias"].implode()).not_())
    claims = _claims(directories, "aliases", nobody)
    names = _claims(directories, "names", nobody).filter(
        pl.col("alias").is_in(seen.implode())
        & pl.col("alias").is_in(claims["alias"].implode()).not_()
    )
    claims = (
        pl.concat([claims, names])
        .filter(pl.col("alias").is_in(merges["alias"].implode()).not_())
        .with_columns(
            pl.col("address").replace(merges["alias"].implode(), merges["address"].implode())
            if merges.height
            else pl.col("address")
        )
        .filter(pl.col("alias") != pl.col("address"))
    )
    is_own = pl.col("alias").is_in(own.implode())
    of_one = pl.col("address").n_unique().over("alias") == 1
    agreed = claims.filter(is_own.not_() & of_one).select(list(PAIRS)).unique()
    pairs, round_in = _followed(pl.concat([agreed, merges]))
    notes += [
        _noted(claims.filter(is_own), OWN),
        _noted(claims.filter(is_own.not_() & of_one.not_()), TWICE),
        _noted(claims.filter(is_own.not_() & of_one & pl.col("alias").is_in(round_in.implode())), CIRCLE),
    ]  # fmt: skip
    return pairs, pl.concat(notes).sort("rank", "position")


def _claims(directories: Sequence[Directory], kind: str, nobody: str | None) -> pl.DataFrame:
    told = [pl.DataFrame(schema=CLAIMS)]
    for rank, one in enumerate(directories):
        rows: pl.DataFrame = getattr(one, kind)
        if kind == "names":
            rows = rows.with_columns(alias="name:" + pl.col("name"))
        told.append(
            rows.select(
                canonical(pl.col("alias")), canonical(pl.col("address")), "position",
                pl.lit(rank, pl.Int64).alias("rank"),
            )
        )  # fmt: skip
    every = pl.concat(told).filter(pl.col("alias") != pl.col("address"))
    return every if nobody is None else every.filter(pl.col("alias").str.contains(nobody).not_())


def _own(directories: Sequence[Directory]) -> pl.Series:
    """Addresses that directories have people under."""
    own = [
        one.members.select(canonical(pl.col("address"))).unique()["address"] for one in directories
    ]
    return pl.concat([pl.Series("address", dtype=pl.String), *own]).unique()


def _merged(claims: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Merges that people wrote down: few, so one after another, the first one counting."""
    parent: dict[str, str] = {}
    refused: list[tuple[int, int, str]] = []
    for alias, address, position, rank in claims.iter_rows():
        *_, root = _up(address, parent)
        if root == alias:
            refused.append((rank, position, ROUND))
        elif alias not in parent:
            parent[alias] = address
        elif root not in _up(alias, parent):
            refused.append((rank, position, AGAIN))
    rows = [(alias, [*_up(alias, parent)][-1]) for alias in parent]
    return (
        pl.DataFrame(rows, schema=PAIRS, orient="row"),
        [pl.DataFrame(refused, schema=NOTES, orient="row")],
    )


def _up(address: str, parent: dict[str, str]) -> Iterator[str]:
    yield address
    while address in parent:
        address = parent[address]
        yield address


def _followed(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Aliases of aliases followed to their end, twice as far each time; and those without an end."""
    for _ in range(pairs.height.bit_length() + 1):
        further = pairs.join(
            pairs.rename({"alias": "address", "address": "further"}), on="address", how="left"
        )
        if further["further"].null_count() == further.height:
            break
        pairs = further.select("alias", pl.coalesce("further", "address").alias("address"))
    endless = pl.col("address").is_in(pairs["alias"].implode())
    return pairs.filter(endless.not_()), pairs.filter(endless)["alias"]


def _noted(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    return rows.select("rank", "position", pl.lit(reason).alias("reason")).unique()
