from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from quality import data_docs
from quality.checkpoint import validate
from tests.quality.staging import LIMITS, events, files

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

LOADS = {"src", "href", "srcset", "data", "action", "poster", "background"}


class Page(HTMLParser):
    """Tags, text and whatever a page points at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value for name, value in attrs if name in LOADS and value]
        self.ids |= {value for name, value in attrs if name == "id" and value}

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(folder: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}


def write(con: duckdb.DuckDBPyConnection, folder: Path, run_id: str = "r1", batch: int = 1) -> None:
    validate(con, LIMITS, data_docs=folder, run_id=run_id, batch=batch)


def spoil(con: duckdb.DuckDBPyConnection) -> None:
    events(con, *({"event_id": 100 + n, "channel": "fax"} for n in range(7)))
    files(con, {"file_id": 2, "path": "in/<b>.csv", "records": 40, "events": 1, "rejected": 39})


def test_nothing_on_the_pages_comes_from_the_network(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    spoil(clean)
    folder = tmp_path / "docs"
    write(clean, folder)
    written = pages(folder)
    assert len(written) == 6  # four suites, the index of their run and that of all
    for path, page in written.items():
        assert not {"script", "iframe", "img", "object", "base"} & set(page.tags), path
        assert page.tags.count("link") == 1, path
        for target in page.targets:
            assert not re.match(r"(?i)\s*([a-z]+:|//)", target), (path, target)
            file, _, anchor = target.partition("#")
            assert (path.parent / file).exists(), (path, target)
            assert not anchor or anchor in page.ids, (path, target)
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?i)https?://|@import|url\(", text), path


def test_pages_show_rules_counts_and_refused_files(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    spoil(clean)
    write(clean, tmp_path)
    text = {
        path.relative_to(tmp_path).as_posix(): " ".join(page.text.split())
        for path, page in pages(tmp_path).items()
    }
    event = text["runs/r1/1-event.html"]
    assert "1 of 16 broken" in event
    assert "47 rows examined" in event
    # The broken rule comes first, with its count; then those that were obeyed.
    assert "No row where channel is not meeting, message or work 7 No row where" in event
    assert "all 10 obeyed" in text["runs/r1/1-participation.html"]
    assert "in/<b>.csv" in text["runs/r1/1-file.html"]
    assert "could not be read: 39 of 40 records" in text["runs/r1/1-file.html"]
    assert "event 1 participation ✓ membership ✓ file 1 1 refused" in text["index.html"]


def test_the_index_lists_runs_and_batches_newest_run_first(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for run_id, batch in (("r1", 1), ("r2", 10), ("r2", 9)):
        write(clean, tmp_path, run_id, batch)
    index = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    links = [target for target in index.targets if target.endswith("-event.html")]
    assert links == [f"runs/{place}-event.html" for place in ("r2/9", "r2/10", "r1/1")]
    of_a_run = Page((tmp_path / "runs/r2/index.html").read_text(encoding="utf-8"))
    links = [target for target in of_a_run.targets if target.endswith("-event.html")]
    assert links == ["9-event.html", "10-event.html"]


def test_only_the_latest_runs_stay_and_nothing_else_is_removed(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "notes.txt").touch()
    for number in range(data_docs.KEEP + 2):
        run = tmp_path / "runs" / f"r{number:03}"
        run.mkdir()
        (run / "1.json").write_text(
            '{"run_id": "old", "batch": 1, "suites": {"event": {"rows": 1}}}'
        )
    write(clean, tmp_path, "r900")
    runs = {path.name for path in (tmp_path / "runs").iterdir()}
    assert runs == {"mine", "r900", *(f"r{n:03}" for n in range(3, data_docs.KEEP + 2))}
    assert (tmp_path / "notes").is_dir()


def test_the_same_batch_again_replaces_its_pages(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write(clean, tmp_path)
    before = set(tmp_path.rglob("*"))
    spoil(clean)
    write(clean, tmp_path)
    assert set(tmp_path.rglob("*")) == before
    page = Page((tmp_path / "runs" / "r1" / "1-event.html").read_text(encoding="utf-8"))
    assert "1 of 16 broken" in " ".join(page.text.split())
