"""What is told of one published value, in Dutch and English."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING, Any

from flows.metrics import written
from transforms.header import DIRECTIONS, LANGUAGES, range_words
from warehouse.schema import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    import duckdb

BEFORE, AFTER = 5, 2  # periods of the series around the one that is asked
Row = dict[str, Any]
WORDS = {
    "place": ("Boundary {boundary}, channel {channel}.", "Grens {boundary}, kanaal {channel}."),
    "network": ("the whole network", "het hele netwerk"),
    "and": ("and", "en"),
    "release": (
        "From release {run_id}: {network}, data from {data_first_day} to {data_last_day}.",
        "Uit publicatie {run_id}: {network}, gegevens van {data_first_day} tot en met {data_last_day}.",
    ),
    "parameters": ("Parameters", "Parameters"),
    "few people": (
        "Hidden: fewer than {k} people stand behind it, on one side at least.",
        "Verborgen: er staan minder dan {k} mensen achter, ten minste aan één kant.",
    ),
    "one person carries most": (
        "Hidden: one person carries more than {dominance:.0%} of it.",
        "Verborgen: één persoon draagt er meer dan {dominance:.0%} van.",
    ),
    "protects another number": (
        "Hidden: another hidden number could be computed from it.",
        "Verborgen: een ander verborgen getal zou eruit te berekenen zijn.",
    ),
    "period not over": (
        "Hidden: the period is not over yet.",
        "Verborgen: de periode is nog niet voorbij.",
    ),
    "empty": (
        "empty: the number has no meaning here, or there is too little to tell it of",
        "leeg: het getal heeft hier geen betekenis, of er is te weinig voor",
    ),
    "more": ("more than {low}", "meer dan {low}"),
    "people": ("behind it: {people} people of {unit}", "erachter: {people} mensen van {unit}"),
    "other_people": ("{other_people} of {other_unit}", "{other_people} van {other_unit}"),
    "expected": ("chance would give {expected}", "toeval zou {expected} geven"),
    "z": (
"; this is {z} standard deviations from it", "; dit ligt daar {z} standaarddeviaties vandaan"
    ),
    "interval": ("95 % interval: {low} to {high}", "95%-interval: {low} tot {high}"),
    "divided": ("divided: {numerator} by {denominator}", "gedeeld: {numerator} door {denominator}"),
    "counted": (
        "counted for it: {numerator}, out of {denominator}",
        "ervoor geteld: {numerator}, op {denominator}",
    ),
    "from": ("from: {numerator}", "uit: {numerator}"),
    "not over": (
        "the period is not whole: it is not over, or begins before the data",
        "de periode is niet heel: zij is niet voorbij, of begint vóór de gegevens",
    ),
    "seen": (
        "seen: {seen:.0%} of the interaction; sources that are missing: {missing}",
        "gezien: {seen:.0%} van de interactie; bronnen die ontbreken: {missing}",
    ),
    "change": (
        "the period before: {previous}, so a change of {change}",
        "de vorige periode: {previous}, dus een verandering van {change}",
    ),
    "median": (
        "median of this and the four periods before: {rolling_median}",
        "mediaan van deze en de vier vorige perioden: {rolling_median}",
    ),
    "direction": (
        "over the last {periods} periods: {direction} ({slope} per period, p = {p})",
        "over de laatste {periods} perioden: {direction} ({slope} per periode, p = {p})",
    ),
    "rising": ("rising", "stijgend"),
    "falling": ("falling", "dalend"),
    "steady": ("no more rise or fall than chance gives", "niet meer stijging of daling dan toeval geeft"),
    "hidden": ("hidden", "verborgen"),
    "rests": ("What it rests on, here and in this period:", "Waar het op rust, hier en in deze periode:"),
    "series": ("The series around it:", "De reeks eromheen:"),
    "heads": ("period value change median", "periode waarde verandering mediaan"),
    "sources": ("What the sources delivered in the period:", "Wat de bronnen in de periode leverden:"),
    "usual": ("{share:.0%} of what is usual", "{share:.0%} van wat gewoon is"),
    "missing": ("MISSING", "ONTBREEKT"),
    "new": ("too new to say what is usual", "te nieuw om te zeggen wat gewoon is"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: the key of a cell but for its metric."""

    grain: str
    period: date
    name: str  # of the period, as 2026-W07
    channel: str
    boundary: str
    unit: str
    other_unit: str


_OF_SERIES = """metric = $metric AND measure = $measure AND grain = $grain AND channel = $channel
  AND boundary = $boundary AND unit = $unit AND other_unit = $other_unit"""
_SAME = "metric, measure, grain, period, channel, boundary, unit, other_unit"
CELL = f"""
WITH cell AS (FROM mart.metric_value WHERE {_OF_SERIES}),
  step AS (SELECT * EXCLUDE (value, hidden_reason) FROM mart.trend WHERE {_OF_SERIES}),
  turn AS (FROM mart.direction WHERE {_OF_SERIES})
SELECT cell.*, step.* EXCLUDE ({_SAME}), turn.* EXCLUDE ({_SAME}), c.name
FROM cell
LEFT JOIN step USING ({_SAME})
LEFT JOIN turn USING ({_SAME})
JOIN mart.calendar AS c USING (grain, period)"""


