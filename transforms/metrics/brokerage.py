"""Brokerage: who passes on between two people who do not reach each other, told per unit.

A broker v of unit g stands between a and b when a acts towards v, v towards b, and a not towards b.
The five roles are counted from degrees by unit, less mutual acts and closed triples; the pairs (a, b)
themselves are never listed, which for a busy person would be a square.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy  # whose parts load when they are first used: half a second

HEADER = """
title_en = "Brokerage"
title_nl = "Bemiddeling"
definition_en = "How often people of a unit stand between two others: one acts towards them (a message, an assignment, a mention), they act towards the other, and the one never acts towards the other directly. Where the three belong tells the role. Beside each number stands what chance would give if the same people were spread over the units at random. Everybody counts in the unit with most of their weight in the period; unknown people are left out."
definition_nl = "Hoe vaak mensen van een eenheid tussen twee anderen staan: de een richt zich tot hen (een bericht, toewijzing of vermelding), zij richten zich tot de ander, en de een richt zich nooit rechtstreeks tot de ander. Waar de drie bij horen bepaalt de rol. Naast elk getal staat wat toeval zou geven als dezelfde mensen willekeurig over de eenheden verdeeld waren. Iedereen telt in de eenheid met zijn meeste gewicht in de periode; onbekenden tellen niet mee."
formula_en = "number of pairs of people, from one to the other, between whom somebody of the unit stands"
formula_nl = "aantal paren van mensen, van de een naar de ander, waar iemand van de eenheid tussen staat"
reading_en = "Compare each number with what chance would give: a large unit stands between many by its size alone. Much can mean a bridge, and also that people must go round. It is told of units only; who stands between is not kept."
reading_nl = "Vergelijk elk getal met wat toeval zou geven: een grote eenheid staat alleen al door haar omvang tussen velen. Veel kan een brug betekenen, maar ook dat mensen moeten omlopen. Het gaat alleen over eenheden; wie ertussen staat, wordt niet bewaard."
example_en = "Somebody of the hospital writes to a colleague, who writes to somebody of the council, to whom the first never writes. The colleague counts once, as a representative of the hospital."
example_nl = "Iemand van het ziekenhuis schrijft een collega, die schrijft aan iemand van de gemeente, aan wie de eerste nooit zelf schrijft. De collega telt één keer, als vertegenwoordiger van het ziekenhuis."
question = "carriers"
grains = ["week", "month", "quarter"]
told_of = ["network", "unit"]
boundary = "any"
direction = "context"
reference = "Gould & Fernandez 1989"

[measures.coordinator]
title_en = "Coordinator: all three of one unit"
title_nl = "Coördinator: alle drie uit één eenheid"
unit = "pairs"
range = ">= 0"

[measures.gatekeeper]
title_en = "Gatekeeper: from another unit into the own unit"
title_nl = "Poortwachter: van een andere eenheid de eigen eenheid in"
unit = "pairs"
range = ">= 0"

[measures.representative]
title_en = "Representative: from the own unit to another"
title_nl = "Vertegenwoordiger: van de eigen eenheid naar een andere"
unit = "pairs"
range = ">= 0"

[measures.itinerant]
title_en = "Itinerant: between two people of one other unit"
title_nl = "Adviseur: tussen twee mensen van één andere eenheid"
unit = "pairs"
range = ">= 0"

