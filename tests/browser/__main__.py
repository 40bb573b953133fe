"""Pictures of every page of a report, to be looked at: python -m tests.browser RELEASE FOLDER [PLACE ...]."""

from __future__ import annotations

import sys
from base64 import b64decode
from pathlib import Path

from tests.browser.chromium import DESKTOP, PHONE, browser, opened, sized, whole_height

PLACES = ("", "network", "units", "leadership", "measures", "data", "about")
TALLEST = 16000


def main(release: Path, folder: Path, *places: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with browser(folder) as driver:
        for language in ("nl", "en"):
            page = release / f"report.{language}.html"
            for place in places or PLACES:
                name = f"{language}-{(place.split('?')[0] or 'overview').replace('/', '-').replace('%20', '')}"
                for size, (width, height) in {"wide": DESKTOP, "phone": PHONE}.items():
                    sized(driver, width, height)
                    opened(driver, page, place)
                    sized(driver, width, min(TALLEST, whole_height(driver)))
                    driver.save_screenshot(str(folder / f"{name}-{size}.png"))
                sized(driver, *DESKTOP)
                paper = driver.execute_cdp_cmd(
                    "Page.printToPDF",
                    {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False},
                )
                (folder / f"{name}.pdf").write_bytes(b64decode(paper["data"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
