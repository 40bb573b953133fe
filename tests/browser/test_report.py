"""The report in a real browser: every page draws, in both languages, for everybody, without an error."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from flows.config import SETTINGS, make_key, read_config
from flows.demo_network import write_demo
from flows.starting import DEMO_END, demo_settings
from tests.flows.test_cli import night
from tests.serving.test_report import EVIL, released
from warehouse.serving.report import FILES, LANGUAGES

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not there")

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
    "measures": ("Alle maten", "All measures"),
    "data": ("Politie Rijnoever", "Politie Rijnoever"),
    "about": ("Zo verwijst u naar dit rapport", "How to cite this report"),
}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESKTOP, PHONE = 1280, 320  # px
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
__all__ = ["released"]  # a fixture


@dataclass
class Browser:
    """A browser that remembers what went wrong and what was asked of the network."""

    chromium: sync_api.Browser
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(
        self, file: Path, place: str = "", width: int = DESKTOP, *, axe: bool = False
    ) -> sync_api.Page:
        """The page at `place`, drawn; its policy stays, but where axe has to get in."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": 900}, bypass_csp=axe, accept_downloads=True
        )
        page = context.new_page()
        page.on(
            "console",
            lambda said: (
                self.wrong.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(f"{file.resolve().as_uri()}#/{place}")
        drawn(page)
        return page


def drawn(page: sync_api.Page) -> None:
    page.wait_for_function("document.documentElement.dataset.ready === 'yes'")


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


@pytest.fixture(scope="module")
def chromium(published: Path) -> Iterator[sync_api.Browser]:
    """Started after the night: Playwright and Prefect each want an event loop."""
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def browser(chromium: sync_api.Browser) -> Iterator[Browser]:
    """Whatever a test does: no error, no warning, no dialog, nothing asked of any network."""
    held = Browser(chromium)
    yield held
    for context in chromium.contexts:
        context.close()
    assert held.wrong == []
    assert [url for url in held.asked if not url.startswith(("file:", "blob:"))] == []


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_draws(published: Path, browser: Browser, place: str, language: str) -> None:
    page = browser.open(published / FILES[language], place)
    main = page.locator("main").inner_text()
    assert PAGES[place][LANGUAGES.index(language)] in page.locator("body").inner_text()
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == language
    assert not re.search(r"undefined|NaN|\{\w+\}|\[object", main)
    for chart in page.locator(".chart").all():
        assert chart.get_attribute("role") == "img"
        assert "Vega" not in (chart.get_attribute("aria-label") or "Vega")
        assert chart.locator("svg").count() == 1


@pytest.mark.parametrize(("place", "width"), [*product(PAGES, (DESKTOP, PHONE))])
def test_axe_finds_nothing(published: Path, browser: Browser, place: str, width: int) -> None:
    page = browser.open(published / FILES["en"], place, width, axe=True)
    found = axe_api.Axe().run(page, options={"runOnly": RULES}).response
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing to pan for


def test_choices_change_the_numbers_and_stay_in_the_address(
    published: Path, browser: Browser
) -> None:
    page = browser.open(published / FILES["en"], "units")
    text = page.locator("main").inner_text
    before = text()
    page.get_by_label("Period", exact=True).select_option("2026-Q2")
    drawn(page)
    assert "p=2026-Q2" in page.url
    assert "Q2 2026" in text()
    quarter = text()
    assert quarter != before
    page.get_by_label("Channel").select_option(label="meetings")
    drawn(page)
    assert text() != quarter
    page.get_by_label("Lines between").select_option(label="Teams")
    drawn(page)
    assert "Huisartsen West" in text()
    page.reload()
    drawn(page)
    assert page.get_by_label("Period", exact=True).input_value() == "2026-Q2"
    assert "Huisartsen West" in text()


@pytest.mark.parametrize(("language", "separator"), [("nl", ";"), ("en", ",")])
def test_a_table_is_saved_for_a_spreadsheet(
    published: Path, browser: Browser, language: str, separator: str
) -> None:
    page = browser.open(published / FILES[language], "network")
    with page.expect_download() as saved:
        page.locator("figure.matrix button.save").click()
    assert saved.value.suggested_filename.endswith(".csv")
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator))
    assert text.startswith("\ufeff")
    assert len({len(row) for row in rows}) == 1
    numbers = [row[2].replace(",", ".") for row in rows[1:] if row[2]]
    assert len(numbers) > 10
    assert all(float(number) >= 0 for number in numbers)
    page.locator("figure.matrix summary").click()
    assert page.locator("figure.matrix tbody tr").count() == len(rows) - 1


def test_the_map_moves_through_time_by_keyboard(published: Path, browser: Browser) -> None:
    page = browser.open(published / FILES["en"], "network")
    slider = page.locator("input[type=range]")
    month, said = (
        slider.get_attribute("aria-valuetext"),
        page.locator(".network .says").inner_text(),
    )
    lines = page.locator(".map svg").inner_html()
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    drawn(page)
    page.wait_for_function(
        "before => document.querySelector('.map svg')?.innerHTML !== before", arg=lines
    )
    assert slider.get_attribute("aria-valuetext") != month
    assert page.locator(".network .says").inner_text() != said


def test_a_meaning_shows_on_focus_and_goes_with_escape(published: Path, browser: Browser) -> None:
    page = browser.open(published / FILES["en"], "leadership")
    word = page.locator(".term").first
    meaning = page.locator(".meaning").first
    assert not meaning.is_visible()
    page.locator("body").press("Tab")  # from here on the keyboard is what is used
    word.focus()
    assert meaning.is_visible()
    page.keyboard.press("Escape")
    assert not meaning.is_visible()


def test_links_lead_from_an_answer_to_its_line(published: Path, browser: Browser) -> None:
    page = browser.open(published / FILES["nl"])
    link = page.locator("#answer-quiet li a").first
    name = link.inner_text()
    link.click()
    drawn(page)
    assert all(word in page.locator("h1").inner_text() for word in name.split(" – "))
    assert page.evaluate("document.activeElement.tagName") == "H1"  # a reader starts at the top


def test_it_prints_whole(published: Path, browser: Browser) -> None:
    page = browser.open(published / FILES["nl"])
    page.emulate_media(media="print")
    assert not page.locator(".choices").is_visible()
    assert page.locator(".map svg").is_visible()
    assert len(page.pdf(format="A4")) > 30_000


def test_a_name_that_is_html_stays_a_name(released: Path, browser: Browser) -> None:
    for language, place in product(LANGUAGES, ("", "network", "units", "measures", "data")):
        page = browser.open(released.with_name(FILES[language]), place)
        assert page.locator("img").count() == 0
        page.context.close()
    page = browser.open(released.with_name(FILES["en"]), "units?b=team")
    assert EVIL in page.locator("main").inner_text()
