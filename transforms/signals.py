"""Signals: what deserves attention, each kind one SELECT over the published tables and INPUTS.

They see only what is published, so a signal can tell no more than its reader could look up.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transforms.model import ModelError
from warehouse.schema import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transforms.model import Parameters

FOLDER = Path(__file__).parent / "signals"
INPUTS = ("crossing", "line_step")  # of several signals, each made of those before it
_WORDS = ("title_en", "title_nl", "sentence_en", "sentence_nl")
_UNTOLD = ("untold_en", "untold_nl")
_PLACE = re.compile(r"\{(\w+)\}")
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of signal: its words, with a column's name in braces, and its SELECT.

    The SELECT gives grain, period, channel, boundary, unit, other_unit, score (part of the network's
    interaction that is at stake, 0 to 1), value, before, and a column for each name in braces, where name is
    the period and last_day a day. Where one of these is hidden, the untold sentence stands instead.
    """

    kind: str
    title_en: str
    title_nl: str
    sentence_en: str
    sentence_nl: str
    query: str
    untold_en: str = ""
    untold_nl: str = ""


def read_signals(folder: Path = FOLDER) -> list[Signal]:
    """Every kind of signal in `folder`. Raises ModelError for a file that cannot be used."""
    return [_read(path) for path in sorted(folder.glob("*.sql"))]


def signal_rows(signal: Signal, parameters: Parameters) -> str:
    """SELECT of `mart.SIGNAL` over the published tables."""
    query = re.sub(r"\$(\w+)", lambda found: repr(parameters[found[1]]), signal.query)
    inputs = ", ".join(
        f"{name} AS ({(FOLDER / 'inputs' / f'{name}.sql').read_text(encoding='utf-8')})"
        for name in INPUTS
    )
    return f"""
WITH {inputs}
SELECT {quoted(signal.kind)} AS kind, {quoted(signal.title_en)} AS title_en,
  {quoted(signal.title_nl)} AS title_nl, grain, period, channel, boundary, unit, other_unit,
  score, value, before, {_sentence("en", signal.sentence_en, signal.untold_en)} AS sentence_en,
  {_sentence("nl", signal.sentence_nl, signal.untold_nl)} AS sentence_nl
FROM ({query}
)"""


def _read(path: Path) -> Signal:
    head, _, query = path.read_text(encoding="utf-8").removeprefix("/*").partition("*/")
    try:
        words = tomllib.loads(head)
        told = {name: words[name] for name in _WORDS}
        untold = {name: words[name] for name in _UNTOLD if name in words}
        return Signal(kind=path.stem, query=query.strip(), **told, **untold)
    except (tomllib.TOMLDecodeError, KeyError) as error:
        wanted = ", ".join(_WORDS)
        raise ModelError(f"{path}: header is not TOML with {wanted} ({error}); mend it") from error


def _sentence(language: str, words: str, untold: str) -> str:
    if untold:  # one hidden number empties the sentence
        return f"coalesce({_filled(language, words, '{}')}, {_sentence(language, untold, '')})"
    return _filled(language, words, "coalesce({}, '?')")


def _filled(language: str, words: str, hole: str) -> str:
    parts: Iterable[str] = _PLACE.split(words)
    return " || ".join(
        hole.format(_written(language, part)) if number % 2 else quoted(part)
        for number, part in enumerate(parts)
        if part
    )


def _written(language: str, column: str) -> str:
    """A column as text; the period and days as people write them."""
    if column == "name":
        return f"if(grain = 'month', {_month(language, 'period')}, 'Q' || quarter(period) || ' ' || year(period))"
    if column == "last_day":
        return f"day(last_day) || ' ' || {_month(language, 'last_day')}"
    return f"CAST({column} AS VARCHAR)"


def _month(language: str, day: str) -> str:
    return f"{_MONTHS[language].split()}[month({day})] || ' ' || year({day})"
