"""Each signal on published tables made by hand: told where it should be, once, and nowhere else."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pytest

from tests.network import PARAMETERS
from transforms.model import ModelError
from transforms.signals import read_signals, signal_rows
from warehouse.serving import mart

SIGNALS = {signal.kind: signal for signal in read_signals()}
MONTHS = [date(2025 + n // 12, n % 12 + 1, 1) for n in range(14)]
PLACE = {"grain": "month", "channel": "(all)", "boundary": "organisation"}


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """Empty published tables, with the periods of `MONTHS`."""
    con = duckdb.connect()
    for table in mart.TABLES:
        con.execute(mart.create(table))
    for n, month in enumerate(MONTHS[:-1]):
        put(con, "calendar", grain="month", period=month, first_day=month, last_day=MONTHS[n + 1],
            name=f"{month:%Y-%m}", completeness=1.0, weekdays=21, holidays=0)  # fmt: skip
    put(con, "publication", run_id="r", published_at="2026-01-01", tieline_version="0", duckdb_version="1",
        k=5, dominance=0.75, time_zone="UTC", network="Regio", mart_version=1, parameters="{}", protection=0.1, rounding=0.05,
        audit_version=1)  # fmt: skip
    return con


def put(con: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    con.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def lines(con: duckdb.DuckDBPyConnection, states: str, unit: str = "A", **more: Any) -> None:
    """States of the line `unit`-Z, a month each, by their first letters."""
    names = {"s": "steady", "q": "quiet", "l": "lost", "r": "revived", "n": "new", "w": "weakening",
             "g": "growing", "c": "closed", "e": "early"}  # fmt: skip
    for month, letter in zip(MONTHS, states, strict=False):
        put(con, "line", period=month, unit=unit, other_unit="Z", state=names[letter], weight=1.0,
            base=10.0, ratio=0.4, silent=0, last_day=month, people=9, other_people=9,
            **PLACE, **more)  # fmt: skip


def cells(con: duckdb.DuckDBPyConnection, metric: str, values: list[float | None], *, unit: str = "A",
          other: str = "Z", **more: Any) -> None:  # fmt: skip
    """A series of a metric, a month each; None is hidden."""
    name, measure = metric.split(".")
    key = {"metric": name, "measure": measure, "unit": unit, "other_unit": other, **PLACE}
    for month, value in zip(MONTHS, values, strict=False):
        hidden = "few people" if value is None else None
        numbers = {} if value is None else {"value": value, **more}
        put(con, "metric_value", period=month, hidden_reason=hidden, **key, **numbers)
        put(con, "trend", period=month, completeness=1.0, hidden_reason=hidden, **key,
            **({} if value is None else {"value": value}))  # fmt: skip


def told(con: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, str]]:
    """Month and unit of each signal of `kind`."""
    rows = con.sql(signal_rows(SIGNALS[kind], PARAMETERS)).fetchall()
    columns = [column.name for column in mart.SIGNAL.columns]
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    assert all("{" not in r["sentence_nl"] and "?" not in r["sentence_en"] for r in found)
    return sorted((f"{row['period']:%Y-%m}", row["unit"]) for row in found)


@pytest.mark.parametrize(("kind", "states"), [("line_weakening", "sw"), ("line_growing", "sg")])
def test_a_hidden_number_has_a_sentence_without_it(
    con: duckdb.DuckDBPyConnection, kind: str, states: str
) -> None:
    lines(con, states)
    con.execute("UPDATE line SET ratio = NULL")
    ((english, dutch),) = con.sql(
        f"SELECT sentence_en, sentence_nl FROM ({signal_rows(SIGNALS[kind], PARAMETERS)})"
    ).fetchall()
    assert "hidden" in english
    assert "verborgen" in dutch
    assert "?" not in english + dutch
    assert "A" in english


def test_periods_and_days_are_written_as_people_write_them(con: duckdb.DuckDBPyConnection) -> None:
    lines(con, "ssqqqlg")
    put(con, "calendar", grain="quarter", period=MONTHS[3], first_day=MONTHS[3], last_day=MONTHS[5],
        name="2025-Q2", completeness=1.0, weekdays=65, holidays=0)  # fmt: skip
    for period, state in ((MONTHS[0], "steady"), (MONTHS[3], "new")):
        put(con, "line", period=period, unit="B", other_unit="Z", state=state, base=10.0,
            **PLACE | {"grain": "quarter"})  # fmt: skip
    con.execute("UPDATE line SET state = NULL WHERE unit = 'B' AND state = 'steady'")
    said = {
        kind: con.sql(
            f"SELECT sentence_en, sentence_nl FROM ({signal_rows(SIGNALS[kind], PARAMETERS)})"
        ).fetchall()[0]
        for kind in ("line_lost", "line_growing", "line_new")
    }
    assert "since 1 June 2025." in said["line_lost"][0]
    assert "sinds 1 juni 2025." in said["line_lost"][1]
    assert "up to July 2025." in said["line_growing"][0]
    assert "tot en met juli 2025." in said["line_growing"][1]
    assert "in Q2 2025 with enough people to be told of for the first time" in said["line_new"][0]


def test_a_silence_begins_before_the_stray_mail_in_it(con: duckdb.DuckDBPyConnection) -> None:
    lines(con, "sssqqqqql")
    con.execute("UPDATE line SET silent = 2 WHERE state IN ('quiet', 'lost')")
    for kind in ("line_quiet", "line_lost"):
        ((english,),) = con.sql(
            f"SELECT sentence_en FROM ({signal_rows(SIGNALS[kind], PARAMETERS)})"
        ).fetchall()
        assert "since 1 March 2025" in english


@pytest.mark.parametrize(
    ("kind", "states", "months"),
    [
        ("line_quiet", "ssssqqqll", ["2025-05"]),
        ("line_quiet", "ssqqrrrqq", ["2025-03", "2025-08"]),
        ("line_quiet", "sssswwwsg", []),
        ("line_lost", "ssqqqlll", ["2025-06"]),
        ("line_revived", "ssqqrrrss", ["2025-05"]),
        ("line_new", "nnnss", ["2025-01"]),
        ("line_weakening", "sswwwss", ["2025-03"]),
        ("line_growing", "ssgggs", ["2025-03"]),
        ("unit_closed", "ssscc", ["2025-04"]),
    ],
)
def test_lines(con: duckdb.DuckDBPyConnection, kind: str, states: str, months: list[str]) -> None:
    lines(con, states)
    lines(con, "s" * len(states), unit="B")
    assert told(con, kind) == [(month, "A") for month in months]


def test_a_line_of_little_weight_is_no_alarm(con: duckdb.DuckDBPyConnection) -> None:
    lines(con, "ssssqq")
    for n in range(120):
        lines(con, "ssssss", unit=f"other{n:03}")
    assert told(con, "line_quiet") == []


def test_the_stake_is_of_all_that_passes_between_units_told_or_not(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Of the lines that are told it would be all."""
    lines(con, "s" * 9 + "qq")
    cells(con, "interaction_volume.weight", [1000.0] * 11, unit="(all)", other="(all)")
    cells(con, "cross_boundary_share.share", [0.5] * 11, unit="(all)", other="(all)")
    cells(con, "cross_boundary_share.unknown_share", [0.2] * 11, unit="(all)", other="(all)")
    ((score, english),) = con.sql(
        f"SELECT score, sentence_en FROM ({signal_rows(SIGNALS['line_quiet'], PARAMETERS)})"
    ).fetchall()
    assert score == pytest.approx(10 / (1000 * 0.8 * 0.5))
    assert "carried 3 %" in english
    con.execute("UPDATE metric_value SET value = 3000 WHERE measure = 'weight'")
    assert told(con, "line_quiet") == []  # less than 1 %


