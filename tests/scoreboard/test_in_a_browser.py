"""The page in a real Chromium, at the widths of a phone, a tablet and a desk, in both languages and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from board_world import PLACE, TARGETS, release

from pipelines.scoreboard.answers import LISTED
from pipelines.scoreboard.model import model
from pipelines.scoreboard.pages import pages
from pipelines.settings import PROJECT_ROOT

CHROMIUM = Path("/usr/bin/chromium")
AXE = PROJECT_ROOT / "dist" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]

VIETNAMESE = re.compile("[à-ãè-êìíò-õùúýăđĩũơưạ-ỹ]", re.IGNORECASE)
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


def speak(page: Any, language: str) -> None:
    if page.evaluate("document.documentElement.lang") != language:
        page.locator("#language").click()


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("width", [320, 390, 820, 1440])
def test_nothing_runs_out_of_the_screen(tab: Any, width: int, language: str, tmp_path: Path) -> None:
    speak(tab, language)
    tab.set_viewport_size({"width": width, "height": 900})
    tab.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert len(tab.screenshot(path=tmp_path / f"{width}.png", full_page=True)) > 10_000


def test_vietnamese_first_and_english_at_the_switch(tab: Any) -> None:
    summary = tab.locator("#chi-tieu .tally")
    vietnamese = "11 chỉ tiêu trong các văn bản: 8 đã đánh giá được, 1 có số liệu nhưng chưa đánh giá được"
    assert summary.inner_text().replace("\u00a0", " ").startswith(vietnamese)
    button = tab.get_by_role("button", name="English")
    button.press("Enter")
    assert tab.evaluate("document.documentElement.lang") == "en"
    english = "11 targets in the documents: 8 assessed, 1 with a value that cannot be assessed yet, 2 without data."
    assert summary.inner_text().replace("\u00a0", " ").startswith(english)
    assert tab.title().startswith("Digital transformation scoreboard")
    assert tab.locator("#ct-on_time .value").inner_text() == "81.82\u00a0%"
    tab.get_by_role("button", name="Tiếng Việt").click()
    assert tab.locator("#ct-on_time .value").inner_text() == "81,82\u00a0%"


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


def sheets(printed: bytes) -> int:
    assert printed.startswith(b"%PDF")
    return printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ")


def test_it_prints_on_a_few_sheets(tab: Any, tmp_path: Path) -> None:
    assert 1 <= sheets(tab.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)) <= 8


def test_the_brief_takes_at_most_half_a_sheet(chromium: Any, address: str, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.goto(address.replace("scoreboard.html", "brief.html"))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 703, "height": 500})  # A4 without its margins, at 96 points an inch
    assert page.evaluate("document.body.scrollHeight") <= (297 - 20) / 2 / 25.4 * 96
    assert sheets(page.pdf(path=tmp_path / "brief.pdf", prefer_css_page_size=True)) == 1
    page.close()


@pytest.mark.skipif(not AXE.exists(), reason=f"no axe-core at {AXE}: make axe")
@pytest.mark.parametrize(
    ("name", "language"), [("scoreboard.html", "vi"), ("scoreboard.html", "en"), ("brief.html", "vi")]
)
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(chromium: Any, address: str, name: str, language: str, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.goto(address.replace("scoreboard.html", name))
    if language == "en":
        speak(page, language)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(run => run.violations.map(v => [v.id, v.nodes[0].html]))")
    page.close()
    assert found == []


def test_the_first_screen_counts_what_the_table_for_bi_tools_counts(chromium: Any, tmp_path: Path) -> None:
    release(tmp_path, {"target_progress": TARGETS}, with_pages=[*pages(PLACE), model(PLACE)])
    folder = (tmp_path / "current").resolve()
    tab = chromium.new_page()
    tab.goto((folder / "scoreboard.html").as_uri())
    counted = dict(
        duckdb.sql(
            f"""
            with targets as (
                select
                    coalesce(indicator, target_id) as indicator,
                    target_year < {folder.name[:4]} as is_overdue,
                    t.* exclude (indicator)
                from '{folder}/bi/scoreboard.parquet' as t
                where area_code is distinct from 'VN'
            ),

            lists as (
                select
                    indicator,
                    min(case
                        when status in ('moderate', 'insufficient', 'away') then 1
                        when status = 'no_data' and coalesce(no_data_reason = 'due_and_missing', is_overdue) then 2
                        when status = 'not_assessed' and is_overdue and target_value is not null then 2
                        when status in ('met', 'met_provisional') then 3
                    end) as list
                from targets group by indicator
            )

            select list, count(*) from lists where list is not null group by list
            """
        ).fetchall()
    )
    assert sum(counted.values()) > 0
    for number, group in enumerate(LISTED, 1):
        shown = tab.locator(f".count.{group} b").inner_text()
        assert int(shown) == counted.get(number, 0) == tab.locator(f"#ds-{group} .line").count()
    tab.close()


def test_in_english_what_a_screen_reader_says_is_english(tab: Any) -> None:
    def names() -> list[str]:
        snapshot = tab.locator("body").aria_snapshot()
        return re.findall(r"- (?:region|navigation|complementary|img|button) \"([^\"]*)\"", snapshot)

    tab.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert {"Các phần của trang", "Các bảng công bố"} <= set(names())
    speak(tab, "en")
    assert {"Sections of the page", "Published tables"} <= set(names())
    names_of_data = ("Tiếng Việt", "Cổng <")  # the switch, and a title that has no English
    spoken = [name for name in names() if not name.startswith(names_of_data)]
    assert [name for name in spoken if VIETNAMESE.search(name.replace("QĐ", ""))] == []


def test_in_forced_colours_a_status_keeps_its_symbol_and_its_word(chromium: Any, address: str) -> None:
    page = chromium.new_page(forced_colors="active")
    page.goto(address)
    badge = page.locator("#ct-on_time .badge")
    assert badge.locator("svg").is_visible()
    assert badge.inner_text() == "Xa dần mục tiêu"
    page.close()


def test_the_map_answers_to_keyboard_and_touch(chromium: Any, address: str) -> None:
    context = chromium.new_context(has_touch=True, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.locator(".panel:visible [data-code='18073']").tap()
    assert page.locator("#xa-chon").inner_text().startswith("phường Thành Sen")
    page.locator("#tim-xa").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("tran phu")
    assert page.locator("#xa-chon").inner_text().startswith("phường Trần Phú")
    page.locator("#do-on_time_pct").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#t-online_pct").is_visible()
    context.close()
