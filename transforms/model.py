"""What a model is: one file that says what it computes, what it reads and which periods it looks at."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from hashlib import blake2b
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Literal

import polars as pl

from transforms.header import problems
from transforms.statement import parsed
from warehouse.schema import GRAINS, PERSONAL

HERE = Path(__file__).parent
FOLDERS = (HERE / "models", HERE / "metrics", HERE / "trends")
METRIC_TABLE = "metric_value"

# Given to every model that names them: of the data, and the first period that is to be computed.
EXTENT = ("data_first_day", "data_last_day", "first_period")

Parameters = Mapping[str, Any]
Compute = Callable[..., pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Model:
    """One SQL file, or a Python step where SQL cannot do it.

    `grain` is "day" for models with a row's day in column `day`, else "grain" (columns grain, period).
    `lookback` and `lookahead` say how many periods before and after its own a row depends on: a
    number, "all", or the name of the parameter that holds it. Only models per day look ahead.
    Of its inputs it reads the rows of its own grain, and of `finer` those of finer ones too.
    """

    name: str
    text: str  # the SQL, or the source of the Python step
    grain: Literal["day", "grain"]
    lookback: int | str
    lookahead: int | str
    reads: tuple[str, ...]
    parameters: tuple[str, ...]
    extent: tuple[str, ...]  # which of EXTENT it names
    comments: Mapping[str, str]  # of its columns, or under "" of the table
    header: Mapping[str, Any] | None = None  # a metric's names, unit, direction, reference
    compute: Compute | None = None
    path: Path | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # input → those it needs
    grains: tuple[str, ...] = GRAINS  # those it has rows of
    finer: str = ""
    by_metric: bool = False  # a Python step whose first input may come one metric at a time

    @property
    def table(self) -> str:
        """Table that its rows go to."""
        return METRIC_TABLE if self.header is not None else self.name

    @property
    def is_personal(self) -> bool:
        """Whether its rows tell of people, or of events that lead to them."""
        return self.header is None and not PERSONAL.isdisjoint(self.comments)


@dataclass(frozen=True, slots=True)
class Reach:
    """Periods before (None: all of them) and after its own that a model's row depends on."""

    back: int | None
    ahead: int


class ModelError(Exception):
    """A model file that cannot be used; the message names file, cause and cure."""


def read_models(folders: Iterable[Path] = FOLDERS) -> list[Model]:
    """Every model under `folders`, each after those that it reads."""
    return in_order(
        read_model(path)
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.suffix in {".sql", ".py"} and path.stem != "__init__"
    )


def read_model(path: Path) -> Model:
    """The model of one file. Raises ModelError if it cannot be used."""
    if path.suffix == ".py":
        return _from_python(path)
    return _from_sql(path, path.read_text(encoding="utf-8"))


def in_order(found: Iterable[Model]) -> list[Model]:
    """Models, each after those that it reads."""
    models = list(found)
    writers: dict[str, list[str]] = {}
    for model in models:
        writers.setdefault(model.table, []).append(model.name)
    by_name = {model.name: model for model in models}
    graph = {m.name: [w for table in m.reads for w in writers.get(table, ())] for m in models}
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


def reach(model: Model, parameters: Parameters) -> Reach:
    """How far `model` looks, with the parameters in use."""

    def number(word: int | str) -> int:
        return word if isinstance(word, int) else int(parameters[word])

    return Reach(
        None if model.lookback == "all" else number(model.lookback), number(model.lookahead)
    )


def fingerprint(model: Model, parameters: Parameters, inputs: Iterable[str]) -> str:
    """Hash over everything that decides a model's rows, but the data."""
    used = [f"{name}={parameters[name]}" for name in model.parameters]
    text = "\n".join([model.text, *used, *sorted(inputs)])
    return blake2b(text.encode(), digest_size=16).hexdigest()


def fingerprints(models: Iterable[Model], parameters: Parameters) -> dict[str, str]:
    """Name → fingerprint, over those of the models it reads; `models` each after what it reads."""
    marks: dict[str, str] = {}
    writers: dict[str, list[str]] = {}
    for model in models:
        inputs = [marks[name] for table in model.reads for name in writers.get(table, ())]
        marks[model.name] = fingerprint(model, parameters, inputs)
        writers.setdefault(model.table, []).append(model.name)
    return marks


@cache
def _from_sql(path: Path, text: str) -> Model:
    try:
        query = parsed(text)
    except ValueError as error:
        raise ModelError(f"{path}: not SQL that can be read ({error}); mend the query") from error
    is_metric = path.parent.name == "metrics" or text.lstrip().startswith("/*\n")
    head = text.split("*/", maxsplit=1)[0].lstrip().removeprefix("/*")
    header = _header(path, head) if is_metric else None
    return Model(
        name=path.stem,
        text=text,
        grain="day" if _option(text, "period") == "day" else "grain",
        lookback=_number(_option(text, "lookback")),
        lookahead=_number(_option(text, "lookahead")),
        reads=tuple(sorted(query.tables)),
        parameters=tuple(sorted(query.parameters.difference(EXTENT))),
        extent=tuple(sorted(query.parameters.intersection(EXTENT))),
        comments=_comments(text),
        header=header,
        grains=tuple((header or {}).get("grains", GRAINS)),
        finer=_option(text, "finer") or "",
        path=path,
    )


def _from_python(path: Path) -> Model:
    spec = spec_from_file_location(f"tieline_metric_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ModelError(f"{path}: not a Python file that can be imported; rename or remove it")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    header = _header(path, module.HEADER) if hasattr(module, "HEADER") else None
    return Model(
        name=path.stem,
        text=path.read_text(encoding="utf-8"),
        grain="grain",
        lookback=getattr(module, "LOOKBACK", 0),
        lookahead=0,
        reads=tuple(module.READS),
        columns=module.READS if isinstance(module.READS, dict) else {},
        by_metric=getattr(module, "BY_METRIC", False),
        grains=tuple(getattr(module, "GRAINS", None) or (header or {}).get("grains", GRAINS)),
        parameters=tuple(getattr(module, "PARAMETERS", ())),
        extent=tuple(getattr(module, "EXTENT", ())),
        comments=getattr(module, "COLUMNS", {}),
        header=header,
        compute=module.compute,
        path=path,
    )


def _header(path: Path, text: str) -> Mapping[str, Any]:
    try:
        header = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{path}: header is not TOML ({error}); see docs/adding.md") from error
    if wrong := next(problems(header), None):
        raise ModelError(f"{path}: header: {wrong}")
    return header


def _option(text: str, name: str) -> str | None:
    found = re.search(rf"^-- {name}: *(\S+)", text, re.MULTILINE)
    return found[1] if found else None


def _number(word: str | None) -> int | str:
    return int(word or 0) if word is None or word.isdigit() else word.removeprefix("$")


def _comments(text: str) -> Mapping[str, str]:
    """Column → comment of the last SELECT, and the file's first comment under ""."""
    first = re.match(r"\s*/\*(.*?)\*/", text, re.DOTALL)
    columns = {
        (named or plain): comment.strip()
        for plain, named, comment in re.findall(
            r"^ +(?:[\w.]*?(\w+)|.*?\bas (\w+)),? +-- (.+)$",
            text[text.rfind("\nselect\n") :],
            re.MULTILINE,
        )
    }
    return columns | ({"": " ".join(first[1].split())} if first else {})
