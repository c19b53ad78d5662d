"""What the scoreboard puts into every release: the page and the workbook, as the release wants them described."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pipelines.language import CATALOGUES
from pipelines.release.pages import Page, digest
from pipelines.release.released import Release
from pipelines.scoreboard.rows import REGISTRIES, Place
from pipelines.settings import Settings

PAGE, WORKBOOK, BRIEF = "scoreboard.html", "scoreboard.xlsx", "brief.html"

_HERE = Path(__file__).parent


def place_of(settings: Settings) -> Place:
    """Whose scoreboard it is, by the settings."""
    return Place(
        settings.province_code, settings.portal_code, settings.province_name, settings.seeds, settings.language or "vi"
    )


def pages(place: Place) -> list[Page]:
    """The files for people. Their design is this folder's text and the registries that the release does not hold."""
    code = sorted(
        path for pattern in ("*.py", "templates/*") for path in _HERE.glob(pattern) if path.name != "terminal.py"
    )
    catalogues = sorted(CATALOGUES.rglob("*.mo"))
    registries = [place.seeds / f"{name}.csv" for name in REGISTRIES]
    about = f"{place.province_code} {place.portal_code} {place.province_name} {place.language}".encode()
    design = digest([about, *(path.read_bytes() for path in (*code, *catalogues, *registries))])
    title, title_en = f"Bảng chỉ tiêu chuyển đổi số {place.province_name}", "Digital transformation scoreboard"
    return [
        Page(PAGE, title, title_en, "text/html", design, partial(_page, place)),
        Page(
            WORKBOOK,
            f"{title} (bảng tính)",
            f"{title_en} (workbook)",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            design,
            partial(_workbook, place),
        ),
        Page(
            BRIEF,
            f"Tóm tắt cho lãnh đạo {place.province_name}",
            f"Brief for the leaders of {place.province_name}",
            "text/html",
            design,
            partial(_brief, place),
        ),
    ]


def prepare() -> None:
    """Make ready to draw."""
    from pipelines.scoreboard.page import prepare

    prepare()


def _page(place: Place, release: Release) -> bytes:
    from pipelines.scoreboard.page import draw

    return draw(release, place)


def _brief(place: Place, release: Release) -> bytes:
    from pipelines.scoreboard.page import draw_brief

    return draw_brief(release, place)


def _workbook(place: Place, release: Release) -> bytes:
    from pipelines.scoreboard.workbook import draw

    return draw(release, place)
