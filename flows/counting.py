"""Who is counted in this run: everybody but those who were forgotten, opted out or gave no consent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from flows.directories import told_raw
from flows.lists import listed
from transforms import people
from warehouse import identity

if TYPE_CHECKING:
    import duckdb

    from flows.config import Config

EXCLUDED, CONSENT, ASKED = "excluded", "consent", "asked"
_MARK = pl.Series("address_id", [0], pl.Int64)  # consent is asked, though nobody gave it yet


@dataclass(frozen=True, slots=True)
class Counting:
    """Who is counted, the lists as they are to be kept, and whether somebody is let in again."""

    counted: people.Counted
    lists: pl.DataFrame
    lets_in: bool


def who_counts(config: Config, con: duckdb.DuckDBPyConnection, key: bytes) -> Counting:
    """Read the lists and find every address of the people on them; `con` is the identity database."""
    before = identity.lists(con)
    buried = identity.tombstones(con)
    out = listed(config, config.settings.people.excluded, key)
    only = (
        listed(config, config.settings.people.consent, key)
        if config.settings.people.consent
        else None
    )
    if buried.is_empty() and out.is_empty() and only is None:
        return Counting(people.EVERYBODY, before.clear(), not before.is_empty())
    told, is_whole = told_raw(config, con)
    nobody = people.nobody_pattern([*people.NOBODY, *config.settings.people.nobody])

    gone = people.still_gone(buried["address_id"], told, key=key, nobody=nobody)
    excluded = people.whole_people(out, told, key=key, nobody=nobody)
    if not is_whole:  # a directory that cannot be read may have told whose an address is
        kept = before.filter(pl.col("list") == EXCLUDED)["address_id"]
        excluded = pl.concat([excluded, kept]).unique().sort()
    excluded = pl.concat([gone, excluded]).unique().sort()
    asked = None if only is None else people.consenting(only, told, key=key, nobody=nobody)
    lists = [(EXCLUDED, excluded)]
    lists += [] if asked is None else [(CONSENT, asked), (ASKED, _MARK)]
    rows = pl.concat(
        [
            before.clear(),
            *(
                s.to_frame("address_id").select(pl.lit(n).alias("list"), "address_id")
                for n, s in lists
            ),
        ]
    )
    counted = people.Counted(excluded, asked, gone, out.clear() if only is None else only)
    return Counting(counted, rows, _lets_in(before, rows))


def _lets_in(before: pl.DataFrame, now: pl.DataFrame) -> bool:
    """Whether somebody is counted now who was not before."""
    old, new = (
        {n: set(rows.filter(pl.col("list") == n)["address_id"]) for n in (EXCLUDED, CONSENT, ASKED)}
        for rows in (before, now)
    )
    was_asked = old[ASKED] or old[CONSENT]
    more = was_asked and (not new[ASKED] or new[CONSENT] - old[CONSENT])
    return bool(old[EXCLUDED] - new[EXCLUDED] or more)
