"""Every file of the libraries' own test corpora is read: no crash, no hang, no record lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.sources.golden import together
from transforms.sources import SOURCES, sniff
from transforms.sources.base import Options, UnreadableFileError

CORPORA = ("ics", "mail", "exports")
EVERY = {"ics": 12, "mail": 2, "exports": 4}  # of so many files one, where all take too long
SURE = 0.5  # tables that want a mapping are recognised with less
SLOWEST = 20  # seconds for one file, on a machine that does other things as well


def looked_at(folder: Path, every: int) -> tuple[int, int]:
    """How many files were read and how many were refused as a whole."""
    read = refused = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file())[::every]:
        start = time.process_time()
        forms = {"ics": ["icalendar"], "mail": ["mbox"]}.get(
            folder.name, [source.name for sure, source in sniff(path)[:1] if sure >= SURE]
        )
        for form in forms:
            try:
                batch = together(SOURCES[form].read(path, Options()))
            except UnreadableFileError:
                refused += 1
                continue
            read += 1
            told = {*batch.events["position"], *batch.rejects["position"]}
            assert batch.records <= len(told) + batch.skipped + batch.duplicates, form
            assert {*batch.rejects["place"]} <= {"line", "byte", "record", "row"}
            assert batch.rejects["reason"].str.len_chars().gt(0).all()
        assert time.process_time() - start < SLOWEST, path.name
    return read, refused


@pytest.mark.parametrize("name", CORPORA)
def test_a_part_of_each_corpus(shared_data: Path, name: str) -> None:
    read, refused = looked_at(shared_data / name, EVERY[name])
    assert read > refused


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPORA)
def test_each_corpus(shared_data: Path, name: str) -> None:
    read, refused = looked_at(shared_data / name, 1)
    assert read > 10 * refused
