"""Metrics 1-9, 11 and 12 as one would write them with pandas and networkx: every number that the models tell.

Groups of rows where a metric is a sum or a count, graphs where it is one. An oracle for the models, from the
definitions and without SQL, and what `python -m tests.benchmarks full` compares their cost with. It knows what
the invented network holds: people stay where they are, nobody declines, and nothing is assigned to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, comb, sqrt
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from transforms.model import Parameters

GRAINS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q"}
CELL = ["metric", "measure", "grain", "period", "channel", "unit", "other_unit"]
KEY = ["period", "channel"]
UNIT = [*KEY, "unit"]
LINE = [*UNIT, "other_unit"]
FATES = ["new", "persisted", "resumed", "reactivated"]
UNKNOWN = "(unknown)"
HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)


@dataclass
class Log:
    """What happened, as frames: seats in events, ties and acts of two people, questions, joint initiatives."""

    seats: Any
    ties: Any
    acts: Any
    asked: Any
    joint: Any
    sizes: list[int]  # people of each unit
    parameters: Parameters


def read(events: Any, participations: Any, unit: Mapping[int, str], parameters: Parameters) -> Log:
    """Frames of tables event and participation, and each person's unit → everything that periods are made of."""
    seats = _seats(events, participations, parameters)
    seats["unit"] = seats["person"].map(unit).fillna(UNKNOWN)
    called = seats[(seats["channel"] != "work") & (seats["size"] >= parameters["convening_people"])]
    parties = called[called["unit"] != UNKNOWN].groupby("event")["unit"].nunique()
    seats["gathers"] = seats["event"].isin(parties.index[parties > 1])
    small = seats[~seats["broadcast"] & (seats["size"] > 1)]
    ties, acts = _ties(small)
    return Log(
        seats, _placed(ties, unit), _placed(acts, unit),
        _placed(_asked(small, seats, participations, parameters), unit), _joint(small),
        sorted(pd.Series(unit).value_counts()), parameters,
    )  # fmt: skip


def _placed(pairs: Any, unit: Mapping[int, str]) -> Any:
    one, other = (pairs[side].map(unit).fillna(UNKNOWN) for side in ("s", "t"))
    return pairs.assign(unit=one, other_unit=other)


def _seats(events: Any, participations: Any, parameters: Parameters) -> Any:
    """One row per event and person; work on one item on one day is one event."""
    kept = [
        "day", "event_id", "channel", "container", "reply_to", "started_at", "ended_at", "initiator",
    ]  # fmt: skip
    seats = participations.merge(events[kept], on=["day", "event_id"])
    seats = seats.rename(columns={"address_id": "person"})
    work = seats["channel"] == "work"
    seats["event_id"] = seats["container"].where(work, seats["event_id"])
    seats["starts"] = seats["role"].isin(["organiser", "from"]) | (
        work & (seats["person"] == seats["initiator"])
    )
    seats["hours"] = ((seats["ended_at"] - seats["started_at"]) / HOUR).fillna(0.0)
    seats["weight"] = seats["role"].map({"from": 0.0, "cc": parameters["cc_weight"]}).fillna(1.0)
    key = ["day", "channel", "event_id"]
    seats = seats.groupby([*key, "person"], as_index=False).agg(
        starts=("starts", "max"), hours=("hours", "max"), weight=("weight", "max"),
        container=("container", "max"), reply_to=("reply_to", "max"), started_at=("started_at", "min"),
    )  # fmt: skip
    seats["event"] = seats.groupby(key).ngroup()
    seats["size"] = seats.groupby("event")["person"].transform("size")
    caps = {
        channel: parameters[f"size_cap_{channel}"] for channel in ("meeting", "message", "work")
    }
    seats["broadcast"] = seats["size"] > seats["channel"].map(caps)
    seats["begins"] = (
        seats["starts"] & ~seats["broadcast"] & (seats["size"] > 1) & (seats["channel"] != "work")
        & seats["reply_to"].isna()
    )  # fmt: skip
    return seats


