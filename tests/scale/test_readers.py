"""Files read elsewhere give what files read here give; the key goes nowhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.config import Config, ConfigError
from flows.config_read import read_config
from flows.ingest import batches
from flows.key import read_key
from flows.plan import ExportFile, export_files
from flows.readers import GROUP_BYTES, GROUP_FILES, grouped, runner_of, side_by_side
from flows.spool import FRAMES, spool
from tests.flows.conftest import ROOT, environment, make_home, running_server, small_network
from transforms.sources.base import UnreadableFileError
from warehouse import schema

LOADED = (
    schema.EVENT, schema.PARTICIPATION, schema.OBSERVATION, schema.OBSERVED_EVENT,
    schema.OBSERVED_PARTICIPATION, schema.SOURCE_FILE, schema.QUARANTINE, schema.MEMBERSHIP,
)  # fmt: skip
RUNNERS = ("threads", "processes", "dask", "ray")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tmp_path_factory.mktemp("readers") / "home", small_network(weeks=1))


@pytest.fixture(scope="module")
def config(home: Path) -> Config:
    return read_config(home / "tieline.toml")


@pytest.fixture(scope="module")
def first(config: Config) -> ExportFile:
    return next(iter(export_files(config)))


def with_readers(home: Path, readers: str) -> Path:
    settings = home / "tieline.toml"
    settings.write_text(settings.read_text() + f'\n[run]\nreaders = "{readers}"\nworkers = 2\n')
    return settings


def test_a_spooled_file_is_what_its_reader_gives(config: Config, tmp_path: Path) -> None:
    key = read_key(config)
    for file in export_files(config):
        spooled = spool(config, file, key, tmp_path)
        found, expected = list(spooled), list(batches(config, file, key))
        assert len(found) == len(expected) > 0
        for (batch, staged), (known, told) in zip(found, expected, strict=True):
            counts = (batch.records, batch.skipped, batch.duplicates)
            assert counts == (known.records, known.skipped, known.duplicates)
            for name in FRAMES:
                mine, theirs = getattr(staged, name), getattr(told, name)
                assert mine.schema == theirs.schema
                assert mine.sort(mine.columns).equals(theirs.sort(mine.columns))
        assert len(list(spooled)) == len(expected)  # again, as after a failed try
        assert spooled.folder.stat().st_mode & 0o077 == 0
        spooled.remove()
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_read_says_so_here(
    config: Config, first: ExportFile, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[")
    wrong = replace(first, path=broken, source=_as(first, "jira"))
    spooled = spool(config, wrong, read_key(config), tmp_path / "spool")
    with pytest.raises(UnreadableFileError) as told:
        list(spooled)
    assert str(broken) not in str(told.value)


def test_a_file_that_cannot_be_opened_is_refused_alone(
    config: Config, first: ExportFile, tmp_path: Path
) -> None:
    gone = replace(first, path=tmp_path / "gone.ics")
    spooled = spool(config, gone, read_key(config), tmp_path / "spool")
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        list(spooled)


def _as(file: ExportFile, form: str):
    return type(file.source)(name=file.source.name, format=form, files=file.source.files)


def test_without_workers_the_run_reads_itself(config: Config) -> None:
    files = list(export_files(config))
    assert list(side_by_side(config, files)) == [None] * len(files)


@given(sizes=st.lists(st.integers(0, 2 * GROUP_BYTES), max_size=30))
def test_groups_keep_the_order_and_stay_small(sizes: list[int], first: ExportFile) -> None:
    files = [replace(first, file_id=number, size=size) for number, size in enumerate(sizes)]
    groups = list(grouped(files))
    assert [file for group in groups for file in group] == files
    for group in groups:
        assert len(group) == 1 or sum(file.size for file in group) <= GROUP_BYTES
        assert 0 < len(group) <= GROUP_FILES


@pytest.mark.parametrize("readers", ["processes", "dask", "ray"])
def test_workers_elsewhere_need_a_server(
    readers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    home = make_home(tmp_path / "home", small_network(weeks=1))
    with pytest.raises(ConfigError, match="PREFECT_API_URL"):
        runner_of(read_config(with_readers(home, readers)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder) as env:
        yield folder, env


def loaded(home: Path, env: dict[str, str]) -> dict[str, pl.DataFrame]:
    """What a process of its own reads and loads, by table; without what tells of the run."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scale.reading", str(home)],
        cwd=ROOT, env=environment(home, env), capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(home / "warehouse" / "tieline.duckdb"), read_only=True) as con:
        rows = {table.name: con.sql(f"FROM {table.name} ORDER BY ALL").pl() for table in LOADED}
    with duckdb.connect(
        str(home / "warehouse" / "identity" / "identity.duckdb"), read_only=True
    ) as con:
        rows["identity"] = con.sql("SELECT address_id, address FROM identity ORDER BY ALL").pl()
    rows["source_file"] = rows["source_file"].drop("run_id", "modified_ns")
    return rows


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    found = loaded(make_home(tmp_path_factory.mktemp("here") / "home", small_network(weeks=1)), {})
    assert all(found[name].height for name in ("event", "participation", "quarantine", "identity"))
    return found


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.parametrize("readers", RUNNERS)
def test_the_result_is_the_same_whatever_the_runner(
    readers: str,
    here: dict[str, pl.DataFrame],
    server: tuple[Path, dict[str, str]],
    tmp_path: Path,
) -> None:
    """Dask and Ray are real clusters: schedulers and worker processes on this machine."""
    if readers in ("dask", "ray"):
        pytest.importorskip(f"prefect_{readers}", exc_type=ImportError)
    folder, env = server
    home = make_home(tmp_path / "home", small_network(weeks=1))
    with_readers(home, readers)
    found = loaded(home, env)
    assert found.keys() == here.keys()
    for name, rows in here.items():
        assert rows.equals(found[name]), name
    assert not (home / "warehouse" / "reading").exists()
    secret = (home / "secret" / "tieline.key").read_bytes().strip()
    assert secret
    for path in folder.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
