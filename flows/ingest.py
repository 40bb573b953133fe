"""Export files and directories into the warehouse: read, make pseudonymous, stage, check, load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from flows.directories import Told, told_by
from flows.incoming import last_written
from flows.plan import ASIDE, ExportFile, file_id, summary, why_refused
from flows.transient import is_transient
from quality.checkpoint import validate
from quality.quarantine import quarantine
from quality.suites import Limits, row_rules
from transforms import people
from transforms.sources import SOURCES
from transforms.sources.base import Batch, Options, UnreadableFileError
from warehouse import load, schema
from warehouse.connection import undo
from warehouse.ends import load_ends
from warehouse.identity import addresses, remember
from warehouse.memberships import load_memberships
from warehouse.partners import load_partners, moved_partners
from warehouse.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    import duckdb

    from flows.config import Config
    from flows.plan import LeftAside
    from quality.own import Own

ON_ITS_WAY = "was written to while it was read; the next run reads it"
SHRUNK = 0.5  # a file with less than this part of its records is told
_FORGET = f"DELETE FROM {schema.STAGE}.quarantine WHERE file_id = ?"
STAGE_ROWS = 5_000_000  # participations staged before they are checked and loaded


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading one file."""

    file: ExportFile
    records: int = 0
    events: int = 0
    participations: int = 0
    rejected: int = 0
    refused: str | None = None  # why the file as a whole could not be read


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking and loading one batch of files."""

    changed_events: int
    stale_days: int
    refused: tuple[str, ...]
    quarantined: int
    of_sources: tuple[str, ...] = ()  # source of each file that was refused after it was read


def stage_file(
    con: duckdb.DuckDBPyConnection,
    identity: duckdb.DuckDBPyConnection,
    config: Config,
    file: ExportFile,
    key: bytes,
    run_id: str,
    counted: people.Counted = people.EVERYBODY,
    since: date | None = None,
    shown: Iterable[tuple[Batch, people.Staged]] | None = None,
    staging: Staging | None = None,
) -> Read:
    """Read `file` into the staging tables; a second call for it starts afresh.

    Nobody but those `counted` is read, and nothing before `since`, whatever the window says. What was
    read elsewhere, with the same two, is `shown`. With `staging` rows wait there until it is flushed.
    """
    held = staging or Staging(con, identity)
    try:
        return _staged(held, file, run_id, shown or batches(config, file, key, counted, since))
    except BaseException:
        held.forget(file.file_id)
        raise
    finally:
        if staging is None:
            held.flush()


def _staged(
    staging: Staging,
    file: ExportFile,
    run_id: str,
    shown: Iterable[tuple[Batch, people.Staged]],
) -> Read:
    staging.forget(file.file_id)
    counts = dict.fromkeys(
        ("records", "events", "participations", "rejected", "duplicates", "skipped", "automated"), 0
    )
    days: set[date] = set()
    try:
        for batch, staged in shown:
            staging.seen(staged.identity)
            staging.add(file.file_id, schema.OBSERVED_EVENT, staged.events)
            staging.add(file.file_id, schema.OBSERVED_PARTICIPATION, staged.participations)
            staging.add(file.file_id, schema.QUARANTINE, staged.quarantine)
            counts["records"] += batch.records
            counts["events"] += staged.events.height
            counts["participations"] += staged.participations.height
            counts["rejected"] += staged.quarantine.height
            counts["duplicates"] += batch.duplicates
            counts["skipped"] += batch.skipped
            counts["automated"] += int(staged.events["is_automated"].sum())
            days.update(staged.events["day"].unique())
        _check_settled(file)
    except (UnreadableFileError, OSError) as error:
        if is_transient(error):
            raise
        reason = why_refused(error, file.path)
        staging.forget(file.file_id)
        staging.add(file.file_id, schema.QUARANTINE, _refusal(file.file_id, reason))
        return Read(file, refused=reason)
    ledger = {
        "file_id": file.file_id, "source": file.source.name,
        "partner": file.source.deliverer, "format": file.source.format,
        "path": file.shown, "content": file.content, "settings": file.settings, "bytes": file.size,
        "modified_ns": file.modified_ns, **counts, "first_day": min(days, default=None),
        "last_day": max(days, default=None), "run_id": run_id,
    }  # fmt: skip
    row = pl.DataFrame([ledger], schema=schema.polars_schema(schema.SOURCE_FILE))
    staging.add(file.file_id, schema.SOURCE_FILE, row)
    return Read(
        file, counts["records"], counts["events"], counts["participations"], counts["rejected"]
    )


def _check_settled(file: ExportFile) -> None:
    """Raise UnreadableFileError if the file was written to since the run looked at it first."""
    if file.modified_ns and last_written(file.path) != file.modified_ns:
        raise UnreadableFileError(f"{file.path}: {ON_ITS_WAY}")


def batches(
    config: Config,
    file: ExportFile,
    key: bytes,
    counted: people.Counted = people.EVERYBODY,
    since: date | None = None,
) -> Iterator[tuple[Batch, people.Staged]]:
    """What `file` shows, batch by batch: as its reader gives it, and without names.

    Raises UnreadableFileError.
    """
    options = Options(
        since=_midnight(config, max(filter(None, (config.settings.window.since, since)))),
        until=_midnight(config, config.settings.window.until),
        horizon=_midnight(config, file.horizon),
        time_zone=config.time_zone,
        mapping=file.source.mapping,
    )
    nobody = people.nobody_pattern([*people.NOBODY, *config.settings.people.nobody])
    for batch in SOURCES[file.source.format].read(file.path, options):
        yield (
            batch,
            people.pseudonymise(
                batch,
                key=key,
                file_id=file.file_id,
                time_zone=config.time_zone,
                nobody=nobody,
                counted=counted,
            ),
        )


def note_left_aside(con: duckdb.DuckDBPyConnection, aside: Iterable[LeftAside]) -> None:
    """Stage for quarantine what of archives and folders is not read, a line per reason."""
    rows = [
        {"file_id": file_id(source.name, holder), "position": 0, "place": "file", "stage": "read",
         "reason": words, "record": None}
        for source, holder, words in summary(aside)
    ]  # fmt: skip
    load.stage(con, schema.QUARANTINE, pl.DataFrame(rows, schema.polars_schema(schema.QUARANTINE)))


def note_missing(con: duckdb.DuckDBPyConnection, config: Config, address: str, reason: str) -> None:
    """Stage for quarantine that an address, or some of it, could not be had in this run."""
    owners = [one.name for one in config.settings.source if one.files == address]
    owners += ["directory"] * (address in config.settings.people.directories)
    for owner in owners:
        load.stage(con, schema.QUARANTINE, _refusal(file_id(owner, address.rstrip("/")), reason))


def is_refusal_staged(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether something waits to be told that no file of this run tells: a refusal, or what is left aside."""
    refused = con.execute(f"FROM {schema.STAGE}.quarantine WHERE stage = 'batch' LIMIT 1")
    return bool(refused.fetchall()) or _is_news(con, "file_id, reason", ASIDE)


