"""Pairs of addresses that may be one person, with the evidence. Nothing is merged by it: people decide."""

from __future__ import annotations

import polars as pl

SHORTEST = 4  # signs that a local part, login or name needs to tell anything
MOST = 6  # addresses with one local part: more are a role (info, secretariaat), not a person
# Local parts of desks and machines, which many organisations have.
ROLES = (
    "admin", "administratie", "agenda", "balie", "beheer", "bestuur", "communicatie", "communication",
    "contact", "events", "facturen", "finance", "help", "helpdesk", "info", "informatie", "inkoop",
    "invoices", "mail", "marketing", "news", "newsletter", "nieuwsbrief", "office", "planning", "post",
    "receptie", "reception", "root", "sales", "secretariaat", "secretary", "security", "service",
    "servicedesk", "support", "team", "webmaster", "welcome",
)  # fmt: skip
PAIRS = {"address": pl.String, "same_as": pl.String, "evidence": pl.String}

_SAYS = {
    "name name": "same name",
    "local local": "same local part",
    "local login": "login equals local part",
    "local name": "local part spells the name",
    "login login": "same login",
    "login name": "login spells the name",
}


def alike(addresses: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Likely pairs as PAIRS, those with the most evidence first.

    `addresses` is (address, person, is_listed): the main address of whose it is known to be, and
    whether a directory has people under that; `names` is (name, address). A pair are the main
    addresses of two people who have addresses of different domains; `same_as` is the one that a
    directory has.
    """
    clues = _clues(addresses, names)
    kinds = pl.concat_list("kind", "kind_2").list.sort().list.join(" ")
    rank, other = (
        pl.concat_str(
            pl.when(f"is_listed{n}").then(pl.lit("0")).otherwise(pl.lit("1")), f"address{n}"
        )
        for n in ("", "_2")
    )
    return (
        clues.join(clues, on="clue", suffix="_2")
        .filter(
            pl.col("person") != pl.col("person_2"),
            pl.col("domain") != pl.col("domain_2"),
            rank > other,
        )
        .with_columns(kinds.replace_strict(_SAYS, default=None).alias("evidence"))
        .drop_nulls("evidence")
        .group_by(pl.col("person").alias("address"), pl.col("person_2").alias("same_as"))
        .agg(pl.col("evidence").unique().sort())
        .sort(pl.col("evidence").list.len(), "same_as", "address", descending=[True, False, False])
        .with_columns(pl.col("evidence").list.join("; "))
        .select(list(PAIRS))
    )


def _clues(addresses: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """(clue, kind, address, person, is_listed, domain): what may tell that two are one.

    Signs and blanks do not count: jan.de.vries and "Jan de Vries" are one clue.
    """
    parts = addresses.with_columns(
        pl.col("address").str.extract("@([^@]+)$").alias("at"),
        pl.col("address").str.extract(r"^([a-z_-]+):", 1).alias("tool"),
    )
    bare = pl.col("address").str.replace(r"^[a-z_-]+:", "").str.replace("@[^@]*$", "")
    is_mail = pl.col("at").is_not_null()
    own = parts.with_columns(
        bare.alias("clue"),
        pl.when(is_mail).then(pl.lit("local")).when(pl.col("tool") == "name").then(pl.lit("name"))
        .otherwise(pl.lit("login")).alias("kind"),
    )  # fmt: skip
    named = parts.join(names.select(pl.col("name").alias("clue"), "address"), on="address")
    named = named.with_columns(pl.lit("name").alias("kind"))
    columns = ["clue", "kind", "address", "person", "is_listed", "domain"]
    every = (
        pl.concat([own, named], how="diagonal")
        .with_columns(
            pl.col("clue").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", ""),
            pl.coalesce("at", "tool").alias("domain"),
        )
        .select(columns)
        .unique()
    )
    says_enough = (pl.col("clue").str.len_chars() >= SHORTEST) & pl.col("clue").str.contains(
        r"\p{L}"
    )
    says_enough &= pl.col("clue").is_in(ROLES).not_()
    return every.filter(says_enough).filter(pl.col("person").n_unique().over("clue") <= MOST)