@pytest.mark.parametrize(
    ("kind", "states"),
    [("line_quiet", "sssq"), ("line_growing", "sg"), ("line_weakening", "sw")],
)
def test_what_is_not_told_is_no_stake(
    con: duckdb.DuckDBPyConnection, kind: str, states: str
) -> None:
    lines(con, states)
    lines(con, "s" * len(states), unit="B")
    assert [unit for _, unit in told(con, kind)] == ["A"]
    con.execute("UPDATE line SET base = NULL WHERE unit = 'A'")
    assert told(con, kind) == []


def test_a_score_is_a_part_though_what_it_is_of_is_not_told(con: duckdb.DuckDBPyConnection) -> None:
    cells(con, "line_dependence.top", [0.2, 0.6, 0.6], expected=0.2)
    lines(con, "ssc", unit="C")
    con.execute("UPDATE line SET base = NULL")
    for kind, score in (("line_one_person", PARAMETERS["signal_stake"]), ("unit_closed", 0.0)):
        assert con.sql(f"SELECT score FROM ({signal_rows(SIGNALS[kind], PARAMETERS)})").fetchall()[
            0
        ] == (score,)
    con.execute("UPDATE line SET base = 10")
    cells(con, "interaction_volume.weight", [1.0] * 3, unit="(all)", other="(all)")
    cells(con, "cross_boundary_share.share", [0.5] * 3, unit="(all)", other="(all)")
    cells(con, "flow.weight", [10.0] * 3)
    for kind in ("line_one_person", "unit_closed"):
        assert con.sql(f"SELECT score FROM ({signal_rows(SIGNALS[kind], PARAMETERS)})").fetchall()[
            0
        ] == (1.0,)


def test_two_periods_are_two_in_a_row(con: duckdb.DuckDBPyConnection) -> None:
    cells(con, "line_dependence.top", [0.2, 0.6, None, None, 0.6, 0.3], expected=0.2)
    cells(con, "flow.weight", [10.0] * 6)
    assert told(con, "line_one_person") == []
    cells(con, "connector_dependence.loss_1", [0.1, 0.4, None, 0.4], other="(all)", expected=0.05)
    assert told(con, "connector") == []