def _ties(small: Any) -> tuple[Any, Any]:
    """Ties s-t with weight and hours, and acts s → t with weight."""
    shared = small.loc[small["channel"] != "message"]
    pairs = shared.merge(shared[["event", "person"]], on="event", suffixes=("", "_t"))
    pairs = pairs[pairs["person"] < pairs["person_t"]]
    met = pd.DataFrame({
        "day": pairs["day"], "channel": pairs["channel"], "s": pairs["person"], "t": pairs["person_t"],
        "w": 1.0 / (pairs["size"] - 1), "h": pairs["hours"] / (pairs["size"] - 1),
    })  # fmt: skip
    mails = small[small["channel"] == "message"]
    mails = mails.assign(w=mails["weight"] / mails.groupby("event")["weight"].transform("sum"))
    got = mails.loc[~mails["starts"], ["event", "person", "w"]].rename(columns={"person": "t"})
    sent = mails.loc[mails["starts"], ["day", "channel", "event", "person"]]
    acts = sent.rename(columns={"person": "s"}).merge(got, on="event").drop(columns="event")
    told = acts.assign(s=acts[["s", "t"]].min(axis=1), t=acts[["s", "t"]].max(axis=1), h=0.0)
    return pd.concat([met, told]), acts


def _asked(small: Any, seats: Any, participations: Any, parameters: Parameters) -> Any:
    """Opening messages, once for each whom they are addressed to: hours until the answer, and how long it was awaited."""
    opened = small[(small["channel"] == "message") & small["starts"] & small["reply_to"].isna()]
    opened = opened[["day", "channel", "event_id", "person", "started_at"]]
    to = participations.loc[participations["role"] == "to", ["day", "event_id", "address_id"]]
    asked = opened.rename(columns={"person": "s"}).merge(
        to.rename(columns={"address_id": "t"}), on=["day", "event_id"]
    )
    asked = asked[asked["s"] != asked["t"]]
    sent = seats[(seats["channel"] == "message") & seats["starts"]]
    answers = pd.DataFrame({
        "event_id": sent["reply_to"].fillna(sent["event_id"]).astype("int64"), "t": sent["person"],
        "answered_on": sent["day"], "answered_at": sent["started_at"],
    })  # fmt: skip
    both = asked.merge(answers, on=["event_id", "t"], how="left")
    window, last = parameters["answer_days"] * DAY, seats["day"].max()
    wait = both["answered_at"] - both["started_at"]
    in_time = (wait > 0 * DAY) & (wait <= window) & (both["answered_on"] <= both["day"] + window)
    both["hours"] = (wait / HOUR).where(in_time)
    told = both.groupby(["day", "channel", "event_id", "s", "t"], as_index=False).agg(
        hours=("hours", "min"), started_at=("started_at", "min")
    )
    told["observed"] = told["day"] + window <= last
    in_data = ((last + DAY - told["started_at"]) / HOUR).clip(lower=0)
    told["waited"] = told["hours"].fillna(in_data.mask(told["observed"], window / HOUR))
    return told


def _joint(small: Any) -> Any:
    """Seats where several units met in a series or work item, and whether it was born by then, and on that day."""
    shared = small[
        small["container"].notna() & (small["channel"] != "message") & (small["unit"] != UNKNOWN)
    ]
    shared = shared[shared.groupby("event")["unit"].transform("nunique") > 1]
    shared = shared.assign(series=shared.groupby(["channel", "container"]).ngroup())
    met = shared.groupby(["series", "day"])["event"].nunique()
    so_far = met.groupby(level="series").cumsum()
    born = pd.DataFrame({"is_born": so_far >= 2, "is_birth": (so_far >= 2) & (so_far - met < 2)})
    columns = ["day", "channel", "series", "event", "unit"]
    return shared[columns].drop_duplicates().join(born, on=["series", "day"])


