"""Usual rules are followed without dateutil: to the same starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from dateutil import rrule
from hypothesis import given
from hypothesis import strategies as st

from transforms.sources.recurrence_rules import expand

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = [None, UTC, ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/New_York")]
UNTIL = datetime(2027, 1, 1)  # noqa: DTZ001 - made aware where the series is
parts = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"])},
    optional={
        "INTERVAL": st.integers(1, 9).map(str),
        "COUNT": st.integers(1, 40).map(str),
        "WKST": st.sampled_from(DAYS),
        "BYDAY": st.lists(st.sampled_from(DAYS), min_size=1, max_size=7).map(",".join),
    },
)


@given(
    parts,
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0, fold=0)
    ),
    st.integers(0, 900),
    st.sampled_from(ZONES),
)
def test_starts_are_those_of_dateutil(
    rule: dict[str, str], wall: datetime, days: int, zone: ZoneInfo | None
) -> None:
    text = ";".join(f"{name}={value}" for name, value in rule.items())
    since = wall + timedelta(days=days - 300)
    found = expand(
        [text],
        wall.replace(tzinfo=zone),
        [],
        since.replace(tzinfo=zone),
        UNTIL.replace(tzinfo=zone),
    )
    made = takewhile(lambda moment: moment < UNTIL, rrule.rrulestr(text, dtstart=wall))
    expected = sorted({moment for moment in [wall, *made] if since <= moment < UNTIL})
    assert [moment.replace(tzinfo=None) for moment in found] == expected
    assert {moment.tzinfo for moment in found} <= {zone}