def test_a_line_that_only_protects_another_number_has_people_enough(
    con: duckdb.DuckDBPyConnection,
) -> None:
    cells(con, "flow.weight", [5.0] * 6 + [None] * 3)
    con.execute(
        "UPDATE metric_value SET hidden_reason = 'protects another number' WHERE value IS NULL"
    )
    assert told(con, "line_few") == []


def test_a_hidden_line_tells_nothing(con: duckdb.DuckDBPyConnection) -> None:
    for month in MONTHS[:6]:
        put(
            con, "line", period=month, unit="A", other_unit="Z", hidden_reason="few people", **PLACE
        )
    assert not any(told(con, kind) for kind in SIGNALS)


def test_dependence_is_told_once_when_it_has_lasted(con: duckdb.DuckDBPyConnection) -> None:
    series = [0.2, 0.6, 0.2, 0.3, 0.6, 0.6, 0.6, 0.4, 0.6, 0.6]
    cells(con, "line_dependence.top", series, expected=0.2)
    cells(con, "flow.weight", [10.0] * 10)
    assert told(con, "line_one_person") == [("2025-06", "A")]
    cells(con, "connector_dependence.loss_1", [0.1, 0.4, 0.4, 0.4], other="(all)", expected=0.05)
    assert told(con, "connector") == [("2025-03", "A")]


def test_a_line_that_comes_to_hang_on_few(con: duckdb.DuckDBPyConnection) -> None:
    cells(con, "flow.weight", [5.0] * 6 + [None] * 3)
    cells(con, "flow.weight", [5.0, None] * 4, unit="B")  # always on the edge
    assert told(con, "line_few") == [("2025-08", "A")]


def test_leadership_that_narrows(con: duckdb.DuckDBPyConnection) -> None:
    cells(con, "initiators.effective", [40.0] * 6, unit="(all)", other="(all)")
    con.execute("UPDATE trend SET rolling_median = 60, robust_z = -6 WHERE period = ?", [MONTHS[4]])
    con.execute("UPDATE trend SET rolling_median = 60, robust_z = -2 WHERE period = ?", [MONTHS[5]])
    assert told(con, "initiators_fewer") == [("2025-05", "(all)")]


def test_introductions_and_initiatives(con: duckdb.DuckDBPyConnection) -> None:
    cells(con, "introductions.converted", [1.0, 2.0, 5.0], unit="(all)", other="(all)")
    assert told(con, "introductions_rooted") == [("2025-03", "(all)")]
    cells(con, "joint_initiatives.alive", [1.0] * 10, unit="B")  # was there from the beginning
    cells(con, "joint_initiatives.alive", [None] * 8 + [2.0, 2.0])
    assert told(con, "initiative_first") == [("2025-09", "A")]


def test_the_first_joint_initiative_of_all_is_one(con: duckdb.DuckDBPyConnection) -> None:
    cells(con, "joint_initiatives.alive", [None] * 8 + [2.0, 2.0])
    assert told(con, "initiative_first") == [("2025-09", "A")]


def test_a_source_that_stops(con: duckdb.DuckDBPyConnection) -> None:
    for month, missing in zip(MONTHS, [False, False, True, True, False], strict=False):
        put(con, "delivery", grain="month", period=month, channel="(all)", source="post", partner="A",
            share=0.0 if missing else 1.0, is_missing=missing)  # fmt: skip
    assert told(con, "source_missing") == [("2025-03", "(all)")]


def test_of_a_period_that_could_be_seen_in_part_nothing_is_told(
    con: duckdb.DuckDBPyConnection,
) -> None:
    cells(con, "line_dependence.top", [0.2, 0.6, 0.6], expected=0.2)
    cells(con, "flow.weight", [5.0] * 6 + [None] * 2)
    cells(con, "connector_dependence.loss_1", [0.1, 0.4, 0.4], other="(all)", expected=0.05)
    cells(con, "initiators.effective", [40.0] * 5, unit="(all)", other="(all)")
    con.execute("UPDATE trend SET rolling_median = 60, robust_z = -6 WHERE metric = 'initiators'")
    cells(con, "introductions.converted", [5.0] * 3, unit="(all)", other="(all)")
    kinds = ["line_one_person", "line_few", "connector", "initiators_fewer", "introductions_rooted"]
    assert all(told(con, kind) for kind in kinds)
    con.execute("UPDATE trend SET completeness = 0.66")
    assert not any(told(con, kind) for kind in kinds)


def test_a_file_without_its_words_is_refused(tmp_path: Any) -> None:
    (tmp_path / "odd.sql").write_text("/*\ntitle_en = 'x'\n*/\nselect 1")
    with pytest.raises(ModelError, match=r"odd\.sql: header"):
        read_signals(tmp_path)
