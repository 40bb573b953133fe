"""The metric catalogue as data, from the headers of the metric files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from transforms.header import GRAINS, OWN, QUESTIONS, TOLD_OF, UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from transforms.model import Model, Parameters

CATALOGUE = {
    "metric": pl.String, "measure": pl.String, "title_en": pl.String, "title_nl": pl.String,
    "definition_en": pl.String, "definition_nl": pl.String, "formula_en": pl.String,
    "formula_nl": pl.String, "reading_en": pl.String, "reading_nl": pl.String, "unit": pl.String,
    "unit_en": pl.String, "unit_nl": pl.String, "range": pl.String, "direction": pl.String,
    "question_en": pl.String, "question_nl": pl.String, "grains": pl.String, "told_of": pl.String,
    "reference": pl.String, "parameters": pl.String,
}  # fmt: skip


def catalogue(models: Iterable[Model], parameters: Parameters) -> pl.DataFrame:
    """A row per metric and measure; `parameters` says the values in use, as "name=value, ..."."""
    every = list(models)
    rows = [
        row
        for model in every
        if model.header is not None
        for row in _rows(model.name, model.header, parameters_behind(model, every), parameters)
    ]
    return pl.DataFrame(rows, schema=CATALOGUE)


def _rows(
    metric: str, header: Mapping[str, Any], names: Sequence[str], parameters: Parameters
) -> list[dict[str, str | None]]:
    told: dict[str, str | None] = {
        "metric": metric,
        "definition_en": header["definition_en"],
        "definition_nl": header["definition_nl"],
        "reading_en": header.get("reading_en"),
        "reading_nl": header.get("reading_nl"),
        "grains": _listed(GRAINS, header.get("grains", ())),
        "reference": header["reference"],
        "parameters": ", ".join(f"{name}={parameters[name]:g}" for name in names),
    }
    asked = QUESTIONS[header["question"]] if "question" in header else OWN
    return [
        told
        | {
            "measure": measure,
            "title_en": _title(header["title_en"], words["title_en"]),
            "title_nl": _title(header["title_nl"], words["title_nl"]),
            "formula_en": words.get("formula_en") or header["formula_en"],
            "formula_nl": words.get("formula_nl") or header["formula_nl"],
            "unit": words["unit"],
            "unit_en": UNITS[words["unit"]][0],
            "unit_nl": UNITS[words["unit"]][1],
            "range": words["range"],
            "direction": words.get("direction", header["direction"]),
            "told_of": _listed(TOLD_OF, words.get("told_of", header.get("told_of", ()))),
            "question_en": asked[0],
            "question_nl": asked[1],
        }
        for measure, words in header["measures"].items()
    ]


def _listed(every: Iterable[str], told: Sequence[str]) -> str | None:
    return ", ".join(name for name in every if name in told) or None


def _title(metric: str, measure: str) -> str:
    return metric if metric == measure else f"{metric}: {measure}"


def parameters_behind(model: Model, models: Iterable[Model]) -> list[str]:
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