def _is_news(con: duckdb.DuckDBPyConnection, row: str, reason: str) -> bool:
    """Whether rows of quarantine (told apart by `row`) whose reason starts so are others than are known.

    What was discarded is no news.
    """
    so = "WHERE starts_with(reason, $reason)"
    found = con.execute(
        f"""WITH
          now AS (SELECT {row} FROM {schema.STAGE}.quarantine {so} EXCEPT SELECT {row} FROM discarded {so}),
          known AS (SELECT {row} FROM quarantine {so})
        (FROM now EXCEPT FROM known) UNION ALL (FROM known EXCEPT FROM now) LIMIT 1""",
        {"reason": reason},
    )
    return bool(found.fetchall())


def refused_paths(con: duckdb.DuckDBPyConnection, files: Iterable[ExportFile]) -> set[Path]:
    """Where the files that are refused as a whole are, with the archives that they are in."""
    rows = con.execute("SELECT file_id FROM quarantine WHERE stage = 'batch'").fetchall()
    numbers = {number for (number,) in rows}
    paths = [file.path for file in files if file.file_id in numbers]
    return {place for path in paths for place in (path, *path.parents)}


def _note_shrunk(con: duckdb.DuckDBPyConnection, least: int) -> None:
    """Tell of files that hold far fewer records than the last time: cut off, perhaps."""
    con.execute(
        f"""INSERT INTO {schema.STAGE}.quarantine
        SELECT new.file_id, 0, 'file', 'read', 'holds ' || new.records || ' records, and held '
          || old.records || ' the last time; if it was cut off, have it delivered again', NULL
        FROM {schema.STAGE}.source_file AS new JOIN source_file AS old USING (file_id)
        WHERE old.records >= $least AND new.records < $part * old.records""",
        {"least": least, "part": SHRUNK},
    )


def forget_refusals(con: duckdb.DuckDBPyConnection, files: Iterable[ExportFile]) -> None:
    """Drop the refusals of files that are no longer there: nothing is left to mend."""
    con.execute(
        "DELETE FROM quarantine WHERE stage = 'batch' AND NOT list_contains($there, file_id)",
        {"there": [file.file_id for file in files]},
    )


def _midnight(config: Config, day: date) -> datetime:
    return datetime.combine(day, time(), config.time_zone)


def _refusal(number: int, reason: str) -> pl.DataFrame:
    row = {
        "file_id": number,
        "position": 0,
        "place": "file",
        "stage": "batch",
        "reason": reason,
        "record": None,
    }
    return pl.DataFrame([row], schema=schema.polars_schema(schema.QUARANTINE))


def read_directories(
    con: duckdb.DuckDBPyConnection,
    identity: duckdb.DuckDBPyConnection,
    config: Config,
    key: bytes = b"",
    counted: people.Counted = people.EVERYBODY,
) -> Told:
    """Every directory file; rows and files that cannot be read are staged for quarantine."""
    told = told_by(config, identity, key, counted)
    for directory in told.directories:
        number = file_id("directory", directory.label)
        con.execute(_FORGET, [number])
        load.stage(con, schema.QUARANTINE, _left_out(number, directory.rejects))
    for label, reason in told.refused.items():
        number = file_id("directory", label)
        con.execute(_FORGET, [number])
        load.stage(con, schema.QUARANTINE, _refusal(number, reason))
    return told


