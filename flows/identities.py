"""Who may be one person, and whom nobody knows: for who holds the key and the identity database."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from flows.config import ConfigError
from flows.directories import told_raw
from flows.identity_file import cipher_of
from flows.key import read_key
from transforms.people import NOBODY, canonical, keyed_id, memberships, nobody_pattern
from transforms.people.domains import nearest
from transforms.people.likeness import alike
from warehouse.connection import open_readonly
from warehouse.identity import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from flows.config import Config


HEAVIEST = 3  # addresses that a domain's line shows


@contextmanager
def opened_identity(config: Config) -> Iterator[duckdb.DuckDBPyConnection]:
    """The identity database, for whoever can read it and the key that belongs to it.

    Raises ConfigError for everybody else, and where nothing has run yet.
    """
    for path in (config.key_file, config.identity):
        if path.exists() and not os.access(path, os.R_OK):
            raise ConfigError(f"{path}: you may not read it; addresses are for who holds the key")
    if not config.key_file.is_file():
        raise ConfigError(f"{config.key_file}: no key here; addresses are for who holds it")
    if not config.identity.is_file():
        raise ConfigError(f"{config.identity}: nobody is known yet; run `tieline run`")
    key = read_key(config)
    with open_readonly(config.identity, cipher_of(config, key)) as con:
        some = con.execute("SELECT address_id, address FROM identity LIMIT 1").fetchall()
        if any(keyed_id(address, key) != number for number, address in some):
            raise ConfigError(f"{config.key_file}: another key than that of {config.identity}")
        yield con


def suggestions(config: Config) -> pl.DataFrame:
    """Likely pairs: (address, same_as, evidence, events), the best grounded and busiest first."""
    with opened_identity(config) as con:
        known = addresses(con)
        told, _ = told_raw(config, con)
    key = read_key(config)
    nobody = nobody_pattern([*NOBODY, *config.settings.people.nobody])
    found = memberships(told, known, {}, key=key, nobody=nobody)
    mains = pl.concat([known, found.identity]).unique("address_id")
    empty = pl.DataFrame(schema={"address": pl.String})
    listed = pl.concat(
        [empty, *(d.members.select(canonical(pl.col("address"))) for d in told)]
    ).unique()
    people = (
        known.filter(pl.col("address").str.contains(nobody).not_())
        .join(found.alias, on="address_id", how="left")
        .with_columns(pl.coalesce("person_id", "address_id").alias("address_id"))
        .join(mains.rename({"address": "person"}), on="address_id")
        .select(
            "address",
            "person",
            pl.col("person").is_in(listed["address"].implode()).alias("is_listed"),
        )
    )
    named = pl.DataFrame(schema={"name": pl.String, "address": pl.String})
    names = pl.concat(
        [named, *(d.names.select("name", canonical(pl.col("address"))) for d in told)]
    ).unique()
    with open_readonly(config.warehouse) as con:
        events = con.sql(
            "SELECT address_id, count(DISTINCT event_id) AS events FROM participation GROUP BY ALL"
        ).pl()
    weight = known.join(events, on="address_id").select("address", "events")
    return (
        alike(people, names)
        .join(weight, on="address", how="left", maintain_order="left")
        .with_columns(pl.col("events").fill_null(0))
        .sort(
            pl.col("evidence").str.count_matches(";"), "events", "same_as", "address",
            descending=[True, True, False, False],
        )
    )  # fmt: skip


def unresolved(config: Config, boundary: str) -> pl.DataFrame:
    """(domain, address, events, is_neutral) of whom nothing places in `boundary` on the day itself."""
    with opened_identity(config) as con:
        known = addresses(con)
    with open_readonly(config.warehouse) as con:
        there = {name for (name,) in con.execute("FROM boundary").fetchall()}
        if boundary not in there:
            raise ConfigError(
                f"{config.path}: {boundary!r} is not measured; there are: {', '.join(sorted(there))}"
            )
        found = con.sql(
            """SELECT p.address_id, count(DISTINCT p.event_id) AS events
               FROM participation AS p LEFT JOIN address_alias AS a USING (address_id)
               WHERE NOT EXISTS (
                 FROM membership AS m WHERE m.person_id = coalesce(a.person_id, p.address_id)
                   AND m.boundary = ? AND p.day BETWEEN m.valid_from AND m.valid_to)
               GROUP BY ALL""",
            params=[boundary],
        ).pl()
    listed = config.domains
    kind = pl.col("address").str.extract(r"^([a-z_-]+:)")
    rows = found.join(known, on="address_id").select(
        pl.coalesce(pl.col("address").str.extract("@([^@]+)$"), kind).fill_null("").alias("domain"),
        "address",
        "events",
    )
    names = [
        name
        for name in rows["domain"].unique()
        if (near := nearest(name, listed)) and listed[near] == ""
    ]
    return rows.with_columns(pl.col("domain").is_in(names).alias("is_neutral")).sort(
        pl.col("events").sum().over("domain"), "domain", "events", "address",
        descending=[True, False, True, False],
    )  # fmt: skip


def by_domain(rows: pl.DataFrame) -> pl.DataFrame:
    """A line per domain: how many addresses and events, and the heaviest addresses."""
    return rows.group_by("domain", maintain_order=True).agg(
        pl.len().alias("addresses"),
        pl.col("events").sum(),
        pl.col("address").head(HEAVIEST).str.join(" ").alias("heaviest"),
        pl.when(pl.col("is_neutral").first()).then(pl.lit("yes")).alias("neutral"),
    )