def measured(log: Log) -> Any:
    """A row for each number: columns of `CELL` and value; network and unit are told as those of `(all)`."""
    return pd.concat([_of_grain(log, grain) for grain in GRAINS], ignore_index=True)


def _of_grain(log: Log, grain: str) -> Any:
    code = GRAINS[grain]
    seats, ties, acts, asked, shared = (
        _in_periods(frame, code) for frame in (log.seats, log.ties, log.acts, log.asked, log.joint)
    )
    last = seats["period"].max()
    edges = _edges(ties)
    known = edges[(edges["unit"] != UNKNOWN) & (edges["other_unit"] != UNKNOWN)]
    across = known[known["unit"] != known["other_unit"]]
    lines = edges.groupby(LINE, as_index=False).agg(
        w=("w", "sum"), h=("h", "sum"), ties=("w", "size")
    )
    active = seats.groupby(KEY).size().index
    told = {
        "interaction_volume": _volume(seats, lines),
        "cross_boundary_share": _share(lines),
        "flow": _flow(lines),
        "ei_index": [_each(known, KEY, lambda rows: _ei_index(rows, log.sizes))],
        "boundary_coverage": [_coverage(across, active, len(log.sizes))],
        "threads": [_each(across, LINE, _threads)],
        "tie_turnover": _turnover(edges, last, grain, log.parameters),
        "reciprocity": _reciprocity(acts, grain),
        "convening": _convening(seats, active, grain),
    }
    if grain != "day":  # of one day too little to tell
        told["response"] = _response(asked)
        told["initiators"] = _initiators(seats, log.parameters)
        told["connector_dependence"] = _connectors(across, log)
    if grain in ("month", "quarter"):
        told["joint_initiatives"] = _initiatives(shared, last)
    rows = pd.concat(
        values.reset_index().melt(values.index.names, var_name="measure").assign(metric=metric)
        for metric, frames in told.items()
        for values in frames
    )
    rows["grain"] = grain
    rows["period"] = pd.PeriodIndex.from_ordinals(rows["period"], freq=code).start_time.date
    return rows.fillna({"unit": "(all)", "other_unit": "(all)"})[[*CELL, "value"]]


def _in_periods(frame: Any, code: str) -> Any:
    """With the number of each row's period; each row a second time, for all channels together."""
    told = frame.assign(period=frame["day"].dt.to_period(code).astype("int64"))
    return pd.concat([told, told.assign(channel="(all)")], ignore_index=True)


def _edges(ties: Any) -> Any:
    """Ties of each period and channel, with their two units in alphabetical order and people a, b of these."""
    edges = ties.groupby([*LINE, "s", "t"], as_index=False)[["w", "h"]].sum()
    turned = edges["unit"] > edges["other_unit"]
    one, other, s, t = (edges[name] for name in ("unit", "other_unit", "s", "t"))
    return edges.assign(
        unit=one.mask(turned, other), other_unit=other.mask(turned, one),
        a=s.mask(turned, t), b=t.mask(turned, s),
    )  # fmt: skip


def _each(frame: Any, of: list[str], told: Callable[[Any], dict[str, float]]) -> Any:
    """What is told of each group, in a row each."""
    rows = {key: told(group) for key, group in frame.groupby(of)}
    index = pd.MultiIndex.from_tuples(rows, names=of)
    return pd.DataFrame(list(rows.values()), index=index)


def _sides(lines: Any) -> Any:
    """Each line from each of its two units; what is inside a unit once."""
    turned = lines[lines["unit"] != lines["other_unit"]]
    turned = turned.rename(columns={"unit": "other_unit", "other_unit": "unit"})
    return pd.concat([lines, turned], ignore_index=True)