[measures.liaison]
title_en = "Liaison: between two other units"
title_nl = "Verbinder: tussen twee andere eenheden"
unit = "pairs"
range = ">= 0"
"""  # noqa: E501
READS = ("unit_act", "home", "frame")
ROLES = ("coordinator", "gatekeeper", "representative", "itinerant", "liaison")

_GRAPH = ("grain", "period", "channel", "boundary")
_KINDS = (7, 2, 4, 1, 0)  # a-v, v-b and a-b within a unit, as bits, for each of ROLES
_CHUNK = 4_000_000  # wedges looked at together: bounds memory
_HASH = np.uint64(0x9E3779B97F4A7C15)

Ints = npt.NDArray[np.int64]


def compute(unit_act: pl.DataFrame, home: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """Acts with units, people's units and sizes of units (models of these names) → rows of metric_value."""
    frame = frame.filter(pl.col("unit") != "(other)")
    acts = unit_act.filter(
        pl.col("grain") != "day",  # in one day hardly anybody hears and tells
        ~pl.any_horizontal(pl.col("unit_s", "unit_t").is_in(["(unknown)", "(other)"])),
    )
    graphs = acts.select(_GRAPH).unique().with_row_index("graph")
    edges = acts.join(graphs, on=_GRAPH).select("graph", "s", "t").unique()
    people = (
        pl.concat(edges.select("graph", pl.col(end).alias("person_id")) for end in ("s", "t"))
        .unique()
        .join(graphs, on="graph")
        .join(home, on=[*_GRAPH, "person_id"])
        .select("graph", "person_id", "unit")
        .with_row_index("node")
    )
    for end in ("s", "t"):
        node = people.select(
            "graph", pl.col("person_id").alias(end), pl.col("node").alias(f"{end}_node")
        )
        edges = edges.join(node, on=["graph", end])
    # Graphs share no person, so one count of all of them together is the count of each.
    counts = roles(
        edges["s_node"].to_numpy().astype(np.int64),
        edges["t_node"].to_numpy().astype(np.int64),
        people["unit"].rank("dense").to_numpy().astype(np.int64),
    )
    counted = people.select("graph", "unit").with_columns(
        pl.Series(role, counts[:, n], dtype=pl.Int64) for n, role in enumerate(ROLES)
    )
    totals = pl.concat(
        [_totals(counted), _totals(counted.with_columns(unit=pl.lit("(all)")))]
    ).join(graphs, on="graph")
    paths = totals.filter(unit="(all)").group_by("graph").agg(paths=pl.col("value").sum())
    return (
        totals.join(paths, on="graph")
        .join(_chances(frame), on=["grain", "period", "boundary", "unit", "measure"], how="left")
        .select(
            "measure", *_GRAPH, "unit", pl.lit("(all)").alias("other_unit"),
            pl.col("value").cast(pl.Float64), "people", "top_share",
            (pl.col("chance") * pl.col("paths")).alias("expected"),
        )
    )  # fmt: skip


def _totals(counted: pl.DataFrame) -> pl.DataFrame:
    """Value, people and share of the busiest broker per graph, unit and role; idle units left out."""
    return (
        counted.with_columns(any=pl.sum_horizontal(ROLES))
        .group_by("graph", "unit")
        .agg(
            pl.struct(pl.col(role).sum().alias("value"), pl.col(role).max().alias("top")).alias(
                role
            )
            for role in ROLES
        )
        .join(
            counted.group_by("graph", "unit").agg(people=pl.len().cast(pl.Int64)),
            on=["graph", "unit"],
        )
        .unpivot(ROLES, index=["graph", "unit", "people"], variable_name="measure")
        .unnest("value")
        .filter(pl.col("value").sum().over("graph", "unit") > 0)
        .with_columns(top_share=pl.when(pl.col("value") > 0).then(pl.col("top") / pl.col("value")))
    )


def _chances(frame: pl.DataFrame) -> pl.DataFrame:
    """Part of all brokered pairs that each unit's people would broker in each role by chance."""
    size = pl.col("people").cast(pl.Float64)
    of = ["grain", "period", "boundary"]
    others = pl.col("all") - size
    squares = pl.col("squares") - size**2  # of the other units' sizes
    triples = pl.col("all") * (pl.col("all") - 1) * (pl.col("all") - 2)
    chance = {
        "coordinator": size * (size - 1) * (size - 2),
        "gatekeeper": size * (size - 1) * others,
        "representative": size * (size - 1) * others,
        "itinerant": size * (squares - others),
        "liaison": size * (others**2 - squares),
    }
    units = frame.with_columns(
        all=size.sum().over(of), squares=(size**2).sum().over(of)
    ).select(
        *of, "unit", *(pl.when(triples > 0).then(c / triples).alias(role) for role, c in chance.items())
    )  # fmt: skip
    network = units.group_by(of).agg(pl.lit("(all)").alias("unit"), pl.col(ROLES).sum())
    return pl.concat([units, network.select(units.columns)]).unpivot(
        ROLES, index=[*of, "unit"], variable_name="measure", value_name="chance"
    )


