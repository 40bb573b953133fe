"""Every export format that Tieline reads, by name: its own, and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from transforms.sources import (
    asana,
    asana_csv,
    azure_devops,
    azure_devops_csv,
    generic,
    git_log,
    github,
    gitlab,
    gmail_api,
    google_events,
    google_mail_log,
    graph_events,
    graph_messages,
    icalendar,
    jira,
    jira_csv,
    jira_parts,
    linear_csv,
    mbox,
    message_trace,
    outlook_csv,
    planner,
    plugins,
    slack,
    teams_attendance,
    teams_chat,
    trello,
)
from transforms.sources.opening import head

if TYPE_CHECKING:
    from pathlib import Path

    from transforms.sources.base import Source

BUILT_IN: dict[str, Source] = {
    source.name: source
    for source in (
        icalendar.SOURCE,
        mbox.SOURCE,
        jira.SOURCE,
        git_log.SOURCE,
        github.SOURCE,
        gitlab.SOURCE,
        trello.SOURCE,
        message_trace.SOURCE,
        graph_messages.SOURCE,
        google_mail_log.SOURCE,
        gmail_api.SOURCE,
        graph_events.SOURCE,
        google_events.SOURCE,
        outlook_csv.SOURCE,
        teams_attendance.SOURCE,
        asana.SOURCE,
        slack.SOURCE,
        teams_chat.SOURCE,
        azure_devops.SOURCE,
        jira_csv.SOURCE,
        jira_parts.SOURCE,
        asana_csv.SOURCE,
        azure_devops_csv.SOURCE,
        linear_csv.SOURCE,
        planner.SOURCE,
        generic.SOURCE_CSV,
        generic.SOURCE_PARQUET,
        generic.SOURCE_NDJSON,
    )
}


class _Sources(Mapping[str, "Source"]):
    """`sources()` as a constant: packages are looked for only where a built-in does not answer."""

    def __getitem__(self, name: str) -> Source:
        return BUILT_IN[name] if name in BUILT_IN else added().sources[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sources())

    def __len__(self) -> int:
        return len(sources())


SOURCES: Mapping[str, Source] = _Sources()


@cache
def added() -> plugins.Plugins:
    """Formats of installed packages, and why others cannot be used; looked for once."""
    return plugins.installed(BUILT_IN)


def sources() -> dict[str, Source]:
    """Every format by name, built-in ones first."""
    return BUILT_IN | dict(added().sources)


def sniff(path: Path) -> list[tuple[float, Source]]:
    """Formats that the file at `path` may be in, with certainty above 0 to 1, best first."""
    start = head(path)
    found = [(source.sniff(path, start), source) for source in SOURCES.values()]
    return sorted((pair for pair in found if pair[0] > 0), key=lambda pair: pair[0], reverse=True)
