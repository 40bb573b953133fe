"""Golden exports many times over, each copy with numbers of its own: a file to measure a reader on.

The formats that `exports` writes are measured on files as they are in practice; of the others the
golden file is what there is, with its odd records among the usual ones.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sources.planner.plan import HEADER, TASKS
from tests.sources.planner.workbook import workbook
from transforms.sources.opening import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).parent.parent / "sources"
JSON = {
    "asana": "asana/tasks.json", "azure-devops": "azure_devops/records.json",
    "github": "github/records.json", "gitlab": "gitlab/records.json",
    "gmail-api": "gmail_api/messages.json", "google-events": "google_events/events.json",
    "graph-events": "graph_events/events.json", "graph-messages": "graph_messages/messages.json",
    "jira-parts": "jira_parts/comments.json", "teams-attendance": "teams_attendance/reports.json",
    "teams-chat": "teams_chat/messages.json", "trello": "trello/board.json",
}  # fmt: skip
CSV = {  # format → golden table, and the column that makes a row one of its own
    "google-mail-log": ("google_mail_log/log.csv", "Message ID"),
    "outlook-csv": ("outlook_csv/calendar.csv", "Required Attendees"),
    "jira-csv": ("jira_csv/issues.csv", "Issue id"),
    "linear-csv": ("linear_csv/issues.csv", "ID"),
    "asana-csv": ("asana_csv/tasks.csv", "Task ID"),
    "azure-devops-csv": ("azure_devops_csv/query.csv", "ID"),
}
NUMBERS = (
    "id",
    "Id",
    "ID",
    "UId",
    "UID",
    "url",
    "self",
    "ts",
    "number",
    "gid",
    "sha",
)  # ends of keys
PEOPLE = {
    "actor", "assignee", "author", "committer", "created_by", "createdBy", "creator", "from", "identity",
    "memberCreator", "organizer", "recipient", "reporter", "requester", "sender", "user",
}  # fmt: skip


def write_multiplied(folder: Path, megabytes: float) -> None:
    """A file of about `megabytes` for each format, named after it."""
    size = int(megabytes * 1e6)
    for form, name in JSON.items():
        _fill(folder / f"{form}.json", size, _pages(GOLDEN / name))
    for form, (name, column) in CSV.items():
        _fill(folder / f"{form}.csv", size, _tables(GOLDEN / name, column))
    _fill(folder / "git-log.tsv", size, _commits(GOLDEN / "git_log" / "log.tsv"))
    _slack(folder / "slack.zip", size // 10)
    tasks = [[f"{task[0]}-{n}", *task[1:]] for n in range(size // 2000) for task in TASKS if task]
    (folder / "planner.xlsx").write_bytes(workbook({"Tasks": [HEADER, *tasks]}))


def _fill(path: Path, size: int, parts: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        while size > 0:
            size -= file.write(next(parts))


def _pages(path: Path) -> Iterator[str]:
    """The export on a line, again and again."""
    export = json.loads(path.read_text())
    number = 10
    while True:
        number += 1
        yield json.dumps(_renumbered(export, str(number))) + "\n"


def _renumbered(value: Any, number: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            name: inner if name in PEOPLE else _renumbered(inner, number, name)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_renumbered(inner, number, key) for inner in value]
    if isinstance(value, str) and value.startswith("<"):  # a mail's own number, wherever it stands
        return value.replace("<", f"<{number}-")
    if not key.endswith(NUMBERS) or (value is None or isinstance(value, bool | float)):
        return value
    if isinstance(value, int):
        return int(f"{value}{number}")
    return f"{value}{number}"


def _tables(path: Path, column: str) -> Iterator[str]:
    """The header, and the rows again and again."""
    header, *rows = csv.reader(io.StringIO(decoded(path.read_bytes()).removeprefix("\ufeff")))
    at = header.index(column)
    yield _lines([header])
    number = 0
    while True:
        number += 1
        yield _lines(
            [*row[:at], _other(row[at], number, column), *row[at + 1 :]] for row in rows if row[at:]
        )


def _other(cell: str, number: int, column: str) -> str:
    if column == "Required Attendees":
        return f"{cell};Guest {number}"
    return cell.replace("<", f"<{number}-") if "<" in cell else f"{number}{cell}"


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _commits(path: Path) -> Iterator[str]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    number = 0
    while True:
        number += 1
        for commit, parents, *rest in (row for row in rows if len(row) > 2):
            named = " ".join(_hash(one, number) for one in parents.split())
            yield "\t".join((_hash(commit, number), named, *rest)) + "\n"


def _hash(commit: str, number: int) -> str:
    return blake2b(f"{commit}{number}".encode(), digest_size=20).hexdigest()


def _slack(path: Path, size: int) -> None:
    """An export whose channels say the same every day, until so many bytes are said."""
    folder = GOLDEN / "slack" / "export"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as held:
        for file in folder.glob("*.json"):
            held.write(file, file.name)
        days = [(file, json.loads(file.read_text())) for file in sorted(folder.glob("*/*.json"))]
        number = 0
        while size > 0:
            number += 30  # what is said lies within a month
            for file, said in days:
                day = date.fromisoformat(file.stem) + timedelta(days=number)
                text = json.dumps(_later(said, number * 86_400))
                held.writestr(f"{file.parent.name}/{day}.json", text)
                size -= len(text)


def _later(value: Any, seconds: int, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _later(inner, seconds, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_later(inner, seconds, key) for inner in value]
    if key not in {"ts", "thread_ts"} or not isinstance(value, str) or "." not in value:
        return value
    whole, _, rest = value.partition(".")
    return f"{int(whole) + seconds}.{rest}" if whole.isdigit() else value