def _volume(seats: Any, lines: Any) -> Iterator[Any]:
    sides = _sides(lines)
    half = np.where(sides["unit"] == sides["other_unit"], 1.0, 0.5)
    sides = sides.assign(w=sides["w"] * half, h=sides["h"] * half)
    for of, weights in ((KEY, lines), (UNIT, sides)):
        told = seats.groupby(of).agg(events=("event", "nunique"), people=("person", "nunique"))
        large = seats[seats["broadcast"]].groupby(of)["event"].nunique()
        told["broadcasts"] = large.reindex(told.index, fill_value=0)
        sums = weights.groupby(of)[["w", "h", "ties"]].sum().reindex(told.index, fill_value=0)
        told[["weight", "ties"]] = sums[["w", "ties"]]
        yield told
        yield _meetings(sums[["h"]].rename(columns={"h": "hours"}))


def _meetings(values: Any) -> Any:
    return values[values.index.get_level_values("channel").isin(["meeting", "(all)"])]


def _flow(lines: Any) -> Iterator[Any]:
    told = lines.set_index(LINE).rename(columns={"w": "weight", "h": "hours"})
    yield told[["weight"]]
    yield _meetings(told[["hours"]])


def _share(lines: Any) -> Iterator[Any]:
    sides = _sides(lines)
    for of, rows in ((KEY, lines), (UNIT, sides[sides["unit"] != UNKNOWN])):
        unknown = (rows["unit"] == UNKNOWN) | (rows["other_unit"] == UNKNOWN)
        apart = rows["unit"] != rows["other_unit"]
        parts = rows.assign(
            unknown=rows["w"].where(unknown, 0.0), known=rows["w"].mask(unknown, 0.0),
            across=rows["w"].where(apart & ~unknown, 0.0),
        )  # fmt: skip
        sums = parts.groupby(of)[["w", "unknown", "known", "across"]].sum()
        yield pd.DataFrame({
            "share": sums["across"] / sums["known"], "unknown_share": sums["unknown"] / sums["w"],
        })  # fmt: skip


def _ei_index(ties: Any, sizes: list[int]) -> dict[str, float]:
    external = ties.loc[ties["unit"] != ties["other_unit"], "w"].sum()
    index, z = index_and_z(nx.from_pandas_edgelist(ties, "s", "t", "w"), external, sizes)
    return {"index": index, "z": z}


def index_and_z(graph: nx.Graph, external: float, sizes: list[int]) -> tuple[float, float]:
    """The index, and how far it is from that of a random relabelling, in its standard deviations."""
    whole = graph.size(weight="w")
    index = (2 * external - whole) / whole
    n = sum(sizes)
    if n < 4:
        return index, np.nan
    w2 = sum(w * w for _, _, w in graph.edges(data="w"))
    a = sum(strength**2 for _, strength in graph.degree(weight="w")) - 2 * w2
    f2 = sum(k * (k - 1) for k in sizes)
    p = 1 - f2 / (n * (n - 1))
    p3 = sum(k * (n - k) * (n - k - 1) for k in sizes) / (n * (n - 1) * (n - 2))
    f4 = sum(k * (k - 1) * (k - 2) * (k - 3) for k in sizes)
    p4 = (
        1
        - 2 * (1 - p)
        + (f4 + f2**2 - sum((k * (k - 1)) ** 2 for k in sizes)) / (n * (n - 1) * (n - 2) * (n - 3))
    )
    d = whole**2 - w2 - a
    variance = w2 * p * (1 - p) + a * (p3 - p * p) + d * (p4 - p * p)
    if variance <= 1e-12 * whole**2:
        return index, np.nan
    return index, (index - (2 * p - 1)) / (2 * sqrt(variance) / whole)


def _coverage(across: Any, active: Any, units: int) -> Any:
    lines = across.drop_duplicates(LINE).groupby(KEY).size().reindex(active, fill_value=0)
    return pd.DataFrame({"lines": lines, "coverage": lines / comb(units, 2)})


