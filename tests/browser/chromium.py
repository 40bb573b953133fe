"""A real Chromium for the tests of the report: what it shows, what its console says, what it asks for."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver

CHROMIUM: Final = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER: Final = shutil.which("chromedriver")
AXE: Final = (
    Path(__file__).resolve().parents[2]
    / ".venv"
    / "npm"
    / "node_modules"
    / "axe-core"
    / "axe.min.js"
)
DESKTOP: Final = (1280, 900)
PHONE: Final = (375, 740)
NARROWEST: Final = (320, 640)  # WCAG 1.4.10: a page of 1280 magnified four times
QUIET: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
SECONDS: Final = 60


@contextmanager
def browser(folder: Path) -> Iterator[WebDriver]:
    """A browser whose profile and downloads are in `folder`; it listens to console and network."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for word in (*QUIET, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(folder), "download.prompt_for_download": False}
    )
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(3 * SECONDS)  # axe-core on a busy machine
    try:
        driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}
        )
        yield driver
    finally:
        driver.quit()


def sized(driver: WebDriver, width: int, height: int) -> None:
    """Make the window so large, as a phone if it is narrow."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def opened(driver: WebDriver, page: Path, place: str = "") -> None:
    """Load `page` anew at "#/place" and wait until all its charts are drawn."""
    driver.get("about:blank")
    driver.get(f"{page.resolve().as_uri()}#/{place}")
    settled(driver)


def settled(driver: WebDriver) -> None:
    WebDriverWait(driver, SECONDS, poll_frequency=0.05).until(
        lambda one: one.execute_script("return document.documentElement.dataset.ready") == "yes"
    )


def console(driver: WebDriver) -> list[str]:
    """Warnings and errors since the last time; asked for, they are gone."""
    return [
        entry["message"]
        for entry in driver.get_log("browser")
        if entry["level"] in {"SEVERE", "WARNING"}
    ]


def asked_for(driver: WebDriver) -> list[str]:
    """Addresses that anything in the browser asked for since the last time."""
    told = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    return [
        one["params"]["request"]["url"]
        for one in told
        if one["method"] == "Network.requestWillBeSent"
    ]


def violations(driver: WebDriver) -> list[dict[str, Any]]:
    """What axe-core finds against WCAG 2.2 A and AA, and its own best practices."""
    if not driver.execute_script("return typeof window.axe === 'object'"):
        driver.execute_script(AXE.read_text(encoding="utf-8"))
    found = driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',"
        " 'wcag21aa', 'wcag22aa', 'best-practice']}).then((told) => done(told.violations),"
        " (error) => done([{id: String(error), nodes: []}]))"
    )
    return [
        {
            "rule": one["id"],
            "impact": one.get("impact"),
            "at": [n["html"][:200] for n in one["nodes"]],
        }
        for one in found
    ]


def whole_height(driver: WebDriver) -> int:
    return int(driver.execute_script("return document.documentElement.scrollHeight"))
