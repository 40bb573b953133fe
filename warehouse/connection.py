"""The only way to a DuckDB file: who may open it, with which settings, one writer at a time.

SQL names schemas (main, stage, mart) and never the catalogue, which DuckDB calls after the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakSet

import duckdb
from filelock import FileLock, Timeout

from warehouse import cipher as ciphers
from warehouse.cipher import PLAIN, Cipher, EncryptionError, is_encrypted
from warehouse.log import mend
from warehouse.schema import STAGE, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

STORAGE_VERSION = "v1.4.0"  # read by DuckDB 1.4 to 2.0; older formats apply a stale WAL unseen
MEMORY = "1GB"  # of the database's own; what does not fit is spilled beside the warehouse
RESERVED = frozenset({"bi", "main", "mart", "memory", STAGE, "system", "temp"})
POLL_SECONDS = 0.1
FRESH = ".fresh"  # ending of a database that is being written anew

_OPEN: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()

Settings = dict[str, str | bool | int | float | list[str]]


class WarehouseBusyError(Exception):
    """Another process has the warehouse; the message says which."""


def open_warehouse(
    path: Path, *, reach: Iterable[Path] = (), cipher: Cipher = PLAIN
) -> duckdb.DuckDBPyConnection:
    """Open the private warehouse for reading and writing; create it, mode 0600, if it is not there.

    It has the schemas `main` (the default, also of cursors) and `stage`. Time is UTC. SQL touches
    no file but the warehouse and those under the folders of `reach`; frames come by `register`.
    Take `warehouse_lock` first. Raises WarehouseBusyError if another process has it open,
    ValueError if its name is also that of a schema, EncryptionError where `cipher` does not do.
    """
    if path.stem.lower() in RESERVED:
        raise ValueError(f"{path}: {path.stem} cannot be its name; call it tieline.duckdb")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = path.resolve()
    if is_encrypted(path) or (cipher.is_wanted and not path.exists()):
        con = _decrypted(path, cipher)
    else:
        con = _connect(
            path, config={"storage_compatibility_version": STORAGE_VERSION, "memory_limit": MEMORY}
        )
        if cipher.is_wanted:
            load_crypto(con, path)  # to write it anew: later, extensions are closed off
    path.chmod(0o600)
    _clear_leftovers(path)
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {STAGE}")
    folders = ", ".join(quoted(str(folder.resolve())) for folder in reach)
    con.execute(f"SET allowed_directories = [{folders}]")
    return _closed_in(con)


def undo(con: duckdb.DuckDBPyConnection) -> None:
    """Take back what an error broke off; DuckDB has done so itself where it was the commit that failed."""
    with suppress(duckdb.Error):  # which would hide the error
        con.execute("ROLLBACK")


def open_readonly(path: Path, cipher: Cipher = PLAIN) -> duckdb.DuckDBPyConnection:
    """Open a database file, private or published, for queries that touch no other file.

    A new connection to `published/current` sees the newest release, even while this process still
    reads an older one. Raises FileNotFoundError, WarehouseBusyError if another process writes the
    file, and EncryptionError where `cipher` does not open it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such database; load or publish something first")
    if is_encrypted(path):
        return _closed_in(_decrypted(path, cipher, read_only=True))
    return _closed_in(_connect(path, read_only=True))


