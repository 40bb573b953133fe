"""Metrics 1-9, 11 and 12 as one would write them with pandas and networkx, period after period.

Of the network as a whole, with the lines' flow and threads; the models tell of every unit and line besides.
What `python -m tests.benchmarks script` compares the full build with.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import comb, sqrt
from typing import TYPE_CHECKING, Any

import networkx as nx
import pandas as pd  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from transforms.model import Parameters

GRAINS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q"}
CHANNELS = ("meeting", "message", "work", "(all)")
Cell = tuple[str, str, str, str, str, str]  # measure, grain, first day, channel, unit, other unit
Values = dict[Cell, float | None]


@dataclass
class Log:
    """What happened, as frames: seats in events, ties and acts of two people, openings that ask something."""

    seats: Any
    ties: Any
    acts: Any
    asked: Any
    unit: dict[int, str]
    parameters: Parameters
    sizes: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = sorted(Counter(self.unit.values()).values())


def read(events: Any, participations: Any, unit: dict[int, str], parameters: Parameters) -> Log:
    """Frames of tables event and participation, and each person's unit → everything that periods are made of."""
    kept = [
        "day",
        "event_id",
        "channel",
        "container",
        "reply_to",
        "started_at",
        "ended_at",
        "initiator",
    ]
    seats = participations.merge(events[kept], on=["day", "event_id"])
    seats = seats.rename(columns={"address_id": "person"})
    work = seats["channel"] == "work"
    seats["event"] = seats["container"].where(work, seats["event_id"])
    seats["starts"] = seats["role"].isin(["organiser", "from"]) | (
        work & (seats["person"] == seats["initiator"])
    )
    seats["hours"] = ((seats["ended_at"] - seats["started_at"]).dt.total_seconds() / 3600).fillna(
        0.0
    )
    seats["weight"] = seats["role"].map({"from": 0.0, "cc": parameters["cc_weight"]}).fillna(1.0)
    key = ["day", "channel", "event"]
    seats = seats.groupby([*key, "person"], as_index=False).agg(
        starts=("starts", "max"), hours=("hours", "max"), weight=("weight", "max"),
        container=("container", "max"), reply_to=("reply_to", "max"), started_at=("started_at", "min"),
    )  # fmt: skip
    seats["size"] = seats.groupby(key)["person"].transform("size")
    caps = {channel: parameters[f"size_cap_{channel}"] for channel in CHANNELS[:3]}
    seats["broadcast"] = seats["size"] > seats["channel"].map(caps)
    seats["unit"] = seats["person"].map(unit)

    small = seats[~seats["broadcast"] & (seats["size"] > 1)]
    pairs = small[small["channel"] != "message"]
    pairs = pairs.merge(pairs, on=key, suffixes=("", "_t"))
    pairs = pairs[pairs["person"] < pairs["person_t"]]
    met = pd.DataFrame({
        "day": pairs["day"], "channel": pairs["channel"], "s": pairs["person"], "t": pairs["person_t"],
        "w": 1.0 / (pairs["size"] - 1), "h": pairs["hours"] / (pairs["size"] - 1),
    })  # fmt: skip
    mails = small[small["channel"] == "message"].copy()
    mails["part"] = mails["weight"] / mails.groupby(key)["weight"].transform("sum")
    sent = mails[mails["starts"]].merge(mails[~mails["starts"]], on=key, suffixes=("", "_t"))
    acts = pd.DataFrame({
        "day": sent["day"], "channel": sent["channel"], "s": sent["person"], "t": sent["person_t"], "w": sent["part_t"],
    })  # fmt: skip
    told = acts.assign(s=acts[["s", "t"]].min(axis=1), t=acts[["s", "t"]].max(axis=1), h=0.0)
    return Log(
        seats,
        pd.concat([met, told]),
        acts,
        _asked(seats, participations, parameters),
        unit,
        parameters,
    )


