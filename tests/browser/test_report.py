"""The report in a real browser: every page draws, in both languages, without an error."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flows.config import SETTINGS, make_key, read_config
from flows.demo_network import write_demo
from flows.starting import DEMO_END, demo_settings
from tests.flows.test_cli import night

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
PAGES = {
    "": ("Welke lijnen zijn stil geworden?", "Which lines went quiet?"),
    "network": ("Kaart van de lijnen", "Map of the lines"),
    "units": ("Welzijn Rijnoever", "Welzijn Rijnoever"),
    "unit/Welzijn%20Rijnoever": ("Welzijn Rijnoever", "Welzijn Rijnoever"),
    "line/Huisartsengroep%20Rijnoever/Welzijn%20Rijnoever": ("Huisartsengroep", "Huisartsengroep"),
    "leadership": ("Gedeeld leiderschap", "Shared leadership"),
    "measures": ("Stroommatrix", "Flow matrix"),
    "data": ("Politie Rijnoever", "Politie Rijnoever"),
    "about": ("Zo verwijst u naar dit rapport", "How to cite this report"),
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the demo network's release."""
    folder = tmp_path_factory.mktemp("browser") / "demo"
    write_demo(folder, end=DEMO_END)
    make_key(folder / "secret" / "tieline.key")
    (folder / SETTINGS).write_text(demo_settings(), encoding="utf-8")
    config = read_config(folder / SETTINGS)
    night(config)
    return config.current.parent


def opened(page: Path, place: str, profile: Path) -> tuple[str, str]:
    """The document as it stands after its scripts ran, and what the browser's console said."""
    ran = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--enable-logging=stderr", "--virtual-time-budget=20000", "--window-size=1100,1400", "--dump-dom",
         f"{page.resolve().as_uri()}#/{place}"],
        capture_output=True, text=True, timeout=180, check=True,
    )  # fmt: skip
    return ran.stdout, "\n".join(line for line in ran.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize(("at", "language"), [(0, "nl"), (1, "en")])
def test_page(published: Path, tmp_path: Path, place: str, at: int, language: str) -> None:
    document, console = opened(published / f"report.{language}.html", place, tmp_path)
    assert 'data-ready="yes"' in document
    assert PAGES[place][at] in document
    assert not re.search(r"ERROR|Uncaught|Refused to", console), console
    main = document[document.index("<main") : document.index("</main>")]
    assert "undefined" not in main
    assert "NaN" not in main
    assert not re.search(r">\{\w+\}<", main)


def test_what_a_reader_cannot_see_is_said_in_words(published: Path, tmp_path: Path) -> None:
    """Every drawing has its numbers in a table beside it, and the page its language and one heading."""
    document, _ = opened(published / "report.en.html", "network", tmp_path)
    main = document[document.index("<main") : document.index("</main>")]
    assert document.count("<h1") == 1
    assert main.count("<details") >= 2  # filled when it is opened
    charts = re.findall(r'<div class="chart[^>]*aria-label="([^"]+)"', main)
    assert len(charts) >= 2
    assert not any("Vega" in label for label in charts)
