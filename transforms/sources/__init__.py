"""Every export format that Tieline reads, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.sources import generic, git_log, icalendar, jira, mbox
from transforms.sources.opening import head

if TYPE_CHECKING:
    from pathlib import Path

    from transforms.sources.base import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        icalendar.SOURCE,
        mbox.SOURCE,
        jira.SOURCE,
        git_log.SOURCE,
        generic.SOURCE_CSV,
        generic.SOURCE_PARQUET,
        generic.SOURCE_NDJSON,
    )
}


def sniff(path: Path) -> list[tuple[float, Source]]:
    """Formats that the file at `path` may be in, with certainty above 0 to 1, best first."""
    start = head(path)
    found = [(source.sniff(path, start), source) for source in SOURCES.values()]
    return sorted((pair for pair in found if pair[0] > 0), key=lambda pair: pair[0], reverse=True)
