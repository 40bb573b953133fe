"""What whoever runs Tieline can see without the key, and what an account of its own keeps from others."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from flows.cli import tieline
from flows.config import SETTINGS, ConfigError
from flows.config_read import read_config
from tests.flows.conftest import STAFF, environment, make_home, small_network
from tests.plain_night import night
from tests.real import privacy

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Not below pytest's own folder, which every session that begins closes to other accounts."""
    os.umask(0o077)
    with TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home", small_network(weeks=2))
        night(home)
        yield home


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
        with pytest.raises(ConfigError, match=r"tieline\.key: the key of .* is missing"):
            night(home)
        # Nor does the warehouse itself tell, to whoever is given a copy of it.
        assert not privacy.told("\n".join(privacy.texts(config.warehouse)).encode(), ADDRESSES)
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


NOBODY = 65534
FOR_READERS = (
    ("trends", "--grain", "week"), ("trends", "--grain", "week", "--metric", "flow.weight", "--format", "csv"),
    ("signals",), ("metrics",), ("connect",), ("report",),
)  # fmt: skip
FOR_ITS_OWNER = (
    *WITH_KEY, ("run",), ("status",), ("backup",), ("quarantine", "list"), ("run", "--dry-run"),
    ("backfill", "--since", "2026-03-02", "--until", "2026-03-03"),
)  # fmt: skip


# This Python may stand where only root comes (/root): its library stays reachable as an open folder.
AS_NOBODY = f"""
import ctypes, os, sys
library = os.path.dirname(os.__file__)
opened = f"/proc/self/fd/{{os.open(library, os.O_RDONLY)}}"
near = lambda paths: [p.replace(library, opened, 1) if p.startswith(library) else p for p in paths]
for module in [*sys.modules.values()]:
    if hasattr(module, "__path__"):
        module.__path__ = near(module.__path__)
sys.path[:] = [{str(Path(__file__).parents[2])!r}, *near(sys.path)]
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: /proc/self is this account's own again
from flows.cli import main
main()
"""


def as_another(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of the account nobody."""
    command = [sys.executable, "-c", AS_NOBODY, *words, "-s", str(home / SETTINGS)]
    settings = environment(home) | {"HOME": "/nonexistent"}
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shared(home: Path) -> Path:
    """The home as readers need it: they may pass through its folders, and read the settings."""
    for folder in (home, *home.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path(folder.anchor):
            folder.chmod(folder.stat().st_mode | 0o011)
    (home / SETTINGS).chmod(0o644)
    return home


def digests(home: Path) -> dict[str, str]:
    return {
        str(path): sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_account_of_readers_has_what_is_published_and_no_more(shared: Path) -> None:
    before = digests(shared)
    out = shared.parent / "out"
    out.mkdir()
    out.chmod(0o777)
    for words in (*FOR_READERS, ("export", str(out), "--table", "weekly_lines")):
        told = as_another(shared, *words)
        assert told.returncode == 0, (words, told.stderr)
        assert not [address for address in ADDRESSES if address in told.stdout], words
    for words in FOR_ITS_OWNER:
        told = as_another(shared, *words)
        assert told.returncode != 0, words
        assert told.stdout == "", words
        assert told.stderr.startswith("tieline: "), (words, told.stderr)
        assert told.stderr.count("\n") == 1, (words, told.stderr)
        assert "not for this account" in told.stderr or "Permission denied" in told.stderr, words
        assert not [address for address in ADDRESSES if address in told.stderr], words
    assert digests(shared) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_account_reads_no_other_byte(shared: Path) -> None:
    home = shared
    config = read_config(home / SETTINGS)
    private = [p for p in (home / "warehouse").rglob("*") if p.is_file()] + [config.key_file]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
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
