"""Metrics against independent computations: enumeration, networkx, plain sets."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import combinations, permutations
from math import sqrt

import duckdb
import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.bipartite import (
    collaboration_weighted_projected_graph,
    hopcroft_karp_matching,
)

from tests.network import INPUTS, behind, build, empty_warehouse, fill, person_id, rows
from transforms.people import ALWAYS, OPEN, split

START = date(2026, 1, 5)
UNITS = {1: "A", 2: "A", 3: "B", 4: "B", 5: "C", 6: "C", 7: "A", 8: "B"}

meetings = st.lists(
    st.tuples(st.integers(0, 60), st.lists(st.integers(1, 8), min_size=1, max_size=6, unique=True)),
    min_size=1,
    max_size=8,
)
mails = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(1, 8),
        st.lists(st.integers(1, 8), max_size=3, unique=True), st.lists(st.integers(1, 8), max_size=3, unique=True),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def warehouse(members: pl.DataFrame | None = None) -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    if members is None:
        con.executemany(
            "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, 1, 'directory')",
            [(person, unit, ALWAYS, OPEN) for person, unit in UNITS.items()],
        )
    else:
        con.register("members", members)
        con.execute("INSERT INTO membership BY NAME FROM members")
    return con


def put(
    con: duckdb.DuckDBPyConnection,
    number: int,
    channel: str,
    day: int,
    seats: list[tuple[int, str]],
) -> None:
    when = datetime.combine(START + timedelta(days=day), datetime.min.time())
    con.execute(
        "INSERT INTO event VALUES (?, ?, 'x', ?, ?, ?, ?, NULL, NULL, NULL, false, 0, NULL)",
        [number, channel, when.date(), when, when + timedelta(minutes=90), seats[0][0]],
    )
    for person, role in seats:
        con.execute(
            "INSERT INTO participation VALUES (?, ?, ?, ?, 'none')",
            [when.date(), number, person, role],
        )


def meet(con: duckdb.DuckDBPyConnection, events: list) -> None:
    for number, (day, people) in enumerate(events):
        put(
            con,
            number,
            "meeting",
            day,
            [(p, "required" if n else "organiser") for n, p in enumerate(people)],
        )


@settings(max_examples=10)
@given(meetings)
def test_meeting_weights_are_newmans_and_conserved(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("tie_day"))
    graph = nx.Graph()
    graph.add_nodes_from(range(1, 9))
    for number, (_, people) in enumerate(events):
        graph.add_edges_from((f"e{number}", person) for person in people)
    newman = collaboration_weighted_projected_graph(graph, range(1, 9))
    found = con.execute("SELECT s, t, sum(w) FROM tie_day GROUP BY ALL").fetchall()
    assert {(s, t): pytest.approx(w) for s, t, w in found} == {
        (min(a, b), max(a, b)): w for a, b, w in newman.edges(data="weight")
    }
    sizes = [len(people) for _, people in events if len(people) > 1]
    w, h = con.execute("SELECT coalesce(sum(w), 0), coalesce(sum(h), 0) FROM tie_day").fetchall()[0]
    assert w == pytest.approx(sum(sizes) / 2)
    assert h == pytest.approx(sum(1.5 * n / 2 for n in sizes))


@settings(max_examples=10)
@given(mails)
def test_each_message_to_somebody_weighs_one(events: list) -> None:
    con = warehouse()
    wanted: Counter[tuple[int, int]] = Counter()
    for number, (day, sender, to, cc) in enumerate(events):
        roles = (
            {sender: "from"}
            | {p: "cc" for p in cc if p != sender}
            | {p: "to" for p in to if p != sender}
        )
        put(
            con,
            number,
            "message",
            day,
            [(sender, "from"), *((p, r) for p, r in roles.items() if p != sender)],
        )
        weights = {
            p: Fraction(1 if r == "to" else Fraction(1, 2)) for p, r in roles.items() if p != sender
        }
        for person, weight in weights.items():
            wanted[sender, person] += weight / sum(weights.values())
    build(con, behind("act_day"))
    found = {
        (s, t): w
        for s, t, w in con.execute("SELECT s, t, sum(w) FROM act_day GROUP BY ALL").fetchall()
    }
    assert found == {pair: pytest.approx(float(weight)) for pair, weight in wanted.items()}


def test_expected_ei_and_z_by_every_relabelling() -> None:
    con = empty_warehouse()
    fill(con, INPUTS / "t1")
    build(con, behind("ei_index", "tie"))
    members = [(person_id(m["person"]), m["unit"]) for m in rows(INPUTS / "t1" / "members.csv")]
    ties = con.execute(
        "SELECT s, t, w FROM tie WHERE grain = 'month' AND channel = '(all)' AND period = '2024-06-01'"
    ).fetchall()
    place = {person: n for n, (person, _) in enumerate(members)}
    s, t, w = (
        np.array(column)
        for column in zip(*((place[a], place[b], c) for a, b, c in ties), strict=True)
    )
    labels = np.array(sorted(set(permutations(unit for _, unit in members))))
    assert len(labels) == 1680
    external = ((labels[:, s] != labels[:, t]) * w).sum(axis=1)
    index = (2 * external - w.sum()) / w.sum()
    found = con.execute(
        "SELECT value, expected, z FROM metric_value WHERE metric = 'ei_index' AND grain = 'month'"
        " AND channel = '(all)' AND period = '2024-06-01'"
    ).fetchall()[0]
    assert found[1] == pytest.approx(index.mean(), abs=1e-12)
    assert found[2] == pytest.approx((found[0] - index.mean()) / sqrt(index.var()), abs=1e-9)


@settings(max_examples=10)
@given(meetings)
def test_ei_moments_hold_for_any_small_network(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("ei_index", "tie"))
    quarter = con.execute(
        "SELECT s - 1, t - 1, w FROM tie WHERE grain = 'quarter' AND channel = '(all)'"
    ).fetchall()
    found = con.execute(
        "SELECT expected, (value - expected) / z FROM metric_value"
        " WHERE metric = 'ei_index' AND grain = 'quarter' AND channel = '(all)' AND z <> 0"
    ).fetchall()
    if not found:
        return
    s, t, w = (np.array(column) for column in zip(*quarter, strict=True))
    rng = np.random.default_rng(1)
    units = np.array([UNITS[n] for n in range(1, 9)])
    labels = np.array([rng.permutation(units) for _ in range(20_000)])
    index = (2 * ((labels[:, s] != labels[:, t]) * w).sum(axis=1) - w.sum()) / w.sum()
    expected, sd = found[0]
    assert expected == pytest.approx(index.mean(), abs=5 * sd / sqrt(20_000))
    assert sd == pytest.approx(index.std(), rel=0.05)


@settings(max_examples=10)
@given(meetings)
def test_threads_are_a_maximum_matching(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("threads"))
    found = con.execute(
        "SELECT unit, other_unit, value FROM metric_value WHERE metric = 'threads'"
        " AND grain = 'quarter' AND channel = '(all)'"
    ).fetchall()
    edges = {frozenset(pair) for _, people in events for pair in combinations(people, 2)}
    wanted = {}
    for g, h in combinations("ABC", 2):
        across = [
            tuple(sorted(e, key=lambda p: UNITS[p]))
            for e in edges
            if {UNITS[p] for p in e} == {g, h}
        ]
        if across:
            wanted[g, h] = len(hopcroft_karp_matching(nx.Graph(across), {a for a, _ in across})) / 2
    assert {(g, h): value for g, h, value in found} == wanted


@settings(max_examples=10)
@given(meetings)
def test_turnover_is_what_sets_of_ties_say(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("tie_turnover"))
    ties: dict[date, set] = {}
    for day, people in events:
        month = (START + timedelta(days=day)).replace(day=1)
        ties.setdefault(month, set()).update(frozenset(pair) for pair in combinations(people, 2))
    active = sorted(month for month, pairs in ties.items() if pairs)
    months = [date(2026, n, 1) for n in (1, 2, 3)]
    found = con.execute(
        "SELECT period, measure, value FROM metric_value WHERE metric = 'tie_turnover' AND grain = 'month'"
        " AND channel = '(all)' AND unit = '(all)'"
    ).fetchall()
    numbers = {(period, measure): value for period, measure, value in found}
    for month, before in zip(months[1:], months, strict=False):
        now, past = ties.get(month, set()), ties.get(before, set())
        if not active or month <= active[0] or not now | past or month > max(ties):
            continue
        ever = set().union(*(ties.get(m, set()) for m in months if m < month))
        assert numbers[month, "new"] == len(now - ever)
        assert numbers[month, "persisted"] == len(now & past)
        assert numbers[month, "lost"] == len(past - now)
        assert numbers[month, "retention"] == (
            pytest.approx(len(now & past) / len(past)) if past else None
        )
        assert numbers[month, "jaccard"] == pytest.approx(len(now & past) / len(now | past))


memberships = st.lists(
    st.tuples(
        st.integers(1, 8), st.sampled_from("ABC"), st.integers(0, 40), st.integers(0, 40),
        st.sampled_from([None, 0.2, 0.5, 1.0]),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=10)
@given(meetings, memberships)
def test_shares_split_weight_and_never_double_it(events: list, spans: list) -> None:
    members = split(
        pl.DataFrame(
            [
                {
                    "person_id": p, "boundary": "organisation", "unit": unit,
                    "valid_from": START + timedelta(days=first), "valid_to": START + timedelta(days=first + length),
                    "share": share, "origin": "directory",
                }
                for p, unit, first, length, share in spans
            ],
            schema={"person_id": pl.Int64, "boundary": pl.String, "unit": pl.String, "valid_from": pl.Date,
                    "valid_to": pl.Date, "share": pl.Float64, "origin": pl.String},
        )
    )  # fmt: skip
    con = warehouse(members)
    meet(con, events)
    build(con, behind("interaction_volume", "flow"))
    sums = """SELECT grain, period, sum(value) FILTER (unit <> '(all)'), sum(value) FILTER (unit = '(all)')
        FROM metric_value WHERE metric = 'interaction_volume' AND measure = $measure AND channel = '(all)' GROUP BY ALL"""
    for measure in ("weight", "hours"):
        for _, _, parts, whole in con.execute(sums, {"measure": measure}).fetchall():
            assert parts == pytest.approx(whole, abs=1e-9)
    matrix = """SELECT f.period, sum(f.value), any_value(v.value) FROM metric_value f JOIN metric_value v
        USING (grain, period, channel) WHERE f.metric = 'flow' AND f.measure = 'weight'
        AND v.metric = 'interaction_volume' AND v.measure = 'weight' AND v.unit = '(all)' GROUP BY f.period, f.grain, f.channel"""
    for _, flow, volume in con.execute(matrix).fetchall():
        assert flow == pytest.approx(volume, abs=1e-9)
