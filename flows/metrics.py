"""The metrics in words: which there are, and what one means here, with the values in use."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

import msgspec

from flows.config import ConfigError, ModelParameters
from flows.transform import models_of, parameters
from transforms.catalogue import parameters_behind
from transforms.header import (
    DIRECTIONS,
    GRAINS,
    LANGUAGES,
    OWN,
    QUESTIONS,
    TOLD_OF,
    UNITS,
    range_words,
)
from transforms.model import read_models
from warehouse.connection import open_readonly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from flows.config import Config
    from transforms.model import Model

_DUTCH = str.maketrans(",.", ".,")
WORDS = {
    "reading": ("How to read it", "Hoe u het leest"),
    "measures": ("Its numbers", "De getallen"),
    "formula": ("formula", "formule"),
    "unit": ("unit", "eenheid"),
    "example": ("For example", "Bijvoorbeeld"),
    "parameters": ("Parameters in use", "Parameters in gebruik"),
    "grains": ("Told per", "Er is een getal per"),
    "told_of": ("Told of", "Het gaat over"),
    "reference": ("Reference", "Bron"),
    "release": ("In the current release", "In de huidige publicatie"),
    "shown": ("shown", "getoond"),
    "hidden": ("hidden", "verborgen"),
    "none": ("none", "geen"),
    "query": ("Query", "Query"),
    "next": ("Explain one", "Uitleg van een"),
    "cell": ("Explain one of its values", "Uitleg van een waarde"),
    "few people": ("few people", "weinig mensen"),
    "one person carries most": ("one person carries most", "één persoon draagt het meeste"),
    "protects another number": (
        "protects another hidden number",
        "beschermt een ander verborgen getal",
    ),
    "period not over": ("the period is not over yet", "de periode is nog niet voorbij"),
}


def written(number: str, language: str) -> str:
    """A number that is written the English way, as `language` writes it."""
    return number.translate(_DUTCH) if language == "nl" else number


def word(name: str, language: str) -> str:
    """A word of WORDS in `language`."""
    return WORDS[name][LANGUAGES.index(language)]


def listing(config: Config | None, language: str) -> str:
    """All metrics with their measures, under the question that each helps to answer."""
    at = LANGUAGES.index(language)
    groups: dict[str, list[str]] = {words[at]: [] for words in (*QUESTIONS.values(), OWN)}
    every = [(name, model.header or {}) for name, model in _metrics(_models(config)).items()]
    # From the whole network to its lines.
    for name, header in sorted(every, key=lambda e: "network" not in e[1].get("told_of", ())):
        asked = QUESTIONS[header["question"]] if "question" in header else OWN
        groups[asked[at]].append(f"  {header[f'title_{language}']}")
        groups[asked[at]] += [
            f"    {f'{name}.{measure}':<34} {words[f'title_{language}']}"
            f" ({UNITS[words['unit']][at]}, {range_words(words['range'], language)})"
            for measure, words in header["measures"].items()
        ]
    lines = [line for title, rows in groups.items() if rows for line in (title.upper(), *rows, "")]
    return "\n".join([*lines, f"{word('next', language)}: tieline metrics NAME"])


def explanation(config: Config | None, name: str, language: str, *, query: bool = False) -> str:
    """What a metric means and how it is computed; its cells in the current release, if there is one.

    Raises ConfigError for a name that no metric has.
    """
    models = _models(config)
    metrics, (plain, _, measure) = _metrics(models), name.partition(".")
    if plain not in metrics:
        raise ConfigError(f"no metric {name!r}; there are: {', '.join(metrics)}")
    header: Mapping[str, Any] = metrics[plain].header or {}
    if measure and measure not in header["measures"]:
        there = ", ".join(f"{plain}.{one}" for one in header["measures"])
        raise ConfigError(f"no measure {name!r}; there are: {there}")
    paragraphs = [
        header[f"title_{language}"],
        _wrapped(header[f"definition_{language}"]),
        *_labelled(word("reading", language), header.get(f"reading_{language}")),
        *_labelled(word("formula", language).capitalize(), header.get(f"formula_{language}")),
        "\n".join([f"{word('measures', language)}:", *_measures(plain, header, language)]),
        *_labelled(word("example", language), header.get(f"example_{language}")),
        "\n".join(_facts(config, metrics[plain], models, language)),
        f"{word('cell', language)}: tieline explain {plain} UNIT PERIOD",
    ]
    if query:
        text = metrics[plain].text
        paragraphs.append(f"{word('query', language)}:\n{text.partition('*/')[2].strip() or text}")
    return "\n\n".join(paragraphs)


def _measures(plain: str, header: Mapping[str, Any], language: str) -> Iterator[str]:
    at = LANGUAGES.index(language)
    for measure, words in header["measures"].items():
        formula = words.get(f"formula_{language}")
        direction = DIRECTIONS[words.get("direction", header["direction"])][at]
        yield f"  {plain}.{measure}: {words[f'title_{language}']}"
        if formula:
            yield f"    {word('formula', language)}: {formula}"
        yield (
            f"    {word('unit', language)}: {UNITS[words['unit']][at]},"
            f" {range_words(words['range'], language)}; {direction}"
        )


def _facts(
    config: Config | None, model: Model, models: list[Model], language: str
) -> Iterator[str]:
    at = LANGUAGES.index(language)
    header: Mapping[str, Any] = model.header or {}
    values = parameters(config) if config else msgspec.structs.asdict(ModelParameters())
    used = [f"{name} = {values[name]:g}" for name in parameters_behind(model, models)]
    yield f"{word('parameters', language)}: {', '.join(used) or word('none', language)}"
    for field, words in (("grains", GRAINS), ("told_of", TOLD_OF)):
        told = [text[at] for name, text in words.items() if name in header.get(field, ())]
        if told:
            yield f"{word(field, language)}: {', '.join(told)}"
    yield f"{word('reference', language)}: {header['reference']}"
    if config and config.current.exists():
        yield f"{word('release', language)}: {_cells(config, model.name, language)}"


def _cells(config: Config, metric: str, language: str) -> str:
    """How many cells of a metric are shown and hidden, and why."""
    with open_readonly(config.current) as con:
        counted = dict(
            con.execute(
                "SELECT coalesce(hidden_reason, ''), count(*) FROM mart.metric_value"
                " WHERE metric = ? GROUP BY ALL ORDER BY ALL",
                [metric],
            ).fetchall()
        )
    shown = counted.pop("", 0)

    def many(count: int) -> str:
        return written(f"{count:,}", language)

    reasons = ", ".join(f"{word(reason, language)} {many(n)}" for reason, n in counted.items())
    hidden = f"{many(sum(counted.values()))} {word('hidden', language)}"
    return f"{many(shown)} {word('shown', language)}, {hidden}" + (
        f" ({reasons})" if reasons else ""
    )


def _labelled(label: str, text: str | None) -> list[str]:
    return [f"{label}:\n{_wrapped(text, '  ')}"] if text else []


def _wrapped(text: str, indent: str = "") -> str:
    """Folded on a terminal; elsewhere a paragraph is one line."""
    if not sys.stdout.isatty():
        return indent + text
    width = min(get_terminal_size().columns, 100)
    return fill(text, width, initial_indent=indent, subsequent_indent=indent)


def _models(config: Config | None) -> list[Model]:
    """Every model, the user's own among them."""
    return models_of(config) if config else read_models()


def _metrics(models: Iterable[Model]) -> dict[str, Model]:
    """Every metric by name; the order is that of their names."""
    every = {m.name: m for m in models if m.header is not None}
    return {name: every[name] for name in sorted(every)}
