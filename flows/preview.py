"""`tieline run --dry-run`: what a run would do and how long it would take. Changes nothing.

The warehouse is opened for reading only. New and changed files are read, because only they say which
days they touch; what the quality checks would put aside is not known yet.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from flows.config import Config
from flows.counting import who_counts
from flows.directories import told_raw
from flows.estimate import estimate
from flows.fetch import up_to_date
from flows.identity_file import cipher_of
from flows.ingest import batches
from flows.key import read_key
from flows.plan import ExportFile, found_files, known_files, to_read, why_refused
from flows.progress import steps
from flows.retention import kept_now
from flows.scratch import scratch
from flows.tables import many
from flows.transform import models_of, parameters
from transforms import people
from transforms.model import fingerprints
from transforms.periods import periods
from transforms.sources.base import UnreadableFileError
from warehouse import identity, load, memberships
from warehouse import preview as differences
from warehouse.connection import open_readonly, open_scratch
from warehouse.layout import require_present

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import duckdb

NAMED = 20  # files that are listed


class Reading(NamedTuple):
    """How files are read: whose key, who counts, and since when events are kept."""

    config: Config
    key: bytes
    counted: people.Counted
    since: date | None


class Shown(NamedTuple):
    """What reading one file found."""

    file: ExportFile
    events: int = 0
    first: date | None = None
    last: date | None = None
    refused: str = ""


def preview(config: Config, *, rebuild: bool = False) -> Iterator[str]:
    """What `tieline run` would do now, in lines. Raises WarehouseBusyError while a run is on."""
    models = models_of(config)
    with ExitStack() as stack:
        yield from stack.enter_context(up_to_date(config))
        key = read_key(config) if config.key_file.exists() else b"\0"
        con, known = _databases(config, stack, key)
        counted = who_counts(config, known, key).counted
        kept = kept_now(con)
        before = {number for (number,) in con.execute("SELECT file_id FROM source_file").fetchall()}
        differences.begin(con)
        reading = Reading(config, key, counted, kept.since if kept else None)
        shown = _read(con, reading, to_read(con, found_files(config, known_files(con)).files))
        yield from _told(shown, before)
        good = [one for one in shown if not one.refused]
        changed, days = differences.changes(con, [one.file.file_id for one in good])
        moved = _people_days(con, known, reading)
        waiting = [day for (day,) in con.execute("FROM stale_day").fetchall()]
        today = config.today()
        stale = sorted({day for day in (*days, *moved, *waiting) if day < today})
        built = {} if rebuild else dict(con.execute("FROM model_state").fetchall())
        marks = fingerprints(models, parameters(config))
        whole = [name for name, mark in marks.items() if built.get(name) != mark]
        counts = {grain: len(found) for grain, found in periods(con, stale).items()}
        if moved:
            yield f"Directories, domains or boundaries tell something else of {many(len(moved), 'day')}."
        yield from _restated(stale, counts, whole)
        work = {
            "read": sum(one.file.size for one in shown),
            "load": changed,
            "transform": sum(counts.values()),
            "publish": int(bool(stale or whole)),
        }
        yield from estimate(con, work, whole=bool(whole))
    yield "Nothing was changed. To do it: tieline run"


def _databases(
    config: Config, stack: ExitStack, key: bytes
) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]:
    """The warehouse and the identity database, or empty ones before the first run."""
    if not config.warehouse.exists():
        spill = stack.enter_context(scratch(Path(gettempdir()), "tieline-preview"))
        con = stack.enter_context(open_scratch(spill))
        load.create(con)
        known = stack.enter_context(open_scratch())
        identity.create(known)
        return con, known
    con = stack.enter_context(open_readonly(config.warehouse))
    require_present(con)
    return con, stack.enter_context(open_readonly(config.identity, cipher_of(config, key)))


def _read(
    con: duckdb.DuckDBPyConnection, reading: Reading, files: Sequence[ExportFile]
) -> list[Shown]:
    found = []
    with steps("look", len(files)) as show:
        for file in files:
            show(file.label)
            events = 0
            days: set[date] = set()
            try:
                for _, staged in batches(
                    reading.config, file, reading.key, reading.counted, reading.since
                ):
                    differences.add(con, staged.events, staged.participations)
                    events += staged.events.height
                    days.update(staged.events["day"].unique())
            except (UnreadableFileError, OSError) as error:
                found.append(Shown(file, refused=why_refused(error, file.path)))
                continue
            found.append(Shown(file, events, min(days, default=None), max(days, default=None)))
    return found


def _people_days(
    con: duckdb.DuckDBPyConnection, known: duckdb.DuckDBPyConnection, reading: Reading
) -> list[date]:
    """Days on which people belong elsewhere than is loaded."""
    config, wanted = reading.config, reading.config.settings.people
    told, _ = told_raw(config, known)
    told = [people.without(one, reading.counted, reading.key) for one in told]
    addresses = identity.addresses(known).filter(reading.counted.holds(pl.col("address_id")))
    found = people.memberships(
        told, addresses, config.domains, key=reading.key, units=wanted.units,
        nobody=people.nobody_pattern([*people.NOBODY, *wanted.nobody]),
        merge_singles=config.settings.disclosure.merge_singles,
    )  # fmt: skip
    memberships.find_stale(con, found.membership, found.alias)
    days = "SELECT day FROM newly_stale"
    present = {name for (name,) in con.execute("FROM boundary").fetchall()}
    if present != set(wanted.boundaries):
        days += " UNION ALL SELECT day FROM event"
    return [day for (day,) in con.execute(f"SELECT DISTINCT day FROM ({days})").fetchall()]


def _told(shown: Sequence[Shown], known: set[int]) -> Iterator[str]:
    if not shown:
        yield "Nothing new to read."
        return
    size = sum(one.file.size for one in shown)
    yield f"Would read {many(len(shown), 'file')}, {size / 1e6:,.1f} MB:"
    for one in shown[:NAMED]:
        state = "changed" if one.file.file_id in known else "new"
        if one.refused:
            yield f"  {one.file.label}: would be REFUSED: {one.refused}"
        elif one.first is None:
            yield f"  {one.file.label}: {state}, no events"
        else:
            yield f"  {one.file.label}: {state}, {many(one.events, 'event')}, {one.first} to {one.last}"
    if len(shown) > NAMED:
        yield f"  and {len(shown) - NAMED:,} more"


def _restated(
    stale: Sequence[date], counted: dict[str, int], whole: Sequence[str]
) -> Iterator[str]:
    if stale:
        grains = ", ".join(many(count, grain) for grain, count in counted.items())
        yield f"Would restate {grains}, between {stale[0]} and {stale[-1]}, and what looks back at them."
    if whole:
        more = f" and {len(whole) - NAMED:,} more" if len(whole) > NAMED else ""
        yield f"Would compute whole: {', '.join(whole[:NAMED])}{more}."
    if stale or whole:
        yield "Would publish a new release."
    else:
        yield "Would restate nothing; the published release would stay."
