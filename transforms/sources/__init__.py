"""Every export format that Tieline reads, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transforms.sources import (
    asana,
    azure_devops,
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
    mbox,
    message_trace,
    outlook_csv,
    slack,
    teams_attendance,
    teams_chat,
    trello,
)
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
