"""What the header of a metric file must tell: names, meaning, formula, unit and range, in two languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LANGUAGES = ("en", "nl")
UNITS = {  # unit → its words, English and Dutch
    "acts": ("acts", "handelingen"),
    "communities": ("communities", "gemeenschappen"),
    "containers": ("series and work items", "reeksen en werkitems"),
    "days": ("days", "dagen"),
    "events": ("events", "gebeurtenissen"),
    "hours": ("hours", "uren"),
    "index": ("index", "index"),
    "initiatives": ("initiatives", "initiatieven"),
    "introductions": ("introductions", "introducties"),
    "lines": ("lines", "lijnen"),
    "months": ("months", "maanden"),
    "pairs": ("pairs", "paren"),
    "people": ("people", "mensen"),
    "ratio": ("part", "deel"),
    "ties": ("ties", "verbindingen"),
    "units": ("units", "eenheden"),
    "weight": ("weight", "gewicht"),
}
DIRECTIONS = {
    "up": ("higher is mostly better", "hoger is meestal beter"),
    "down": ("lower is mostly better", "lager is meestal beter"),
    "context": ("no better or worse by itself", "op zichzelf niet beter of slechter"),
}
QUESTIONS = {  # what a network manager asks, in this order
    "lively": ("How lively is the interaction?", "Hoe levendig is de interactie?"),
    "crossing": ("Does it cross boundaries?", "Gaat het over grenzen heen?"),
    "carriers": ("Who carries the lines?", "Wie dragen de lijnen?"),
    "shared": ("Is leadership shared?", "Wordt het leiderschap gedeeld?"),
    "arises": ("What comes of it?", "Wat komt eruit voort?"),
    "fragile": ("How fragile is it?", "Hoe kwetsbaar is het?"),
    "changes": ("What changes?", "Wat verandert er?"),
}
OWN = ("Your own metrics", "Eigen indicatoren")  # those that answer none of them
GRAINS = {
    "day": ("day", "dag"),
    "week": ("week", "week"),
    "month": ("month", "maand"),
    "quarter": ("quarter", "kwartaal"),
}
TOLD_OF = {
    "network": ("the network", "het netwerk"),
    "unit": ("each unit", "elke eenheid"),
    "line": ("each line", "elke lijn"),
}
RANGE = re.compile(r">= (-?[\d.]+)|(-?[\d.]+) to (-?[\d.]+)")

_NAMED = ("title_en", "title_nl")
_NEEDED = (*_NAMED, "definition_en", "definition_nl", "direction", "reference")
_FORMULA = ("formula_en", "formula_nl")
_KNOWN = {
    *_NEEDED, *_FORMULA, "reading_en", "reading_nl", "example_en", "example_nl", "question",
    "grains", "told_of", "boundary", "measures",
}  # fmt: skip
_KNOWN_OF_MEASURE = {*_NAMED, *_FORMULA, "unit", "range", "direction", "told_of", "counts"}
_CHOICES: Mapping[str, Mapping[str, object]] = {
    "unit": UNITS,
    "direction": DIRECTIONS,
    "question": QUESTIONS,
    "grains": GRAINS,
    "told_of": TOLD_OF,
    "counts": {"people": ()},
    "boundary": {"any": ()},
}


def problems(header: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a metric's header, field by field: "field: cause; cure".

    A measure has its own formula, direction and places, or those of the metric.
    """
    yield from _fields("", header, _NEEDED, _KNOWN)
    measures = header.get("measures")
    if not isinstance(measures, dict) or not measures:
        yield "measures: missing; add a table [measures.NAME] for each number"
        return
    for name, measure in measures.items():
        place = f"measures.{name}."
        if not isinstance(measure, dict):
            yield f"measures.{name}: not a table; write [measures.{name}]"
            continue
        inherited = tuple(field for field in _FORMULA if field not in header)
        yield from _fields(
            place, measure, (*_NAMED, "unit", "range", *inherited), _KNOWN_OF_MEASURE
        )


def bounds(text: str) -> tuple[float, float]:
    """Lowest and highest value that a range allows: ">= 0" or "-1 to 1"."""
    found = RANGE.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is no range; write one like ">= 0" or "-1 to 1"')
    least, low, high = found.groups()
    return (float(least), float("inf")) if least else (float(low), float(high))


def range_words(text: str, language: str) -> str:
    """A range in words: "0 or more", "-1 tot 1"."""
    if text.startswith(">= "):
        return f"{text[3:]} {'or more' if language == 'en' else 'of meer'}"
    return text if language == "en" else text.replace(" to ", " tot ")


def _fields(
    place: str, found: Mapping[str, Any], needed: tuple[str, ...], known: set[str]
) -> Iterator[str]:
    for field in needed:
        if not found.get(field):
            yield f"{place}{field}: missing or empty; say it"
    for field, value in found.items():
        if field not in known:
            yield f"{place}{field}: no such field; there are: {', '.join(sorted(known))}"
        elif field == "range" and value and not RANGE.fullmatch(str(value)):
            yield f'{place}range: {value!r} is no range; write one like ">= 0" or "-1 to 1"'
        elif field in _CHOICES:
            yield from _choice(f"{place}{field}", value, _CHOICES[field])
        elif field not in {"measures", "range"} and not (isinstance(value, str) and value.strip()):
            yield f"{place}{field}: missing or empty; say it"


def _choice(place: str, value: object, known: Mapping[str, object]) -> Iterator[str]:
    for word in value if isinstance(value, list) else [value]:
        if word and word not in known:
            yield f"{place}: {word!r} is not known; there are: {', '.join(known)}"
