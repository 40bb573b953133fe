"""`tieline check FOLDER` on real exports: the right format for every file that FORMATS lists."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows import cli
from flows.recognise import recognise
from flows.survey import settings_near, survey

# Folder → (names, format); "" is a file that holds no events or people that Tieline reads.
EXPECTED = {
    "tc39": [
        (r"plenaries\.ics", "icalendar"),
        (r"git-.*\.tsv\.gz", "git-log"),
        (r"discussions\.csv", "csv"),
        (r"directory\.csv", "directory"),
    ],
    "manufacturing": [(r"communication\.csv\.gz", "csv"), (r"reportsto\.csv", "")],
    "openbmc-mail": [(r".*\.mbox\.gz", "mbox")],
    "enron": [(r".*", "")],  # tables without names of columns
    "exports/jira": [(r"issues.*", "jira")],
    "exports/github": [(r".*", "github")],
    "exports/gitlab": [(r"(issues|merge_requests|mr_notes)\..*", "gitlab")],
    "exports/trello": [(r"cards\..*", "trello")],
    "exports/asana": [(r".*", "asana")],
    "exports/azure_devops": [(r".*", "azure-devops")],
    "exports/directories": [
        (r"hris-(example|default-rules).*(?<!spaces)(?<!sanitized)\.csv", "directory"),
    ],
    "exports/api-samples": [
        (r"asana__(stories|tasks?)\.json", "asana"),
        (r"atlassian__jira__(server_)?issue(s_by_jql|s_by_jql_v2)?\.json", "jira"),
        (r"github__.*__(issues?|issue_(events|timeline)|pulls?|repo_events)\.json", "github"),
        (r"github__.*__(issues|pulls?|commit|pull_review)_comments\.json", "github"),
        (r"gitlab__.*__(issues?|merge_requests?|.*_notes|.*_events|.*_discussion)\.json", "gitlab"),
        (r"google-workspace__calendar__events?\.json", "google-events"),
        (r"google-workspace__gmail__message(_emptyCC)?\.json", "gmail-api"),
        (r"google-workspace__directory__users?\.json", "directory"),
        (r"microsoft-365__entra-id__users?\.json", "directory"),
        (r"microsoft-365__msft-teams__(Chats|Teams_channels)_messages.*\.json", "teams-chat"),
        (r"microsoft-365__msft-teams__.*attendanceReports?_v1\.0\.json", "teams-attendance"),
        (r"microsoft-365__outlook-cal__.*Event.*\.json", "graph-events"),
        (r"microsoft-365__outlook-mail__Message.*(?<!Settings)_v1\.0\.json", "graph-messages"),
        (r".*(thumbnail|onedrive__(get|list)|_groups?|calendarList|repos|branches|version|zoom).*\.json", ""),
    ],
}  # fmt: skip


@pytest.mark.parametrize("folder", EXPECTED)
def test_every_file_has_its_format(folder: str, shared_data: Path) -> None:
    rules = [(re.compile(name), form) for name, form in EXPECTED[folder]]
    wrong, told = {}, 0
    for path in sorted((shared_data / folder).iterdir()):
        form = next((form for name, form in rules if name.fullmatch(path.name)), None)
        if path.is_file() and form is not None:
            told += 1
            found = recognise(path)
            if found.format != form:
                wrong[path.name] = found.format or found.guess
    assert told >= len(rules) - 1
    assert not wrong


@pytest.mark.parametrize("suffix", [".ics", ".mbox", ".eml", ".msg"])
def test_fixtures_of_other_libraries(suffix: str, shared_data: Path) -> None:
    """Of the calendars every fifth. A mail is one with From and a Date that the standard library reads."""
    form = "icalendar" if suffix == ".ics" else "mbox"
    paths = sorted(
        (shared_data / form.replace("icalendar", "ics").replace("mbox", "mail")).rglob(f"*{suffix}")
    )
    wrong = []
    for path in paths[::5] if suffix == ".ics" else paths:
        data = path.read_bytes()
        found = recognise(path)
        is_one = {"icalendar": b"BEGIN:VCALENDAR" in data, "mbox": is_dated_mail(data)}[form]
        if found.format != form and (is_one or found.format):
            wrong.append((path.name, found.format, found.guess))
    assert len(paths) >= 12
    assert not wrong


def is_dated_mail(data: bytes) -> bool:
    mail = message_from_bytes(data)
    try:
        return bool(mail["From"] and parsedate_to_datetime(str(mail["Date"])))
    except (TypeError, ValueError):
        return data.startswith(b"From ")


def test_whole_of_it_is_read_and_told(shared_data: Path) -> None:
    done = CliRunner().invoke(cli.tieline, ["check", str(shared_data / "tc39")])
    assert done.exit_code == 0, done.output
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if "%" in line}
    assert lines["plenaries.ics"][:5] == ["icalendar", "100%", "2012-07-24", "2026-01-21", "261"]
    assert lines["directory.csv"][:3] == ["directory", "100%", "355"]
    assert 'boundaries = ["organisation"]' in done.stdout


@pytest.mark.slow
def test_a_folder_of_everything_stays_within_its_memory(shared_data: Path) -> None:
    found = survey(shared_data, settings_near(shared_data))
    assert len(found.files) > 1500
    assert {"icalendar", "mbox", "github", "directory"} <= {
        seen.file.format for seen in found.files
    }
