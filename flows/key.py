"""The key of the pseudonyms: a file of its owner's alone, made once and never replaced."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from flows.config import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from flows.config import Config

KEY_LENGTH = 32


def read_key(config: Config) -> bytes:
    """The key; made on the very first run, never replaced.

    Raises:
        ConfigError: the key is gone although a warehouse exists, or others can read it.
    """
    path = config.key_file
    if not path.exists():
        if config.warehouse.exists():
            raise ConfigError(
                f"{path}: the key of {config.warehouse} is missing; put it back from your safe copy, "
                "or start anew in an empty folder"
            )
        make_key(path)
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path}: others can read the key; run: chmod 600 {path}")
    return key_in(path)


def key_in(path: Path) -> bytes:
    """The key of the file `path`: a line, and another one for every time that it was renewed."""
    lines = [line.strip() for line in path.read_bytes().strip().splitlines()]
    if not lines or any(len(line) < KEY_LENGTH for line in lines):
        raise ConfigError(f"{path}: shorter than {KEY_LENGTH} characters; put the real key back")
    return b"\n".join(line[:64] for line in lines)


def make_key(path: Path) -> None:
    """Write a new random key that only its owner can read; whole or not at all, never over another.

    Raises:
        FileExistsError: there is one already.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_hex(KEY_LENGTH) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(new, path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)  # no warehouse may outlive its key
        os.close(folder)
    finally:
        new.unlink()
