"""Resolving addresses against a directory: `python -m tests.benchmarks.people [addresses] [people]`.

Beside it stands a bare polars join of the same sizes, and the hashing that neither can do without.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from time import process_time

import polars as pl

from transforms.people import IDENTITY, keyed_id, memberships
from transforms.sources.base import RAW_REJECT
from transforms.sources.directory import ALIASES, MEMBERS, Directory

ADDRESSES, PEOPLE, UNITS = 1_000_000, 200_000, 300
KEY = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Resolved:
    """CPU seconds of resolving, of hashing the directory's addresses within it, and of the bare join."""

    addresses: int
    people: int
    seconds: float
    hashing: float
    bare_join: float
    placed: int


def directory(people: int) -> Directory:
    """`people` people of two boundaries, each with two aliases; a tenth of them moved once."""
    number = pl.int_range(people, eager=True)
    address = pl.format("p{}@org{}.example", number, number % UNITS)
    one = pl.select(
        address=address, boundary=pl.lit("organisation"), unit=pl.format("Org {}", number % UNITS),
        valid_from=pl.lit(None, pl.Date), valid_to=pl.lit(None, pl.Date),
        share=pl.lit(None, pl.Float64), position=number,
    )  # fmt: skip
    moved = pl.date(2026, 1, 1)
    before = one.filter(number % 10 == 0).with_columns(valid_to=moved.dt.offset_by("-1d"))
    after = before.with_columns(
        unit=pl.lit("Org 0"), valid_from=moved, valid_to=pl.lit(None, pl.Date)
    )
    stays = one.filter(number % 10 != 0)
    teams = one.with_columns(
        boundary=pl.lit("team"), unit=pl.format("Team {}", number % (UNITS * 20))
    )
    aliases = [
        pl.select(alias=pl.format(form, number), address=address, position=number)
        for form in ("login:p{}", "first.p{}@mail.example")
    ]
    return Directory(
        members=pl.concat([stays, before, after, teams]).select(pl.col(c).cast(t) for c, t in MEMBERS.items()),
        aliases=pl.concat(aliases).select(pl.col(c).cast(t) for c, t in ALIASES.items()),
        rejects=pl.DataFrame(schema=RAW_REJECT),
        records=people,
    )  # fmt: skip


def identity(addresses: int, people: int) -> pl.DataFrame:
    """Addresses seen: the directory's own first, then its aliases, then strangers of known domains."""
    own = min(people, addresses // 5)
    texts = [
        *(f"p{n}@org{n % UNITS}.example" for n in range(own)),
        *(f"login:p{n}" for n in range(own)),
        *(f"first.p{n}@mail.example" for n in range(own)),
    ]
    texts += [f"s{n}@sub.org{n % UNITS}.example" for n in range(addresses - len(texts))]
    ids = [keyed_id(text, KEY) for text in texts]
    return pl.DataFrame({"address_id": ids, "address": texts}, schema=IDENTITY)


def resolving(addresses: int = ADDRESSES, people: int = PEOPLE) -> Resolved:
    """Resolve once; the benchmark's line."""
    told, seen = directory(people), identity(addresses, people)
    domains = {f"org{n}.example": f"Org {n}" for n in range(UNITS)}
    begun = process_time()
    found = memberships([told], seen, domains, key=KEY)
    seconds = process_time() - begun
    texts = pl.concat([told.members["address"].unique(), told.aliases["alias"]]).to_list()
    begun = process_time()
    for text in texts:
        keyed_id(text, KEY)
    hashing = process_time() - begun
    begun = process_time()
    seen.join(
        pl.concat(
            [
                told.members.select("address", "unit"),
                told.aliases.select(address="alias", unit="address"),
            ]
        ),
        on="address",
        how="left",
    )
    bare = process_time() - begun
    return Resolved(
        addresses, people, seconds, hashing, bare, found.membership["person_id"].n_unique()
    )


def line(one: Resolved) -> str:
    """What was measured, in a sentence."""
    return (
        f"{one.addresses:,} addresses against a directory of {one.people:,} people: {one.seconds:.2f} CPU s,"
        f" of which {one.hashing:.2f} s keyed hashes; a bare join {one.bare_join:.2f} s,"
        f" ratio {one.seconds / one.bare_join:.1f} ({(one.seconds - one.hashing) / one.bare_join:.1f}"
        f" without the hashes); {one.placed:,} people placed"
    )


if __name__ == "__main__":
    if "--json" in sys.argv:
        print(json.dumps({"resolving": line(resolving())}))
    else:
        print(line(resolving(*map(int, sys.argv[1:3]))))