def roles(s: Ints, t: Ints, unit: Ints) -> Ints:
    """How many pairs each person brokers in each of ROLES.

    `s` and `t` are the two ends of each directed edge, each edge once and from 0 up; `unit` numbers
    the unit of each person. Rows: persons; columns: ROLES.
    """
    people = len(unit)
    counts = np.zeros((people, len(ROLES)), dtype=np.int64)
    if not len(s):
        return counts
    inside = unit[s] == unit[t]
    heard_in, heard_out = _degrees(t, inside, people)
    told_in, told_out = _degrees(s, inside, people)
    shape = (people, int(unit.max()) + 1)
    one = np.ones(int((~inside).sum()), dtype=np.int64)
    heard = scipy.sparse.csr_matrix((one, (t[~inside], unit[s[~inside]])), shape=shape)
    told = scipy.sparse.csr_matrix((one, (s[~inside], unit[t[~inside]])), shape=shape)
    same = np.asarray(heard.multiply(told).sum(axis=1)).ravel()  # from and to one other unit
    low, high, ways, rank = _oriented(s, t, people)
    mutual = ways == 3  # noqa: PLR2004 both bits
    within = unit[rank[low]] == unit[rank[high]]
    back_in = sum(_degrees(rank[end[mutual]], within[mutual], people)[0] for end in (low, high))
    back_out = sum(_degrees(rank[end[mutual]], within[mutual], people)[1] for end in (low, high))
    counts[:, 0] = heard_in * told_in - back_in
    counts[:, 1] = heard_out * told_in
    counts[:, 2] = heard_in * told_out
    counts[:, 3] = same - back_out
    counts[:, 4] = heard_out * told_out - same
    closed = _closed(low, high, ways, within, people)
    counts[rank] -= closed[:, list(_KINDS)]
    return counts


def _degrees(end: Ints, inside: npt.NDArray[np.bool_], people: int) -> tuple[Ints, Ints]:
    """Edges within a unit and between units at each person."""
    within = np.bincount(end[inside], minlength=people)
    return within, np.bincount(end, minlength=people) - within


def _oriented(s: Ints, t: Ints, people: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Each pair once, from the person with the lower rank to the higher, sorted; then person by rank.

    Ranks follow the degree, so that nobody has many pairs above. `ways`: 1 up, 2 down, 3 both.
    """
    degree = np.bincount(s, minlength=people) + np.bincount(t, minlength=people)
    person = np.argsort(degree, kind="stable")
    place = np.empty(people, dtype=np.int64)
    place[person] = np.arange(people)
    a, b = place[s], place[t]
    key = np.minimum(a, b) * people + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    key, way = key[order], np.where(a < b, 1, 2)[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    ways = np.add.reduceat(way, first)
    return key[first] // people, key[first] % people, ways, person


def _closed(low: Ints, high: Ints, ways: Ints, within: npt.NDArray[np.bool_], people: int) -> Ints:
    """Transitive triples a-v-b, a-b around each v, by kind (see _KINDS), of pairs as _oriented gives."""
    kinds = 8
    found = np.zeros(people * kinds, dtype=np.int64)
    key = low * people + high
    bits = max(10, int(len(key) * 16).bit_length())
    maybe = np.zeros(1 << bits, dtype=bool)  # most wedges are open: a cheap look says so
    maybe[_slot(key, bits)] = True
    end = np.searchsorted(low, low, side="right")
    more = end - np.arange(len(low)) - 1  # pairs after this one at the same lower person
    upto = np.cumsum(more)
    begin = 0
    while begin < len(low):
        before = upto[begin - 1] if begin else 0
        stop = max(begin + 1, int(np.searchsorted(upto, before + _CHUNK, side="right")))
        first = np.repeat(np.arange(begin, stop), more[begin:stop])
        start = upto[begin:stop] - more[begin:stop] - before
        second = first + 1 + np.arange(len(first)) - np.repeat(start, more[begin:stop])
        wanted = high[first] * people + high[second]
        likely = np.flatnonzero(maybe[_slot(wanted, bits)])
        third = np.searchsorted(key, wanted[likely])
        third = np.minimum(third, len(key) - 1)
        shut = key[third] == wanted[likely]
        first, second, third = first[likely[shut]], second[likely[shut]], third[shut]
        corners = (low[first], high[first], high[second])  # x < y < z
        sides = {(0, 1): first, (0, 2): second, (1, 2): third}
        for v, a, b in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
            trio = [(a, v), (v, b), (a, b)]
            sure = np.ones(len(first), dtype=bool)
            kind = np.zeros(len(first), dtype=np.int64)
            for x, y in trio:
                side = sides[min(x, y), max(x, y)]
                sure &= (ways[side] & (1 if x < y else 2)) > 0
                kind = 2 * kind + within[side]
            found += np.bincount((corners[v] * kinds + kind)[sure], minlength=len(found))
        begin = stop
    return found.reshape(people, kinds)


def _slot(key: Ints, bits: int) -> npt.NDArray[np.uint64]:
    return (key.astype(np.uint64) * _HASH) >> np.uint64(64 - bits)
