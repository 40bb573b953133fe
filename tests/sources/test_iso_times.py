"""Columns of times against the standard library's reading of each."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.sources.acts import utc
from transforms.sources.iso_times import clock_times, utc_instants

TENS = st.integers(0, 99).map("{:02d}".format)
WRITTEN = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["0000", "0001", "1899", "1900", "1970", "2000", "2024", "2026", "9999"]),
    st.sampled_from(["00", "01", "02", "04", "12", "13"]),
    st.sampled_from(["00", "01", "28", "29", "30", "31", "32"]),
    st.sampled_from("T "),
    st.integers(0, 25).map("{:02d}".format), TENS, TENS,
    st.just("") | st.text("0123456789", min_size=1, max_size=9).map(".{}".format),
    st.sampled_from(["", "Z", "+01:00", "-0530", "+23:59", "+24:00", "+0160", "+01", "z"]),
)  # fmt: skip
ODD = st.none() | st.text(max_size=30) | st.sampled_from(["", "2026-03-01", "٢026-03-01T09:00:00Z"])


@given(st.lists(WRITTEN | ODD, max_size=30))
@example(["0001-01-01T17:34:34.50+23:59", "9999-12-31T23:00:00.00-05:30"])
def test_instants_are_those_of_the_standard_library(texts: list[str | None]) -> None:
    found = utc_instants(pl.Series(texts, dtype=pl.String)).to_list()
    assert found == [utc(text) for text in texts]


@given(st.lists(WRITTEN | ODD, max_size=30))
def test_what_a_clock_shows_is_read_or_left(texts: list[str | None]) -> None:
    clock = clock_times(pl.Series(texts, dtype=pl.String))
    for text, moment, is_utc in zip(texts, clock.moment, clock.has_offset, strict=True):
        if moment is None:
            assert not is_utc
            continue
        expected = datetime.fromisoformat(text or "")
        assert is_utc == (expected.tzinfo is not None)
        assert moment == (utc(text) or expected).replace(tzinfo=None)


def test_a_column_is_read_at_once_whatever_its_form() -> None:
    texts = ["2026-03-01T09:00:00.000+0100", "2026-03-01T08:00:00Z", "2026-03-01 08:00:00.0000000"]
    clock = clock_times(pl.Series(texts * 3))
    assert clock.moment.to_list() == [datetime(2026, 3, 1, 8)] * 9  # noqa: DTZ001
    assert clock.has_offset.to_list() == [True, True, False] * 3
