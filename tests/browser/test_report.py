"""The report in a real browser: every page draws, in both languages, says nothing wrong and asks nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import asked_for, console, opened

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

LINE = "line/Huisartsengroep%20Rijnoever/Welzijn%20Rijnoever"
PAGES = {
    "": ("Welke lijnen zijn stil geworden?", "Which lines went quiet?"),
    "network": ("Kaart van de lijnen", "Map of the lines"),
    "units": ("Welzijn Rijnoever", "Welzijn Rijnoever"),
    "unit/Welzijn%20Rijnoever": ("Welzijn Rijnoever", "Welzijn Rijnoever"),
    LINE: ("Huisartsengroep", "Huisartsengroep"),
    "leadership": ("Gedeeld leiderschap", "Shared leadership"),
    "measures": ("Elke eenheid en lijn", "Every unit and line"),
    "data": ("Politie Rijnoever", "Politie Rijnoever"),
    "about": ("Zo verwijst u naar dit rapport", "How to cite this report"),
    "paper": ("Het hele rapport", "The whole report"),
    "no-such-page": ("Welke lijnen zijn stil geworden?", "Which lines went quiet?"),
    "unit/Nobody": ("Niet gevonden", "Not found"),
}
LANGUAGES = ("nl", "en")
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_page(published: Path, driver: WebDriver, place: str, language: str) -> None:
    page = published / f"report.{language}.html"
    opened(driver, page, place)
    text = driver.find_element(By.TAG_NAME, "main").text
    assert PAGES[place][LANGUAGES.index(language)] in text
    assert console(driver) == []
    assert not re.search(r"undefined|NaN|\[object|\{\w+\}|Infinity", text)
    assert len(driver.find_elements(By.TAG_NAME, "h1")) == 1
    assert driver.find_element(By.TAG_NAME, "h1").text in driver.title
    assert driver.find_element(By.TAG_NAME, "html").get_attribute("lang") == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_asks_anything_of_the_network(
    published: Path, driver: WebDriver, language: str
) -> None:
    page = published / f"report.{language}.html"
    for place in PAGES:
        opened(driver, page, place)
    asked = {re.sub("#.*", "", address) for address in asked_for(driver)}
    assert page.resolve().as_uri() in asked  # so the ear hears
    assert {one for one in asked if not one.startswith(("data:", "blob:", "about:"))} == {
        page.resolve().as_uri()
    }
    # Nor may it: the page's own policy stops whatever would.
    stopped = driver.execute_async_script(
        "const done = arguments[0];"
        "fetch('http://127.0.0.1:9/').then(() => done('let through'), () => done('stopped'))"
    )
    assert stopped == "stopped"
    assert "Content Security Policy" in "\n".join(console(driver))


@pytest.mark.parametrize("place", PAGES)
def test_no_text_is_left_in_the_other_language(
    published: Path, driver: WebDriver, place: str
) -> None:
    """What both languages' pages say in the same words is a name, a number or a reference."""
    both = []
    for language in LANGUAGES:
        opened(driver, published / f"report.{language}.html", place)
        both.append(_words(driver))
    said = "\n".join(sorted(both[0] & both[1] - _names(driver)))
    assert not re.search(r"[a-zé]{3,} [a-zé]{2,} ", said), said


def _words(driver: WebDriver) -> set[str]:
    """Each piece of text of the page, shown or spoken, with its tables unfolded."""
    return set(
        driver.execute_script("""
for (const details of document.querySelectorAll("details")) { details.open = true; details.dispatchEvent(new Event("toggle")); }
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = [];
for (let node = walker.nextNode(); node; node = walker.nextNode())
  if (!node.parentElement.closest("script, noscript")) found.push(node.data.trim());
for (const node of document.querySelectorAll("[aria-label]")) found.push(node.getAttribute("aria-label"));
return found.filter(Boolean);""")
    )


def _names(driver: WebDriver) -> set[str]:
    """Names of units, sources and partners, which no language changes."""
    return set(
        driver.execute_script("""
const content = JSON.parse(document.getElementById("content").textContent);
return [...content.units.map((one) => one[1]), ...content.delivery.month.flatMap((one) => one.slice(0, 2)),
  content.publication.network];""")
    )
