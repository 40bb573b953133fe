"""Data Docs that need no network: Great Expectations renders, our own page and style hold it.

Its own site pulls eleven styles and scripts from CDNs and builds its index with them. Here its
renderer fills a page of ours, in which nothing is remote and nothing is a script.

folder/index.html, folder/style.css, folder/runs/<run_id>/<batch>-<suite>.html and <batch>.json
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView

    from quality.checkpoint import Report

KEEP: Final = 30  # runs whose pages stay
_STATIC: Final = Path(__file__).parent / "static"


def write(
    folder: Path,
    results: Mapping[str, ExpectationSuiteValidationResult],
    report: Report,
    *,
    keep: int = KEEP,
) -> Path:
    """Write the pages of one batch (suite → result), renew the index, drop all but `keep` runs.

    Returns the index page.
    """
    view = _view()
    summary = _summary(report)
    run = folder / "runs" / summary["run_id"]
    run.mkdir(parents=True, exist_ok=True)
    for suite, result in results.items():
        page = _page(view, result, summary | {"suite": suite} | summary["suites"][suite])
        _replace(run / f"{summary['batch']}-{suite}.html", page)
    _replace(run / f"{summary['batch']}.json", json.dumps(summary, indent=1))
    _replace(folder / "style.css", (_STATIC / "style.css").read_text(encoding="utf-8"))
    runs = _drop_old(folder / "runs", keep)
    batches = [json.loads(path.read_text(encoding="utf-8")) for path in _summaries(runs)]
    index = view.env.get_template("index.html").render(batches=batches, keep=keep)
    _replace(folder / "index.html", index)
    return folder / "index.html"


def _view() -> DefaultJinjaPageView:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from great_expectations.render.view.view import (  # noqa: PLC0415 - takes seconds
            DefaultJinjaPageView,
        )
    return DefaultJinjaPageView(custom_views_directory=str(_STATIC))


def _page(
    view: DefaultJinjaPageView, result: ExpectationSuiteValidationResult, summary: dict[str, Any]
) -> str:
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
        ValidationResultsPageRenderer,
    )

    broken_first = copy(result)
    broken_first.results = sorted(result.results, key=lambda one: bool(one.success))
    document = ValidationResultsPageRenderer().render(broken_first)
    # Its overview links to pages of its own site, and the head of our page says the same.
    document.sections = document.sections[1:]
    queries = [
        (one.expectation_config.description, one.expectation_config.kwargs["unexpected_rows_query"])
        for one in broken_first.results
        if one.expectation_config is not None
    ]
    return view.env.get_template("page.html").render(
        document.to_json_dict(), summary=summary, queries=queries
    )


def _summary(report: Report) -> dict[str, Any]:
    outcomes = report.outcomes
    suites = outcomes.group_by("suite", maintain_order=True).agg(
        pl.len().alias("rules"),
        (~pl.col("success")).sum().alias("broken"),
        pl.col("rows").first(),
    )
    return {
        "run_id": outcomes["run_id"][0],
        "batch": outcomes["batch"][0],
        "suites": {row.pop("suite"): row for row in suites.to_dicts()},
        "refused": [{"path": one.path, "reason": one.reason} for one in report.refused],
    }


def _drop_old(runs: Path, keep: int) -> list[Path]:
    """The latest `keep` runs, newest first; the pages of older ones are removed."""
    known = sorted({path.parent for path in runs.glob("*/*.json")}, reverse=True)
    for old in known[keep:]:
        shutil.rmtree(old)
    return known[:keep]


def _summaries(runs: list[Path]) -> list[Path]:
    return [path for run in runs for path in sorted(run.glob("*.json"), key=lambda p: int(p.stem))]


def _replace(path: Path, text: str) -> None:
    """Write `path` so that a reader sees the old page or the new one, never half of one."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105