def key_of(told: Row, place: Place) -> Row:
    """Parameters of CELL: the series of a row of the catalogue in a place."""
    return {
        "metric": told["metric"], "measure": told["measure"], "grain": place.grain,
        "channel": place.channel, "boundary": place.boundary, "unit": place.unit,
        "other_unit": place.other_unit,
    }  # fmt: skip


def rows(con: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[Row]:
    """Every row as column → value."""
    return con.sql(query, params=values or None).pl().to_dicts()


def column(con: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[Any]:
    """The first column."""
    return [row[0] for row in con.execute(query, values or None).fetchall()]


def lines(
    con: duckdb.DuckDBPyConnection, found: list[tuple[Row, Row, Place]], publication: Row, at: int
) -> Iterator[str]:
    """Everything told of the cells found: rows of catalogue and release, and where they stand."""
    language, (first, _, place) = LANGUAGES[at], found[0]
    metric = first[f"title_{language}"].partition(":")[0]
    yield f"{metric}: {_whose(place, at)}, {place.name}"
    yield _say("place", at, {"boundary": place.boundary, "channel": place.channel})
    yield ""
    yield first[f"definition_{language}"]
    for told, cell, _ in found:
        yield ""
        yield from _value(con, told, cell, publication, at)
    if all(cell["hidden_reason"] for _, cell, _ in found):
        return
    if len(found) == 1:
        yield from _headed(_say("rests", at), _rests_on(con, first, place, at))
        yield from _headed(_say("series", at), _series(con, first, place, at))
    yield from _headed(_say("sources", at), _sources(con, place, at))
    yield ""
    if first["parameters"]:
        yield f"{_say('parameters', at)}: {first['parameters'].replace('=', ' = ')}."
    yield _say("release", at, publication)


def _value(
    con: duckdb.DuckDBPyConnection, told: Row, cell: Row, publication: Row, at: int
) -> Iterator[str]:
    """The value of one measure and what stands beside it; of a hidden one the reason alone."""
    language = LANGUAGES[at]
    title = told[f"title_{language}"].partition(": ")
    name = f"{title[2] or title[0]} ({told['metric']}.{told['measure']})"
    if cell["hidden_reason"]:
        yield f"{name}: {_say(cell['hidden_reason'], at, publication)}"
        return
    numbers = {key: _number(value, at) for key, value in cell.items()}
    value = numbers["value"]
    if cell["value"] is None:
        lower = cell["low"] is not None and cell["high"] is None
        value = _say("more" if lower else "empty", at, numbers)
    yield f"{name}: {value}"
    yield f"  = {told[f'formula_{language}']}"
    yield f"  {told[f'unit_{language}']}, {range_words(told['range'], language)}; {DIRECTIONS[told['direction']][at]}"
    for line in _beside(con, cell, numbers, at):
        yield f"  {line}"


def _beside(
    con: duckdb.DuckDBPyConnection, cell: Row, numbers: dict[str, str], at: int
) -> Iterator[str]:
    numerator, denominator, value = cell["numerator"], cell["denominator"], cell["value"]
    if numerator is not None and denominator is not None:
        exact = (
            denominator
            and value is not None
            and isclose(numerator / denominator, value, abs_tol=1e-9)
        )
        yield _say("divided" if exact else "counted", at, numbers)
    elif numerator is not None:
        yield _say("from", at, numbers)
    sides = {"unit": _side(cell["unit"], at), "other_unit": cell["other_unit"]}
    if cell["people"] is not None:
        other = cell["other_people"] is not None and cell["other_unit"] != ALL
        behind = _say("people", at, numbers | sides)
        yield behind + (
            f" {_say('and', at)} {_say('other_people', at, numbers | sides)}" if other else ""
        )
    ends = cell["low"] is not None and cell["high"] is not None
    if cell["expected"] is not None:  # the interval is then that of chance
        spread = f" ({_say('interval', at, numbers)})" if ends else ""
        away = _say("z", at, numbers) if cell["z"] is not None else ""
        yield _say("expected", at, numbers) + spread + away
    elif ends:
        yield _say("interval", at, numbers)
    yield from _completeness(con, cell, at)
    if cell["change"] is not None:
        yield _say("change", at, numbers | {"change": _signed(cell["change"], at)})
    if cell["rolling_median"] is not None:
        yield _say("median", at, numbers)
    if cell["direction"] is not None:
        facts = {
            "direction": _say(cell["direction"], at), "p": _number(cell["p_value"], at),
            "slope": _signed(cell["slope"], at),
        }  # fmt: skip
        yield _say("direction", at, numbers | facts)


def _completeness(con: duckdb.DuckDBPyConnection, cell: Row, at: int) -> Iterator[str]:
    seen = cell["completeness"]
    if seen == 0:
        yield _say("not over", at)
    elif seen is not None and seen < 1:
        key = ("grain", "period", "channel", "boundary", "unit", "other_unit")
        where = " AND ".join(f"{name} = ${name}" for name in key)
        missing = column(
            con,
            f"SELECT missing_sources FROM mart.completeness WHERE {where}",
            **{name: cell[name] for name in key},
        )
        yield _say("seen", at, {"seen": seen, "missing": missing[0] if missing else "?"})


def _rests_on(
    con: duckdb.DuckDBPyConnection, told: Row, place: Place, at: int
) -> Iterator[list[str]]:
    """Shown numbers of the same cell: the metric's other measures, and how much happened at all."""
    context = "interaction_volume" if place.other_unit == ALL else "flow"
    found = rows(
        con,
        f"""SELECT m.metric = $metric AS is_own, m.title_{LANGUAGES[at]} AS title, v.value, m.metric, m.measure
FROM mart.metric_value AS v JOIN mart.metric AS m USING (metric, measure)
WHERE (v.metric = $metric AND v.measure <> $measure OR v.metric = '{context}' AND v.metric <> $metric)
  AND v.grain = $grain AND v.period = $period AND v.channel = $channel AND v.boundary = $boundary
  AND (v.unit, v.other_unit) IN (($unit, $other_unit), (least($unit, $other_unit), greatest($unit, $other_unit)))
  AND v.value IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY m.metric, m.measure ORDER BY v.unit <> $unit) = 1
ORDER BY is_own DESC, m.measure""",
        **key_of(told, place), period=place.period,
    )  # fmt: skip
    for row in found:
        title = row["title"].partition(": ")
        yield [
            title[2] or title[0],
            f">{_number(row['value'], at)}",
            f"{row['metric']}.{row['measure']}",
        ]


def _series(
    con: duckdb.DuckDBPyConnection, told: Row, place: Place, at: int
) -> Iterator[list[str]]:
    key = key_of(told, place)
    before = rows(
        con,
        f"{CELL} WHERE period <= $period ORDER BY period DESC LIMIT {BEFORE + 1}",
        **key,
        period=place.period,
    )
    after = rows(
        con,
        f"{CELL} WHERE period > $period ORDER BY period LIMIT {AFTER}",
        **key,
        period=place.period,
    )
    heads = _say("heads", at).split()
    yield [heads[0], *(f">{head}" for head in heads[1:]), ""]
    for row in [*reversed(before), *after]:
        value = _say("hidden", at) if row["hidden_reason"] else _number(row["value"], at)
        median = _number(row["rolling_median"], at)
        yield [
            row["name"],
            f">{value}",
            f">{_signed(row['change'], at)}",
            f">{median}",
            "<" if row["period"] == place.period else "",
        ]


def _sources(con: duckdb.DuckDBPyConnection, place: Place, at: int) -> Iterator[list[str]]:
    found = rows(
        con,
        "FROM mart.delivery WHERE grain = $grain AND period = $period AND channel = $channel"
        " ORDER BY partner, source",
        grain=place.grain, period=place.period, channel=place.channel,
    )  # fmt: skip
    for row in found:
        share = _say("usual" if row["share"] is not None else "new", at, row)
        yield [
            row["source"],
            row["partner"],
            share,
            _say("missing", at) if row["is_missing"] else "",
        ]


def _headed(head: str, table: Iterable[list[str]]) -> Iterator[str]:
    """A head and rows in columns, those that begin with > to the right; nothing without rows."""
    cells = list(table)
    if not cells:
        return
    yield ""
    yield head
    widths = [
        max(len(cell.removeprefix(">")) for cell in column) for column in zip(*cells, strict=True)
    ]
    for row in cells:
        told = [
            cell[1:].rjust(width) if cell.startswith(">") else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ]
        yield f"  {'  '.join(told)}".rstrip()


def _whose(place: Place, at: int) -> str:
    if place.other_unit != ALL:
        return f"{place.unit} - {place.other_unit}"
    return _side(place.unit, at)


def _side(unit: str, at: int) -> str:
    return _say("network", at) if unit == ALL else unit


def _say(name: str, at: int, facts: Row | dict[str, str] | None = None) -> str:
    return WORDS[name][at].format(**(facts or {}))


def _number(value: object, at: int) -> str:
    """A number as the language writes it, with three decimals at most; what is none as it is."""
    if isinstance(value, float):
        return written(f"{round(value, 3) + 0.0:,.3f}".rstrip("0").rstrip("."), LANGUAGES[at])
    if isinstance(value, int) and not isinstance(value, bool):
        return written(f"{value:,}", LANGUAGES[at])
    return "" if value is None else str(value)


def _signed(value: float | None, at: int) -> str:
    if value is None:
        return ""
    return f"{'+' if round(value, 3) > 0 else ''}{_number(value, at)}"
