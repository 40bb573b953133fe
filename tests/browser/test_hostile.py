"""Names that are HTML, scripts, formulas or expressions stay text, in every drawing, table and file."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.browser.chromium import SECONDS, asked_for, console, opened
from tests.serving.made_up import cell, content, facts, fill, step
from warehouse import schema
from warehouse.connection import open_warehouse
from warehouse.serving.publish import publish
from warehouse.serving.report import write_beside

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = pytest.mark.slow
NAMES = (
    "</script><script>window.harmed = 1</script>",
    '<img src=x onerror="window.harmed = 1">',
    "{unit} {{constructor.constructor('window.harmed = 1')()}} $$",
    "'); window.harmed = 1; ('",
    '=HYPERLINK("http://127.0.0.1:9/";"x")',
    "javascript:window.harmed=1",
    "a/b?p=2026-01&c=#/about",
    "<!--<script>",
    "__proto__",
)
MONTHS = [date(2026, month, 1) for month in range(1, 5)]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release in which everything that somebody else names is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    keys = [
        {
            "grain": "month",
            "period": month,
            "unit": unit,
            "other_unit": other,
            "value": float(n + 2),
        }
        for month in MONTHS
        for n, unit in enumerate(NAMES)
        for other in NAMES[n + 1 :]
    ]
    with open_warehouse(folder / "private" / "tieline.duckdb", reach=[folder / "public"]) as con:
        fill(con, schema.METRIC_VALUE, [cell(**key) for key in keys])
        fill(con, schema.TREND, [step(**key) for key in keys])
        return publish(
            con, folder / "public", content=content(), facts=replace(facts(), network=NAMES[0]),
            beside=write_beside,
        ).parent  # fmt: skip


@pytest.mark.parametrize("language", ["nl", "en"])
def test_names_harm_nobody(hostile: Path, driver: WebDriver, language: str) -> None:
    page = hostile / f"report.{language}.html"
    places = [
        "", "network", "units", "leadership", "measures", "data", "about",
        *(f"unit/{quote(name, safe='')}" for name in NAMES),
        f"line/{quote(NAMES[0], safe='')}/{quote(NAMES[1], safe='')}",
    ]  # fmt: skip
    for place in places:
        opened(driver, page, place)
        for details in driver.find_elements(By.CSS_SELECTOR, "details:not([open]) summary"):
            details.click()
        # Tooltips of drawings are made as the pointer comes.
        for mark in driver.find_elements(
            By.CSS_SELECTOR, ".chart svg [aria-roledescription], .chart svg .mark-symbol path"
        )[:6]:
            ActionChains(driver).move_to_element(mark).perform()
        assert driver.execute_script("return window.harmed") is None, place
        assert driver.find_elements(By.CSS_SELECTOR, "#app img, #app script, .vg-tooltip img") == []
        assert "\n".join(console(driver)) == "", place
    assert {one.split("#")[0] for one in asked_for(driver)} <= {
        page.resolve().as_uri(), "about:blank",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_name_has_its_page(hostile: Path, driver: WebDriver, name: str) -> None:
    opened(driver, hostile / "report.en.html", f"unit/{quote(name, safe='')}")
    assert driver.find_element(By.TAG_NAME, "h1").get_attribute("textContent") == name


def test_a_spreadsheet_runs_no_name(hostile: Path, driver: WebDriver, downloads: Path) -> None:
    opened(driver, hostile / "report.en.html", "network")
    driver.find_element(By.CSS_SELECTOR, ".matrix button.save").click()
    end = time.monotonic() + SECONDS
    while not (files := list(downloads.glob("*.csv"))):
        assert time.monotonic() < end
        time.sleep(0.05)
    with files[0].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {row[side] for row in rows for side in ("Unit", "Other unit")}
    assert names == {f"'{name}" if name.startswith("=") else name for name in NAMES}
