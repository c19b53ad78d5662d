"""Pictures of what readers see of the current release, into dist/pictures: `make pictures`.

The page at three widths, dark, in forced colours and in English; page, brief and workbook as sheets of paper. Chromium
draws the pages, LibreOffice the workbook; whichever is not installed is left out, with its name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.release.released import Release
from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.pages import BRIEF, PAGE, WORKBOOK, pages, place_of
from pipelines.settings import PROJECT_ROOT, load_settings

OUT = PROJECT_ROOT / "dist" / "pictures"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = {"phone": 390, "tablet": 820, "desk": 1440}
DPI = 80


def draw(folder: Path, release: Release) -> None:
    """Page, brief and workbook of a release by the present code, in both languages: `en-scoreboard.html`, …"""
    settings = load_settings()
    for language, prefix in (("vi", ""), ("en", "en-")):
        for page in pages(replace(place_of(settings), language=language)):
            (folder / f"{prefix}{page.path}").write_bytes(page.draw(release))


def photograph(browser: Any, folder: Path) -> None:
    """The page on every screen, and what prints as PDF."""

    def shot(name: str, file: str = PAGE, width: int = WIDTHS["desk"], *, whole: bool = True, **context: Any) -> None:
        page = browser.new_page(viewport={"width": width, "height": 900}, **context)
        page.goto((folder / file).as_uri())
        page.screenshot(path=OUT / f"{name}.png", full_page=whole)
        page.close()

    for name, width in WIDTHS.items():
        shot(f"page-{name}-{width}", width=width)
    shot("first-screen-1440", whole=False)
    shot("page-dark", color_scheme="dark")
    shot("page-forced-colours", forced_colors="active")
    shot("page-english", f"en-{PAGE}")
    for name in (PAGE, BRIEF):
        page = browser.new_page()
        page.goto((folder / name).as_uri())
        page.pdf(path=folder / f"print-{Path(name).stem}.pdf", prefer_css_page_size=True)
        page.close()


def sheets(pdf: Path, name: str) -> None:
    """A picture of each page of a PDF."""
    subprocess.run(["pdftoppm", "-r", str(DPI), "-png", pdf, OUT / name], check=True)


def main() -> None:
    release = ReleaseStore(load_settings().marts).current()
    if release is None:
        sys.exit("There is no release yet: hatinh run")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    missing = [name for name in ("soffice", "pdftoppm") if shutil.which(name) is None]
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with tempfile.TemporaryDirectory(prefix="hatinh-") as place:
        folder = Path(place)
        draw(folder, release)
        if chromium:
            from playwright.sync_api import sync_playwright

            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                photograph(browser, folder)
                browser.close()
        if "soffice" not in missing:
            command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", folder, folder / WORKBOOK]
            subprocess.run(command, check=True, capture_output=True)
        if "pdftoppm" not in missing:
            for pdf in sorted(folder.glob("*.pdf")):
                sheets(pdf, "workbook" if pdf.stem == Path(WORKBOOK).stem else pdf.stem)
    print(*sorted(path.name for path in OUT.iterdir()), sep="\n")
    for name in (*missing, *(() if chromium else ("chromium",))):
        print(f"left out: {name} is not installed")


if __name__ == "__main__":
    main()
