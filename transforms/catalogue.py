"""The metric catalogue as data, from the headers of the metric files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transforms.model import Model, Parameters

CATALOGUE = {
    "metric": pl.String, "measure": pl.String, "title_en": pl.String, "title_nl": pl.String,
    "definition_en": pl.String, "definition_nl": pl.String, "unit": pl.String,
    "direction": pl.String, "reference": pl.String, "parameters": pl.String,
}  # fmt: skip


def catalogue(models: Iterable[Model], parameters: Parameters) -> pl.DataFrame:
    """A row per metric and measure; `parameters` says the values in use, as "name=value, ..."."""
    rows = [
        {
            "metric": model.name,
            "measure": measure,
            "title_en": f"{model.header['title_en']}: {words['title_en']}",
            "title_nl": f"{model.header['title_nl']}: {words['title_nl']}",
            "definition_en": model.header["definition_en"],
            "definition_nl": model.header["definition_nl"],
            "unit": words["unit"],
            "direction": words.get("direction", model.header["direction"]),
            "reference": model.header["reference"],
            "parameters": ", ".join(
                f"{name}={parameters[name]:g}" for name in _parameters_behind(model, models)
            ),
        }
        for model in models
        if model.header is not None
        for measure, words in model.header["measures"].items()
    ]
    return pl.DataFrame(rows, schema=CATALOGUE)


def _parameters_behind(model: Model, models: Iterable[Model]) -> list[str]:
    """Parameters of the model and of everything it reads, near or far."""
    by_table = {m.table: m for m in models if m.header is None}
    found, waiting = set(model.parameters), list(model.reads)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in by_table and name not in seen:
            seen.add(name)
            found |= set(by_table[name].parameters)
            waiting += by_table[name].reads
    return sorted(found)
