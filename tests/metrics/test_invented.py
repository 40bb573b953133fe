"""Every number of an invented network with all complications, against oracles that know no SQL."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose, isnan
from typing import Any

import duckdb
import pytest

from tests.metrics import invented, oracle_first, oracle_next
from tests.metrics.oracle_log import GRAINS, Cell, Network
from tests.metrics.oracle_time import wilson
from tests.network import PARAMETERS, behind, build, empty_warehouse
from transforms.catalogue import catalogue
from transforms.header import TOLD_OF, bounds

TOLD = oracle_first.ORACLES | oracle_next.ORACLES
OURS = PARAMETERS | {
    "size_cap_message": 6, "size_cap_work": 5, "cc_weight": 0.4, "answer_days": 5, "resumed_within": 2,
    "initiator_acts": 5, "introduction_days": 40, "introduction_history": 25, "conversion_days": 20,
    "half_life_months": 4, "participation_containers": 2,
}  # fmt: skip
MODELS = behind(*TOLD)
COLUMNS = ("value", "people", "other_people", "top_share", "expected")
Values = dict[tuple[Any, ...], tuple[Any, ...]]


@pytest.fixture(scope="module")
def models() -> Iterator[tuple[duckdb.DuckDBPyConnection, Network]]:
    with empty_warehouse() as con:
        invented.fill(con)
        build(con, MODELS, OURS)
        yield con, Network(con, OURS)


@pytest.mark.parametrize("metric", TOLD)
def test_every_number_is_what_the_definition_says(
    models: tuple[duckdb.DuckDBPyConnection, Network], metric: str
) -> None:
    con, network = models
    ours: Values = {
        row[:7]: row[7:]
        for row in con.execute(
            f"""SELECT measure, grain, period, channel, boundary, unit, other_unit, {", ".join(COLUMNS)}
                FROM metric_value WHERE metric = $metric
                UNION ALL
                SELECT 'z', grain, period, channel, boundary, unit, other_unit, z, people, other_people, top_share, NULL
                FROM metric_value WHERE metric = $metric AND metric = 'ei_index'""",
            {"metric": metric},
        ).fetchall()
    }  # fmt: skip
    theirs: Values = {}
    for grain in GRAINS:
        for cell in network.cells(grain):
            for measure, unit, other, *numbers in TOLD[metric](cell):
                theirs[(measure, *_key(cell), unit, other)] = tuple(numbers)
    assert ours
    assert {
        key: (theirs.get(key), ours.get(key))
        for key in theirs | ours
        if key not in theirs or key not in ours or not _alike(theirs[key], ours[key])
    } == {}


def _key(cell: Cell) -> tuple[Any, ...]:
    return cell.grain, cell.period, cell.channel, cell.boundary


def _alike(theirs: tuple[Any, ...], ours: tuple[Any, ...]) -> bool:
    """Whether all that an oracle tells is told by the model."""
    return all(
        isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        if not _is_empty(one) and not _is_empty(other)
        else _is_empty(one) and _is_empty(other)
        for one, other in zip(theirs, ours, strict=False)
    )


def _is_empty(number: float | None) -> bool:
    return number is None or isnan(number)


def test_every_number_is_within_its_range_and_what_its_two_numbers_make(
    models: tuple[duckdb.DuckDBPyConnection, Network],
) -> None:
    con, _ = models
    ranges = {
        (model.name, measure): bounds(words["range"])
        for model in MODELS
        if model.header
        for measure, words in model.header["measures"].items()
    }
    for metric, measure, low, high, value, numerator, denominator in con.execute(
        """SELECT metric, measure, min(value), max(value), arg_max(value, apart), arg_max(numerator, apart),
             arg_max(denominator, apart)
           FROM (SELECT *, abs(value - numerator / denominator) AS apart FROM metric_value)
           WHERE value IS NOT NULL GROUP BY ALL"""
    ).fetchall():
        least, most = ranges[metric, measure]
        assert least - 1e-9 <= low <= high <= most + 1e-9, (metric, measure)
        if denominator:
            assert value == pytest.approx(numerator / denominator, abs=1e-9), (metric, measure)


def test_the_catalogue_says_of_what_every_number_is_told(
    models: tuple[duckdb.DuckDBPyConnection, Network],
) -> None:
    con, _ = models
    told = {
        (row["metric"], row["measure"]): row["told_of"]
        for row in catalogue(MODELS, OURS).to_dicts()
    }
    assert told == {
        (metric, measure): ", ".join(place for place in TOLD_OF if place in places)
        for metric, measure, places in con.execute(
            """SELECT metric, measure, list(DISTINCT CASE WHEN unit = '(all)' THEN 'network'
                 WHEN other_unit = '(all)' THEN 'unit' ELSE 'line' END)
               FROM metric_value GROUP BY ALL"""
        ).fetchall()
    }


def test_intervals_of_parts_are_wilsons(
    models: tuple[duckdb.DuckDBPyConnection, Network],
) -> None:
    con, _ = models
    found = con.execute(
        """SELECT numerator, denominator, min(low), max(low), min(high), max(high) FROM metric_value
           WHERE metric IN ('introductions', 'regularity', 'response', 'spanners') AND denominator > 0
           GROUP BY ALL"""
    ).fetchall()
    assert len(found) > 100
    for hits, tries, *ends in found:
        low, high = wilson(int(hits), int(tries))
        assert ends == pytest.approx([low, low, high, high], abs=1e-9), (hits, tries)


COMPLICATIONS = {
    "moves within a month": "FROM membership WHERE valid_from > '2025-11-01' AND day(valid_from) > 1",
    "in two units": "FROM membership WHERE share < 1",
    "in a unit of one person too": "FROM membership WHERE unit = '(other)' AND share < 1",
    "only placed by domain": "FROM membership WHERE origin = 'domain'",
    "unknown": "FROM participation ANTI JOIN membership ON person_id = address_id ANTI JOIN address_alias USING (address_id)",
    "twice in an event": """FROM participation p JOIN address_alias a USING (address_id)
      JOIN participation q ON q.event_id = p.event_id AND q.address_id = a.person_id""",
    "copied at another address": """FROM participation p JOIN address_alias a USING (address_id)
      JOIN participation q ON q.event_id = p.event_id AND q.address_id = a.person_id WHERE p.role = 'to' AND q.role = 'cc'""",
    "answered at the same moment": "FROM event e JOIN event q ON q.event_id = e.reply_to AND q.started_at = e.started_at",
    "declined": "FROM participation WHERE response = 'declined' AND role = 'required'",
    "declined by the organiser": "FROM participation WHERE response = 'declined' AND role = 'organiser'",
    "without end": "FROM event WHERE channel = 'meeting' AND ended_at IS NULL",
    "copies": "FROM participation WHERE role = 'cc'",
    "answers to the list": """FROM event e WHERE answers IS NOT NULL AND NOT EXISTS
      (FROM participation p WHERE p.event_id = e.event_id AND p.role <> 'from')""",
    "without thread": "FROM event WHERE reply_to IS NOT NULL AND thread IS NULL",
    "by machines": "FROM event WHERE is_automated",
    "assignments to oneself": "FROM event e JOIN participation p USING (event_id) WHERE kind = 'assignment' GROUP BY event_id HAVING count(*) = 1",
    "mentions": "FROM event WHERE kind = 'mention'",
    "begun by nobody": "FROM event WHERE initiator IS NULL",
    "items on several days": "FROM event WHERE channel = 'work' GROUP BY container HAVING count(DISTINCT day) > 5",
    "crowds": "FROM participation GROUP BY event_id HAVING count(*) > 9",
    "of the next day in UTC": "FROM event WHERE day <> started_at::DATE",
}  # fmt: skip


def test_the_network_has_what_real_ones_have(
    models: tuple[duckdb.DuckDBPyConnection, Network],
) -> None:
    con, _ = models
    found = {
        name: con.execute(f"SELECT count(*) FROM (SELECT 1 {rows})").fetchall()[0][0]
        for name, rows in COMPLICATIONS.items()
    }
    assert {name: n for name, n in found.items() if not n} == {}
