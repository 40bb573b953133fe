"""Encryption of a database file, as DuckDB does it: AES-256 over blocks, log and spilled rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# OpenSSL. Without it DuckDB writes with random numbers that it calls unsafe itself, and Tieline does not.
CRYPTO = "LOAD httpfs"
_FLAGS = 8 + 4 + 8  # checksum, magic bytes and version of the storage come first
_ENCRYPTED = 1


class EncryptionError(Exception):
    """A database cannot be encrypted or decrypted; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Cipher:
    """With what a database file is encrypted.

    Attributes:
        keys: Secrets that may open it, the newest first.
        is_wanted: Whether a file that is made now is encrypted, with the newest.
    """

    keys: tuple[str, ...] = ()
    is_wanted: bool = False


PLAIN = Cipher()


def is_encrypted(path: Path) -> bool:
    """Whether the database at `path` is; False where there is none."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        header = file.read(_FLAGS + 1)
    return len(header) > _FLAGS and bool(header[_FLAGS] & _ENCRYPTED)
