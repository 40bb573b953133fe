"""One published value explained: what made it, what was before it, and who delivered.

It is read from the released file alone, as any reader could: what is hidden there stays hidden here.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from flows.explain_text import CELL, Place, column, key_of, lines, rows
from flows.trends import NothingToShowError
from transforms.header import LANGUAGES
from warehouse.connection import open_readonly
from warehouse.schema import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import duckdb

    from flows.config import Config


def explained(
    config: Config,
    *,
    metric: str,
    unit: str,
    period: str,
    other: str | None = None,
    channel: str = ALL,
    boundary: str | None = None,
    language: str = "en",
) -> list[str]:
    """Lines that explain a value, or with a metric alone each of its measures.

    Raises NothingToShowError, in one line with the nearest names, where there is no such value.
    """
    if not config.current.exists():
        raise NothingToShowError(
            f"{config.current}: nothing is published yet; run `tieline run` first"
        )
    at = LANGUAGES.index(language)
    with open_readonly(config.current) as con:
        measures = _measures(con, metric)
        place = _place(con, config, (unit, other, channel, boundary), period)
        cells = [(told, _cell(con, told, place)) for told in measures]
        found = [(told, cell[1], cell[0]) for told, cell in cells if cell]
        if not found:
            raise NothingToShowError(_why_not(con, measures, place))
        (publication,) = rows(con, "FROM mart.publication")
        return [*lines(con, found, publication, at)]


def read_period(text: str) -> tuple[str, date]:
    """Grain and first day of a period as 2026-03-01, 2026-W07, 2026-03 or 2026-Q1."""
    with suppress(ValueError):
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return "day", date.fromisoformat(text)
        if found := re.fullmatch(r"(\d{4})-?[Ww](\d{1,2})", text):
            return "week", date.fromisocalendar(int(found[1]), int(found[2]), 1)
        if found := re.fullmatch(r"(\d{4})-(\d\d)", text):
            return "month", date(int(found[1]), int(found[2]), 1)
        if found := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text):
            return "quarter", date(int(found[1]), 3 * int(found[2]) - 2, 1)
    raise NothingToShowError(
        f"no period {text!r}; write a day 2026-03-01, a week 2026-W07, a month 2026-03 or a quarter 2026-Q1"
    )


# --- finding the cell --------------------------------------------------------------------------


def _measures(con: duckdb.DuckDBPyConnection, metric: str) -> list[dict[str, Any]]:
    """Rows of the catalogue that `metric`, or metric.measure, names."""
    name, _, measure = metric.partition(".")
    told = rows(con, "FROM mart.metric WHERE metric = $name", name=name)
    if not told:
        raise NothingToShowError(
            _unknown("metric", name, column(con, "SELECT DISTINCT metric FROM mart.metric"))
        )
    if not measure:
        return told
    chosen = [row for row in told if row["measure"] == measure]
    if not chosen:
        raise NothingToShowError(_unknown("measure", measure, [row["measure"] for row in told]))
    return chosen


def _place(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    where: tuple[str, str | None, str, str | None],
    period: str,
) -> Place:
    unit, other, channel, boundary = where
    grain, first = read_period(period)
    name = column(
        con,
        "SELECT name FROM mart.calendar WHERE grain = $grain AND period = $first",
        grain=grain, first=first,
    )  # fmt: skip
    if not name:
        near = column(
            con,
            "SELECT name FROM mart.calendar WHERE grain = $grain"
            " ORDER BY abs(period - $first), period LIMIT 3",
            grain=grain, first=first,
        )  # fmt: skip
        raise NothingToShowError(f"no {grain} {period}; nearest: {', '.join(sorted(near))}")
    channels = column(con, "SELECT DISTINCT channel FROM mart.metric_value ORDER BY 1")
    if channel not in channels:
        raise NothingToShowError(_unknown("channel", channel, channels))
    listed = con.execute("SELECT boundary, unit FROM mart.unit").fetchall()
    boundaries = config.settings.people.boundaries
    there = sorted({b for b, _ in listed}, key=lambda b: (b not in boundaries, b))
    if boundary is not None and boundary not in there:
        raise NothingToShowError(_unknown("boundary", boundary, there))
    asked = [boundary] if boundary else [b for b in boundaries if b in there] or there
    names = [one for one in (unit, other) if one is not None and one.lower() not in {"all", ALL}]
    for wanted in asked:
        real = {u.casefold(): u for b, u in listed if b == wanted}
        if all(one.casefold() in real for one in names):
            sides = [real.get(one.casefold(), ALL) for one in (unit, other or ALL)]
            return Place(grain, first, name[0], channel, wanted, *sides)
    known = {u for b, u in listed if b in asked}
    lost = next((one for one in names if one.casefold() not in {u.casefold() for u in known}), None)
    if lost is None:
        raise NothingToShowError(f"{unit!r} and {other!r} are units of different boundaries")
    raise NothingToShowError(_unknown("unit", lost, known))


def _cell(
    con: duckdb.DuckDBPyConnection, told: dict[str, Any], place: Place
) -> tuple[Place, dict[str, Any]] | None:
    """The published row, with the trend of its series, and where it was found.

    A line stands under its units in alphabetical order, unless it has a direction.
    """
    for unit, other in {
        (place.unit, place.other_unit): None,
        (place.other_unit, place.unit): None,
    }:
        if unit == ALL != other:
            continue
        at = Place(
            place.grain, place.period, place.name, place.channel, place.boundary, unit, other
        )
        found = rows(con, f"{CELL} WHERE period = $period", **key_of(told, at), period=at.period)
        if found:
            return at, found[0]
    return None


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    there = {one.casefold(): one for one in sorted(known)}
    near = [low for low in there if name.casefold() in low]
    near += [low for low in get_close_matches(name.casefold(), there, 5, 0.5) if low not in near]
    listed = [there[low] for low in near[:5]] or list(there.values())
    return f"no {what} {name!r}; nearest: {', '.join(listed)}"


def _why_not(con: duckdb.DuckDBPyConnection, measures: list[dict[str, Any]], place: Place) -> str:
    """Why there is no value: told of something else, or of another period."""
    metric, names = measures[0]["metric"], [row["measure"] for row in measures]
    asked = metric if len(names) > 1 else f"{metric}.{names[0]}"

    def told(name: str, where: str = "true", order: str = "1", **values: object) -> list[Any]:
        query = f"""
            SELECT {name} FROM mart.metric_value JOIN mart.calendar USING (grain, period)
            WHERE metric = $metric AND list_contains($measures, measure) AND {where}
            GROUP BY ALL ORDER BY {order}"""
        return column(con, query, metric=metric, measures=names, **values)

    return next(_other_place(told, asked, place), None) or _other_period(told, asked, place)


def _other_place(told: Callable[..., list[Any]], metric: str, place: Place) -> Iterator[str]:
    grains = told("grain")
    if place.grain not in grains:
        yield f"{metric}: not told per {place.grain}; it is per {', '.join(grains) or 'nothing yet'}"
    channels = told("channel", "boundary = $boundary", boundary=place.boundary)
    if place.channel not in channels:
        yield f"{metric}: not told for channel {place.channel}; it is for {', '.join(channels)}"
    of_line = told("true", f"other_unit <> '{ALL}'")
    if place.other_unit != ALL and not of_line:
        yield f"{metric}: not told of lines; leave out --other"
    if place.other_unit == ALL and not told("true", f"other_unit = '{ALL}'"):
        yield f"{metric}: told of lines; name two units, the second with --other"
    if place.unit == ALL and not told("true", f"unit = '{ALL}'"):
        yield f"{metric}: not told of the network as a whole; name a unit"
    of_unit = told("true", f"unit <> '{ALL}' AND other_unit = '{ALL}'")
    if place.unit != ALL == place.other_unit and not of_unit:
        yield f"{metric}: not told of one unit; ask for all{', or name --other' if of_line else ''}"


def _other_period(told: Callable[..., list[Any]], metric: str, place: Place) -> str:
    near = told(
        "name",
        "grain = $grain AND channel = $channel AND boundary = $boundary"
        " AND (unit, other_unit) IN (($unit, $other), ($other, $unit))",
        order="min(abs(period - $period)), 1 LIMIT 3",
        grain=place.grain, period=place.period, channel=place.channel,
        boundary=place.boundary, unit=place.unit, other=place.other_unit,
    )  # fmt: skip
    whose = place.unit if place.other_unit == ALL else f"{place.unit} - {place.other_unit}"
    there = f"nearest: {', '.join(sorted(near))}" if near else "it never has one"
    return f"{metric}: {whose} has no value in {place.name}; {there}"