def _threads(line: Any) -> dict[str, float]:
    graph = nx.Graph(zip(line["a"], line["b"], strict=True))
    matching = nx.bipartite.hopcroft_karp_matching(graph, set(line["a"]))
    return {"threads": len(matching) // 2}


def _turnover(edges: Any, last: int, grain: str, parameters: Parameters) -> Iterator[Any]:
    edges = edges.sort_values("period")
    periods = edges.groupby(["channel", "s", "t"])["period"]
    gap = periods.diff()
    known = [gap.isna(), gap == 1, gap <= parameters["resumed_within"]]
    edges["fate"] = np.select(known, FATES[:3], FATES[3])
    edges["kept"] = periods.shift(-1) == edges["period"] + 1
    now = edges[edges["period"] > edges.groupby("channel")["period"].transform("min")]
    before = edges[edges["period"] < last].assign(period=edges["period"] + 1)
    for of in [KEY] if grain == "day" else [KEY, LINE]:
        fates = now.groupby([*of, "fate"]).size().unstack(fill_value=0)
        was = before.groupby(of)["kept"].agg(ties="size", kept="sum")
        told = fates.reindex(columns=FATES, fill_value=0).join(was, how="outer").fillna(0)
        ties, kept = told.pop("ties"), told.pop("kept")
        yield told.assign(
            lost=ties - kept, retention=kept / ties,
            jaccard=kept / (told.sum(axis=1) + ties - kept),
        )  # fmt: skip


def _reciprocity(acts: Any, grain: str) -> Iterator[Any]:
    arcs = acts.groupby([*LINE, "s", "t"], as_index=False)["w"].sum()
    yield _each(arcs, KEY, _returned)
    if grain != "day":
        known = arcs[(arcs["unit"] != UNKNOWN) & (arcs["other_unit"] != UNKNOWN)]
        ordered = np.sort(known[["unit", "other_unit"]].to_numpy(dtype=object), axis=1)
        lines = known.assign(unit=ordered[:, 0], other_unit=ordered[:, 1])
        yield _each(lines, LINE, _returned)


def _returned(arcs: Any) -> dict[str, float]:
    graph = nx.from_pandas_edgelist(arcs, "s", "t", "w", create_using=nx.DiGraph)
    back = sum(
        min(w, graph[t][s]["w"]) for s, t, w in graph.edges(data="w") if graph.has_edge(t, s)
    )
    return {
        "weighted": back / graph.size(weight="w"),
        "unweighted": nx.overall_reciprocity(graph),
    }


def _response(asked: Any) -> Iterator[Any]:
    apart = asked["unit"] != asked["other_unit"]
    known = (asked["unit"] != UNKNOWN) & (asked["other_unit"] != UNKNOWN)
    for of, rows in ((KEY, asked[apart & known]), (LINE, asked)):
        answered = rows["hours"].notna().where(rows["observed"]).astype("float64")
        rate = answered.groupby([rows[name] for name in of]).mean()
        yield pd.DataFrame({"rate": rate, "time": _half_answered(rows, of).reindex(rate.index)})


def _half_answered(asked: Any, of: list[str]) -> Any:
    """Hours after which half is answered, by Kaplan and Meier; where it never is, no row."""
    moments = asked.groupby([*of, "waited"])["hours"].agg(leaving="size", answered="count")
    leaving = moments["leaving"].groupby(level=of)
    at_risk = leaving.transform("sum") - leaving.cumsum() + moments["leaving"]
    unanswered = (1 - moments["answered"] / at_risk).groupby(level=of).cumprod()
    half = unanswered[unanswered <= 0.5 + 1e-9].reset_index("waited")
    return half["waited"].groupby(level=of).min()


def _initiators(seats: Any, parameters: Parameters) -> Iterator[Any]:
    begun = seats[seats["begins"]]
    for of, rows in ((KEY, begun), (UNIT, begun[begun["unit"] != UNKNOWN])):
        x = rows.groupby([*of, "person"]).size()
        acts = x.groupby(level=of).sum()
        again = (x * (x - 1)).groupby(level=of).sum()
        enough = acts >= parameters["initiator_acts"]
        effective = (acts * (acts - 1) / again.where(again > 0)).where(enough)
        top_share = x.groupby(level=of).max() / acts
        yield pd.DataFrame({"acts": acts})
        yield pd.DataFrame({"top_share": top_share[enough]})
        yield pd.DataFrame({"effective": effective if of is KEY else effective[enough]})


def _convening(seats: Any, active: Any, grain: str) -> Iterator[Any]:
    active = active[active.get_level_values("channel") != "work"]
    party = seats[seats["gathers"]]
    convened = party[party["starts"]]
    units = convened[convened["unit"] != UNKNOWN].groupby(KEY)["unit"].nunique()
    told = convened.groupby(KEY).agg(conveners=("person", "nunique")).reindex(active)
    told["events"], told["units"] = party.groupby(KEY)["event"].nunique(), units
    yield told.fillna(0)
    if grain != "day":
        yield convened.groupby(UNIT).agg(
            conveners=("person", "nunique"), events=("event", "nunique")
        )


def _initiatives(shared: Any, last: int) -> Iterator[Any]:
    """Series and work items in which several units met twice: of the network, of units and of lines."""
    series = shared.groupby([*KEY, "series"])
    shared = shared.assign(started=series["is_birth"].transform("any"))
    living = shared[series["is_born"].transform("any")]
    pairs = living.merge(
        living[["channel", "event", "unit"]].rename(columns={"unit": "other_unit"})
    )
    for of, rows in (
        (KEY, living),
        (UNIT, living),
        (LINE, pairs[pairs["unit"] < pairs["other_unit"]]),
    ):
        taken = rows[[*of, "series", "started"]].drop_duplicates()
        before = taken[taken["period"] < last].drop(columns="started")
        before["period"] += 1
        before = before.merge(taken, on=[*of, "series"], how="left", indicator="kept")
        was = (before["kept"] == "both").groupby([before[name] for name in of]).agg(["size", "sum"])
        told = taken.groupby(of)["started"].agg(alive="size", started="sum")
        told = told.join(was, how="outer").fillna(0)
        yield told[["alive", "started"]]
        told = told[told["size"] > 0]
        yield pd.DataFrame({
            "ended": told["size"] - told["sum"], "survival": told["sum"] / told["size"],
        })  # fmt: skip


def _connectors(across: Any, log: Log) -> Iterator[Any]:
    people = sum(log.sizes)
    share = ceil(log.parameters["connector_share"] * people - 1e-9)
    leaving = {"loss_1": 1, "loss_2": 2, "loss_3": 3, "loss_share": share}
    yield _each(
        across, KEY, lambda ties: losses(nx.from_pandas_edgelist(ties, "s", "t", "w"), leaving)
    )
    half = pd.concat(
        [across.assign(person=across["a"]), across.assign(person=across["b"], unit=across["other_unit"])]
    )  # fmt: skip
    strength = half.groupby([*UNIT, "person"])["w"].sum().sort_values(ascending=False)
    whole = strength.groupby(level=UNIT).sum()
    yield pd.DataFrame({
        f"loss_{k}": strength.groupby(level=UNIT).head(k).groupby(level=UNIT).sum() / whole
        for k in (1, 2, 3)
    })  # fmt: skip


def losses(graph: nx.Graph, leaving: Mapping[str, int]) -> dict[str, float]:
    """What goes of a graph's weight when those with most of it leave; of equals the smaller id first."""
    whole = graph.size(weight="w")
    strength = {person: round(w, 9) for person, w in graph.degree(weight="w")}
    ranked = sorted(strength, key=lambda person: (-strength[person], person))
    lost = {}
    for name, k in sorted(leaving.items(), key=lambda cut: cut[1]):
        graph.remove_nodes_from(ranked[:k])
        lost[name] = 1 - graph.size(weight="w") / whole
    return lost
