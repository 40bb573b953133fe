"""Every format is in the registry, explains itself and knows its own files."""

from __future__ import annotations

import gzip
from pathlib import Path
from shutil import make_archive

import polars as pl
import pytest

from tests.benchmarks.readers import PEERS
from tests.sources.planner.plan import plan
from transforms.sources import BUILT_IN, SOURCES, sniff

HERE = Path(__file__).parent
GOLDEN = {
    "icalendar": HERE / "icalendar" / "meetings.ics",
    "mbox": HERE / "mbox" / "golden.mbox",
    "jira": HERE / "jira" / "issues.json",
    "git-log": HERE / "git_log" / "log.tsv",
    "github": HERE / "github" / "records.json",
    "gitlab": HERE / "gitlab" / "records.json",
    "trello": HERE / "trello" / "board.json",
    "message-trace": HERE / "message_trace" / "extended.csv",
    "graph-messages": HERE / "graph_messages" / "messages.json",
    "google-mail-log": HERE / "google_mail_log" / "log.csv",
    "gmail-api": HERE / "gmail_api" / "messages.json",
    "graph-events": HERE / "graph_events" / "events.json",
    "google-events": HERE / "google_events" / "events.json",
    "outlook-csv": HERE / "outlook_csv" / "calendar.csv",
    "teams-attendance": HERE / "teams_attendance" / "reports.json",
    "asana": HERE / "asana" / "tasks.json",
    "teams-chat": HERE / "teams_chat" / "messages.json",
    "azure-devops": HERE / "azure_devops" / "records.json",
    "jira-csv": HERE / "jira_csv" / "issues.csv",
    "jira-parts": HERE / "jira_parts" / "comments.json",
    "asana-csv": HERE / "asana_csv" / "tasks.csv",
    "azure-devops-csv": HERE / "azure_devops_csv" / "query.csv",
    "linear-csv": HERE / "linear_csv" / "issues.csv",
    "csv": HERE / "generic" / "tickets.csv",
    "ndjson": HERE / "generic" / "meetings.ndjson",
}


@pytest.fixture
def golden(tmp_path: Path) -> dict[str, Path]:
    parquet = tmp_path / "table.parquet"
    pl.DataFrame({"at": [1], "who": ["ada"]}).write_parquet(parquet)
    workbook = tmp_path / "plan.xlsx"
    workbook.write_bytes(plan())
    slack = make_archive(str(tmp_path / "slack"), "zip", HERE / "slack" / "export")
    return {**GOLDEN, "parquet": parquet, "slack": Path(slack), "planner": workbook}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_explains_itself(name: str) -> None:
    source = SOURCES[name]
    assert source.name == name
    assert source.title
    assert len(source.how) > 20
    assert source.reads
    assert source.channel in {"meeting", "message", "work"}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_source_knows_its_own_file_best(
    tmp_path: Path, golden: dict[str, Path], name: str, packed: bool
) -> None:
    path = golden[name]
    if packed:
        path = tmp_path / f"{path.name}.gz"
        path.write_bytes(gzip.compress(golden[name].read_bytes()))
    best, *others = sniff(path)
    assert best[1].name == name
    assert all(certainty < best[0] for certainty, _ in others)
    assert 0 < best[0] <= 1


def test_a_table_is_claimed_weakly_and_a_directory_hardly() -> None:
    table = sniff(HERE / "generic" / "tickets.csv")
    people = sniff(HERE / "directory" / "people.csv")
    assert [(certainty, source.name) for certainty, source in table] == [(0.2, "csv")]
    assert all(certainty < 0.1 for certainty, _ in people)


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01\x02", b"just a line", b"\x1f\x8bno gzip", b"PK\x03\x04no zip"]
)
def test_what_is_no_export_is_claimed_by_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert sniff(path) == []


def test_every_reader_module_is_registered() -> None:
    folder = HERE.parents[1] / "transforms" / "sources"
    readers = {path.stem for path in folder.glob("*.py") if "= Source(" in path.read_text()}
    modules = {source.read.__module__.rpartition(".")[2] for source in SOURCES.values()}
    assert readers - {"base"} == modules
    listed = [path.read_text().count("= Source(") for path in folder.glob("*.py")]
    assert sum(listed) == len(SOURCES)


def test_every_format_has_its_line_in_the_benchmark() -> None:
    assert {form for form, _, _ in PEERS} == {*BUILT_IN}
