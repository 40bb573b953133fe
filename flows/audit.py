"""The log of what was done to people's data: lines that name nobody and that nobody can change unseen.

Each line holds a keyed hash over itself and the line before it. The identity database keeps the
last one, so that lines cut off at the end are missed too.
"""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FILE = "audit.jsonl"
SEAL = "seal"


class TamperedError(Exception):
    """The log is not as it was written; the message says from where."""


def write(path: Path, key: bytes, at: datetime, what: str, **facts: str) -> str:
    """Append a line, and return its seal. The same line is not written twice in a row."""
    lines = _lines(path)
    last = json.loads(lines[-1]) if lines else {SEAL: "", "what": "", "at": ""}
    told = {
        "at": at.isoformat(timespec="seconds"),
        "what": what,
        "keys": len(key.split(b"\n")),
        **facts,
    }
    if {**last, "at": "", SEAL: ""} == {**told, "at": "", SEAL: ""}:
        return str(last[SEAL])
    line = {**told, SEAL: _seal(last[SEAL], told, key)}
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        # What a killed process left of a line goes.
        file.truncate(sum(len(one.encode()) + 1 for one in lines))
        file.seek(0, os.SEEK_END)
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return str(line[SEAL])


def read(path: Path, key: bytes, last: str | None = None) -> list[dict[str, Any]]:
    """Every line, oldest first, each held to its seal; `last` is a seal that must be among them.

    Raises TamperedError.
    """
    found = []
    before = ""
    for number, text in enumerate(_lines(path), 1):
        try:
            line = json.loads(text)
            told = {name: value for name, value in line.items() if name != SEAL}
            is_sound = line[SEAL] == _seal(before, told, _of_then(key, line["keys"]))
        except (ValueError, KeyError, TypeError):
            is_sound = False
        if not is_sound:
            raise TamperedError(
                f"{path}: line {number} is not as it was written, or one before it is gone"
            )
        before = line[SEAL]
        found.append(line)
    if last and last not in {line[SEAL] for line in found}:
        raise TamperedError(f"{path}: its last lines are gone; put it back from a backup")
    return found


def _lines(path: Path) -> list[str]:
    """Whole lines; what a killed process left of one is none."""
    if not path.exists():
        return []
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def _seal(before: str, told: dict[str, Any], key: bytes) -> str:
    text = before + json.dumps(told, sort_keys=True, ensure_ascii=False)
    newest = key.split(b"\n")[-1]
    return blake2b(text.encode(), digest_size=16, key=newest, person=b"tieline audit").hexdigest()


def _of_then(key: bytes, count: int) -> bytes:
    """The key as it was when it had been renewed less often."""
    return b"\n".join(key.split(b"\n")[:count])
