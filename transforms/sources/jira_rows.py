"""Jira's acts to the rows of a batch."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from transforms.sources.base import RAW_EVENT, RAW_PARTICIPATION, RAW_REJECT, Batch, Options
from transforms.sources.iso_times import utc_instants
from transforms.sources.jira_acts import ACT, NOBODY, TEXTS, Acts

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOWARD = {"act": pl.Int64, "address": pl.String, "role": pl.String}


def nothing_seen() -> pl.Series:
    """Hashes of the keys of a file, before it is read."""
    return pl.Series(dtype=pl.UInt64)


def batch(acts: Acts, options: Options, seen: pl.Series, records: int) -> Batch:
    """The batch of a file's part with so many records. `seen` holds hashes of earlier keys."""
    number, at = (pl.Series(acts.texts[name], dtype=pl.String) for name in TEXTS)
    told = pl.DataFrame(acts.columns, schema=ACT).with_columns(
        number.str.split("\n").explode().alias("number"),
        utc_instants(at.str.split("\n").explode()).alias("at"),
        act=pl.int_range(pl.len()),
    )
    is_act, is_dated = told["actor"] != NOBODY, told["at"].is_not_null()
    since, until = (moment.astimezone(UTC) for moment in (options.since, options.until))
    is_inside = is_act & is_dated & (told["at"] >= since) & (told["at"] < until)
    inside = told if is_inside.all() else told.filter(is_inside)
    inside = inside.with_columns(event_key=_key(acts))
    is_first = _first_seen(inside["event_key"], seen)
    new = inside if is_first.all() else inside.filter(is_first)
    events = _events(acts, new)
    parts = (told.filter(is_act & ~is_dated), new, inside)
    unreadable, fresh, known = (_counts(rows, len(acts.records)) for rows in parts)
    rejects = acts.rejects + [
        (one.position, one.place, f"{count} acts without a date that can be read")
        for one, count in zip(acts.records, unreadable, strict=True)
        if count
    ]
    is_done = (unreadable == 0) & (fresh == 0)
    return Batch(
        events,
        _participations(acts, new, events["initiator"]),
        pl.DataFrame(rejects, schema=RAW_REJECT, orient="row"),
        records,
        int((is_done & (known == 0)).sum()),
        int((is_done & (known > 0)).sum()),
    )


def _key(acts: Acts) -> pl.Expr:
    names = [name for one in acts.records for name in (one.item, one.item.partition("/")[0])]
    places = pl.Series([f"work:jira:{name}:" for name in names], dtype=pl.String)
    parts = (pl.lit(places).gather("place"), "name", pl.lit(":"), "number")
    return pl.concat_str(*parts).str.strip_suffix(":")


def _events(acts: Acts, new: pl.DataFrame) -> pl.DataFrame:
    people = pl.Series(acts.people.addresses, dtype=pl.String)
    machines = pl.Series(acts.people.machines, dtype=pl.Boolean)
    items = pl.Series([f"jira:{one.item}" for one in acts.records], dtype=pl.String)
    positions = pl.Series([one.position for one in acts.records], dtype=pl.Int64)
    is_alone = pl.col("act").is_in(acts.alone) & (pl.col("name") == "assignment")
    actor, record = pl.col("actor"), pl.col("place") // 2
    return _of(
        new,
        RAW_EVENT,
        channel=pl.lit("work"),
        kind=pl.when(is_alone).then(pl.lit("change")).otherwise("name") if acts.alone else "name",
        started_at="at",
        ended_at=None,
        initiator=pl.lit(people).gather(actor),
        thread_key=None,
        reply_key=None,
        container_key=pl.lit(items).gather(record),
        is_automated=pl.lit(machines).gather(actor),
        is_cancelled=False,
        revision=0,
        position=pl.lit(positions).gather(record),
    )


def _participations(acts: Acts, new: pl.DataFrame, actors: pl.Series) -> pl.DataFrame:
    is_comment = pl.col("name") == "comment"
    doers = _of(
        new,
        RAW_PARTICIPATION,
        address=actors,
        role=pl.when(is_comment).then(pl.lit("commenter")).otherwise(pl.lit("author")),
        response=pl.lit("none"),
        is_own=False,
    )
    if not acts.towards:
        return doers
    others = pl.DataFrame(acts.towards, schema=_TOWARD, orient="row").join(
        new.select("act", "event_key"), on="act", maintain_order="left"
    )
    return doers.vstack(_of(others, RAW_PARTICIPATION, response=pl.lit("none"), is_own=False))


def _counts(rows: pl.DataFrame, records: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.bincount(rows["place"].to_numpy() // 2, minlength=records)


def _first_seen(keys: pl.Series, seen: pl.Series) -> pl.Series:
    """Whether a key is the first of its kind in the file; its hash is `seen` from then on."""
    hashes = keys.hash()
    is_first = hashes.is_first_distinct()
    if len(seen):
        is_first &= ~hashes.is_in(seen)
    seen.append(hashes)
    return is_first


def _of(
    rows: pl.DataFrame,
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
    **columns: pl.Series | pl.Expr | str | bool | int | None,
) -> pl.DataFrame:
    """Rows of `schema`: the columns given, and of `rows` the others."""
    made = {name: columns.get(name, name) for name in schema}
    return rows.select(
        (pl.col(one) if isinstance(one, str) else one if isinstance(one, pl.Expr) else pl.lit(one))
        .cast(schema[name])
        .alias(name)
        for name, one in made.items()
    )