def _left_out(number: int | pl.Expr, rejects: pl.DataFrame) -> pl.DataFrame:
    return rejects.select(
        (pl.lit(number) if isinstance(number, int) else number).alias("file_id"),
        "position", "place", pl.lit("read").alias("stage"), "reason",
        pl.lit(None, pl.String).alias("record"),
    )  # fmt: skip


def stage_people(
    con: duckdb.DuckDBPyConnection,
    identity: duckdb.DuckDBPyConnection,
    config: Config,
    told: Told,
    key: bytes,
    counted: people.Counted = people.EVERYBODY,
) -> people.People:
    """Work out memberships from directories and domains, and stage them to be checked.

    Rows that contradict another directory are staged for quarantine. The identity database may still
    know somebody who is not `counted`, until it is proven that nothing else does.
    """
    found = people.memberships(
        told.directories,
        addresses(identity).filter(counted.holds(pl.col("address_id"))),
        config.domains,
        key=key,
        units=config.settings.people.units,
        nobody=people.nobody_pattern([*people.NOBODY, *config.settings.people.nobody]),
        merge_singles=config.settings.disclosure.merge_singles,
    )
    remember(identity, found.identity)
    con.execute(f"DELETE FROM {schema.STAGE}.membership")
    load.stage(con, schema.MEMBERSHIP, found.membership)
    for (label,), rows in found.conflicts.group_by("label", maintain_order=True):
        load.stage(con, schema.QUARANTINE, _left_out(file_id("directory", str(label)), rows))
    return found


def people_changed(
    con: duckdb.DuckDBPyConnection,
    identity: duckdb.DuckDBPyConnection,
    config: Config,
    key: bytes,
    counted: people.Counted = people.EVERYBODY,
) -> bool:
    """Whether directories, domains or boundaries say something else than what is loaded, or cannot."""
    told = read_directories(con, identity, config, key, counted)
    found = stage_people(con, identity, config, told, key, counted)
    con.register("found_alias", found.alias)
    differences = con.execute(
        f"""SELECT 1 FROM (
          (FROM {schema.STAGE}.membership EXCEPT FROM membership) UNION ALL
          (FROM membership EXCEPT FROM {schema.STAGE}.membership)) UNION ALL
        SELECT 1 FROM (
          (FROM found_alias EXCEPT FROM address_alias) UNION ALL
          (FROM address_alias EXCEPT FROM found_alias)) LIMIT 1"""
    ).fetchall()
    con.unregister("found_alias")
    loaded = {name for (name,) in con.execute("FROM boundary").fetchall()}
    is_other = loaded != set(config.settings.people.boundaries)
    is_other |= _is_news(con, "file_id, position, reason", people.GIVEN)
    return bool(differences or told.refused) or is_other


def sources_changed(con: duckdb.DuckDBPyConnection, config: Config) -> bool:
    """Whether the settings tell something else of sources than what is loaded."""
    ends = dict(con.execute("FROM source_end").fetchall())
    return ends != config.source_ends or bool(moved_partners(con, config.partners))


def check_and_load(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    found: people.People,
    *,
    run_id: str,
    batch: int,
    unread: Mapping[str, str] = MappingProxyType({}),
    owns: Iterable[Own] = (),
) -> Checked:
    """Validate what is staged, put aside what is wrong, load the rest: one transaction.

    `unread` are directories that could not be read, with the reason; `owns` what the users expect.
    """
    limits = Limits(today=config.today(), rejected_share=config.settings.quality.max_rejected)
    report = validate(
        con, limits, owns=owns, data_docs=config.docs, run_id=run_id, batch=batch,
        keep=config.settings.quality.docs_runs,
    )  # fmt: skip
    con.execute("BEGIN")
    try:
        _note_shrunk(con, limits.least)
        quarantine(con, row_rules(limits), report)
        count = (
            f"SELECT count(*) FROM {schema.STAGE}.quarantine"
            " WHERE NOT (stage = 'read' AND place = 'file')"  # what is left aside is no record
        )
        quarantined = int(con.execute(count).fetchall()[0][0])
        con.register("outcomes", report.outcomes)
        con.execute("INSERT INTO quality_result BY NAME FROM outcomes")
        moved = load_partners(con, config.partners)  # before files of a source say so
        loaded = load.load(con, found.alias)
        membership = con.sql(f"FROM {schema.STAGE}.membership").pl()
        days = load_memberships(con, membership, found.alias, config.settings.people.boundaries)
        days += moved + load_ends(con, config.source_ends)
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
    refused = tuple(f"{one.path}: {one.reason}; export it again" for one in report.refused)
    refused = (*refused, *(f"{label}: {reason}" for label, reason in unread.items()))
    sources = tuple(one.source for one in report.refused)
    return Checked(loaded.changed_events, loaded.stale_days + days, refused, quarantined, sources)
