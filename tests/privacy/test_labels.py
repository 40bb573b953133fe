"""A calendar is often called after its owner: no ledger and no log takes the name over."""

from __future__ import annotations

import pytest

from flows.plan import masked


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("incoming/jan.de.vries@een.example.ics", "incoming/…@een.example.ics"),
        (
            "incoming/takeout.zip/Calendar/a+b@een.example.ics",
            "incoming/takeout.zip/Calendar/…@een.example.ics",
        ),
        ("incoming/gemeente/agenda.ics", "incoming/gemeente/agenda.ics"),
    ],
)
def test_what_stands_before_the_sign_is_left_out(label: str, shown: str) -> None:
    assert masked(label) == shown
