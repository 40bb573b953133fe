"""Metrics of the graph against networkx, enumeration and plain sets, on invented and on real networks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import combinations, permutations
from math import log
from pathlib import Path

import duckdb
import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.assortativity.correlation import attribute_ac
from scipy.stats import hypergeom

from tests.metrics.oracle_graph import arrays, as_sets, brokered, information
from tests.metrics.test_oracles import START, UNITS, meet, meetings, warehouse
from tests.network import PARAMETERS, behind, build
from transforms.metrics.brokerage import ROLES, compute, roles
from transforms.metrics.communities import (
    agreement,
    communities,
    expected_information,
    modularity,
)


def values(con: duckdb.DuckDBPyConnection, metric: str, grain: str) -> dict[tuple, tuple]:
    """(measure, period, unit, other unit) → (value, expected) over all channels."""
    rows = con.execute(
        "SELECT measure, period, unit, other_unit, value, expected FROM metric_value"
        " WHERE metric = ? AND grain = ? AND channel = '(all)'",
        [metric, grain],
    ).fetchall()
    return {row[:4]: row[4:] for row in rows}


def graph_of(con: duckdb.DuckDBPyConnection, month: date | None = None) -> nx.Graph:
    """Ties of a month, or of all days."""
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        con.execute(
            "SELECT s, t, sum(w) FROM tie_day"
            " WHERE $month IS NULL OR date_trunc('month', day) = $month GROUP BY s, t",
            {"month": month},
        ).fetchall()
    )
    return graph


def losses(graph: nx.Graph, unit: dict, k: int) -> float:
    across = nx.Graph((s, t, d) for s, t, d in graph.edges(data=True) if unit[s] != unit[t])
    whole = across.size("weight")
    strength = dict(across.degree(weight="weight"))
    top = sorted(strength, key=lambda person: (-round(strength[person], 9), person))[:k]
    across.remove_nodes_from(top)
    return 1 - across.size("weight") / whole


@settings(max_examples=6)
@given(meetings)
def test_losses_are_those_of_removed_nodes(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("connector_dependence"))
    found = values(con, "connector_dependence", "quarter")
    graph = graph_of(con)
    if not any(UNITS[s] != UNITS[t] for s, t in graph.edges):
        assert not found
        return
    quarter = date(2026, 1, 1)
    for k in (1, 2, 3):
        value, expected = found[f"loss_{k}", quarter, "(all)", "(all)"]
        assert value == pytest.approx(losses(graph, UNITS, k), abs=1e-9)
        # By chance: of all pairs of the eight people, those that touch k of them.
        touched = [set(pair) & set(range(k)) for pair in combinations(range(8), 2)]
        assert expected == pytest.approx(sum(map(bool, touched)) / len(touched), abs=1e-12)
    for unit in "ABC":
        outward = [
            (s, t, d)
            for s, t, d in graph.edges(data=True)
            if (UNITS[s] == unit) != (UNITS[t] == unit)
        ]
        own = Counter()
        for s, t, d in outward:
            own[s if UNITS[s] == unit else t] += d["weight"]
        for k in (1, 2, 3):
            if not own:
                assert (f"loss_{k}", quarter, unit, "(all)") not in found
                continue
            value, expected = found[f"loss_{k}", quarter, unit, "(all)"]
            most = sum(w for _, w in own.most_common(k)) / sum(own.values())
            assert value == pytest.approx(most, abs=1e-9)
            assert expected == min(1, k / list(UNITS.values()).count(unit))


@settings(max_examples=6)
@given(meetings, st.integers(2, 8))
def test_convening_is_counted_whatever_the_size_cap(events: list, cap: int) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("convening"), PARAMETERS | {"size_cap_meeting": cap})
    found = values(con, "convening", "quarter")
    quarter = date(2026, 1, 1)
    parties = [p for _, p in events if len(p) > 2 and len({UNITS[n] for n in p}) > 1]
    wanted = {
        "events": len(parties),
        "conveners": len({p[0] for p in parties}),
        "units": len({UNITS[p[0]] for p in parties}),
    }
    assert {m: v for (m, _, unit, _), (v, _) in found.items() if unit == "(all)"} == wanted
    for unit in "ABC":
        own = [p[0] for p in parties if UNITS[p[0]] == unit]
        for measure, number in (("events", len(own)), ("conveners", len(set(own)))):
            got = found.get((measure, quarter, unit, "(all)"))
            assert got == ((number, None) if own else None)


@settings(max_examples=6)
@given(meetings, st.integers(1, 4))
def test_spanners_are_those_with_enough_ties_outside(events: list, least: int) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("spanners"), PARAMETERS | {"spanner_ties": least})
    found = values(con, "spanners", "quarter")
    active = {p for _, people in events for p in people}
    outside = defaultdict(set)
    for _, people in events:
        for a, b in permutations(people, 2):
            if UNITS[a] != UNITS[b]:
                outside[a].add(b)
    for unit in ("A", "B", "C", "(all)"):
        own = [p for p in active if unit in {UNITS[p], "(all)"}]
        got = found.get(("share", date(2026, 1, 1), unit, "(all)"))
        wanted = sum(len(outside[p]) >= least for p in own) / len(own) if own else None
        assert (got and got[0]) == (wanted if wanted is None else pytest.approx(wanted))


def test_wilson_interval_solves_its_equation() -> None:
    con = warehouse()
    meet(con, [(0, [1, 3, 5]), (1, [2, 7]), (2, [4, 8])])
    build(con, behind("spanners"))
    p, n, low, high = con.execute(
        "SELECT value, denominator, low, high FROM metric_value WHERE metric = 'spanners'"
        " AND grain = 'month' AND unit = '(all)' AND channel = '(all)'"
    ).fetchall()[0]
    assert (p, n) == (pytest.approx(3 / 7), 7)
    for end in (low, high):  # the true share that puts p 1.96 standard deviations away
        assert abs(p - end) / (end * (1 - end) / n) ** 0.5 == pytest.approx(1.959963984540054)


@settings(max_examples=6)
@given(meetings)
def test_silo_is_networkx_assortativity_and_the_share_of_ends_inside(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("silo"))
    found = values(con, "silo", "quarter")
    graph, quarter = graph_of(con), date(2026, 1, 1)
    if not graph:
        assert not found
        return
    # A weight of w is 60 w ties of 1: all weights are parts of 1 to 5.
    many = nx.MultiGraph()
    for s, t, w in graph.edges(data="weight"):
        many.add_edges_from([(s, t)] * round(60 * w))
    nx.set_node_attributes(many, UNITS, "unit")
    value = found["assortativity", quarter, "(all)", "(all)"][0]
    if len({UNITS[person] for person in graph}) == 1:
        assert value is None
    else:
        wanted = nx.attribute_assortativity_coefficient(many, "unit")
        assert value == pytest.approx(wanted, abs=1e-9)
    for unit in {UNITS[person] for person in graph}:
        ends = [
            (UNITS[a], UNITS[b], w)
            for s, t, w in graph.edges(data="weight")
            for a, b in ((s, t), (t, s))
        ]
        own = [(b, w) for a, b, w in ends if a == unit]
        value, expected = found["homophily", quarter, unit, "(all)"]
        inside = sum(w for b, w in own if b == unit) / sum(w for _, w in own)
        assert value == pytest.approx(inside, abs=1e-12)
        size = list(UNITS.values()).count(unit)
        assert expected == pytest.approx((size - 1) / 7, abs=1e-12)


@settings(max_examples=6)
@given(meetings)
def test_regularity_counts_weeks_in_the_month_in_which_they_end(events: list) -> None:
    con = warehouse()
    meet(con, events)
    build(con, behind("regularity"))
    found = values(con, "regularity", "month")
    network, lines = defaultdict(set), defaultdict(set)
    last = max(START + timedelta(days=day) for day, _ in events)
    for day, people in events:
        sunday = START + timedelta(days=day // 7 * 7 + 6)  # START is a Monday
        month = sunday.replace(day=1)
        if month > last:  # a month of which nothing is known yet
            continue
        for a, b in combinations(people, 2):
            network[month].add(sunday)
            if UNITS[a] != UNITS[b]:
                lines[month, *sorted((UNITS[a], UNITS[b]))].add(sunday)
    assert {key[1:]: value for key, (value, _) in found.items()} == {
        line: pytest.approx(len(weeks) / len(network[line[0]])) for line, weeks in lines.items()
    }


digraphs = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] != e[1])),
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
    )
)  # fmt: skip


@settings(max_examples=100)
@given(digraphs)
def test_brokerage_is_the_count_of_open_paths(case: tuple) -> None:
    edges, unit = case
    s, t = (np.array([edge[n] for edge in edges], dtype=np.int64) for n in (0, 1))
    assert (roles(s, t, np.array(unit)) == brokered(edges, unit)).all()


def test_brokerage_of_a_network_of_a_thousand() -> None:
    rng = np.random.default_rng(3)
    busy = rng.pareto(1.0, 1000) + 0.1
    s, t = rng.choice(1000, (2, 12_000), p=busy / busy.sum())
    edges = {(int(a), int(b)) for a, b in zip(s, t, strict=True) if a != b}
    unit = rng.integers(0, 12, 1000)
    ends = np.array(sorted(edges))
    found = roles(ends[:, 0], ends[:, 1], unit)
    assert (found == brokered(edges, unit.tolist())).all()


@settings(max_examples=15)
@given(
    st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda e: e[0] != e[1]), min_size=2),
    st.lists(st.sampled_from("ABC"), min_size=6, max_size=6),
)  # fmt: skip
def test_expected_brokerage_is_the_mean_over_every_relabelling(edges: set, unit: list) -> None:
    """Six people, one of them at least an isolate."""
    key = {"grain": "month", "period": date(2026, 1, 1), "boundary": "organisation"}
    acts = pl.DataFrame(
        [
            {**key, "channel": "message", "unit_s": unit[s], "unit_t": unit[t], "s": s, "t": t, "w": 1.0}
            for s, t in edges
        ]
    )  # fmt: skip
    home = pl.DataFrame(
        [{**key, "channel": "message", "person_id": n, "unit": u} for n, u in enumerate(unit)]
    )
    frame = pl.DataFrame(
        [{**key, "unit": name, "people": count} for name, count in Counter(unit).items()]
    )
    found = compute(acts, home, frame)
    relabelled = sorted(set(permutations(unit)))
    sums = defaultdict(float)
    for labels in relabelled:
        for person, row in enumerate(brokered(edges, list(labels))):
            for role, count in zip(ROLES, row, strict=True):
                sums[role, labels[person]] += count / len(relabelled)
                sums[role, "(all)"] += count / len(relabelled)
    for role, name, expected in found.select("measure", "unit", "expected").iter_rows():
        assert expected == pytest.approx(sums[role, name], abs=1e-9), (role, name)


@pytest.mark.parametrize("seed", range(4))
def test_communities_are_as_good_as_those_of_networkx(seed: int) -> None:
    for graph in (
        nx.planted_partition_graph(5, 20, 0.3, 0.03, seed=seed),
        nx.relaxed_caveman_graph(25, 8, 0.2, seed=seed),
        nx.barabasi_albert_graph(150, 4, seed=seed),
        nx.karate_club_graph(),
    ):
        member = communities(*arrays(graph))
        reached = modularity(*arrays(graph), member)[0]
        assert reached == pytest.approx(nx.community.modularity(graph, as_sets(member)), abs=1e-12)
        theirs = nx.community.louvain_communities(graph, seed=seed)
        # Both are heuristics; networkx's own runs differ by as much from one seed to the next.
        assert reached > nx.community.modularity(graph, theirs) - 0.03


def test_communities_find_cliques_apart_and_graphs_do_not_mix() -> None:
    cliques = nx.connected_caveman_graph(6, 5)
    s, t, w, graph = arrays(cliques)
    member = communities(s, t, w, graph)
    assert sorted(map(len, as_sets(member))) == [5] * 6
    # Beside another graph, with its ties in another order and with noise, it is divided as alone.
    other = arrays(nx.gnm_random_graph(40, 90, seed=1))
    order = np.random.default_rng(1).permutation(len(s))
    together = communities(
        np.concatenate([other[0], s[order] + 40]),
        np.concatenate([other[1], t[order] + 40]),
        np.concatenate([other[2], w[order] + 1e-12]),
        np.concatenate([other[3], graph + 1]),
    )
    alone = communities(*other)
    assert as_sets(together[:40]) == as_sets(alone)
    assert as_sets(together[40:]) == as_sets(member)


divisions = st.integers(2, 7).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 3), min_size=n, max_size=n)] * 2)
)


@settings(max_examples=40)
@given(divisions)
def test_agreement_is_above_the_mean_of_every_relabelling(case: tuple) -> None:
    group, unit = case
    chance = [information(group, order) for order in permutations(unit)]
    sizes = [np.array(list(Counter(one).values())) for one in (group, unit)]
    mean = sum(chance) / len(chance)
    assert expected_information(*sizes) == pytest.approx(mean, abs=1e-12)
    above, below = agreement(np.array(group), np.array(unit))
    if len(set(unit)) == 1:
        assert (above, below) == (0, 0)
        return
    entropies = information(group, group) + information(unit, unit)
    assert above == pytest.approx(information(group, unit) - mean, abs=1e-12)
    assert below == pytest.approx(entropies / 2 - mean, abs=1e-12)


def test_expected_information_of_many_people_is_that_of_all_overlaps() -> None:
    """Overlaps far from the mean are left out; here they are not."""
    a, b = np.array([900, 60, 40]), np.array([500, 300, 199, 1])
    n, whole = 1000, 0.0
    for x in a.tolist():
        for y in b.tolist():
            whole += sum(
                k / n * log(k * n / (x * y)) * hypergeom.pmf(k, n, x, y)
                for k in range(max(1, x + y - n), min(x, y) + 1)
            )
    assert expected_information(a, b) == pytest.approx(whole, abs=1e-12)


@pytest.fixture(scope="module")
def factory(shared_data: Path) -> tuple[duckdb.DuckDBPyConnection, dict[int, str]]:
    """Two months of a factory's real mail; who reports to the same manager is a unit."""
    folder = shared_data / "manufacturing"
    con = warehouse(pl.DataFrame(schema={"person_id": pl.Int64}))
    con.execute(
        """CREATE TEMP TABLE mail AS
        SELECT Sender AS s, Recipient AS t, EventDate AS sent_at,
          dense_rank() OVER (ORDER BY EventDate, Sender) AS id
        FROM read_csv($path, delim = ';') WHERE EventDate < '2010-03-01' AND Sender <> Recipient""",
        {"path": str(folder / "communication.csv.gz")},
    )
    con.execute(
        "INSERT INTO event SELECT DISTINCT id, 'message', 'mail', sent_at::DATE, sent_at, NULL::TIMESTAMP, s,"
        " NULL::BIGINT, NULL::BIGINT, NULL::BIGINT, false, 0, NULL::BIGINT FROM mail"
    )
    con.execute(
        "INSERT INTO participation SELECT DISTINCT sent_at::DATE, id, s, 'from', 'none' FROM mail UNION ALL"
        " SELECT DISTINCT sent_at::DATE, id, t, 'to', 'none' FROM mail"
    )
    con.execute(
        """INSERT INTO membership SELECT ID, 'organisation', 'under ' || ReportsToID, DATE '0001-01-01',
        DATE '9999-12-31', 1, 'directory' FROM read_csv($path, all_varchar = true)
        WHERE try_cast(ReportsToID AS BIGINT) IS NOT NULL""",
        {"path": str(folder / "reportsto.csv")},
    )
    build(con, behind("connector_dependence", "spanners", "silo", "brokerage", "communities"))
    return con, dict(con.execute("SELECT person_id, unit FROM membership").fetchall())


