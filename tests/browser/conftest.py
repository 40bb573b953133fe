from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import (
    AXE,
    CHROMIUM,
    DESKTOP,
    DRIVER,
    asked_for,
    browser,
    console,
    sized,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.chrome.webdriver import WebDriver


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the demo network's release; TIELINE_DEMO_RELEASE names one that is made already."""
    made = os.environ.get("TIELINE_DEMO_RELEASE")
    if made:
        return Path(made)
    from flows.config import SETTINGS
    from flows.config_read import read_config
    from flows.demo_network import write_demo
    from flows.key import make_key
    from flows.starting import DEMO_END, demo_settings
    from tests.flows.test_cli import night

    folder = tmp_path_factory.mktemp("browser") / "demo"
    write_demo(folder, end=DEMO_END)
    make_key(folder / "secret" / "tieline.key")
    (folder / SETTINGS).write_text(demo_settings(), encoding="utf-8")
    config = read_config(folder / SETTINGS)
    night(config)
    return config.current.parent


@pytest.fixture(scope="session")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebDriver, Path]]:
    """One browser for all tests, and the folder that it saves files in."""
    absent = [
        name
        for name, there in (
            ("Chromium", CHROMIUM),
            ("chromedriver", DRIVER),
            ("axe-core", AXE.is_file()),
        )
        if not there
    ]
    if absent:
        message = f"no {', '.join(absent)} here: make test-browser installs what is needed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("window")
    with browser(folder) as driver:
        yield driver, folder


@pytest.fixture
def driver(window: tuple[WebDriver, Path]) -> WebDriver:
    """The browser, as wide as a desktop, with nothing said and nothing asked for yet."""
    sized(window[0], *DESKTOP)
    console(window[0])
    asked_for(window[0])
    return window[0]


@pytest.fixture
def downloads(window: tuple[WebDriver, Path]) -> Path:
    """Where the browser saves files; empty of CSV files at first."""
    for old in window[1].glob("*.csv"):
        old.unlink()
    return window[1]
