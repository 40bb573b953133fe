"""What whoever runs Tieline can see without the key, and what an account of its own keeps from others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli import main, tieline
from flows.config import SETTINGS, read_config
from tests.flows.conftest import STAFF, make_home, small_network
from tests.plain_night import night

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    os.umask(0o077)
    home = make_home(tmp_path_factory.mktemp("roles") / "home", small_network(weeks=2))
    night(home)
    return home


def asked(home: Path, *words: str) -> Result:
    return CliRunner().invoke(tieline, [*words, "-s", str(home / SETTINGS)])


ADDRESSES = [address for people in STAFF.values() for address in people]
WITHOUT_KEY = (
    ("status",), ("trends",), ("trends", "--metric", "flow.weight", "--format", "csv"), ("signals",),
    ("metrics",), ("quarantine", "list"), ("report",), ("check",),
)  # fmt: skip
WITH_KEY = (
    ("people", "suggest"), ("people", "unknown"), ("people", "hash", "a@b.example"), ("audit",),
    ("forget", STAFF["aqua"][0], "--yes"), ("key", "rotate"),
)  # fmt: skip


def test_without_the_key_nobody_is_named_and_nothing_is_lost(home: Path) -> None:
    config = read_config(home / SETTINGS)
    away = home.parent / "away.key"
    config.key_file.rename(away)
    before = config.warehouse.read_bytes()
    try:
        for words in WITHOUT_KEY:
            told = asked(home, *words).output
            assert not [address for address in ADDRESSES if address in told], words
        for words in WITH_KEY:
            refused = asked(home, *words)
            assert refused.exit_code != 0, words
            assert "key" in str(refused.exception), words
        assert config.warehouse.read_bytes() == before
        assert not config.key_file.exists()
    finally:
        away.rename(config.key_file)
    assert asked(home, "people", "unknown").exit_code == 0


def test_only_what_is_published_is_for_others(home: Path) -> None:
    config = read_config(home / SETTINGS)
    for path in (config.key_file, config.warehouse, config.identity):
        assert path.stat().st_mode & 0o077 == 0, path
    for folder in (config.warehouse.parent, config.identity.parent):
        assert folder.stat().st_mode & 0o077 == 0, folder
    assert config.current.stat().st_mode & stat.S_IROTH
    assert callable(main)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_account_reads_no_more_than_that(home: Path) -> None:
    config = read_config(home / SETTINGS)
    for folder in (config.home, *config.home.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path(folder.anchor):
            folder.chmod(folder.stat().st_mode | 0o011)
    private = [p for p in (home / "warehouse").rglob("*") if p.is_file()] + [config.key_file]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        seen = [str(p) for p in (*private, config.current) if readable(p)]
        os.write(write, "\n".join(seen).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        assert told.read().splitlines() == [str(config.current)]


def readable(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True
