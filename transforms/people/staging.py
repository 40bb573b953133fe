"""A reader's batch loses its addresses: what is staged knows keyed hashes alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from transforms.people.addresses import canonical, ids_of, looked_up
from transforms.people.counted import EVERYBODY
from warehouse import schema

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from transforms.people.counted import Counted
    from transforms.sources.base import Batch


@dataclass(frozen=True, slots=True)
class Staged:
    """A batch without addresses: frames as OBSERVED_EVENT, OBSERVED_PARTICIPATION and QUARANTINE.

    `identity` (address_id, address) is for the identity database alone.
    """

    events: pl.DataFrame
    participations: pl.DataFrame
    quarantine: pl.DataFrame
    identity: pl.DataFrame


def pseudonymise(
    batch: Batch,
    *,
    key: bytes,
    file_id: int,
    time_zone: ZoneInfo,
    nobody: str,
    counted: Counted = EVERYBODY,
) -> Staged:
    """Replace every address and natural key of `batch` by its keyed hash.

    `nobody` is a pattern of addresses that are no person; their participations are left out, and so
    are those of people who are not `counted`.
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
    identity = ids_of(addresses, "address_id", key)
    if not counted.is_everybody:
        identity = identity.filter(counted.holds(pl.col("address_id")))
        is_counted = pl.col("address").is_null() | pl.col("address").is_in(
            identity["text"].implode()
        )
        participations = participations.filter(is_counted)
    keys = pl.concat(
        [events[c].alias("key") for c in ("event_key", "thread_key", "reply_key", "container_key")]
        + [participations["event_key"].alias("key")]
    )
    ids = ids_of(keys.drop_nulls().unique(), "id", key)
    staged_events = events.with_columns(
        initiator=pl.when(pl.col("initiator").str.contains(nobody).not_()).then("initiator")
    ).select(
        pl.lit(file_id).alias("file_id"),
        looked_up("event_key", ids).alias("event_id"),
        "channel",
        "kind",
        pl.col("started_at").dt.convert_time_zone(str(time_zone)).dt.date().alias("day"),
        pl.col("started_at").dt.replace_time_zone(None),
        pl.col("ended_at").dt.replace_time_zone(None),
        looked_up("initiator", identity),
        looked_up("thread_key", ids).alias("thread"),
        looked_up("reply_key", ids).alias("reply_to"),
        looked_up("container_key", ids).alias("container"),
        "is_automated",
        "revision",
        "is_cancelled",
        "position",
    )
    days = staged_events.select("event_id", "day").unique("event_id", keep="any")
    staged_participations = (
        participations.select(
            pl.lit(file_id).alias("file_id"),
            looked_up("event_key", ids).alias("event_id"),
            looked_up("address", identity).alias("address_id"),
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
