"""Who is counted: people who opted out, were forgotten or gave no consent vanish before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from transforms.people.addresses import canonical, ids_of, looked_up
from transforms.people.aliases import one_person
from transforms.sources.base import RAW_REJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transforms.sources.directory_frames import Directory

GIVEN = "gives somebody an address or a name of "  # who may be the same person, a successor or a namesake
FORGOTTEN = (
    f"{GIVEN}a forgotten person, and is left out;"
    " if they are the same person, run `tieline forget` for this one too"
)
CONSENTED = (
    f"{GIVEN}a person who consented, and is left out;"
    " if they are the same person, put this one on the list of consent too"
)
_nobody = partial(pl.Series, "address_id", [], pl.Int64)


@dataclass(frozen=True, slots=True)
class Counted:
    """Nobody of `excluded`, and where there is a list `only`, nobody else than those (address_id).

    `forgotten` are those of `excluded` who have tombstones, `consented` what the list of consent says.
    """

    excluded: pl.Series = field(default_factory=_nobody)
    only: pl.Series | None = None
    forgotten: pl.Series = field(default_factory=_nobody)
    consented: pl.Series = field(default_factory=_nobody)

    @property
    def is_everybody(self) -> bool:
        """Whether nobody is left out."""
        return self.only is None and self.excluded.is_empty()

    def holds(self, ids: pl.Expr) -> pl.Expr:
        """Whether each of `ids` is counted; null where there is none."""
        kept = ids.is_in(self.excluded.implode()).not_()
        return kept if self.only is None else kept & ids.is_in(self.only.implode())


EVERYBODY = Counted()


def whole_people(
    some: pl.Series, directories: Sequence[Directory], *, key: bytes, nobody: str
) -> pl.Series:
    """`some` (address_id) and every other address, login and name of the same people."""
    alias = _aliases(directories, key, nobody)
    mains = alias.filter(pl.col("address_id").is_in(some.implode()))["person_id"]
    return _with_aliases(pl.concat([some.rename("address_id"), mains.rename("address_id")]), alias)


def consenting(
    some: pl.Series, directories: Sequence[Directory], *, key: bytes, nobody: str
) -> pl.Series:
    """Who consented (`some`, address_id), with every other address, login and name of theirs.

    Never the person whose alias one of these is: that may be a successor, who was not asked.
    """
    alias = _aliases(directories, key, nobody)
    own = some.filter(some.is_in(alias["address_id"].implode()).not_())
    return _with_aliases(own.rename("address_id"), alias)


def still_gone(
    gone: pl.Series, directories: Sequence[Directory], *, key: bytes, nobody: str
) -> pl.Series:
    """Who is forgotten (`gone`, address_id), with what directories have come to tell of them since.

    Never the person whose alias one of these is by now: that may be a successor, or a namesake.
    """
    return _with_aliases(gone.rename("address_id"), _aliases(directories, key, nobody))


def _aliases(directories: Sequence[Directory], key: bytes, nobody: str) -> pl.DataFrame:
    """Every address, login and name (address_id) that is another one of somebody (person_id)."""
    names = pl.concat(
        [pl.Series("name", dtype=pl.String), *(one.names["name"] for one in directories)]
    )
    called = names.to_frame().select(canonical("name:" + pl.col("name")).alias("name"))["name"]
    pairs, _ = one_person(directories, called.unique(), nobody)
    ids = ids_of(pl.concat([pairs["alias"], pairs["address"]]).unique(), "address_id", key)
    return pairs.select(
        looked_up("alias", ids).alias("address_id"), looked_up("address", ids).alias("person_id")
    )


def _with_aliases(people: pl.Series, alias: pl.DataFrame) -> pl.Series:
    theirs = alias.filter(pl.col("person_id").is_in(people.implode()))["address_id"]
    return pl.concat([people, theirs]).unique().sort()


def without(directory: Directory, counted: Counted, key: bytes) -> Directory:
    """`directory` less every row that names somebody who is not counted.

    Rows are rejected that give somebody who is counted an address or a name of somebody forgotten, or
    somebody who did not consent one of somebody who did.
    """
    if counted.is_everybody:
        return directory
    frames = {name: getattr(directory, name) for name in ("members", "aliases", "merges", "names")}
    sides = {
        name: [c for c in ("alias", "address") if c in f.columns] for name, f in frames.items()
    }
    texts = [
        f.select(canonical(pl.col(c)))[c].rename("text")
        for n, f in frames.items()
        for c in sides[n]
    ]
    ids = ids_of(pl.concat(texts).drop_nulls().unique(), "address_id", key)
    known = ids.filter(counted.holds(pl.col("address_id")))["text"]
    kept = {
        name: frame.filter(
            pl.all_horizontal(canonical(pl.col(c)).is_in(known.implode()) for c in sides[name])
        )
        for name, frame in frames.items()
    }
    rejects = pl.concat([directory.rejects, _of_another(directory, counted, key)])
    return replace(directory, **kept, rejects=rejects)


def _of_another(directory: Directory, counted: Counted, key: bytes) -> pl.DataFrame:
    """Rows (RAW_REJECT) that may name somebody under a new address, or a successor or namesake."""
    if counted.forgotten.is_empty() and counted.consented.is_empty():
        return pl.DataFrame(schema=RAW_REJECT)
    called = directory.names.with_columns(alias="name:" + pl.col("name"))
    told = pl.concat(
        [
            rows.select(canonical(pl.col("alias")), canonical(pl.col("address")), "position")
            for rows in (directory.aliases, directory.merges, called)
        ]
    )
    ids = ids_of(pl.concat([told["alias"], told["address"]]).unique(), "address_id", key)
    alias, address = looked_up("alias", ids), looked_up("address", ids)
    asked = address.is_in(counted.excluded.implode()) | counted.holds(address)
    reason = (
        pl.when(alias.is_in(counted.forgotten.implode()) & counted.holds(address))
        .then(pl.lit(FORGOTTEN))
        .when(alias.is_in(counted.consented.implode()) & asked.not_())
        .then(pl.lit(CONSENTED))
    )
    return (
        told.with_columns(place=pl.lit(directory.place), reason=reason)
        .drop_nulls("reason")
        .unique("position", keep="first", maintain_order=True)
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_REJECT.items())
    )


def naming(rows: pl.DataFrame, addresses: pl.Series) -> pl.DataFrame:
    """Those of the kept rows (label, kind, address, other, position) that name one of `addresses`."""
    is_named = pl.any_horizontal(
        canonical(pl.col(c)).is_in(addresses.implode()) for c in ("address", "other")
    )
    is_called = canonical("name:" + pl.col("address")).is_in(addresses.implode())
    return rows.filter(is_named | (is_called & (pl.col("kind") == "names")))
