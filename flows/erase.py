"""Forget people: out of every table and every file, proven, and for good.

What has to be done stands in the identity database before anything is touched, so that a process that
is killed leaves work that the next run, or the same command, brings to its end.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from flows import audit
from flows.counting import who_counts
from flows.directories import told_raw
from flows.engines import spark_of
from flows.identity_file import cipher_of, open_identity, rewrite_identity
from flows.lakes import write_lake
from flows.lists import as_written, numbered
from flows.opened import opened
from flows.publish import release
from flows.transform import bring_up_to_date, models_of
from transforms import people
from warehouse import erase as warehouse
from warehouse import identity, load, state
from warehouse.connection import open_readonly, warehouse_lock
from warehouse.rewrite import rewrite
from warehouse.traces import traces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

    from flows.config import Config
    from flows.counting import Counting
    from flows.opened import Opened

LONG_ENOUGH = 8  # signs of a name that is looked for in bytes


class NotErasedError(Exception):
    """Something of a forgotten person is left; the message says where."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """Whom the warehouse no longer has, for as long as it takes to prove it.

    `people` are address_ids; `texts` their addresses and names; `exports` the files that showed them.
    """

    people: pl.Series
    texts: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    erasures: tuple[str, ...] = ()
    events: int = 0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What came of `forget`. `files` and `bytes` are how much was searched for what might be left."""

    erasure: str
    addresses: int
    events: int
    days: int
    periods: int
    exports: tuple[str, ...]
    files: int
    bytes: int
    release: Path | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Who a person is here: number of addresses, and of events that they took part in."""

    addresses: int
    events: int


def look_up(config: Config, person: str, *, wait: int = 0) -> Known:
    """How much of `person` (address, login or name:...) is here. Raises ConfigError without the key."""
    with warehouse_lock(config.warehouse, wait, "forget"), opened(config) as held:
        ids = _whole(held, config, person)
        held.con.register("sought", ids.to_frame("address_id"))
        count = (
            "SELECT count(DISTINCT event_id) FROM participation WHERE address_id IN (FROM sought)"
        )
        events = held.con.execute(count).fetchall()[0][0]
        held.con.unregister("sought")
        known = identity.addresses(held.people)
        return Known(known.filter(pl.col("address_id").is_in(ids.implode())).height, events)


def forget(
    config: Config,
    person: str,
    *,
    wait: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Forgotten:
    """Erase a person, by any address, login or `name:...`, and keep them out of what comes.

    Restates what the person touched, publishes, writes both databases anew and proves that neither
    values nor bytes hold anything of the person. Can be run again at any time; a run ends what was
    begun. Raises ConfigError without the key, NotErasedError where something is left.
    """
    with warehouse_lock(config.warehouse, wait, "forget"):
        with opened(config) as held:
            ids = _whole(held, config, person)
            now = datetime.now(UTC)
            erasure = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
            seal = audit.write(config.audit, held.key, now, "forget begun", erasure=erasure)
            identity.keep_seal(held.people, seal)
            identity.begin_erasure(held.people, erasure, ids)
            progress("erase")
            gone = vanish(held.con, held.people, who_counts(config, held.people, held.key))
            gone = replace(gone, texts=tuple({*gone.texts, *as_written(person)}))
            models = models_of(config)
            write_lake(held.con, config, erasure)
            built = bring_up_to_date(
                held.con, config, models, today=config.today(),
                progress=lambda name: progress(f"transform {name}"),
                spark=spark_of(config, models, erasure),
            )  # fmt: skip
            progress("publish")
            released = release(
                held.con, config, models, run_id=state.new_run_id(now), today=config.today()
            )
        progress("write anew and prove")
        searched = finish(config, gone, held.key)
    return Forgotten(
        erasure, ids.len(), gone.events, built.days, built.periods, gone.exports,
        len(searched), sum(searched), released,
    )  # fmt: skip


def vanish(
    con: duckdb.DuckDBPyConnection, people_con: duckdb.DuckDBPyConnection, counting: Counting
) -> Vanished:
    """Take everybody out of the events who is not counted any more; models follow with the stale days.

    Further addresses of somebody forgotten get tombstones of their own. Whoever calls brings the models up
    to date, closes both databases and then calls `finish`.
    """
    if counting.lets_in:
        load.read_again(con)
    identity.entomb(people_con, counting.counted.forgotten, "later")
    known = identity.addresses(people_con)
    left_out = known.filter(counting.counted.holds(pl.col("address_id")).not_())
    buried = identity.tombstones(people_con)
    begun = identity.unfinished(people_con)
    ids = pl.concat(
        [left_out["address_id"], buried.filter(pl.col("erasure").is_in(begun))["address_id"]]
    ).unique()
    if ids.is_empty() and not begun:
        identity.keep_lists(people_con, counting.lists)
        return Vanished(ids)
    if not begun:
        begun = [f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"]
        identity.begin_erasure(people_con, begun[0], ids.clear())
    rows = people.naming(identity.directory_rows(people_con), left_out["address"])
    names = rows.filter(pl.col("kind") == "names")["address"].to_list()
    exports = warehouse.files_with(con, ids)
    erased = warehouse.erase(con, ids)
    identity.keep_lists(people_con, counting.lists)
    return Vanished(
        ids,
        tuple({*left_out["address"], *(name for name in names if len(name) >= LONG_ENOUGH)}),
        tuple(exports), tuple(begun), erased.changed_events,
    )  # fmt: skip


def finish(config: Config, gone: Vanished, key: bytes) -> list[int]:
    """Write both databases anew without those who are gone, and prove it.

    Return the size in bytes of every file that was searched. Nobody may have the databases open.
    Raises NotErasedError where something is left.
    """
    if not gone.erasures:
        return []
    rewrite(config.warehouse)
    with open_readonly(config.warehouse) as con:
        used = warehouse.referred(con)
    with open_identity(config, key) as con:
        known = identity.addresses(con)
        theirs = known.filter(pl.col("address_id").is_in(gone.people.implode()))["address"]
        rows = people.naming(identity.directory_rows(con), theirs)
        identity.erase(con, gone.people, rows)
        identity.keep_only(con, used)
    rewrite_identity(config, key)
    mine, others = _written(config)
    texts = {text for text in gone.texts if text}
    found = traces(others, texts, gone.people.to_list()) + traces(
        mine, texts, [], cipher_of(config, key)
    )
    if found:
        raise NotErasedError(
            f"something of the person is left: {'; '.join(found)}; it may be the name of a file or a unit:"
            " change that, then run `tieline run`, which tries again"
        )
    now = datetime.now(UTC)
    seals = [
        audit.write(config.audit, key, now, "erased and proven", erasure=erasure)
        for erasure in gone.erasures
    ]
    with open_identity(config, key) as con:
        identity.keep_seal(con, seals[-1])
        identity.end_erasures(con)
    return [path.stat().st_size for path in (*mine, *others)]


def _written(config: Config) -> tuple[list[Path], list[Path]]:
    """Files that Tieline wrote: the identity database, and all others. Copies of exports are the partners'."""
    folders = (config.warehouse.parent, config.published, config.docs)
    files = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and config.copies not in path.parents
    ]
    mine = [path for path in files if config.identity.parent in path.parents]
    return mine, [path for path in files if path not in mine]


def _whole(held: Opened, config: Config, person: str) -> pl.Series:
    """Every address_id of the person, as directories tell and as they are loaded."""
    told, _ = told_raw(config, held.people)
    nobody = people.nobody_pattern([*people.NOBODY, *config.settings.people.nobody])
    some = pl.Series("address_id", [numbered(person, held.key)], pl.Int64)
    ids = people.whole_people(some, told, key=held.key, nobody=nobody)
    held.con.register("asked", ids.to_frame("address_id"))
    loaded = held.con.sql(
        """WITH one AS (
             FROM asked UNION SELECT person_id FROM address_alias WHERE address_id IN (FROM asked))
           FROM one UNION SELECT address_id FROM address_alias WHERE person_id IN (FROM one)"""
    ).pl()
    held.con.unregister("asked")
    return loaded["address_id"].sort()