def _asked(seats: Any, participations: Any, parameters: Parameters) -> Any:
    """Opening messages, once for each whom they are addressed to, and whether that person answered in time."""
    mails = seats[(seats["channel"] == "message") & seats["starts"]]
    opened = mails[mails["reply_to"].isna() & ~mails["broadcast"]]
    to = participations[participations["role"] == "to"].rename(
        columns={"address_id": "t", "event_id": "event"}
    )
    asked = opened.merge(to[["day", "event", "t"]], on=["day", "event"])
    asked = asked[asked["person"] != asked["t"]]
    conversation = mails["reply_to"].fillna(mails["event"]).astype("int64")
    answers = mails.assign(conversation=conversation)[
        ["conversation", "person", "day", "started_at"]
    ]
    both = asked.merge(
        answers,
        left_on=["event", "t"],
        right_on=["conversation", "person"],
        how="left",
        suffixes=("", "_r"),
    )
    window = pd.Timedelta(days=parameters["answer_days"])
    wait = both["started_at_r"] - both["started_at"]
    both["answered"] = (
        (wait > pd.Timedelta(0)) & (wait <= window) & (both["day_r"] <= both["day"] + window)
    )
    told = both.groupby(["day", "event", "person", "t"], as_index=False)["answered"].max()
    return told.assign(observed=told["day"] + window <= seats["day"].max())


def measured(log: Log) -> Values:
    """Every metric of every period, grain and channel."""
    values: Values = {}
    for grain, code in GRAINS.items():
        periods = {
            name: dict(list(frame.groupby(frame["day"].dt.to_period(code))))
            for name, frame in (
                ("seats", log.seats),
                ("ties", log.ties),
                ("acts", log.acts),
                ("asked", log.asked),
            )
        }
        for channel in CHANNELS:
            seen: dict[tuple[int, int], int] = {}
            before: set[tuple[int, int]] | None = None
            for number, period in enumerate(sorted(periods["seats"])):
                seats, ties, acts = (
                    _of(periods[name].get(period), channel, getattr(log, name))
                    for name in ("seats", "ties", "acts")
                )
                first = str(period.start_time.date())

                def put(
                    measure: str, value: float | None, unit: str = "(all)", other: str = "(all)"
                ) -> None:
                    values[measure, grain, first, channel, unit, other] = value  # noqa: B023

                now: set[tuple[int, int]] = set()
                if len(seats):
                    _volume(put, channel, seats, ties)
                    _shared(put, log, channel, seats, grain)
                if len(ties):
                    edges = ties.groupby(["s", "t"], as_index=False)["w"].sum()
                    graph = nx.from_pandas_edgelist(edges, "s", "t", "w")
                    nx.set_node_attributes(graph, log.unit, "unit")
                    _across(put, log, graph, grain)
                    now = {(min(s, t), max(s, t)) for s, t in graph.edges}
                    _turnover(put, log, now, before, seen, number)
                    seen.update(dict.fromkeys(now, number))
                if len(acts):
                    _reciprocity(put, acts)
                if (
                    channel in ("message", "(all)")
                    and grain != "day"
                    and period in periods["asked"]
                ):
                    _response(put, log, periods["asked"][period])
                before = now if seen else None
    _joint(values, log)
    return values


def _of(frame: Any, channel: str, empty: Any) -> Any:
    if frame is None:
        return empty.iloc[:0]
    return frame if channel == "(all)" else frame[frame["channel"] == channel]


def _volume(put: Any, channel: str, seats: Any, ties: Any) -> None:
    put("events", len(seats[["day", "channel", "event"]].drop_duplicates()))
    put("people", seats["person"].nunique())
    put("weight", ties["w"].sum())
    if channel in ("meeting", "(all)"):
        put("hours", ties["h"].sum())
    put("ties", len(ties[["s", "t"]].drop_duplicates()))


def _shared(put: Any, log: Log, channel: str, seats: Any, grain: str) -> None:
    """Initiators and convening."""
    starts = seats[
        seats["starts"] & ~seats["broadcast"] & (seats["size"] > 1) & (seats["channel"] != "work")
        & ((seats["channel"] == "meeting") | seats["reply_to"].isna())
    ]  # fmt: skip
    counts = starts["person"].value_counts()
    x = counts.sum()
    if grain != "day" and x >= log.parameters["initiator_acts"]:
        again = (counts * (counts - 1)).sum()
        put("effective", x * (x - 1) / again if again else None)
    if channel == "work":
        return
    large = seats[
        (seats["channel"] != "work") & (seats["size"] >= log.parameters["convening_people"])
    ]
    units = large.groupby("event")["unit"].nunique()
    put("convened", (units > 1).sum())


