"""Addresses become pseudonymous people, and people belong to units from day to day.

An address is replaced by a keyed hash the moment it leaves its reader. Which addresses are one person
is told by directories alone, never guessed; which unit a person belongs to is told by directories, or,
where those are silent, by the domain of the address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl

from warehouse import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from transforms.sources.base import Batch
    from transforms.sources.directory import Directory

ALWAYS = date(1, 1, 1)
OPEN = date(9999, 12, 31)

IDENTITY = {"address_id": pl.Int64, "address": pl.String}
# Addresses that machines and lists use; a list's own address is left out by its reader.
NOBODY = (
    "noreply@*", "no-reply@*", "no_reply@*", "donotreply@*", "do-not-reply@*", "mailer-daemon@*",
    "postmaster@*", "bounce*@*", "*[[]bot]@*", "*@lists.*", "*@*.lists.*", "*@vger.kernel.org",
    "*@googlegroups.com", "*@resource.calendar.google.com",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch without addresses: frames as OBSERVED_EVENT, OBSERVED_PARTICIPATION and QUARANTINE.

    `identity` (address_id, address) is for the identity database alone.
    """

    events: pl.DataFrame
    participations: pl.DataFrame
    quarantine: pl.DataFrame
    identity: pl.DataFrame


def keyed_id(text: str, key: bytes) -> int:
    """63 bits of BLAKE2b under `key`: the same on every machine that holds the key."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest()) >> 1


def canonical(address: pl.Expr) -> pl.Expr:
    """One spelling per mailbox: lower case, no plus tag, gmail for googlemail."""
    return (
        address.str.strip_chars()
        .str.to_lowercase()
        # GitHub writes the number of an account before the plus, where others write a tag behind it.
        .str.replace(r"^\d+\+([^@]+@users\.noreply\.github\.com)$", "$1")
        .str.replace(r"^([^+@]+)\+[^@]*@", "$1@")
        .str.replace("@googlemail.com$", "@gmail.com")
    )


def nobody_pattern(globs: Iterable[str]) -> str:
    """Regular expression (Rust syntax) of addresses that are no person."""
    return "^(?:" + "|".join(_glob(pattern.lower()) for pattern in globs) + ")$"


def _glob(pattern: str) -> str:
    # fnmatch.translate writes look-aheads that polars' engine does not know.
    parts = re.split(r"(\*|\?|\[\[\])", pattern)
    return "".join({"*": ".*", "?": ".", "[[]": r"\["}.get(p, re.escape(p)) for p in parts)


def pseudonymise(
    batch: Batch, *, key: bytes, file_id: int, time_zone: ZoneInfo, nobody: str
) -> Staged:
    """Replace every address and natural key of `batch` by its keyed hash.

    `nobody` is a pattern of addresses that are no person; their participations are left out.
    """
    events = batch.events.with_columns(initiator=canonical(pl.col("initiator")))
    participations = batch.participations.with_columns(address=canonical(pl.col("address"))).filter(
        pl.col("address").str.contains(nobody).not_()
    )
    addresses = (
        pl.concat([participations["address"], events["initiator"].alias("address")])
        .drop_nulls()
        .unique()
    )
    identity = _ids(addresses, "address_id", key)
    keys = pl.concat(
        [events[c].alias("key") for c in ("event_key", "thread_key", "reply_key", "container_key")]
        + [participations["event_key"].alias("key")]
    )
    ids = _ids(keys.drop_nulls().unique(), "id", key)
    staged_events = events.with_columns(
        initiator=pl.when(pl.col("initiator").str.contains(nobody).not_()).then("initiator")
    ).select(
        pl.lit(file_id).alias("file_id"),
        _look_up("event_key", ids).alias("event_id"),
        "channel",
        "kind",
        pl.col("started_at").dt.convert_time_zone(str(time_zone)).dt.date().alias("day"),
        pl.col("started_at").dt.replace_time_zone(None),
        pl.col("ended_at").dt.replace_time_zone(None),
        _look_up("initiator", identity),
        _look_up("thread_key", ids).alias("thread"),
        _look_up("reply_key", ids).alias("reply_to"),
        _look_up("container_key", ids).alias("container"),
        "is_automated",
        "revision",
        "is_cancelled",
        "position",
    )
    days = staged_events.select("event_id", "day").unique("event_id", keep="any")
    staged_participations = (
        participations.select(
            pl.lit(file_id).alias("file_id"),
            _look_up("event_key", ids).alias("event_id"),
            _look_up("address", identity).alias("address_id"),
            "role",
            "response",
            "is_own",
        )
        .join(days, on="event_id", how="left")
        .select(schema.OBSERVED_PARTICIPATION.names())
    )
    quarantine = batch.rejects.select(
        pl.lit(file_id).alias("file_id"),
        "position",
        "place",
        pl.lit("read").alias("stage"),
        "reason",
        pl.lit(None, pl.String).alias("record"),
    )
    return Staged(
        staged_events.select(schema.OBSERVED_EVENT.names()),
        staged_participations,
        quarantine,
        identity.rename({"text": "address"}).select("address_id", "address"),
    )


def _ids(texts: pl.Series, name: str, key: bytes) -> pl.DataFrame:
    """Distinct texts → (text, name)."""
    return pl.DataFrame(
        {"text": texts, name: [keyed_id(text, key) for text in texts.to_list()]},
        schema={"text": pl.String, name: pl.Int64},
    )


def _look_up(column: str, ids: pl.DataFrame) -> pl.Expr:
    text, number = ids.columns
    return pl.col(column).replace_strict(
        ids[text], ids[number], default=None, return_dtype=pl.Int64
    )


@dataclass(frozen=True, slots=True)
class People:
    """Frames as MEMBERSHIP and ADDRESS_ALIAS, the identities behind them, and what was refused."""

    membership: pl.DataFrame
    alias: pl.DataFrame
    identity: pl.DataFrame
    conflicts: int


def memberships(
    directories: Sequence[Directory],
    identity: pl.DataFrame,
    domains: Mapping[str, str],
    *,
    key: bytes,
) -> People:
    """Who belongs where and when.

    `identity` holds every address seen so far; `domains` maps a domain, or a parent of it, to its
    organisation ("" for a neutral one). A domain counts only for people without a directory row of
    the boundary organisation. An alias that two people claim belongs to neither.
    """
    members = pl.concat([d.members for d in directories] or [_NO_MEMBERS]).with_columns(
        canonical(pl.col("address"))
    )
    claims = (
        pl.concat([d.aliases for d in directories] or [_NO_ALIASES])
        .select(canonical(pl.col("alias")), canonical(pl.col("address")))
        .unique()
        .filter(
            (pl.col("alias") != pl.col("address"))
            & pl.col("alias").is_in(members["address"].unique().implode()).not_()
        )
    )
    claimed = claims.group_by("alias").agg(pl.col("address").unique())
    agreed = claimed.filter(pl.col("address").list.len() == 1).with_columns(
        pl.col("address").list.first()
    )
    known = pl.concat([members["address"], agreed["alias"], agreed["address"]]).unique()
    ids = _ids(known.drop_nulls(), "address_id", key)
    alias = agreed.select(
        _look_up("alias", ids).alias("address_id"), _look_up("address", ids).alias("person_id")
    )
    rows = pl.concat(
        [
            members.select(
                _look_up("address", ids).alias("person_id"),
                "boundary",
                "unit",
                pl.col("valid_from").fill_null(ALWAYS),
                pl.col("valid_to").fill_null(OPEN),
                "share",
                pl.lit("directory").alias("origin"),
            ),
            _by_domain(identity, alias, members, ids, domains),
        ]
    )
    return People(
        split(rows).select(schema.MEMBERSHIP.names()),
        alias.sort("address_id"),
        ids.rename({"text": "address"}).select("address_id", "address"),
        claimed.height - agreed.height,
    )


_NO_MEMBERS = pl.DataFrame(
    schema={
        "address": pl.String, "boundary": pl.String, "unit": pl.String, "valid_from": pl.Date,
        "valid_to": pl.Date, "share": pl.Float64, "position": pl.Int64,
    }
)  # fmt: skip
_NO_ALIASES = pl.DataFrame(schema={"alias": pl.String, "address": pl.String})


def _by_domain(
    identity: pl.DataFrame,
    alias: pl.DataFrame,
    members: pl.DataFrame,
    ids: pl.DataFrame,
    domains: Mapping[str, str],
) -> pl.DataFrame:
    at_home = ids.filter(
        pl.col("text").is_in(
            members.filter(pl.col("boundary") == "organisation")["address"].unique().implode()
        )
    )["address_id"]
    seen = (
        identity.with_columns(pl.col("address").str.extract("@([^@]+)$").alias("domain"))
        .drop_nulls("domain")
        .join(alias, on="address_id", how="left")
        .with_columns(pl.col("person_id").fill_null(pl.col("address_id")))
        .filter(pl.col("person_id").is_in(at_home.implode()).not_())
    )
    units = {domain: organisation_of(domain, domains) for domain in seen["domain"].unique()}
    return (
        seen.with_columns(
            pl.col("domain")
            .replace_strict(list(units), list(units.values()), return_dtype=pl.String)
            .alias("unit")
        )
        .drop_nulls("unit")
        .sort("person_id", "domain")
        .unique("person_id", keep="first", maintain_order=True)
        .select(
            "person_id",
            pl.lit("organisation").alias("boundary"),
            "unit",
            pl.lit(ALWAYS).alias("valid_from"),
            pl.lit(OPEN).alias("valid_to"),
            pl.lit(None, pl.Float64).alias("share"),
            pl.lit("domain").alias("origin"),
        )
    )


def organisation_of(domain: str, domains: Mapping[str, str]) -> str | None:
    """The organisation of `domain` or of its nearest listed parent; None if neutral or not listed."""
    labels = domain.lower().split(".")
    for start in range(len(labels)):
        parent = ".".join(labels[start:])
        if parent in domains:
            return domains[parent] or None
    return None


def split(rows: pl.DataFrame) -> pl.DataFrame:
    """Cut overlapping memberships at every start and end, and make the shares of each day add up to 1.

    Columns as MEMBERSHIP; `share` may be empty (an equal part). Repeated rows count once.
    """
    person = ["person_id", "boundary"]
    # A unit told twice for the same day, by two directories or two rows, is still one unit.
    rows = rows.unique()
    alone = rows.filter(pl.len().over(person) == 1).with_columns(share=pl.lit(1.0))
    several = rows.filter(pl.len().over(person) > 1)
    starts = several.select(*person, pl.col("valid_from").alias("start"))
    after = several.filter(pl.col("valid_to") < OPEN).select(
        *person, pl.col("valid_to").dt.offset_by("1d").alias("start")
    )
    cuts = (
        pl.concat([starts, after])
        .unique()
        .sort(*person, "start")
        .with_columns(
            pl.col("start").shift(-1).over(person).dt.offset_by("-1d").fill_null(OPEN).alias("end")
        )
    )
    pieces = (
        several.join(cuts, on=person)
        .filter((pl.col("valid_from") <= pl.col("start")) & (pl.col("valid_to") >= pl.col("end")))
        .group_by(*person, "unit", "start", "end", "origin")
        .agg(pl.col("share").max().fill_null(1.0))
        .with_columns(pl.col("share") / pl.col("share").sum().over(*person, "start"))
        .rename({"start": "valid_from", "end": "valid_to"})
    )
    columns = schema.MEMBERSHIP.names()
    return pl.concat([alone.select(columns), pieces.select(columns)]).sort(columns)
