"""The report of a network of which little can be told: words stand where there are no numbers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import console, opened
from tests.browser.test_report import PAGES
from tests.serving.made_up import cell, content, facts, fill, step
from warehouse import schema
from warehouse.connection import open_warehouse
from warehouse.serving.publish import publish
from warehouse.serving.report import write_beside

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = pytest.mark.slow
MONTHS = [date(2026, month, 1) for month in range(1, 5)]
LINES = {("North", "North"): 9, ("North", "South"): 2, ("South", "South"): 2}  # people


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release in which only what passes inside one unit is told."""
    folder = tmp_path_factory.mktemp("small")
    keys = [
        {"grain": "month", "period": month, "unit": unit, "other_unit": other}
        for month in MONTHS
        for unit, other in LINES
    ]
    people = [LINES[key["unit"], key["other_unit"]] for key in keys]
    cells = [cell(**key, people=n, other_people=n) for key, n in zip(keys, people, strict=True)]
    with open_warehouse(folder / "private" / "tieline.duckdb", reach=[folder / "public"]) as con:
        fill(con, schema.METRIC_VALUE, cells)
        fill(con, schema.TREND, [step(**key) for key in keys])
        return publish(
            con, folder / "public", content=content(), facts=facts(), beside=write_beside
        ).parent


@pytest.mark.parametrize("place", PAGES)
def test_every_page_draws(small: Path, driver: WebDriver, place: str) -> None:
    opened(driver, small / "report.nl.html", place)
    assert driver.find_element(By.TAG_NAME, "h1").text
    assert console(driver) == []


def test_the_matrix_says_that_only_insides_are_shown(small: Path, driver: WebDriver) -> None:
    opened(driver, small / "report.en.html", "network")
    said = driver.find_element(By.CSS_SELECTOR, ".matrix .says").text
    assert said == "March 2026: there are numbers to be seen inside units only."


def test_lines_without_a_state_are_on_the_map(small: Path, driver: WebDriver) -> None:
    opened(driver, small / "report.en.html", "network")
    said = driver.find_element(By.CSS_SELECTOR, ".network .says").text
    assert said.startswith("March 2026: interaction is seen on 0 lines.")
    assert said.endswith("1 hidden.")


def test_no_part_is_left_empty(small: Path, driver: WebDriver) -> None:
    opened(driver, small / "report.en.html", "leadership")
    for name in ("convening", "introducing", "joint", "depending"):
        part = driver.find_element(By.XPATH, f"//section[h2[@id='{name}']]")
        assert "There is nothing to show here for this choice." in part.text
    card = driver.find_element(By.ID, "answer-introduction").text
    assert "None, as far as can be seen." in card
    assert "the line is named" not in card