def _across(put: Any, log: Log, graph: Any, grain: str) -> None:
    """Flow, share, E-I index, coverage, threads and connector dependence."""
    flow: dict[tuple[str, str], float] = defaultdict(float)
    lines: dict[tuple[str, str], Any] = defaultdict(nx.Graph)
    for s, t, w in graph.edges(data="w"):
        one, other = log.unit[s], log.unit[t]
        a, b = (s, t) if one <= other else (t, s)
        pair = (min(one, other), max(one, other))
        flow[pair] += w
        if one != other:
            lines[pair].add_edge((0, a), (1, b))
    for (one, other), w in flow.items():
        put("flow", w, one, other)
    whole = sum(flow.values())
    external = sum(w for (one, other), w in flow.items() if one != other)
    put("share", external / whole)
    put("index", (2 * external - whole) / whole)
    put("z", _z(log.sizes, graph, (2 * external - whole) / whole, whole))
    put("coverage", len(lines) / comb(len(log.sizes), 2))
    for (one, other), line in lines.items():
        side = {node for node in line if node[0] == 0}
        put("threads", len(nx.bipartite.hopcroft_karp_matching(line, side)) // 2, one, other)
    if grain != "day" and external:
        across = nx.Graph()
        across.add_weighted_edges_from(
            (s, t, w) for s, t, w in graph.edges(data="w") if log.unit[s] != log.unit[t]
        )
        ranked = sorted(
            across.degree(weight="weight"), key=lambda node: (-round(node[1], 9), node[0])
        )
        for k in (1, 2, 3):
            left = across.copy()
            left.remove_nodes_from(node for node, _ in ranked[:k])
            put(f"loss_{k}", 1 - left.size(weight="weight") / external)


def _z(sizes: list[int], graph: Any, index: float, whole: float) -> float | None:
    """How far the index is from that of a random relabelling, in its standard deviations."""
    n = sum(sizes)
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
    return (
        (index - (2 * p - 1)) / (2 * sqrt(variance) / whole)
        if variance > 1e-12 * whole**2
        else None
    )


def _turnover(
    put: Any, log: Log, now: set[tuple[int, int]], before: set[tuple[int, int]] | None,
    seen: dict[tuple[int, int], int], number: int,
) -> None:  # fmt: skip
    if before is None:
        return
    gaps = Counter(
        "new" if tie not in seen else "persisted" if number - seen[tie] == 1
        else "resumed" if number - seen[tie] <= log.parameters["resumed_within"] else "reactivated"
        for tie in now
    )  # fmt: skip
    for fate in ("new", "persisted", "resumed", "reactivated"):
        put(fate, gaps[fate])
    put("lost", len(before - now))
    put("retention", len(before & now) / len(before) if before else None)


def _reciprocity(put: Any, acts: Any) -> None:
    edges = acts.groupby(["s", "t"], as_index=False)["w"].sum()
    graph = nx.from_pandas_edgelist(edges, "s", "t", "w", create_using=nx.DiGraph)
    back = sum(
        min(w, graph[t][s]["w"]) for s, t, w in graph.edges(data="w") if graph.has_edge(t, s)
    )
    put("weighted", back / graph.size(weight="w"))
    put("unweighted", nx.overall_reciprocity(graph))


def _response(put: Any, log: Log, asked: Any) -> None:
    apart = asked[asked["person"].map(log.unit) != asked["t"].map(log.unit)]
    seen = apart[apart["observed"]]
    if len(apart):
        put("rate", seen["answered"].mean() if len(seen) else None)


def _joint(values: Values, log: Log) -> None:
    """Series and work items in which several units met twice, by month and quarter."""
    seats = log.seats[
        log.seats["container"].notna() & (log.seats["channel"] != "message")
        & (log.seats["size"] > 1) & ~log.seats["broadcast"]
    ]  # fmt: skip
    units = seats.groupby(["channel", "container", "day", "event"], as_index=False)[
        "unit"
    ].nunique()
    met = units[units["unit"] > 1].sort_values("day")
    met = met.groupby(["channel", "container", "day"], as_index=False).size()
    met["so_far"] = met.groupby(["channel", "container"])["size"].cumsum()
    born = met[met["so_far"] >= 2]
    for grain in ("month", "quarter"):
        for channel in ("meeting", "work", "(all)"):
            ours = born if channel == "(all)" else born[born["channel"] == channel]
            for period, rows in ours.groupby(ours["day"].dt.to_period(GRAINS[grain])):
                alive = len(rows[["channel", "container"]].drop_duplicates())
                values["alive", grain, str(period.start_time.date()), channel, "(all)", "(all)"] = (
                    alive
                )
