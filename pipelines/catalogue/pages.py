"""What the catalogue puts into both editions of a release. Everything is made from the tables and their description."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines.release.pages import Page, digest
from pipelines.release.released import Release
from pipelines.settings import Settings

CATALOGUE, DCAT, SHEETS, CALENDAR = "catalogue.html", "catalog.jsonld", "metadata.json", "calendar.ics"
STRUCTURE, DATA = "structure.sdmx.xml", "indicator_values.sdmx.csv"

_HERE = Path(__file__).parent


def pages(settings: Settings) -> list[Page]:
    """The files, the same kinds for both editions. Their design is this folder's text and the registries and methods
    that a release does not hold."""
    code = sorted(path for pattern in ("*.py", "*.html") for path in _HERE.glob(pattern))
    methods = sorted(settings.methods.glob("*.md")) if settings.methods else []
    statuses = settings.seeds / "obs_statuses.csv"
    about = f"{settings.province_code} {settings.province_name}".encode()
    design = digest([about, *(path.read_bytes() for path in (*code, *methods, statuses))])

    def page(path: str, title: str, title_en: str, mediatype: str, draw: Callable[[Release], bytes]) -> Page:
        return Page(path, title, title_en, mediatype, design, draw)

    return [
        page(CATALOGUE, "Danh mục bảng số liệu", "Catalogue of the tables", "text/html", _page),
        page(DCAT, "Danh mục theo DCAT-AP", "Catalogue in DCAT-AP", "application/ld+json", partial(_dcat, settings)),
        page(SHEETS, "Phiếu siêu dữ liệu", "Metadata sheets", "application/json", partial(_sheets, settings)),
        page(CALENDAR, "Lịch công bố", "Release calendar", "text/calendar", _calendar),
        page(STRUCTURE, "Cấu trúc SDMX", "SDMX structure", "application/xml", partial(_structure, settings)),
        page(DATA, "Giá trị chỉ số, SDMX-CSV", "Values in SDMX-CSV", "text/csv", partial(_data, settings)),
    ]


def _page(release: Release) -> bytes:
    from pipelines.catalogue.page import draw

    return draw(release)


def _dcat(settings: Settings, release: Release) -> bytes:
    from pipelines.catalogue.dcat import draw

    return draw(release, settings.province_name)


def _sheets(settings: Settings, release: Release) -> bytes:
    from pipelines.catalogue.sheets import draw

    return draw(release, settings.methods, settings.province_name)


def _calendar(release: Release) -> bytes:
    from pipelines.catalogue.calendar import draw

    return draw(release)


def _agency(settings: Settings) -> str:
    """The maintenance agency in SDMX."""
    return f"VN{settings.province_code}"


def _structure(settings: Settings, release: Release) -> bytes:
    from pipelines.catalogue.sdmx import structure

    return structure(release, _agency(settings), settings.seeds)


def _data(settings: Settings, release: Release) -> bytes:
    from pipelines.catalogue.sdmx import data

    return data(release, _agency(settings), settings.seeds)
