"""Damaged exports of every format: never an exception but UnreadableFileError, no record lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.damage import SEEDS, Cut, damaged, must_bear

SIGNS = (
    b"\n", b"\r\n", b"\0", b'"', b",", b";", b":", b"{", b"}", b"[", b"]", b"\\", b"\xff", b"\xc3",
    b"null", b"true", b"-1", b"9" * 40, b"1e999", b"\xef\xbb\xbf", b"\xff\xfe", b"From ", b"\\ud800",
    b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"RRULE:FREQ=DAILY\r\n", b"DTSTART:99999999T999999Z\r\n",
    b'"0001-01-01T00:00:00-14:00"', b'"9999-12-31T23:59:59+14:00"', b"\x1f", b"\xe2\x80\xa8",
)  # fmt: skip
cuts = st.lists(
    st.builds(
        Cut,
        st.sampled_from(["flip", "flip", "truncate", "insert", "repeat", "remove"]),
        st.integers(0, 999),
        st.integers(0, 999),
        st.sampled_from(SIGNS) | st.binary(max_size=6),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("form", SEEDS)
@settings(max_examples=40)
@given(cuts=cuts)
def test_no_damage_stops_a_reader_or_loses_a_record(
    form: str, cuts: list[Cut], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged.{form}"
    path.write_bytes(damaged(SEEDS[form].read_bytes(), cuts))
    must_bear(form, path)


@pytest.mark.slow
@pytest.mark.parametrize("form", SEEDS)
@settings(max_examples=400)
@given(cuts=cuts)
def test_no_damage_at_length(
    form: str, cuts: list[Cut], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged.{form}"
    path.write_bytes(damaged(SEEDS[form].read_bytes(), cuts))
    must_bear(form, path)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["mbox", "icalendar", "jira", "github"])
def test_what_coverage_leads_to(form: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python or machine")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", form, "30", str(tmp_path)],
        check=False, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True,
        timeout=200,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
