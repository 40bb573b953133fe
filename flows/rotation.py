"""Renew the key: every keyed hash becomes another one, and the old key opens nothing any more.

The key file gets a line more, which hashes what the lines before it gave. So nothing has to be known
of whom a hash stands for, and exports that are read later get the same numbers. The new file stands
beside the old one until both databases are renewed; the warehouse, which is renewed first and in one
transaction, decides whether an interrupted renewal is ended or undone.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from flows import audit
from flows.config import ConfigError
from flows.identity_file import open_identity, rewrite_identity
from flows.key import KEY_LENGTH, key_in
from transforms.people import renewed
from warehouse import identity, load, rekey
from warehouse.cipher import is_encrypted
from warehouse.connection import open_warehouse
from warehouse.rewrite import rewrite
from warehouse.serving.releases import sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

    from flows.config import Config


def next_key(config: Config) -> Path:
    """Where the new key waits until both databases are renewed."""
    return config.key_file.with_name(f"{config.key_file.name}.next")


def mark_of(key: bytes) -> str:
    """What a database keeps to tell whether a key is its own; it tells nothing of the key."""
    newest = key.split(b"\n")[-1]
    return blake2b(key, digest_size=16, key=newest, person=b"tieline mark").hexdigest()


def hold_to_key(
    config: Config, con: duckdb.DuckDBPyConnection, people: duckdb.DuckDBPyConnection, key: bytes
) -> None:
    """Raise ConfigError if `key` is another one than that of the databases; the first one is theirs."""
    for path, one in ((config.warehouse, con), (config.identity, people)):
        mark = rekey.mark(one)
        if mark is None:
            rekey.set_mark(one, mark_of(key))
        elif mark != mark_of(key):
            raise ConfigError(
                f"{config.key_file}: another key than that of {path}; put the right one back"
            )


def follow_settings(config: Config, key: bytes) -> None:
    """Encrypt the identity database, or decrypt it, where the settings ask for the other.

    Hold the warehouse lock. Another key than its own changes nothing. Raises EncryptionError, and
    leaves it as it is, where DuckDB cannot encrypt here.
    """
    path = config.identity
    if path.exists() and is_encrypted(path) != config.settings.people.encrypt:
        with open_identity(config, key) as con:
            identity.create(con)
            is_own = rekey.mark(con) in {None, mark_of(key)}
        if is_own:
            rewrite_identity(config, key)


def renew(config: Config, key: bytes, progress: Callable[[str], None] = lambda _: None) -> None:
    """Renew `key` and all that was hashed with it. Hold the warehouse lock; nobody has it open.

    The models are empty afterwards, and want to be computed anew.
    """
    new = key + b"\n" + secrets.token_hex(KEY_LENGTH).encode()
    _write(next_key(config), new)
    progress("warehouse")
    with open_warehouse(config.warehouse) as con:
        rekey.renew_warehouse(con, _renewing(key, new), mark_of(new))
    progress("identities")
    settle(config)


def settle(config: Config) -> None:
    """End a renewal that the warehouse has; undo one that it has not. Hold the warehouse lock."""
    waiting = next_key(config)
    for left in waiting.parent.glob(f".{waiting.name}.*"):
        left.unlink()
    if not waiting.exists():
        return
    old, new = key_in(config.key_file), key_in(waiting)
    with open_warehouse(config.warehouse) as con:
        load.create(con)
        is_renewed = rekey.mark(con) == mark_of(new)
    if is_renewed:
        with open_identity(config, new) as con:
            identity.create(con)
            if rekey.mark(con) != mark_of(new):
                rekey.renew_identity(con, _renewing(old, new), mark_of(new))
        # Old numbers beside new ones would tell those who have the old key who is who.
        rewrite(config.warehouse)
        rewrite_identity(config, new)
        seal = audit.write(config.audit, new, datetime.now(UTC), "key renewed")
        with open_identity(config, new) as con:
            identity.keep_seal(con, seal)
        waiting.replace(config.key_file)
    else:
        waiting.unlink(missing_ok=True)
    sync(waiting.parent)


def _renewing(old: bytes, new: bytes) -> Callable[[int], int]:
    further = new.split(b"\n")[len(old.split(b"\n")) :]
    return lambda number: renewed(number, further)


def _write(path: Path, key: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)