def test_real_mail_against_networkx(factory: tuple) -> None:
    con, unit = factory
    month = date(2010, 2, 1)
    graph = graph_of(con, month)
    graph.remove_nodes_from([person for person in graph if person not in unit])
    graph.remove_nodes_from(list(nx.isolates(graph)))
    assert len(graph) > 80
    found = values(con, "connector_dependence", "month")
    for k in (1, 2, 3):
        value = found[f"loss_{k}", month, "(all)", "(all)"][0]
        assert value == pytest.approx(losses(graph, unit, k), abs=1e-9)
    names = sorted({unit[person] for person in graph})
    label = np.array([[unit[person] == name for name in names] for person in graph], dtype=float)
    mixing = label.T @ nx.to_numpy_array(graph) @ label
    value = values(con, "silo", "month")["assortativity", month, "(all)", "(all)"][0]
    assert value == pytest.approx(attribute_ac(mixing / mixing.sum()), abs=1e-9)
    outside = {p: sum(unit[q] != unit[p] for q in graph[p]) for p in graph}
    row = con.execute(
        "SELECT numerator FROM metric_value WHERE metric = 'spanners' AND grain = 'month'"
        " AND period = ? AND unit = '(all)' AND channel = '(all)'",
        [month],
    ).fetchall()[0]
    assert row[0] == sum(ties >= 2 for ties in outside.values())
    reached = values(con, "communities", "month")["modularity", month, "(all)", "(all)"][0]
    theirs = nx.community.louvain_communities(graph, seed=1)
    assert reached > nx.community.modularity(graph, theirs) - 0.02


def test_real_brokerage_against_every_path(factory: tuple) -> None:
    con, unit = factory
    month = date(2010, 2, 1)
    acts = con.execute(
        "SELECT DISTINCT a.s, a.t FROM act_day a JOIN calendar c USING (day)"
        " WHERE c.grain = 'month' AND c.period = ?",
        [month],
    ).fetchall()
    people = sorted(unit)
    place = {person: n for n, person in enumerate(people)}
    edges = {(place[s], place[t]) for s, t in acts if s in place and t in place}
    counts = brokered(edges, [unit[person] for person in people])
    found = values(con, "brokerage", "month")
    for n, role in enumerate(ROLES):
        assert found[role, month, "(all)", "(all)"][0] == counts[:, n].sum()
    largest = Counter(unit.values()).most_common(1)[0][0]
    own = [place[person] for person in people if unit[person] == largest]
    for n, role in enumerate(ROLES):
        assert found[role, month, largest, "(all)"][0] == counts[own, n].sum()
