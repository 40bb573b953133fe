"""What the CSV files mean, for machines: a Frictionless data package, and CSV on the Web.

https://specs.frictionlessdata.io/tabular-data-package/ and https://www.w3.org/TR/tabular-metadata/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from warehouse.serving.export.tables import DATETIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warehouse.serving.export.released import Field, Relation

PACKAGE: Final = "datapackage.json"
CSVW: Final = "csv-metadata.json"
_FRICTIONLESS: Final[dict[str, dict[str, str]]] = {
    "BIGINT": {"type": "integer"}, "INTEGER": {"type": "integer"}, "DOUBLE": {"type": "number"},
    "BOOLEAN": {"type": "boolean"}, "DATE": {"type": "date"}, "VARCHAR": {"type": "string"},
    "TIMESTAMP": {"type": "datetime", "format": DATETIME},
}  # fmt: skip
_CSVW: Final = {
    "BIGINT": "integer", "INTEGER": "integer", "DOUBLE": "double", "BOOLEAN": "boolean",
    "DATE": "date", "VARCHAR": "string", "TIMESTAMP": "datetime",
}  # fmt: skip


def data_package(tables: Sequence[Relation], facts: Mapping[str, object]) -> dict[str, Any]:
    """`datapackage.json` for a folder with a CSV file per table."""
    return {
        "profile": "tabular-data-package",
        "name": "tieline",
        "title": f"Connecting lines of {facts['network']}",
        "description": _about(facts),
        "version": str(facts["run_id"]),
        "created": f"{facts['published_at']:{DATETIME}}Z",
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": table.name.replace("_", "-"),
                "path": f"{table.name}.csv",
                "description": table.description,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "fields": [_frictionless(field) for field in table.fields],
                    "missingValues": [""],
                },
            }
            for table in tables
        ],
    }


def csv_on_the_web(tables: Sequence[Relation], facts: Mapping[str, object]) -> dict[str, Any]:
    """`csv-metadata.json` for the same folder."""
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:title": f"Connecting lines of {facts['network']}",
        "dc:description": _about(facts),
        "dc:identifier": str(facts["run_id"]),
        "tables": [
            {
                "url": f"{table.name}.csv",
                "dc:description": table.description,
                "tableSchema": {
                    "columns": [
                        {
                            "name": field.name,
                            "titles": field.name,
                            "dc:description": field.description,
                            "datatype": _CSVW[field.type],
                            "required": field.required,
                        }
                        for field in table.fields
                    ]
                },
            }
            for table in tables
        ],
    }


def _frictionless(field: Field) -> dict[str, Any]:
    constraints = {"constraints": {"required": True}} if field.required else {}
    kind = _FRICTIONLESS[field.type]
    return {"name": field.name, **kind, "description": field.description, **constraints}


def _about(facts: Mapping[str, object]) -> str:
    return (
        f"Published by Tieline {facts['tieline_version']} in run {facts['run_id']}, from data of"
        f" {facts['data_first_day']} to {facts['data_last_day']}. Nothing is about fewer than"
        f" {facts['k']} people; such numbers are hidden, and hidden_reason says why."
    )
