"""One run over the warehouse: its lock, its databases, its row in the run log."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

import duckdb

from flows import journal
from flows.artifacts import leave
from flows.counting import who_counts
from flows.erase import finish, vanish
from flows.expectations import own_expectations
from flows.health import findings, missing
from flows.identity_file import open_identity
from flows.interruption import came
from flows.key import read_key
from flows.retention import expire
from flows.rotation import follow_settings, hold_to_key, settle
from flows.stopwatch import STAGES, Stopwatch
from warehouse import identity, load, state
from warehouse.connection import open_warehouse, warehouse_lock
from warehouse.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from flows.config import Config
    from flows.erase import Vanished
    from quality.own import Own
    from transforms.people import Counted


@dataclass(slots=True)
class Done:
    """What a run did, for whoever started it."""

    run_id: str
    files: int = 0
    events: int = 0
    quarantined: int = 0
    refused: list[str] = field(default_factory=list)
    look_at: list[str] = field(default_factory=list)  # what is out of line with earlier nights
    gone: int = 0  # files of a backfill that are no longer there
    days: int = 0
    periods: int = 0
    rebuilt: int = 0
    release: str | None = None
    copied: int | None = None  # rows of the release that went to PostgreSQL
    covered_by: str | None = None  # the run that had done this one's work already
    seconds: float = 0.0
    seconds_read: float = 0.0
    seconds_transform: float = 0.0
    seconds_publish: float = 0.0


@dataclass(frozen=True, slots=True)
class Open:
    """What the stages of one run share."""

    config: Config
    con: duckdb.DuckDBPyConnection
    identity: duckdb.DuckDBPyConnection
    key: bytes
    run_id: str
    watch: Stopwatch
    counted: Counted
    since: date | None  # first day of which events are kept
    staging: Staging
    owns: Sequence[Own] = ()  # what the users themselves expect of their sources


@dataclass(frozen=True, slots=True)
class Origin:
    """Which flow a run is, when a schedule wanted it, and for a backfill its first and last day."""

    flow: str
    scheduled_at: datetime | None = None
    window: tuple[date, date] | None = None


@contextmanager
def opened(config: Config, origin: Origin, wait: float) -> Iterator[tuple[Open, Done]]:
    """Hold the warehouse for one run, and write down what becomes of it.

    Whoever is not counted any more vanishes first; once the models know it too, the databases are
    written anew. Waits at most `wait` seconds. Raises WarehouseBusyError, and ConfigError where the
    key is wrong.
    """
    done = Done(state.new_run_id(datetime.now(UTC)))
    owns = own_expectations(config)
    with warehouse_lock(config.warehouse, wait, done.run_id):
        settle(config)
        key = read_key(config)
        follow_settings(config, key)
        with _running(config, origin, key, owns, done) as (held, gone):
            yield held, done
        if gone.erasures and "transform" in held.watch.stages:
            finish(config, gone, key)


@contextmanager
def _running(
    config: Config, origin: Origin, key: bytes, owns: Sequence[Own], done: Done
) -> Iterator[tuple[Open, Vanished]]:
    now = datetime.now(UTC)
    begun = perf_counter()
    os.umask(0o077)  # what a run writes is its owner's; the published folder sets its own modes
    journal.begin()
    journal.to_server()
    with ExitStack() as stack:
        con = stack.enter_context(open_warehouse(config.warehouse, reach=[config.published]))
        people = stack.enter_context(open_identity(config, key))
        load.create(con)
        identity.create(people)
        hold_to_key(config, con, people, key)
        load.clear_stage(con)
        done.run_id = state.next_run_id(con, now)
        journal.RUN.set(done.run_id)
        state.begin_run(con, done.run_id, now)
        state.note_origin(
            con, done.run_id, origin.flow, scheduled_at=origin.scheduled_at, window=origin.window
        )
        journal.note("begin", f"{origin.flow} {done.run_id} begins", flow=origin.flow)
        held = None
        try:
            since = expire(config, con, people, config.today())
            counting = who_counts(config, people, key)
            gone = vanish(con, people, counting)
            held = Open(
                config, con, people, key, done.run_id, Stopwatch(), counting.counted, since,
                Staging(con, people), owns,
            )  # fmt: skip
            yield held, gone
        except BaseException as error:
            words = "interrupted" if came() else f"{type(error).__name__}: {error}"
            with suppress(duckdb.Error):  # no room for that either: the next run calls it killed
                state.end_run(con, done.run_id, "failed", words)
            journal.note("failed", words, level=logging.ERROR)
            if held:
                leave(held, done, words)
            raise
        done.seconds = perf_counter() - begun
        _note(held, done)
        state.end_run(con, done.run_id, "succeeded")
        if origin.flow == "nightly" and not done.covered_by:
            wanted = (*missing(con, config), *findings(con, config))
            done.look_at = [one.words for one in wanted]
        facts = {key: value for key, value in asdict(done).items() if key != "run_id"}
        journal.note("end", f"{origin.flow} {done.run_id} succeeded", **facts)
        leave(held, done)


def _note(held: Open, done: Done) -> None:
    stages = {name: held.watch.stages[name] for name in STAGES if name in held.watch.stages}
    done.seconds_read, done.seconds_transform, done.seconds_publish = (
        sum(stages[name].seconds for name in names if name in stages)
        for names in (("read", "load"), ("transform",), ("publish",))
    )
    facts = {
        "files": done.files, "events": done.events, "rejected": done.quarantined,
        "stale_days": done.days, "seconds_read": done.seconds_read,
        "seconds_transform": done.seconds_transform, "seconds_publish": done.seconds_publish,
    }  # fmt: skip
    state.note_run(held.con, held.run_id, facts)
    state.note_costs(
        held.con,
        held.run_id,
        {name: astuple(stage) for name, stage in stages.items()},
        {name: astuple(brought) for name, brought in held.watch.sources.items()},
    )
