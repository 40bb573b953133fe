"""What is in one export file: read whole, nothing kept but counts and who is seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TYPE_CHECKING

import polars as pl

from flows.plan import why_refused
from quality.suites import Limits
from transforms import people
from transforms.sources.base import Options, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from flows.config import Config
    from transforms.sources.base import Source

MOST_REASONS = 100  # kinds of reject that are told apart in one file


@dataclass(slots=True)
class Rejects:
    """Counts by reason, and the place of the first of each."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, rejects: pl.DataFrame) -> None:
        """Count `rejects`, columns as RAW_REJECT."""
        told = rejects.group_by("reason", maintain_order=True).agg(
            pl.len(), pl.col("place", "position").first()
        )
        for reason, count, place, position in told.iter_rows():
            known = reason in self.counts or len(self.counts) < MOST_REASONS
            words = reason if known else "for other reasons"
            self.counts[words] += count
            self.first.setdefault(words, f"{place} {position}")


@dataclass(slots=True)
class Look:
    """What a file holds. `people` are canonical addresses, those of nobody left out."""

    records: int = 0
    events: int = 0
    rejects: Rejects = field(default_factory=Rejects)
    people: set[str] = field(default_factory=set)
    first: date | None = None
    last: date | None = None
    unreadable: str = ""  # why nothing can be read: cause and cure

    @property
    def rejected(self) -> int:
        """Records that cannot be read."""
        return self.rejects.counts.total()


def read_options(config: Config, mapping: Mapping[str, str]) -> Options:
    """What a reader may know of the settings."""
    window = config.settings.window
    return Options(
        since=datetime.combine(window.since, time(), config.time_zone),
        until=datetime.combine(window.until, time(), config.time_zone),
        horizon=datetime.combine(config.horizon, time(), config.time_zone),
        time_zone=config.time_zone,
        mapping=mapping,
    )


def look(path: Path, source: Source, config: Config, mapping: Mapping[str, str]) -> Look:
    """Read all of the file at `path`; memory holds a batch and the addresses seen."""
    found = Look()
    nobody = people.nobody_pattern([*people.NOBODY, *config.settings.people.nobody])
    try:
        for batch in source.read(path, read_options(config, mapping)):
            found.records += batch.records
            found.events += batch.events.height
            found.rejects.add(batch.rejects)
            found.people.update(_addresses(batch.participations, nobody))
            days = set(_days(batch.events, str(config.time_zone)))
            found.first = min(days | {*filter(None, (found.first,))}, default=None)
            found.last = max(days | {*filter(None, (found.last,))}, default=None)
    except (UnreadableFileError, OSError) as error:
        found.unreadable = why_refused(error, path)
    return found


def _days(events: pl.DataFrame, zone: str) -> list[date]:
    """First and last day of the events, or nothing."""
    days = events["started_at"].dt.convert_time_zone(zone).dt.date().drop_nulls()
    return days.sort().gather([0, -1]).to_list() if len(days) else []


def _addresses(participations: pl.DataFrame, nobody: str) -> list[str]:
    seen = participations.select(people.canonical(pl.col("address")).unique()).drop_nulls()
    kept = seen.filter(pl.col("address").str.contains(nobody).not_())
    return kept["address"].to_list()


def refused_whole(found: Look, config: Config) -> str:
    """Why a run would refuse the file as a whole, or nothing."""
    if found.unreadable:
        return found.unreadable
    limits = Limits(today=config.today(), rejected_share=config.settings.quality.max_rejected)
    share = limits.rejected_share * found.records
    many = found.records >= limits.least and found.rejected > share
    if many or (found.records and not found.events and found.rejected >= found.records):
        return (
            f"{found.rejected:,} of {found.records:,} records cannot be read,"
            " so a run refuses the whole file; export it again"
        )
    return ""


def left_out(label: str, rejects: Rejects) -> list[str]:
    """A line for each reason: which records of the file will be left out."""
    return [
        f"{label}: {rejects.first[reason]}: {reason}"
        + (f" (and {count - 1:,} more like it)" if count > 1 else "")
        + "; the rest is read"
        for reason, count in rejects.counts.most_common()
    ]
