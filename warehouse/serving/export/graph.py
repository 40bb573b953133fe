"""The network of units of a period as GraphML or GEXF, for Gephi and the like.

Nodes are units and edges the lines between them, from the wide views. A hidden line has no number
that a map could draw, so it is left out; the graph says how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from warehouse.serving.export.tables import written

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

NODE: Final = ("weight", "hours", "people", "cross_boundary_share", "homophily", "is_hidden")
EDGE: Final = ("weight", "hours", "weight_meeting", "weight_message", "weight_work", "state",
               "reciprocity", "initiative_balance", "joint_initiatives", "is_complete")  # fmt: skip
_GRAINS: Final = {"week": "weekly", "month": "monthly", "quarter": "quarterly"}

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """A network of units: unit → values, (unit, other unit) → values; `hidden` lines are not in it."""

    label: str
    first_day: str
    last_day: str
    nodes: dict[str, Values]
    edges: dict[tuple[str, ...], Values]
    hidden: int


def graphs(con: duckdb.DuckDBPyConnection, grain: str, boundary: str) -> list[Graph]:
    """The graph of each period of `grain`, oldest first. A line without interaction is no edge."""
    view = _GRAINS[grain]
    periods = con.execute(
        f"SELECT DISTINCT period, period_end, label FROM mart.{view}_lines WHERE boundary = ? ORDER BY 1",
        [boundary],
    ).fetchall()
    nodes = _grouped(con, f"{view}_units", ("unit",), NODE, boundary)
    lines = _grouped(con, f"{view}_lines", ("unit", "other_unit"), (*EDGE, "is_hidden"), boundary)
    found = []
    for first, last, label in periods:
        between = {key: one for key, one in lines.get(first, {}).items() if key[0] != key[1]}
        edges = {
            key: {name: one[name] for name in EDGE} for key, one in between.items() if one["weight"]
        }
        units = {name: one for (name,), one in nodes.get(first, {}).items()}
        for pair in edges:
            for name in pair:
                units.setdefault(name, dict.fromkeys(NODE))
        hidden = sum(bool(one["is_hidden"]) for one in between.values())
        found.append(
            Graph(label, f"{first}", f"{last}", dict(sorted(units.items())), edges, hidden)
        )
    return found


def write_graphml(graph: Graph, path: Path) -> None:
    """Write `graph` as GraphML."""
    root = ET.Element("graphml", xmlns="http://graphml.graphdrawing.org/xmlns")
    for kind, rows, names in _kinds(graph):
        for name in names:
            ET.SubElement(root, "key", {
                "id": f"{kind}_{name}", "for": kind, "attr.name": name,
                "attr.type": _type(rows, name),
            })  # fmt: skip
    for name in ("label", "first_day", "last_day", "hidden_lines"):
        ET.SubElement(root, "key", {
            "id": f"graph_{name}", "for": "graph", "attr.name": name,
            "attr.type": "long" if name == "hidden_lines" else "string",
        })  # fmt: skip
    body = ET.SubElement(root, "graph", id=graph.label, edgedefault="undirected")
    told = {
        "label": graph.label, "first_day": graph.first_day, "last_day": graph.last_day,
        "hidden_lines": graph.hidden,
    }  # fmt: skip
    _data(body, "graph", told)
    for name, values in graph.nodes.items():
        _data(ET.SubElement(body, "node", id=name), "node", {"label": name, **values})
    for (one, other), values in graph.edges.items():
        _data(ET.SubElement(body, "edge", source=one, target=other), "edge", values)
    _save(root, path)


def write_gexf(graph: Graph, path: Path) -> None:
    """Write `graph` as GEXF 1.3; the weight is that of the edge too, which Gephi draws."""
    root = ET.Element("gexf", xmlns="http://gexf.net/1.3", version="1.3")
    meta = ET.SubElement(root, "meta", lastmodifieddate=graph.last_day)
    ET.SubElement(meta, "creator").text = "Tieline"
    words = f"Lines between units, {graph.label}; hidden lines left out: {graph.hidden}"
    ET.SubElement(meta, "description").text = words
    body = ET.SubElement(root, "graph", defaultedgetype="undirected", mode="static")
    for kind, rows, names in _kinds(graph):
        listed = ET.SubElement(body, "attributes", {"class": kind})
        for name in names:
            if name != "label":
                ET.SubElement(listed, "attribute", id=name, title=name, type=_type(rows, name))
    nodes, edges = ET.SubElement(body, "nodes"), ET.SubElement(body, "edges")
    for name, values in graph.nodes.items():
        _attributes(ET.SubElement(nodes, "node", id=name, label=name), values)
    for number, ((one, other), values) in enumerate(graph.edges.items()):
        weight = repr(values["weight"])
        edge = ET.SubElement(edges, "edge", id=str(number), source=one, target=other, weight=weight)
        _attributes(edge, values)
    _save(root, path)


WRITERS: Final = {"graphml": write_graphml, "gexf": write_gexf}


def _grouped(
    con: duckdb.DuckDBPyConnection,
    view: str,
    key: tuple[str, ...],
    names: tuple[str, ...],
    boundary: str,
) -> dict[Any, dict[tuple[str, ...], Values]]:
    """Period → key → values of `view`."""
    found: dict[Any, dict[tuple[str, ...], Values]] = {}
    columns = ", ".join(("period", *key, *names))
    query = f"SELECT {columns} FROM mart.{view} WHERE boundary = ? ORDER BY ALL"
    for period, *row in con.execute(query, [boundary]).fetchall():
        values = dict(zip(names, row[len(key) :], strict=True))
        found.setdefault(period, {})[tuple(row[: len(key)])] = values
    return found


def _kinds(graph: Graph) -> list[tuple[str, list[Values], tuple[str, ...]]]:
    return [
        ("node", [{"label": name, **v} for name, v in graph.nodes.items()], ("label", *NODE)),
        ("edge", list(graph.edges.values()), EDGE),
    ]


def _type(values: list[Values], name: str) -> str:
    kinds = {type(one[name]) for one in values} - {type(None)}
    return {bool: "boolean", str: "string", int: "long"}.get(next(iter(kinds), float), "double")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _data(element: ET.Element, kind: str, values: Values) -> None:
    for name, value in values.items():
        if value is not None:
            ET.SubElement(element, "data", key=f"{kind}_{name}").text = _text(value)


def _attributes(element: ET.Element, values: Values) -> None:
    listed = ET.SubElement(element, "attvalues")
    for name, value in values.items():
        if value is not None:
            ET.SubElement(listed, "attvalue", {"for": name, "value": _text(value)})


def _save(root: ET.Element, path: Path) -> None:
    ET.indent(root)
    with written(path) as part:
        ET.ElementTree(root).write(part, encoding="utf-8", xml_declaration=True)
