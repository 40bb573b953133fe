"""Read and restate some days anew, beside the schedule and under the same lock."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import flow

from flows.config import ConfigError
from flows.config_read import read_config
from flows.fetch import let_go
from flows.ingest import refused_paths
from flows.occasion import ended, run_name, scheduled_at
from flows.parameters import SettingsPath, Wait
from flows.plan import UNREADABLE, ExportFile, to_read
from flows.session import Done, Open, Origin, opened
from flows.stages import FLOW_TIMEOUT, bring, compute, ingest_files, publish_new, there_now
from flows.transform import models_of
from warehouse import window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb


@flow(name="tieline-backfill", flow_run_name=run_name, timeout_seconds=FLOW_TIMEOUT)
def backfill(
    since: date,
    until: date,
    settings: SettingsPath = "tieline.toml",
    home: str | None = None,
    sources: list[str] | None = None,
    wait: Wait = 0,
) -> Done:
    """Read anew every file that shows something of these days, take these days from it, restate them.

    What the files show of other days stays as it is, and what a night still has to read it still reads.

    Args:
        since: first day.
        until: last day, included.
        settings: path of tieline.toml on the machine that runs this.
        home: folder that relative paths start from, if not that of the settings.
        sources: only these, by their names in the settings; none: all of them.
        wait: seconds to wait while another run holds the warehouse.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    check_window(since, until)
    wanted = sources or [source.name for source in config.settings.source]
    unknown = set(wanted) - {source.name for source in config.settings.source}
    if unknown:
        raise ConfigError(f"{config.path}: no source is called {', '.join(sorted(unknown))}")
    models = models_of(config)
    with opened(config, Origin("backfill", scheduled_at(), (since, until)), wait) as (held, done):
        load_window(held, done, since, until, wanted)
        compute(held, done, models)
        publish_new(held, done, models)
    return ended(done)


def check_window(since: date, until: date) -> None:
    """Raise ConfigError where the days are in the wrong order."""
    if until < since:
        raise ConfigError(f"until {until} is before since {since}; give the last day second")


def load_window(held: Open, done: Done, since: date, until: date, sources: Sequence[str]) -> None:
    """Load these days anew, and mark them as stale."""
    bring(held, done)
    found, aside = there_now(held)
    there = [file for file in found if file.source.name in sources]
    files, done.gone = in_window(held.con, there, since, until, sources)
    ingest_files(held, done, files, aside, days=(since, until))
    let_go(held.config, refused_paths(held.con, found))
    window.make_stale(held.con, since, until)


def in_window(
    con: duckdb.DuckDBPyConnection,
    there: Sequence[ExportFile],
    since: date,
    until: date,
    sources: Sequence[str],
) -> tuple[list[ExportFile], int]:
    """Files that showed something of these days, or are not read yet; and how many of them are gone."""
    rows = con.execute(
        "SELECT file_id, path FROM source_file"
        " WHERE first_day <= $until AND last_day >= $since AND list_contains($sources, source)",
        {"since": since, "until": until, "sources": list(sources)},
    ).fetchall()
    by_number = {file.file_id: file for file in there}
    chosen = {file.file_id: file for file in to_read(con, there)}
    closed = tuple(f"{file.shown}/" for file in there if file.content == UNREADABLE)
    gone = 0
    for number, path in rows:
        if number in by_number:
            chosen[number] = by_number[number]
        else:
            gone += not path.startswith(closed)
    return list(chosen.values()), gone
