"""The page in a real Chromium, at the widths of a phone, a tablet and a desk, in both languages and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from board_world import release

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]

CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("board")
    release(root)
    return (root / "current" / "scoreboard.html").resolve().as_uri()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any, address: str) -> Iterator[Any]:
    """A page that fails the test when it complains or asks for anything but itself."""
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: request.url in (address, "data:,") or complaints.append(request.url))
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_nothing_runs_out_of_the_screen(tab: Any, width: int, tmp_path: Path) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    tab.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert len(tab.screenshot(path=tmp_path / f"{width}.png", full_page=True)) > 10_000


def test_vietnamese_first_and_english_at_the_switch(tab: Any) -> None:
    summary = tab.locator("#chi-tieu .tally")
    vietnamese = "11 chỉ tiêu trong các văn bản: 8 đã đánh giá được, 1 có số liệu nhưng chưa đánh giá được"
    assert summary.inner_text().startswith(vietnamese)
    button = tab.get_by_role("button", name="English")
    button.press("Enter")
    assert tab.evaluate("document.documentElement.lang") == "en"
    english = "11 targets in the documents: 8 assessed, 1 with a value that cannot be assessed yet, 2 without data."
    assert summary.inner_text().startswith(english)
    assert tab.title().startswith("Digital transformation scoreboard")
    assert tab.locator("#ct-on_time .value").inner_text() == "81.82 %"
    tab.get_by_role("button", name="Tiếng Việt").click()
    assert tab.locator("#ct-on_time .value").inner_text() == "81,82 %"


def test_without_scripts_it_is_whole_in_vietnamese(chromium: Any, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.get_by_role("heading", name="Bảng chỉ tiêu chuyển đổi số").is_visible()
    assert not page.locator("#language").is_visible()
    page.get_by_text("Hồ sơ nộp trực tuyến").first.click()
    assert page.locator("#t-online_pct").is_visible()
    assert not page.locator("#t-on_time_pct").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_text_stands_out_from_what_is_behind_it(tab: Any, scheme: str, width: int) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 900})
    tab.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert tab.evaluate(CONTRAST) == []


def test_the_keyboard_reaches_the_content_and_the_measures(tab: Any) -> None:
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "noi-dung"
    tab.locator("#do-on_time_pct").focus()
    assert tab.locator("#do-on_time_pct").is_checked()


def test_a_link_to_a_figure_opens_what_it_stands_on(tab: Any) -> None:
    tab.evaluate("location.hash = 'bang-target_progress'")
    tab.wait_for_function("document.getElementById('cac-bang').open")


def test_a_link_of_the_first_screen_shows_the_card_on_a_phone(tab: Any) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.reload()
    card = tab.locator("#ct-coverage")
    assert not card.is_visible()
    tab.evaluate("location.hash = 'ct-coverage'")
    card.wait_for(state="visible")


def test_a_commune_is_found_by_its_name_and_by_its_shape(tab: Any) -> None:
    tab.locator("#tim-xa").fill("thanh sen")
    shown = tab.locator("#xa-chon")
    assert shown.inner_text().startswith("phường Thành Sen · Hồ sơ tiếp nhận: 200 · Hồ sơ đúng hạn, trước hạn (%): 90")
    tab.locator("#tim-xa").fill("")
    assert shown.inner_text() == ""
    tab.locator(".panel:visible [data-code='18073']").click()
    assert shown.inner_text().startswith("phường Thành Sen")


def test_it_prints_on_a_few_sheets(tab: Any, tmp_path: Path) -> None:
    printed = tab.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert 1 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 8
