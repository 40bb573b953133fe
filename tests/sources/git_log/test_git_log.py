"""The git log reader against its golden file, its traps, and csv on real logs."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.golden import assert_golden, whole
from transforms.sources import git_log
from transforms.sources.base import Options, UnreadableFileError
from transforms.sources.git_log import SOURCE

HERE = Path(__file__).parent
GOLDEN = HERE / "log.tsv"


def test_golden_log() -> None:
    batch = whole(SOURCE, GOLDEN)
    assert_golden(batch, HERE)
    assert (batch.records, batch.skipped, batch.duplicates) == (9, 0, 1)


@pytest.mark.parametrize("chunk", [64, 200, 1000])
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(git_log, "CHUNK", chunk)
    batch = whole(SOURCE, GOLDEN)
    assert_golden(batch, HERE)
    assert (batch.records, batch.duplicates) == (9, 1)


@pytest.mark.parametrize("packing", ["gzip", "windows", "utf-16"])
def test_packed_and_from_windows(tmp_path: Path, packing: str) -> None:
    data = GOLDEN.read_bytes()
    path = tmp_path / "log.tsv"
    path.write_bytes(
        {
            "gzip": gzip.compress(data),
            "windows": data.replace(b"\n", b"\r\n"),
            "utf-16": data.decode().encode("utf-16"),
        }[packing]
    )
    assert_golden(whole(SOURCE, path), HERE)


def test_window(tmp_path: Path) -> None:
    batch = whole(SOURCE, GOLDEN, Options(until=datetime(2026, 2, 3, tzinfo=UTC)))
    assert (batch.events.height, batch.skipped) == (2, 3)


def test_names_do_not_leave_the_reader() -> None:
    batch = whole(SOURCE, GOLDEN)
    told = batch.events.write_csv() + batch.participations.write_csv()
    assert not any(name in told for name in ("Noord", "Zuid", "Oost", "Gijs", "aperson"))


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.tsv.gz"
    path.write_bytes(gzip.compress(GOLDEN.read_bytes())[:-30])
    with pytest.raises(UnreadableFileError, match=r"log\.tsv\.gz: .*cut off"):
        whole(SOURCE, path)


@settings(deadline=None, max_examples=50)
@given(lines=st.lists(st.text(alphabet=st.characters(exclude_characters="\n\r"), max_size=60)))
def test_any_line_is_a_record_and_a_reject(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "log.tsv"
    commit = GOLDEN.read_text().partition("\n")[0]
    path.write_text("\n".join([commit, *lines]), encoding="utf-8", errors="replace")
    batch = whole(SOURCE, path)
    assert batch.records == 1 + batch.rejects.height
    assert batch.events.height == 1


@pytest.mark.parametrize("name", ["agendas", "ecma402", "how-we-work", "notes", "proposals"])
def test_real_logs_against_csv(shared_data: Path, name: str) -> None:
    path = shared_data / "tc39" / f"git-{name}.tsv.gz"
    batch = whole(SOURCE, path)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE))
    with gzip.open(path) as lines:
        assert batch.records == sum(1 for _ in lines) == len(rows)
    assert batch.events["event_key"].to_list() == [f"work:git:{row[0]}" for row in rows]
    merges = sum(" " in row[1] for row in rows)
    assert batch.events.filter(kind="merge").height == merges
    assert batch.events["started_at"].to_list() == [
        datetime.fromisoformat(row[7]).astimezone(UTC) for row in rows
    ]
    people = {
        (f"work:git:{row[0]}", short(address))
        for row in rows
        for address in (
            row[3],
            row[6],
            *(
                trailer.split("<")[1].rstrip("> ")
                for trailer in row[8].split("\x1f")
                if "<" in trailer and trailer.lower().startswith(("co-auth", "signed-off"))
            ),
        )
        if address != "noreply@github.com"
    }
    assert set(batch.participations.select("event_key", "address").rows()) == people
    assert batch.participations.height == len(people)
    assert batch.rejects.is_empty()


def short(address: str) -> str:
    name, _, domain = address.lower().partition("@")
    return f"{name.split('+')[-1] if 'noreply.github' in domain else name}@{domain}"
