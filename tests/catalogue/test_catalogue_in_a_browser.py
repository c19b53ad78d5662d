"""The catalogue page in a real Chromium: it asks for nothing, and its filter finds tables without diacritics."""

from __future__ import annotations

from pathlib import Path

import catalogue_world as world
import pytest

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_filter_finds_a_table_and_nothing_is_loaded(tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    address = (world.release(tmp_path).open.path / "catalogue.html").resolve().as_uri()
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append("a text of the data was run"))
        page.on("request", lambda request: request.url == address or complaints.append(request.url))
        page.goto(address)
        shown = page.locator("article:visible")
        assert shown.count() == 2
        page.fill("#filter", "LICH cong bo")
        assert [item.get_attribute("id") for item in shown.all()] == ["publication_calendar"]
        page.fill("#filter", "no such table")
        assert shown.count() == 0
        page.fill("#filter", "")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen"
        browser.close()
    assert complaints == []