def open_scratch(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, with schema `stage`, closed in as the others are.

    What does not fit in memory goes to the folder `spill`; without one it is an error.
    """
    con = duckdb.connect(config={"memory_limit": MEMORY})
    con.execute(f"SET temp_directory = {quoted(str(spill or ''))}")  # else .tmp of where one stands
    con.execute(f"CREATE SCHEMA {STAGE}")
    return _closed_in(con)


def new_cursor(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection of its own to the same database."""
    made = con.cursor()
    _OPEN.add(made)
    return made


@contextmanager
def joins_as_written(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within, tables are joined in the order of the query.

    DuckDB keeps no statistics of what the same transaction wrote, and chose orders of up to seven times the cost.
    """
    con.execute("SET disabled_optimizers = 'join_order'")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # closed, or the transaction has failed
            con.execute("RESET disabled_optimizers")


def cut_short() -> None:
    """End the queries of this process. DuckDB would let one that Ctrl-C broke off run to its end, and wait for it."""
    for con in list(_OPEN):
        with suppress(duckdb.Error):  # closed
            con.interrupt()


@contextmanager
def warehouse_lock(path: Path, wait_seconds: float, run_id: str = "") -> Iterator[None]:
    """Hold the warehouse at `path` for one run; the kernel lets go when the process dies.

    Waits at most `wait_seconds`, then raises WarehouseBusyError naming the run that holds it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    holder = path.with_name(f"{path.name}.lock.json")
    lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600, poll_interval=POLL_SECONDS)
    try:
        lock.acquire(timeout=max(wait_seconds, 0))
    except Timeout:
        raise WarehouseBusyError(
            f"{path}: in use by {_holder(holder)}; wait until it has ended, or stop it"
        ) from None
    try:
        _write_holder(holder, run_id)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _connect(
    path: Path, *, read_only: bool = False, config: Settings | None = None
) -> duckdb.DuckDBPyConnection:
    mend(path)
    with _told_if_busy(path):
        return duckdb.connect(str(path), read_only=read_only, config=config or {})


@contextmanager
def _told_if_busy(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.IOException as error:
        found = re.search(r"lock is held in (.+?\(PID \d+\))", str(error))
        if found is None:
            raise
        raise WarehouseBusyError(
            f"{path}: open in {found[1]}; close it there, or wait until it has ended"
        ) from None


def _decrypted(path: Path, cipher: Cipher, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection in which the encrypted file is the default database, named as if opened alone."""
    con = duckdb.connect(config={"memory_limit": MEMORY})
    con.execute(f"SET temp_directory = {quoted(f'{path}.tmp')}")
    con.execute("SET temp_file_encryption = true")
    if not read_only:
        load_crypto(con, path)
    for key in cipher.keys:
        try:
            with _told_if_busy(path):
                con.execute(
                    f'ATTACH {quoted(str(path))} AS "{path.stem}" {encrypted_with(key, read_only=read_only)}'
                )
        except duckdb.InvalidInputException:
            continue  # an earlier key may be the one: a renewal was cut short
        except WarehouseBusyError:
            con.close()
            raise
        con.execute(f'USE "{path.stem}".main')
        return con
    con.close()
    raise EncryptionError(f"{path}: encrypted with another key; put the right key file back")


def encrypted_with(key: str, *, read_only: bool = False) -> str:
    """Options of ATTACH for an encrypted file."""
    mode = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE_VERSION}'"
    return f"(ENCRYPTION_KEY {quoted(key)}, {mode})"


def load_crypto(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make `con` able to write encrypted files; nothing is fetched. Raises EncryptionError, and closes it."""
    try:
        con.execute(ciphers.CRYPTO)
    except duckdb.Error as error:
        con.close()
        why = str(error).partition("\n")[0]
        off = "" if is_encrypted(path) else ", or set people.encrypt = false"
        raise EncryptionError(
            f"{path}: DuckDB {duckdb.__version__} cannot encrypt here: {why}; install its extension httpfs"
            f" (docs/privacy.md, Encryption){off}"
        ) from None


def _closed_in(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Settings that hold for every cursor: UTC, silent, nothing fetched, no other files."""
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")  # a slow query would draw one on standard output
    con.execute("SET autoinstall_known_extensions = false")
    con.execute("SET autoload_known_extensions = false")
    con.execute("SET enable_external_access = false")
    _OPEN.add(con)
    return con


def _clear_leftovers(path: Path) -> None:
    """What does not fit in memory goes beside the warehouse: for its owner only, no leftovers."""
    for left in path.parent.glob(f"{path.name}{FRESH}*"):
        left.unlink()
    folder = path.with_name(f"{path.name}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _write_holder(path: Path, run_id: str) -> None:
    text = json.dumps(
        {
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "run_id": run_id,
        }
    )
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def lock_holder(path: Path) -> datetime | None:
    """Since when a run holds the warehouse at `path`; None if it is not known."""
    try:
        found = json.loads(path.with_name(f"{path.name}.lock.json").read_text(encoding="utf-8"))
        return datetime.fromisoformat(found["since"])
    except (OSError, ValueError, KeyError):
        return None


def _holder(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        name = found["run_id"] or "(unnamed)"
        return f"run {name} (process {found['pid']}, since {found['since']})"
    except (OSError, ValueError, KeyError):
        return "another run that has just begun"
