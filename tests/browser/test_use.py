"""What a reader does with the report: choose, slide, look up, save, go back."""

from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.browser.chromium import PHONE, SECONDS, opened, settled, sized

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver

pytestmark = pytest.mark.slow


def choose(driver: WebDriver, name: str, text: str) -> None:
    Select(driver.find_element(By.ID, name)).select_by_visible_text(text)
    settled(driver)


def tap(driver: WebDriver, place: dict[str, float]) -> None:
    for kind, points in (("touchStart", [place]), ("touchEnd", [])):
        driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def saved(downloads: Path) -> list[dict[str, str]]:
    """The one CSV file that the browser saved, once it is whole."""
    end = time.monotonic() + SECONDS
    while not (files := list(downloads.glob("*.csv"))):
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    with files[0].open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def rows(published: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(published / "bi.duckdb"), read_only=True) as con:
        return con.sql(query).fetchall()


def test_choices_change_the_page_and_its_address(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html", "network")
    main = driver.find_element(By.TAG_NAME, "main").text
    assert "Q3 2026" in main
    choose(driver, "period", "Q2 2026")
    assert "p=2026-Q2" in driver.current_url
    assert "Q2 2026" in driver.find_element(By.TAG_NAME, "main").text
    choose(driver, "boundary", "Sectors")
    assert "b=sector" in driver.current_url
    choose(driver, "channel", "messages")
    assert "c=message" in driver.current_url
    kept = driver.current_url
    text = driver.find_element(By.TAG_NAME, "main").text
    driver.back()
    settled(driver)
    assert Select(driver.find_element(By.ID, "channel")).first_selected_option.text != "messages"
    # The address alone brings it all back.
    driver.get("about:blank")
    driver.get(kept)
    settled(driver)
    assert driver.find_element(By.TAG_NAME, "main").text == text


def test_going_back_undoes_the_first_choice_too(published: Path, driver: WebDriver) -> None:
    driver.get((published / "report.en.html").resolve().as_uri())
    settled(driver)
    choose(driver, "period", "Q2 2026")
    driver.back()
    settled(driver)
    assert Select(driver.find_element(By.ID, "period")).first_selected_option.text == "Q3 2026"


def test_the_slider_goes_through_time_by_keyboard(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html", "network")
    slider = driver.find_element(By.CSS_SELECTOR, "input[type=range]")
    output = driver.find_element(By.CSS_SELECTOR, ".slider output")
    said = driver.find_element(By.CSS_SELECTOR, ".network .says")
    drawn = driver.find_element(By.CSS_SELECTOR, ".map svg").get_attribute("innerHTML")
    assert output.text == slider.get_attribute("aria-valuetext") == "September 2026"
    for _ in range(3):
        slider.send_keys(Keys.ARROW_LEFT)
    time.sleep(0.5)
    assert output.text == slider.get_attribute("aria-valuetext") == "June 2026"
    assert said.text.startswith("June 2026")
    assert driver.find_element(By.CSS_SELECTOR, ".map svg").get_attribute("innerHTML") != drawn
    driver.find_element(By.CSS_SELECTOR, "button[aria-label='Later']").click()
    assert output.text == "July 2026"


def test_the_saved_matrix_is_what_was_published(
    published: Path, driver: WebDriver, downloads: Path
) -> None:
    opened(driver, published / "report.en.html", "network?p=2026-Q2")
    driver.find_element(By.CSS_SELECTOR, ".matrix button.save").click()
    told = {
        (row["Unit"], row["Other unit"]): float(row["Weight"]) if row["Weight"] else None
        for row in saved(downloads)
    }
    wanted = {
        (unit, other): value
        for unit, other, value in rows(
            published,
            "SELECT unit, other_unit, value FROM mart.metric_value WHERE metric = 'flow' AND measure = 'weight'"
            " AND grain = 'quarter' AND period = DATE '2026-04-01' AND channel = '(all)'"
            " AND boundary = 'organisation' AND unit NOT IN ('(unknown)', '(all)')"
            " AND other_unit NOT IN ('(unknown)', '(all)')",
        )
    }
    assert len(wanted) > 20
    assert told == {
        key: None if value is None else pytest.approx(value, rel=1e-3)
        for key, value in wanted.items()
    }


def test_the_saved_trend_is_what_was_published(
    published: Path, driver: WebDriver, downloads: Path
) -> None:
    opened(driver, published / "report.en.html", "leadership")
    figure = driver.find_element(By.CSS_SELECTOR, "#initiating ~ .charts figure")
    figure.find_element(By.CSS_SELECTOR, "button.save").click()
    told = [float(row["Value"]) for row in saved(downloads) if row["Value"]]
    wanted = [
        value
        for (value,) in rows(
            published,
            "SELECT value FROM mart.metric_value WHERE metric = 'initiators' AND measure = 'effective'"
            " AND grain = 'month' AND channel = '(all)' AND boundary = 'organisation' AND unit = '(all)'"
            " AND other_unit = '(all)' AND value IS NOT NULL ORDER BY period",
        )
    ]
    assert len(wanted) >= 12
    assert told == pytest.approx(wanted, rel=1e-3)


def test_a_definition_shows_by_pointer_by_keyboard_and_by_touch(
    published: Path, driver: WebDriver
) -> None:
    opened(driver, published / "report.en.html", "leadership")
    term = driver.find_element(By.CSS_SELECTOR, "figure .term")
    meaning = driver.find_element(By.ID, term.get_attribute("aria-describedby") or "")
    assert not meaning.is_displayed()
    ActionChains(driver).move_to_element(term).perform()
    assert meaning.is_displayed()
    assert len(meaning.text) > 30
    ActionChains(driver).move_to_element(meaning).perform()  # can be pointed at
    assert meaning.is_displayed()
    ActionChains(driver).move_to_element(driver.find_element(By.TAG_NAME, "h1")).perform()
    assert not meaning.is_displayed()
    driver.execute_script("arguments[0].focus()", term)
    assert meaning.is_displayed()
    term.send_keys(Keys.ESCAPE)
    assert not meaning.is_displayed()

    sized(driver, *PHONE)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        opened(driver, published / "report.en.html", "leadership")
        for term in driver.find_elements(By.CSS_SELECTOR, ".term")[:6]:
            meaning = driver.find_element(By.ID, term.get_attribute("aria-describedby") or "")
            place = driver.execute_script(
                "arguments[0].scrollIntoView({block: 'center'});"
                "const box = arguments[0].getBoundingClientRect();"
                "return {x: box.x + Math.min(box.width, 20) / 2, y: box.y + box.height / 2}",
                term,
            )
            tap(driver, place)
            time.sleep(0.4)
            assert meaning.is_displayed(), term.text
            box = meaning.rect
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]
            assert driver.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
            box = driver.execute_script("return arguments[0].getBoundingClientRect()", meaning)
            tap(driver, {"x": box["x"] + 9, "y": box["y"] + 9})  # and away again
            time.sleep(0.4)
            assert not meaning.is_displayed(), term.text
    finally:
        driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_the_sides_of_a_line_are_told_in_the_order_of_its_name(
    published: Path, driver: WebDriver
) -> None:
    ((unit, other, people, others),) = rows(
        published,
        "SELECT unit, other_unit, people, other_people FROM mart.metric_value WHERE metric = 'flow'"
        " AND measure = 'weight' AND grain = 'quarter' AND period = DATE '2026-07-01' AND channel = '(all)'"
        " AND unit = 'Gemeente Rijnoever' AND other_unit = 'Welzijn Rijnoever'",
    )
    assert people != others
    for one, two, told in ((unit, other, (people, others)), (other, unit, (others, people))):
        opened(driver, published / "report.en.html", f"line/{one}/{two}")
        assert driver.find_element(By.TAG_NAME, "h1").text == f"{one} \u2013 {two}"
        facts = driver.find_element(By.CSS_SELECTOR, ".facts").text
        assert f"People on each side\n{told[0]} and {told[1]}" in facts


def test_people_of_no_unit_come_after_all_units(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html", "units")
    names = [
        row.text
        for row in driver.find_elements(By.CSS_SELECTOR, "section[aria-labelledby=units] tbody tr")
    ]
    assert "(unknown)" not in names[0]
    assert names[-1].startswith("(unknown)")


def test_a_unit_and_a_line_are_a_click_away(published: Path, driver: WebDriver) -> None:
    opened(driver, published / "report.en.html", "units")
    driver.find_element(By.LINK_TEXT, "Welzijn Rijnoever").click()
    settled(driver)
    assert driver.find_element(By.TAG_NAME, "h1").text == "Welzijn Rijnoever"
    driver.find_element(By.CSS_SELECTOR, "main table a").click()
    settled(driver)
    assert " \u2013 " in driver.find_element(By.TAG_NAME, "h1").text
