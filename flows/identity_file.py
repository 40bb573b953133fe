"""The identity database as the settings want it: encrypted with keys that come from the key file, or not."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from warehouse.cipher import Cipher
from warehouse.connection import open_warehouse
from warehouse.rewrite import rewrite

if TYPE_CHECKING:
    import duckdb

    from flows.config import Config


def cipher_of(config: Config, key: bytes) -> Cipher:
    """The secrets of `key` and of what it was before each renewal, the newest first."""
    lines = key.split(b"\n")
    before = (b"\n".join(lines[:count]) for count in range(len(lines), 0, -1))
    return Cipher(tuple(map(_secret, before)), config.settings.people.encrypt)


def open_identity(config: Config, key: bytes) -> duckdb.DuckDBPyConnection:
    """Open it for reading and writing; make it if it is not there. Hold the warehouse lock."""
    return open_warehouse(config.identity, cipher=cipher_of(config, key))


def rewrite_identity(config: Config, key: bytes) -> None:
    """Write it anew, without what was deleted, under the newest secret. Nobody may have it open."""
    rewrite(config.identity, cipher_of(config, key))


def _secret(key: bytes) -> str:
    """Another use of the key than hashing addresses, so the one tells nothing of the other.

    The key is random and as long as what comes out: nothing is gained by a slow derivation.
    """
    newest = key.split(b"\n")[-1]
    return blake2b(key, digest_size=32, key=newest, person=b"tieline identity").hexdigest()
