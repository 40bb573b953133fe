"""Days off of the calendar: dates that the Dutch government published, and counts by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from flows.config import ConfigError
from flows.config_read import read_config
from tests.serving.made_up import cell, fill
from warehouse import schema
from warehouse.serving import mart
from warehouse.serving.days_off import VACATIONS_KNOWN, days_off, is_known

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def test_dutch_holidays_have_both_names() -> None:
    rows = days_off("NL", *YEAR).filter(pl.col("kind") == "public")
    named = {row["first_day"]: (row["name_en"], row["name_nl"]) for row in rows.to_dicts()}
    assert named[date(2026, 4, 27)] == ("King's Day", "Koningsdag")
    assert named[date(2026, 5, 14)] == ("Ascension Day", "Hemelvaartsdag")
    assert rows["first_day"].equals(rows["last_day"], null_equal=True)


@pytest.mark.parametrize(
    ("region", "summer"),
    [("north", (date(2026, 7, 4), date(2026, 8, 16))),
     ("middle", (date(2026, 7, 18), date(2026, 8, 30))),
     ("south", (date(2026, 7, 11), date(2026, 8, 23)))],
)  # fmt: skip
def test_summer_of_each_region(region: str, summer: tuple[date, date]) -> None:
    rows = days_off("NL", *YEAR).filter(name_nl="Zomervakantie", region=region)
    assert rows.select("first_day", "last_day").rows() == [summer]


def test_vacations_are_whole_weeks_with_their_weekends() -> None:
    rows = days_off("NL", *VACATIONS_KNOWN).filter(kind="school")
    assert rows.height == 7 * 5 * 3  # seven school years, five vacations, three regions
    begin, end = rows["first_day"], rows["last_day"]
    assert set(begin.dt.weekday()) == {6}
    assert set(end.dt.weekday()) == {7}
    weeks = dict(zip(rows["name_nl"], (end - begin).dt.total_days(), strict=True))
    assert weeks == {
        "Herfstvakantie": 8, "Kerstvakantie": 15, "Voorjaarsvakantie": 8, "Meivakantie": 8,
        "Zomervakantie": 43,
    }  # fmt: skip


def test_vacations_of_a_region_do_not_overlap() -> None:
    rows = days_off("NL", *VACATIONS_KNOWN).filter(kind="school").sort("region", "first_day")
    for _, one in rows.group_by("region"):
        assert (one["first_day"][1:] > one["last_day"][:-1]).all()


def test_other_countries_have_holidays_and_no_vacations() -> None:
    rows = days_off("BE", *YEAR)
    assert set(rows["kind"]) == {"public"}
    assert date(2026, 7, 21) in set(rows["first_day"])
    assert days_off("", *YEAR).is_empty()


def test_unknown_country_is_named() -> None:
    assert is_known("DE")
    assert not is_known("XX")
    with pytest.raises(ValueError, match="XX"):
        days_off("XX", *YEAR)


def calendar(
    con: duckdb.DuckDBPyConnection, country: str, *periods: tuple[str, date]
) -> list[tuple[object, ...]]:
    fill(con, schema.METRIC_VALUE, [cell(grain=grain, period=day) for grain, day in periods])
    first, last = min(day for _, day in periods), max(day for _, day in periods)
    con.register("holiday_to_publish", days_off(country, first, last + timedelta(days=92)))
    columns = "name, weekdays, holidays, vacation_north, vacation_middle, vacation_south"
    return con.execute(f"SELECT {columns} FROM ({mart.calendar_rows(*YEAR)}) ORDER BY 1").fetchall()


def test_calendar_counts_weekdays_off(con: duckdb.DuckDBPyConnection) -> None:
    found = calendar(
        con, "NL", ("month", date(2026, 5, 1)), ("week", date(2026, 7, 6)), ("day", date(2026, 5, 2)),
        ("quarter", date(2026, 4, 1)),
    )  # fmt: skip
    assert found == [
        # May 2026 has 21 weekdays; Ascension Day and Whit Monday; Friday 1 May ends the May vacation
        ("2026-05", 21, 2, 1, 1, 1),
        ("2026-05-02", 0, 0, 0, 0, 0),  # a Saturday
        # Good Friday, Easter Monday, King's Day, Ascension Day, Whit Monday; 27 April to 1 May
        ("2026-Q2", 65, 5, 5, 5, 5),
        ("2026-W28", 5, 0, 5, 0, 0),  # 6 July: only the north has begun
    ]


def test_vacations_that_are_not_known_are_empty_and_not_zero(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert calendar(con, "NL", ("month", date(2031, 7, 1)))[0][3:] == (None, None, None)
    assert calendar(con, "BE", ("month", date(2026, 7, 1)))[0][1:] == (23, 1, None, None, None)


def test_setting_of_a_country_that_is_not_known(tmp_path: Path) -> None:
    settings = tmp_path / "tieline.toml"
    settings.write_text('[network]\ncountry = "XX"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"network.country: .*'XX'.*like NL"):
        read_config(settings, tmp_path)
    settings.write_text('[network]\ncountry = "BE"\n', encoding="utf-8")
    assert read_config(settings, tmp_path).settings.network.country == "BE"
