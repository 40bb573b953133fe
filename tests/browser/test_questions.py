"""The four questions of a network manager, answered on the first page, as the demo's stories have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import PHONE, opened, settled, sized
from tests.browser.test_use import choose

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = pytest.mark.slow


def told(driver: WebDriver, question: str) -> str:
    return driver.find_element(By.ID, f"answer-{question}").text


def test_which_lines_went_quiet(published: Path, driver: WebDriver) -> None:
    """Story 1: schools and police, from 1 April; in the next quarter they are quiet still."""
    opened(driver, published / "report.en.html", "?p=2026-Q2")
    answer = told(driver, "quiet")
    assert "1 line went quiet in Q2 2026" in answer
    assert "Now quiet: Politie \u2013 Scholengroep \u2013 last interaction 31 March 2026" in answer
    choose(driver, "period", "Q3 2026")
    answer = told(driver, "quiet")
    assert "No line went quiet in Q3 2026. 1 line was quiet already." in answer
    assert "Quiet for longer: Politie \u2013 Scholengroep" in answer
    # Story 5 is no silence: an organisation went into another.
    assert "closed" in answer
    assert "Thuiszorg" in answer


def test_which_line_hangs_on_one_person(published: Path, driver: WebDriver) -> None:
    """Story 4: general practitioners and welfare, until the connector leaves on 1 March."""
    page = published / "report.en.html"
    opened(driver, page, "?p=2025-12")
    answer = told(driver, "fragile")
    assert "Hangs on one person: Huisartsengroep \u2013 Welzijn" in answer
    opened(driver, page, "?p=2026-Q3")
    answer = told(driver, "fragile")
    assert "No line hangs on one person in Q3 2026" in answer
    assert "Comes closest: Politie \u2013 Ziekenhuis" in answer


def test_is_leadership_widening_or_narrowing(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html")
    answer = told(driver, "leadership")
    assert any(word in answer for word in ("Widening:", "Narrowing:", "About the same:"))
    # The direction is that of the number before it, and not of what the most active takes.
    was, direction, top = (
        answer.index(word) for word in ("In Q2 2026 it was", "Over the last", "The most active")
    )
    assert was < direction < top


def test_a_direction_is_that_of_the_chosen_period(published: Path, driver: WebDriver) -> None:
    """In December the data are eight weeks old: too few for any."""
    opened(driver, published / "report.en.html", "?p=2025-12")
    assert "Over the last" not in told(driver, "leadership")
    choose(driver, "period", "May 2026")
    assert "Over the last" in told(driver, "leadership")


def test_what_has_no_number_yet_is_not_called_silence(published: Path, driver: WebDriver) -> None:
    """In the first month nothing can have become of ties yet."""
    opened(driver, published / "report.en.html", "?p=2025-11")
    page = driver.find_element(By.TAG_NAME, "main").text
    assert "There is no number for this period" in page
    assert "There was no interaction" not in page


def test_a_channel_has_no_signals_of_its_own(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html", "?p=2026-Q2")
    assert driver.find_elements(By.CSS_SELECTOR, ".signals li")
    choose(driver, "channel", "meetings")
    assert "of all channels together only" in driver.find_element(By.TAG_NAME, "main").text


def test_which_initiative_grew_from_an_introduction(published: Path, driver: WebDriver) -> None:
    """Story 3: general practitioners and schools, whom the municipality introduced."""
    opened(driver, published / "report.en.html")
    answer = told(driver, "introduction")
    assert "Huisartsengroep \u2013 Scholengroep:" in answer
    assert "9 introductions took root from Q2 2026 on" in answer
    opened(driver, published / "report.en.html", "?p=2026-Q1")
    assert "None" in told(driver, "introduction")


@pytest.mark.parametrize(
    ("question", "place"), [("fragile", "depending"), ("introduction", "introducing")]
)
def test_more_about_it_leads_to_the_part_itself(
    published: Path, driver: WebDriver, question: str, place: str
) -> None:
    opened(driver, published / "report.en.html")
    driver.find_element(By.CSS_SELECTOR, f"#answer-{question} .more a").click()
    settled(driver)
    assert driver.switch_to.active_element.get_attribute("id") == place
    top = driver.execute_script("return document.activeElement.getBoundingClientRect().top")
    assert 0 <= top < 500


def test_what_deserves_attention_comes_first(published: Path, driver: WebDriver) -> None:
    for size in ((1280, 900), PHONE):
        sized(driver, *size)
        opened(driver, published / "report.en.html")
        first = driver.find_element(By.CSS_SELECTOR, ".signals li")
        assert first.rect["y"] < size[1]  # without scrolling
        headings = [one.text for one in driver.find_elements(By.TAG_NAME, "h2")]
        assert headings[0] == "What changed and deserves attention"
