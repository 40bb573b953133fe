"""Metrics that follow time against brute force: plain loops over events, lifelines for the survival curves."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise, permutations
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.oracle_time import Moment, ages, half, introductions, wilson
from tests.network import PARAMETERS, behind, build, empty_warehouse
from transforms.model import Model
from transforms.people import ALWAYS, OPEN
from transforms.sources import SOURCES
from transforms.sources.base import Options

START = date(2026, 1, 5)
UNITS = {1: "A", 2: "A", 3: "B", 4: "B", 5: "C", 6: "C", 7: "A", 8: "B"}  # 9 is unknown
SMALL = PARAMETERS | {
    "introduction_days": 20, "introduction_history": 5, "conversion_days": 10, "answer_days": 2,
    "resumed_within": 1, "initiator_acts": 2, "half_life_months": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    number: int
    channel: str
    at: datetime
    people: tuple[int, ...]  # who began it first
    reply_to: int | None = None
    thread: int | None = None
    container: int | None = None

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def is_event_of_few(self) -> bool:
        return 1 < len(self.people) <= 8

    @property
    def introducer(self) -> int:
        return self.people[0]

    def ties(self, one: int, other: int) -> bool:
        return {one, other} <= set(self.people) and (
            self.channel != "message" or self.people[0] in (one, other)
        )


@st.composite
def logs(draw: st.DrawFn, days: int = 45, most: int = 25) -> list[Event]:
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["meeting", "message", "message", "work"]),
                st.integers(0, days), st.integers(0, 11),
                st.lists(st.integers(1, 9), min_size=1, max_size=5, unique=True),
                st.none() | st.integers(0, most), st.sampled_from([None, 70, 71]),
                st.sampled_from([None, None, 90, 91]),
            ),
            min_size=1, max_size=most,
        )
    )  # fmt: skip
    drawn.sort(key=lambda one: one[1:3])
    found: list[Event] = []
    for number, (channel, day, hour, people, reply, container, thread) in enumerate(drawn):
        at = datetime.combine(START + timedelta(days=day), datetime.min.time())
        parent = (
            found[reply]
            if channel == "message"
            and reply is not None
            and reply < number
            and found[reply].channel == "message"
            else None
        )
        found.append(
            Event(
                number, channel, at + timedelta(hours=hour), tuple(people),
                parent.number if parent else None, thread or (parent.thread if parent else number),
                container if channel == "meeting" else None,
            )
        )  # fmt: skip
    return found


def built(
    events: list[Event], models: Sequence[Model], parameters: dict[str, Any] = SMALL, units: dict[int, str] = UNITS
) -> duckdb.DuckDBPyConnection:  # fmt: skip
    roles = {
        "meeting": ("organiser", "required"), "message": ("from", "to"), "work": ("author", "commenter"),
    }  # fmt: skip
    kinds = {"meeting": "meeting", "message": "mail", "work": "comment"}
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    frames = {
        "members": pl.DataFrame(
            [(p, "organisation", u, ALWAYS, OPEN, 1.0, "directory") for p, u in units.items()],
            schema=["person_id", "boundary", "unit", "valid_from", "valid_to", "share", "origin"],
            orient="row",
        ),
        "events": pl.DataFrame(
            [
                (e.number, e.channel, kinds[e.channel], e.day, e.at, e.people[0], e.thread, e.reply_to, e.container)
                for e in events
            ],
            schema={
                "event_id": pl.Int64, "channel": pl.String, "kind": pl.String, "day": pl.Date,
                "started_at": pl.Datetime("us"), "initiator": pl.Int64, "thread": pl.Int64,
                "reply_to": pl.Int64, "container": pl.Int64,
            },
            orient="row",
        ),
        "seats": pl.DataFrame(
            [
                (e.day, e.number, person, roles[e.channel][bool(place)], "none")
                for e in events
                for place, person in enumerate(e.people)
            ],
            schema=["day", "event_id", "address_id", "role", "response"],
            orient="row",
        ),
    }  # fmt: skip
    for name, frame in frames.items():
        con.register(name, frame)
    con.execute("INSERT INTO membership BY NAME FROM members")
    con.execute(
        "INSERT INTO event BY NAME SELECT *, false AS is_automated, 0 AS revision FROM events"
    )
    con.execute("INSERT INTO participation BY NAME FROM seats")
    build(con, models, parameters)
    return con


def values(
    con: duckdb.DuckDBPyConnection, metric: str, grain: str, columns: str = "value"
) -> dict[tuple, Any]:
    """(measure, period, unit, other_unit) → the columns, for all channels together."""
    found = con.execute(
        f"SELECT measure, period, unit, other_unit, {columns} FROM metric_value"
        f" WHERE metric = '{metric}' AND grain = '{grain}' AND channel = '(all)'"
    ).fetchall()
    return {row[:4]: row[4] if len(row) == 5 else row[4:] for row in found}


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.booleans()), min_size=1, max_size=30)
)  # fmt: skip
def test_the_curve_is_that_of_lifelines(drawn: list) -> None:
    lifelines = pytest.importorskip("lifelines")
    subjects = [(entry, entry + length, ended) for entry, length, ended in drawn]
    fitter = lifelines.KaplanMeierFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where few are in view at first, and goes on
        try:
            # Who enters at a moment is at risk in it there, and from the next one on here.
            fitter.fit(
                [until for _, until, _ in subjects],
                [ended for _, _, ended in subjects],
                entry=[entry + 0.5 for entry, _, _ in subjects],
            )
        except lifelines.exceptions.StatError:
            return  # it refuses curves that end while others are still to come into view
    curve = fitter.survival_function_["KM_estimate"]
    below = curve[(curve <= 0.5 + 1e-9) & (curve.index > 0)]
    assert half(subjects) == (below.index[0] if len(below) else None)


# --- introductions -------------------------------------------------------------------------------


def told_introductions(con: duckdb.DuckDBPyConnection) -> set[tuple]:
    return set(
        con.execute(
            "SELECT event_id, introducer, s, t, is_converted, is_mature FROM introduction"
        ).fetchall()
    )


@settings(max_examples=12)
@given(logs(most=40))
def test_introductions_are_what_the_words_say(events: list[Event]) -> None:
    con = built(events, behind("introductions"))
    wanted = {(one.number, *rest) for one, *rest in introductions(events, SMALL)}
    assert told_introductions(con) == wanted
    across = [
        (conv, mature)
        for *_, s, t, conv, mature in wanted
        if 9 not in (s, t) and UNITS[s] != UNITS[t]
    ]
    hits, tries = sum(c and m for c, m in across), sum(m for _, m in across)
    cells = values(con, "introductions", "quarter", "value, low, high")
    key = (date(2026, 1, 1), "(all)", "(all)")
    assert cells.get(("introductions", *key), (0,))[0] == len(across)
    if tries:
        assert cells["rate", *key] == pytest.approx((hits / tries, *wilson(hits, tries)), abs=1e-9)


# --- response ------------------------------------------------------------------------------------


def opportunities(events: list[Event], parameters: dict[str, Any]) -> list[tuple]:
    """(s, t, hours to the answer or None, hours waited, is_observed) of every opportunity."""
    window = parameters["answer_days"]
    end = max(e.day for e in events)
    said = defaultdict(list)
    for event in events:
        if event.channel == "message":
            for name in {event.thread, event.reply_to} - {None}:
                said[name, event.people[0]].append(event.at)
    found = []
    for event in events:
        if event.channel != "message" or event.reply_to is not None or not event.is_event_of_few:
            continue
        for other in event.people[1:]:
            heard = said[event.thread, other] + said[event.number, other]
            waits = [at - event.at for at in heard if at > event.at]
            hours = min((w / timedelta(hours=1) for w in waits), default=None)
            if hours is not None and hours > 24 * window:
                hours = None
            is_observed = event.day + timedelta(days=window) <= end
            midnight = datetime.combine(end + timedelta(days=1), datetime.min.time())
            left = 24 * window if is_observed else (midnight - event.at) / timedelta(hours=1)
            found.append((event.people[0], other, hours, left if hours is None else hours, is_observed))  # fmt: skip
    return found


def check_response(
    con: duckdb.DuckDBPyConnection, asked: list[tuple], units: dict[int, str]
) -> None:
    """The whole network and every line, in one quarter."""
    cells = values(con, "response", "quarter", "value, numerator, denominator, low, high")
    lines = defaultdict(list)
    for s, t, *rest in asked:
        one, other = units.get(s, "(unknown)"), units.get(t, "(unknown)")
        lines[one, other].append(rest)
        if one != other and "(unknown)" not in (one, other):
            lines["(all)", "(all)"].append(rest)
    assert {key[2:] for key in cells} == set(lines)
    for (measure, _, *line), (value, hits, tries, low, high) in cells.items():
        here = lines[tuple(line)]
        if measure == "time":
            assert value == pytest.approx(half([(-1, w, h is not None) for h, w, _ in here]))
            continue
        judged = [h is not None for h, _, is_observed in here if is_observed]
        assert (tries or 0) == len(judged)
        if judged:
            assert hits == sum(judged)
            assert (value, low, high) == pytest.approx(
                (sum(judged) / len(judged), *wilson(sum(judged), len(judged))), abs=1e-9
            )


@settings(max_examples=10)
@given(logs(days=12))
def test_response_is_what_the_messages_say(events: list[Event]) -> None:
    con = built(events, behind("response"))
    check_response(con, opportunities(events, SMALL), UNITS)


# --- joint initiatives ---------------------------------------------------------------------------


@settings(max_examples=10)
@given(logs(days=85))
def test_initiatives_are_born_the_second_time(events: list[Event]) -> None:  # noqa: PLR0912
    con = built(events, behind("joint_initiatives", "contact_to_initiative"))
    joint = defaultdict(list)  # container → (day, units)
    contact: dict[tuple, date] = {}
    seen = date.min
    for event in events:
        units = {UNITS[p] for p in event.people if p in UNITS}
        if event.is_event_of_few:
            for pair in combinations(event.people, 2):
                line = tuple(sorted(UNITS.get(p, "") for p in pair))
                if event.ties(*pair) and "" not in line and line[0] != line[1]:
                    contact.setdefault(line, event.day)
            if event.channel != "message":
                joint[event.container].append((event.day, units))
    joint.pop(None, None)
    living: dict[date, dict[tuple, set]] = {}
    months = [date(2026, n, 1) for n in (1, 2, 3, 4)]
    found = values(con, "joint_initiatives", "month")
    lags = values(con, "contact_to_initiative", "month", "value")
    shares = values(con, "contact_to_initiative", "month", "numerator, denominator")
    for month, after in pairwise(months):
        cells, started = defaultdict(set), defaultdict(set)
        joined: dict[tuple, date] = {}
        for container, met in joint.items():
            until = [(day, units) for day, units in met if day < after and len(units) > 1]
            if len(until) < 2:
                continue
            for day, units in until:
                for line in combinations(sorted(units), 2):
                    joined[line] = min(joined.get(line, day), day)
                if day >= month:
                    keys = [("(all)", "(all)"), *((unit, "(all)") for unit in units)]
                    for key in [*keys, *combinations(sorted(units), 2)]:
                        cells[key].add(container)
                        if until[1][0] >= month:
                            started[key].add(container)
        living[month] = cells
        past = living.get(months[months.index(month) - 1], {}) if month != months[0] else {}
        if month > max(e.day for e in events) or month < min(e.day for e in events).replace(day=1):
            continue
        for key in {*cells, *past}:
            now, then = cells.get(key, set()), past.get(key, set())
            assert found["alive", month, *key] == len(now)
            assert found["started", month, *key] == len(started[key])
            if then:
                assert found["ended", month, *key] == len(then - now)
                assert found["survival", month, *key] == pytest.approx(len(then & now) / len(then))
        assert {k[2:] for k in found if k[1] == month} == {*cells, *past}
        seen = max((e.day for e in events if e.day < after and e.is_event_of_few), default=seen)
        lines = {line: day for line, day in contact.items() if day < after}
        if ("time", month, "(all)", "(all)") in lags:
            subjects = [
                (-1, ((joined.get(line) or seen) - day).days, line in joined)
                for line, day in lines.items()
            ]
            assert lags["time", month, "(all)", "(all)"] == half(subjects)
            assert shares["reached", month, "(all)", "(all)"] == (
                sum(line in joined for line in lines), len(lines),
            )  # fmt: skip


# --- ties that end and come back -----------------------------------------------------------------


@settings(max_examples=10)
@given(logs(days=240, most=40))
def test_half_life_and_revivals_follow_months_of_ties(events: list[Event]) -> None:  # noqa: PLR0912
    con = built(events, behind("tie_half_life", "revived"))
    months = [date(2026, n, 1) for n in range(1, 10)]
    met = defaultdict(lambda: defaultdict(list))  # pair → month → events
    for event in events:
        for pair in combinations(sorted(event.people), 2):
            if event.is_event_of_few and event.ties(*pair):
                met[pair][event.day.month - 1].append(event)
    opening = min((n for by in met.values() for n in by), default=0)
    lives, back = values(con, "tie_half_life", "month"), values(con, "revived", "month")
    last = max(e.day for e in events).month
    for now in range(last):
        subjects, revived = defaultdict(list), defaultdict(set)
        for pair, by in met.items():
            active = sorted(n for n in by if n <= now)
            line = tuple(sorted(UNITS.get(p, "(unknown)") for p in pair))
            is_across = line[0] != line[1] and "(unknown)" not in line
            lines = [line, ("(all)", "(all)")] if is_across else [line]
            spells: list[list[int]] = []
            for n in active:
                if spells and n - spells[-1][-1] <= SMALL["resumed_within"]:
                    spells[-1].append(n)
                else:
                    spells.append([n])
            if is_across and now in by and len(spells) > 1 and spells[-1][0] == now:
                event = min(by[now], key=lambda e: (e.at, e.number))
                for key in lines:
                    revived[key].add((pair, event.people[0]))
            for first, *_, final in [[s[0], *s] for s in spells]:
                if first != opening and final > now - SMALL["half_life_months"]:
                    entry = max(0, now - SMALL["half_life_months"] + 1 - first)
                    ended = now - final > SMALL["resumed_within"]
                    for key in lines:
                        subjects[key].append((entry, final + 1 - first, ended))
        month = months[now]
        assert {k[2:]: v for k, v in lives.items() if k[1] == month} == {
            key: half(here) for key, here in subjects.items()
        }
        assert {k[2:]: v for k, v in back.items() if k[:2] == ("ties", month)} == {
            key: len(here) for key, here in revived.items()
        }
        acts = defaultdict(int)
        for _, reviver in revived["(all)", "(all)"]:
            acts[reviver] += 1
        total, again = sum(acts.values()), sum(x * (x - 1) for x in acts.values())
        if acts:
            assert back["effective", month, "(all)", "(all)"] == (
                pytest.approx(total * (total - 1) / again) if total > 1 and again else None
            )


# --- information latency -------------------------------------------------------------------------


def heard(events: list[Event], units: dict[int, str]) -> dict[Moment, set[tuple[str, str]]]:
    """Moment → (who tells, who hears)."""
    told = defaultdict(set)
    for event in events:
        if event.is_event_of_few:
            there = {units[p] for p in event.people if p in units}
            if event.channel != "message":
                told[event.day, event.at] |= set(permutations(there, 2))
            elif event.people[0] in units:
                own = units[event.people[0]]
                told[event.day, event.at] |= {(own, unit) for unit in there - {own}}
    return told


def check_latency(
    con: duckdb.DuckDBPyConnection, events: list[Event], units: dict[int, str]
) -> None:
    every = sorted(set(units.values()))
    told = heard(events, units)
    cells = values(con, "latency", "month")
    assert cells or len(events) < 100
    for (_, month, unit, _), value in cells.items():
        until = max(e.day for e in events if e.day.replace(day=1) == month)
        known = ages(told, every, until)
        pairs = [(g, h) for g, h in permutations(every, 2) if unit in (g, "(all)")]
        wanted = median(known.get(pair, float("inf")) for pair in pairs)
        assert value == (None if wanted == float("inf") else wanted), (month, unit)


@settings(max_examples=10)
@given(logs(days=85))
def test_latency_is_the_newest_path_through_time(events: list[Event]) -> None:
    check_latency(built(events, behind("latency")), events, UNITS)


# --- a real network ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mailing_list(shared_data: Path) -> tuple[list[Event], dict[int, str]]:
    """Half a year of a public mailing list, by its own reader; companies by domain."""
    options = Options(
        time_zone=ZoneInfo("UTC"),
        since=datetime(2019, 7, 1, tzinfo=ZoneInfo("UTC")),
        until=datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC")),
    )
    path = shared_data / "openbmc-mail" / "openbmc-2019-2020.headers.mbox.gz"
    numbers: dict[str, int] = {}

    def number(key: str | None) -> int | None:
        return None if key is None else numbers.setdefault(key, len(numbers))

    events: dict[str, Event] = {}
    seats: dict[str, list[int]] = defaultdict(list)
    for batch in SOURCES["mbox"].read(path, options):
        to = batch.participations.filter(pl.col("role") == "to")
        for key, address in to.select("event_key", "address").iter_rows():
            seats[key].append(number(address))
        for row in batch.events.filter(~pl.col("is_automated")).iter_rows(named=True):
            own = number(row["initiator"])
            people = (own, *dict.fromkeys(p for p in seats[row["event_key"]] if p != own))
            events[row["event_key"]] = Event(
                number(row["event_key"]), "message", row["started_at"].replace(tzinfo=None), people,
                number(row["reply_key"]), number(row["thread_key"]),
            )  # fmt: skip
    people = {p for e in events.values() for p in e.people}
    units = {
        n: address.rpartition("@")[2].split(".")[-2]
        for address, n in numbers.items()
        if n in people and address.count("@") == 1 and "." in address.rpartition("@")[2]
    }
    return list(events.values()), units


def test_a_mailing_list_introduces_answers_and_tells(mailing_list: tuple) -> None:
    events, units = mailing_list
    assert len(events) > 1000
    parameters = PARAMETERS | {"introduction_days": 60, "introduction_history": 60}
    con = built(events, behind("introductions", "response", "latency"), parameters, units)
    wanted = {(one.number, *rest) for one, *rest in introductions(events, parameters)}
    assert wanted
    assert told_introductions(con) == wanted
    asked = opportunities(events, parameters)
    sums = con.execute(
        "SELECT count(*), count(answered_after), count(*) FILTER (is_observed), sum(waited) FROM opportunity"
    ).fetchall()[0]
    assert sums == pytest.approx(
        (len(asked), sum(h is not None for _, _, h, _, _ in asked), sum(o for *_, o in asked), sum(w for *_, w, _ in asked))
    )  # fmt: skip
    check_latency(con, events, units)
