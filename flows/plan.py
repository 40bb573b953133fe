"""Which export files there are, and which of them have to be read."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b, file_digest
from typing import TYPE_CHECKING

from flows.config import Config, ConfigError, SourceFiles
from transforms.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of one source, identified by source and path; `content` is the hash of its bytes."""

    file_id: int
    source: SourceFiles
    path: Path
    label: str  # path as ledgers and messages show it
    content: str
    settings: str
    size: int


def export_files(config: Config) -> Iterator[ExportFile]:
    """Every file of every source, in the order of the settings."""
    for source in config.settings.source:
        if source.format not in SOURCES:
            raise ConfigError(
                f"{config.path}: source {source.name!r}: no format {source.format!r}; "
                f"`tieline sources` lists them: {', '.join(SOURCES)}"
            )
        for path in config.files(source.files):
            label = config.relative(path)
            with path.open("rb") as file:
                content = file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
            yield ExportFile(
                file_id=file_id(source.name, label),
                source=source,
                path=path,
                label=label,
                content=content,
                settings=config.reading(source),
                size=path.stat().st_size,
            )


def file_id(source: str, label: str) -> int:
    """Number of a file: the same in every run, whatever the order of files."""
    return int.from_bytes(blake2b(f"{source}|{label}".encode(), digest_size=8).digest()) >> 1


def without_path(error: Exception, path: Path) -> str:
    """What `error` says about the file; which file it is, is said once and by its label."""
    return str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")


def to_read(con: duckdb.DuckDBPyConnection, files: Sequence[ExportFile]) -> list[ExportFile]:
    """Files that are new, changed or refused last time; a renamed copy of a read one is none of these."""
    refused = {
        number
        for (number,) in con.execute(
            "SELECT file_id FROM quarantine WHERE stage = 'batch'"
        ).fetchall()
    }
    ledger = {
        row[0]: row[1:]
        for row in con.execute(
            "SELECT file_id, source, content, settings FROM source_file"
        ).fetchall()
    }
    changed = {f.file_id for f in files if ledger.get(f.file_id) != _seen(f)} | refused
    held = {seen for number, seen in ledger.items() if number not in changed}
    chosen = []
    for file in files:
        known = file.file_id in ledger or file.file_id in refused
        if file.file_id in changed and (known or _seen(file) not in held):
            chosen.append(file)
            held.add(_seen(file))
    return chosen


def _seen(file: ExportFile) -> tuple[str, str, str]:
    return file.source.name, file.content, file.settings
