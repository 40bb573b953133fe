"""The report for everybody: axe-core, contrast of drawings, keyboard, small screens, paper."""

from __future__ import annotations

import re
import subprocess
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import (
    DESKTOP,
    NARROWEST,
    PHONE,
    opened,
    settled,
    sized,
    violations,
)
from tests.browser.test_report import LANGUAGES, LINE, PAGES

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = pytest.mark.slow
TEAMS = "?b=team"


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(published: Path, driver: WebDriver, place: str, language: str) -> None:
    for size in (DESKTOP, PHONE):
        sized(driver, *size)
        opened(driver, published / f"report.{language}.html", place)
        assert violations(driver) == [], size


def test_axe_finds_what_is_wrong(published: Path, driver: WebDriver) -> None:
    """The check above can fail."""
    opened(driver, published / "report.en.html", "about")
    driver.execute_script(
        "document.querySelector('main').insertAdjacentHTML('beforeend',"
        " '<button></button><p style=\"color:#aaa\">pale</p>')"
    )
    assert {"button-name", "color-contrast"} <= {one["rule"] for one in violations(driver)}


@pytest.mark.parametrize("size", [PHONE, NARROWEST])
@pytest.mark.parametrize("place", [*PAGES, f"network{TEAMS}", f"units{TEAMS}"])
def test_no_page_is_wider_than_its_window(
    published: Path, driver: WebDriver, place: str, size: tuple[int, int]
) -> None:
    sized(driver, *size)
    opened(driver, published / "report.nl.html", place)
    width = driver.execute_script("return document.documentElement.scrollWidth")
    assert width <= size[0]


CONTRASTS = """
const channel = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
const found = [];
for (const text of document.querySelectorAll(".chart svg text")) {
  const style = getComputedStyle(text);
  const box = text.getBoundingClientRect();
  const shade = text.getAttribute("stroke") ? text.getAttribute("stroke") : null;
  if (!text.textContent.trim() || style.fill === "none" || !box.width || shade) continue;
  text.scrollIntoView({block: "center"});
  const place = text.getBoundingClientRect();
  const under = document.elementsFromPoint(place.x + place.width / 2, place.y + place.height / 2)
    .filter((node) => node !== text && ["path", "rect"].includes(node.tagName) && getComputedStyle(node).fill !== "none"
      && Number(getComputedStyle(node).fillOpacity) > 0.9 && !getComputedStyle(node).fill.startsWith("rgba(0, 0, 0, 0")
      && Number(getComputedStyle(node).opacity) > 0.9);
  const ground = under.length ? numbers(getComputedStyle(under[0]).fill) : [255, 255, 255];
  const [a, b] = [light(numbers(style.fill)), light(ground)].sort((x, y) => y - x);
  found.push([text.textContent, (a + 0.05) / (b + 0.05)]);
}
return found;"""


@pytest.mark.parametrize("place", ["", "network", "leadership", LINE])
def test_text_in_drawings_stands_out(published: Path, driver: WebDriver, place: str) -> None:
    """WCAG 1.4.3 within charts, which axe-core does not look into: 4.5 to 1 at least."""
    opened(driver, published / "report.en.html", place)
    found = driver.execute_script(CONTRASTS)
    assert len(found) > 10
    assert [(text, ratio) for text, ratio in found if ratio < 4.5] == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_no_name_is_written_over_another(
    published: Path, driver: WebDriver, size: tuple[int, int]
) -> None:
    sized(driver, *size)
    opened(driver, published / "report.nl.html", f"network{TEAMS}")
    crossing = driver.execute_script("""
const found = new Map([...document.querySelectorAll(".map svg text")].map((one) => [one.textContent, one.getBoundingClientRect()]));
const names = [...found].filter(([text]) => text.length > 3);
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
return [names.length, names.flatMap(([one, a], n) => names.slice(n + 1).filter(([, b]) => meet(a, b)).map(([two]) => `${one} / ${two}`))];""")
    assert crossing[0] > 20
    assert crossing[1] == []


def test_every_drawing_says_in_words_what_it_shows(published: Path, driver: WebDriver) -> None:
    for place in PAGES:
        opened(driver, published / "report.en.html", place)
        for chart in driver.find_elements(By.CSS_SELECTOR, ".chart"):
            assert chart.get_attribute("role") == "img"
            label = chart.get_attribute("aria-label") or ""
            assert len(label) > 20
            assert "Vega" not in label
            figure = chart.find_element(By.XPATH, "./ancestor::figure")
            assert figure.find_elements(By.CSS_SELECTOR, ".behind summary")
            assert figure.find_elements(By.CSS_SELECTOR, "button.save")


def test_the_keyboard_reaches_everything_in_order(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html")
    seen = []
    for _ in range(14):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(driver.switch_to.active_element)
    assert seen[0].get_attribute("textContent") == "Skip to content"
    ids = [one.get_attribute("id") for one in seen]
    assert [one for one in ids if one in {"period", "boundary", "channel", "grain"}] == [
        "period", "boundary", "channel", "grain",
    ]  # fmt: skip
    tops = [one.location["y"] for one in seen[1:]]
    assert tops == sorted(tops)
    outline = driver.execute_script(
        "return getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "solid3px"


def test_the_skip_link_goes_to_the_content_and_changes_nothing(
    published: Path, driver: WebDriver
) -> None:
    opened(driver, published / "report.en.html", "leadership")
    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    settled(driver)
    assert driver.switch_to.active_element.tag_name in {"main", "h1"}
    assert driver.find_element(By.TAG_NAME, "h1").text == "Shared leadership"


def test_a_new_page_is_announced_by_its_heading(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html")
    driver.find_element(By.LINK_TEXT, "Shared leadership").send_keys(Keys.ENTER)
    settled(driver)
    assert driver.switch_to.active_element.tag_name == "h1"
    assert driver.switch_to.active_element.text == "Shared leadership"


def test_nothing_moves_by_itself(published: Path, driver: WebDriver) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )
    try:
        opened(driver, published / "report.en.html")
        moving = driver.execute_script(
            "return document.getAnimations().length + [...document.querySelectorAll('*')].filter((one) =>"
            " parseFloat(getComputedStyle(one).transitionDuration) > 0).length"
        )
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert moving == 0


@pytest.mark.parametrize("place", ["", "network", "leadership", LINE, "data", "about"])
def test_paper(published: Path, driver: WebDriver, tmp_path: Path, place: str) -> None:
    """A4, nothing to press on it, nothing cut off at the right."""
    opened(driver, published / "report.en.html", place)
    made = driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    paper = tmp_path / "page.pdf"
    paper.write_bytes(b64decode(made["data"]))
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) <= 14
    text = subprocess.run(
        ["pdftotext", "-layout", str(paper), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert driver.find_element(By.TAG_NAME, "h1").text in text
    assert "Save as CSV" not in text
    assert "Skip to content" not in text
