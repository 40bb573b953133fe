"""Look at every export file and directory without loading anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import polars as pl

from flows.plan import export_files, without_path
from quality.suites import Limits
from transforms.people import canonical
from transforms.sources import SOURCES, sniff
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.directory import read_directory

if TYPE_CHECKING:
    from flows.config import Config
    from flows.plan import ExportFile

SURE = 0.5  # certainty from which another format than the one in the settings is worth a word


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """What was found, a line each: `problems` must be mended, `notes` tell what will be left out.

    `files`: source, file, format, records, events, people, rejects, from, to.
    """

    files: pl.DataFrame
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_files(config: Config) -> CheckedFiles:
    """Read every file of every source, and every directory; nothing is kept."""
    rows, problems, notes = [], [], []
    found = list(export_files(config))
    used = {file.source.name for file in found}
    problems += [
        f"{config.path}: source {source.name!r}: no file matches {source.files!r}; put one there or mend the path"
        for source in config.settings.source
        if source.name not in used
    ]
    if not config.settings.source:
        problems.append(
            f"{config.path}: no [[source]] yet; add one for each export, see `tieline sources`"
        )
    for file in found:
        row, wrong, left_out = _look(config, file)
        rows.append(row)
        problems += wrong
        notes += left_out
    for pattern in config.settings.people.directories:
        paths = config.files(pattern)
        if not paths:
            problems.append(
                f"{config.path}: people.directories: no file matches {pattern!r}; put it there or remove it"
            )
        for path in paths:
            try:
                directory = read_directory(path, config.settings.people.boundaries)
            except UnreadableFileError as error:
                problems.append(str(error))
                continue
            people = directory.members["address"].n_unique()
            rows.append(
                _row(
                    "directory",
                    config.relative(path),
                    "directory",
                    directory.records,
                    people,
                    directory.rejects.height,
                )
            )
            notes += _reasons(config.relative(path), directory.rejects)
            missing = set(config.settings.people.boundaries) - set(directory.members["boundary"])
            problems += [
                f"{config.relative(path)}: no column for boundary {name!r}; add it or take it out of people.boundaries"
                for name in sorted(missing)
            ]
    return CheckedFiles(pl.DataFrame(rows, schema=_COLUMNS), tuple(problems), tuple(notes))


_COLUMNS = {
    "source": pl.String, "file": pl.String, "format": pl.String, "records": pl.Int64, "events": pl.Int64,
    "people": pl.Int64, "rejects": pl.Int64, "from": pl.Date, "to": pl.Date,
}  # fmt: skip


def _row(source: str, path: str, form: str, records: int, people: int, rejects: int, events: int | None = None,
         first: date | None = None, last: date | None = None) -> dict[str, object]:  # fmt: skip
    return {
        "source": source, "file": path, "format": form, "records": records, "events": events,
        "people": people, "rejects": rejects, "from": first, "to": last,
    }  # fmt: skip


def _look(config: Config, file: ExportFile) -> tuple[dict[str, object], list[str], list[str]]:
    """The file's row, what must be mended, what will be left out."""
    form = file.source.format
    problems = [
        f"{file.label}: looks like {likely.name}, the settings say {form};"
        f" change format in source {file.source.name!r}"
        for certainty, likely in sniff(file.path)[:1]
        if likely.name != form and certainty >= SURE
    ]
    window = config.settings.window
    options = Options(
        since=datetime.combine(window.since, time(), config.time_zone),
        until=datetime.combine(window.until, time(), config.time_zone),
        time_zone=config.time_zone,
        mapping=file.source.mapping,
    )
    records = events = 0
    rejects: list[pl.DataFrame] = []
    people: set[str] = set()
    days: set[date] = set()
    try:
        for batch in SOURCES[form].read(file.path, options):
            records += batch.records
            events += batch.events.height
            rejects.append(batch.rejects)
            people |= set(
                batch.participations.select(canonical(pl.col("address")))["address"].unique()
            )
            days.update(batch.events["started_at"].dt.date().unique())
    except UnreadableFileError as error:
        problems.append(f"{file.label}: {without_path(error, file.path)}")
        return _row(file.source.name, file.label, form, 0, 0, 0), problems, []
    refused = pl.concat(rejects) if rejects else pl.DataFrame()
    row = _row(
        file.source.name, file.label, form, records, len(people), refused.height, events,
        min(days, default=None), max(days, default=None),
    )  # fmt: skip
    limits = Limits(today=config.today(), rejected_share=config.settings.quality.max_rejected)
    many = records >= limits.least and refused.height > limits.rejected_share * records
    if many or (records and not events and refused.height >= records):
        problems.append(
            f"{file.label}: {refused.height:,} of {records:,} records cannot be read,"
            " so a run refuses the whole file; export it again"
        )
    return row, problems, _reasons(file.label, refused)


def _reasons(label: str, rejects: pl.DataFrame) -> list[str]:
    if rejects.is_empty():
        return []
    counts = Counter(rejects["reason"].to_list())
    first = {reason: (place, at) for at, place, reason in reversed(list(rejects.iter_rows()))}
    return [
        f"{label}: {first[reason][0]} {first[reason][1]}: {reason}"
        + (f" (and {count - 1:,} more like it)" if count > 1 else "")
        + "; the rest is read"
        for reason, count in counts.most_common()
    ]
