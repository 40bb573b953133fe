"""Data, words, styles and scripts put together in one HTML file."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

import vl_convert

from warehouse.connection import open_readonly
from warehouse.serving.report.blocks import read_blocks
from warehouse.serving.report.content import read_content
from warehouse.serving.report.embedded import embedded
from warehouse.serving.report.words import LANGUAGES, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warehouse.serving.closed import Begin
    from warehouse.serving.report.blocks import Blocks

FILES: Final = {language: f"report.{language}.html" for language in LANGUAGES}
_STATIC: Final = Path(__file__).parent / "static"
_SCRIPTS: Final = (
    "words", "blocks", "series", "elements", "tables", "charts", "trends", "lines", "map", "matrix", "answers",
    "signals", "address", "head", "page_parts", "page_overview", "page_units", "page_leadership", "page_measures",
    "page_data", "page_about", "page_paper", "start",
)  # fmt: skip
_VEGA_LITE: Final = "6.4"
_LICENCE: Final = (
    "/* Vega, Vega-Lite and Vega-Embed, (c) University of Washington Interactive Data Lab and"
    " contributors, BSD-3-Clause: https://github.com/vega. Bundled by vl-convert, BSD-3-Clause. */\n"
)


def render(database: Path, language: str) -> str:
    """The report on the published `database`, in "nl" or "en".

    The page may load nothing and runs no script but its own: a name that looks like HTML stays text,
    and would be stopped by the page's own policy if it did not.

    Raises:
        ValueError: no such language.
        FileNotFoundError: no such database.
    """
    words(language)  # before the file is opened: is there such a language?
    with open_readonly(database) as con:
        blocks = read_blocks(con)
        return _page(read_content(con, language, blocks.told), blocks, language)


def _page(content: dict[str, Any], blocks: Blocks, language: str) -> str:
    text = words(language)
    scripts = (_charting(), _application())
    title = f"{text['report']} · {content['publication']['network']}"
    return Template(_static("page.html")).substitute(
        language=language,
        title=escape(title),
        policy=_policy(scripts),
        style=_static("report.css"),
        noscript=escape(text["noscript"]),
        loading=escape(text["loading"]),
        skip=escape(text["skip"]),
        words=embedded(text),
        content=embedded(content),
        blocks="\n".join(
            f'<script type="application/json" class="block">{text}</script>'
            for text in blocks.texts
        ),
        charting=scripts[0],
        application=scripts[1],
    )


def write_beside(folder: Path, begin: Begin | None = None, *, database: str = "bi.duckdb") -> None:
    """Write the report in every language next to the database in `folder`, for everybody to read.

    What is told of the rows that the database begins with (`begin`) is made once, and kept beside them.
    """
    content = None
    with open_readonly(folder / database) as con:
        blocks = read_blocks(con, begin)
        for language, name in FILES.items():
            content = read_content(con, language, blocks.told, content)
            (folder / name).write_text(_page(content, blocks, language), encoding="utf-8")


@cache
def _charting() -> str:
    """The charting library as one script that defines window.vegaEmbed."""
    bundle: str = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=_VEGA_LITE
    ).strip()
    return _LICENCE + bundle.replace("</script", "<\\/script")


@cache
def _application() -> str:
    body = "\n".join(_static(f"{name}.js") for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{body}\n}})();\n'


def _policy(scripts: Sequence[str]) -> str:
    """Content security policy: these scripts, no other, and nothing from anywhere."""
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _static(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")
