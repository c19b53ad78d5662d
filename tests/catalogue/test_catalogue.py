"""What others read of a release: portals by DCAT-AP, statistical systems by SDMX, calendars, Frictionless, people."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import catalogue_world as world
import pytest
from catalogue_world import Editions

from pipelines.catalogue.pages import CALENDAR, CATALOGUE, DATA, DCAT, SHEETS, STRUCTURE, pages
from pipelines.release.pages import Page
from pipelines.release.released import Release
from pipelines.release.store import ReleaseStore
from pipelines.scoreboard.model import model
from pipelines.scoreboard.pages import place_of
from pipelines.settings import load_settings

SHAPES = Path(__file__).with_name("dcat_ap.ttl")


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> Editions:
    return world.release(tmp_path_factory.mktemp("releases"))


@pytest.fixture(params=["internal", "open"])
def edition(request: pytest.FixtureRequest, editions: Editions) -> Release:
    found: Release = getattr(editions, request.param)
    return found


def test_both_editions_have_every_file_and_the_release_verifies(editions: Editions) -> None:
    assert editions.internal.undrawn == {}
    for edition in (editions.internal, editions.open):
        assert {page["path"] for page in edition.package["pages"]} == {p.path for p in pages(load_settings())}
    ReleaseStore(editions.internal.path.parent.parent).verify(editions.internal.id)


def test_the_data_package_is_valid_by_frictionless(edition: Release) -> None:
    from frictionless import Package, system

    with system.use_context(trusted=True):
        package = Package(str(edition.path / "datapackage.json"))
        report = package.validate()
    assert report.errors == []
    wrong = {task.name: [e.type for e in task.errors] for task in report.tasks if task.errors}
    # its reader of Parquet counts no bytes and reads an empty integer as NaN; the CSV of the same rows is read in full
    assert {kind for name, kinds in wrong.items() for kind in kinds} <= {"byte-count", "type-error"}
    assert not [name for name in wrong if name.endswith(".csv")]
    assert bool([task for task in report.tasks if task.name.endswith(".csv")]) == (
        edition.package.get("edition") == "open"
    )


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """An open edition with the tables for BI tools, among them the code lists."""
    drawn = [model(place_of(load_settings()))]
    return world.release(tmp_path_factory.mktemp("linked"), pages=drawn, open_pages=drawn).open


def keys_by_frictionless(folder: Path) -> list[str]:
    """Where a value of a CSV is not in the list that its column leads to."""
    from frictionless import Package, system

    with system.use_context(trusted=True):
        report = Package(str(folder / "datapackage.json")).validate()
    assert report.errors == []
    return [task.name for task in report.tasks for error in task.errors if error.type == "foreign-key"]


def test_a_column_of_codes_has_a_foreign_key_to_its_list(linked: Release) -> None:
    described = json.loads((linked.path / "datapackage.json").read_bytes())
    by_name = {resource["name"]: resource for resource in described["resources"]}
    stated = {
        key["fields"][0]: key["reference"]
        for name in ("indicator_values", "indicator_values.csv")
        for key in by_name[name]["schema"]["foreignKeys"]
    }
    assert stated["obs_status"] == {"resource": "dim_status", "fields": ["obs_status"]}
    assert stated["indicator"] == {"resource": "indicators", "fields": ["indicator"]}
    assert by_name["indicators"]["path"] == "bi/indicators.parquet"
    assert (linked.path / by_name["indicators"]["path"]).is_file()
    assert keys_by_frictionless(linked.path) == []


def test_a_code_that_is_in_no_list_takes_the_key_away_and_is_counted(linked: Release) -> None:
    described = json.loads((linked.path / "datapackage.json").read_bytes())
    calendar = next(resource for resource in described["resources"] if resource["name"] == "publication_calendar")
    assert calendar["unlisted_codes"] == {"indicator": 4}, "the indicators of this calendar are made up"
    assert "indicator" not in [key["fields"][0] for key in calendar["schema"].get("foreignKeys", ())]


def test_a_broken_foreign_key_is_found_by_frictionless(linked: Release, tmp_path: Path) -> None:
    shutil.copytree(linked.path, tmp_path / "open")
    path = tmp_path / "open" / "indicator_values.csv"
    path.chmod(0o600)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("smart_villages", "smart_villagez", 1), encoding="utf-8")
    assert keys_by_frictionless(tmp_path / "open") == ["indicator_values.csv"]


def test_the_code_lists_are_no_tables_of_the_release(tmp_path: Path) -> None:
    drawn = [model(place_of(load_settings()))]
    found = [world.release(tmp_path, day=day, pages=drawn).internal for day in (0, 1)]
    assert found[0].tables == ("indicator_values", "publication_calendar")
    assert found[0].id == found[1].id, "a second run has nothing new"
    ReleaseStore(tmp_path).verify(found[0].id)


def test_the_catalogue_conforms_to_dcat_ap(edition: Release) -> None:
    from pyshacl import validate
    from rdflib import DCAT as NS
    from rdflib import DCTERMS, RDF, Graph, URIRef

    graph = Graph().parse(edition.path / DCAT, format="json-ld")
    conforms, _, report = validate(graph, shacl_graph=Graph().parse(SHAPES))
    assert conforms, report
    base = f"https://example.test/so-lieu/releases/{edition.id}/"
    datasets = set(graph.subjects(RDF.type, NS.Dataset))
    assert datasets == {URIRef(f"{base}#indicator_values"), URIRef(f"{base}#publication_calendar")}
    files = {str(address).removeprefix(base) for address in graph.objects(None, NS.downloadURL)}
    assert files
    assert all((edition.path / name).is_file() for name in files)
    assert {str(licence) for licence in graph.objects(None, DCTERMS.license)} == {
        "https://creativecommons.org/licenses/by/4.0/"
    }


def test_a_catalogue_without_a_publisher_does_not_conform(edition: Release) -> None:
    from pyshacl import validate
    from rdflib import DCTERMS, Graph

    graph = Graph().parse(edition.path / DCAT, format="json-ld")
    graph.remove((None, DCTERMS.publisher, None))
    assert not validate(graph, shacl_graph=Graph().parse(SHAPES))[0]


def test_sdmx_reads_back_with_its_structure(edition: Release) -> None:
    """The structure is checked against the schema of SDMX-ML 3.0, and the values against the structure."""
    from pysdmx.io import get_datasets, read_sdmx

    message = read_sdmx(str(edition.path / STRUCTURE), validate=True)
    lists = {item.id: {code.id for code in item.items} for item in message.get_codelists()}
    (dsd,) = message.get_data_structure_definitions()
    (dataset,) = get_datasets(str(edition.path / DATA), str(edition.path / STRUCTURE))
    rows = dataset.data.to_dict("records")
    assert len(rows) == len(world.VALUES)
    for component in dsd.components:
        if component.local_codes:
            used = set(dataset.data[component.id].dropna().astype(str)) - {""}
            if component.local_codes.id == "CL_BOOLEAN":
                used = {code.lower() for code in used}  # pandas, which reads the file, makes them its own
            assert used <= lists[component.local_codes.id], component.id
    assert [component.id for component in dsd.components.dimensions] == [
        *("INDICATOR", "REF_AREA", "FREQ", "BASIS", "SOURCE", "DOCUMENT", "TIME_PERIOD")
    ]


def test_sdmx_keeps_zero_missing_and_suppressed_apart(edition: Release) -> None:
    import csv

    with (edition.path / DATA).open(encoding="utf-8", newline="") as file:
        rows = {row["TIME_PERIOD"]: row for row in csv.DictReader(file)}
    shown = {
        period: (row["FREQ"], row["OBS_VALUE"], row["OBS_STATUS"], row["CONF_STATUS"]) for period, row in rows.items()
    }
    assert shown == {
        "2026-09": ("M", "0.0", "A", "F"),
        "2026-S2": ("S", "", "O", "F"),
        "2026": ("A", "", "Q", "A"),
        "2026-Q4": ("Q", "81.82", "P", "F"),
    }
    assert rows["2026-S2"]["SOURCE"] == "_Z", "a part of the key is never empty"
    assert rows["2026"]["DOCUMENT"] == world.HOSTILE
    assert rows["2026-09"]["IS_CHOSEN"] == "true"


def test_the_calendar_lists_what_is_still_to_come_by_day_and_publisher(edition: Release) -> None:
    content = (edition.path / CALENDAR).read_bytes()
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    text = content.replace(b"\r\n ", b"").decode()
    assert re.findall(r"DTSTART;VALUE=DATE:(\d+)", text) == ["20261206"]
    assert "SUMMARY:Cục Thống kê: 2 chuỗi số liệu" in text
    assert r"Chỉ số\, a\; dài" in text


def test_the_calendar_has_the_day_of_the_next_quarter_of_dossiers(editions: Editions) -> None:
    from pipelines.catalogue.calendar import draw

    following = {"quarter": "2026-Q4", "not_before": "2027-01-31"}
    package = {**editions.open.package, "disclosure": {"next": following}}
    text = draw(Release(editions.open.path, package)).decode()
    assert "DTSTART;VALUE=DATE:20270131" in text
    assert "2026-Q4" in text
    past = {**package, "disclosure": {"next": following | {"not_before": "2026-01-31"}}}
    assert "2026-Q4" not in draw(Release(editions.open.path, past)).decode()


def test_a_sheet_has_what_is_known_and_nothing_else(editions: Editions) -> None:
    found = {
        name: json.loads((edition.path / SHEETS).read_bytes())["sheets"]["indicator_values"]
        for name, edition in (("internal", editions.internal), ("open", editions.open))
    }
    inside = found["internal"]
    assert inside["CONTACT"] == {"title": "Sở X", "email": "so-lieu@example.test"}
    assert inside["COVERAGE_TIME"] == {"first": "2026-01-01", "last": "2026-10-01"}
    assert inside["DATA_COMP"]["page"] == "docs/methods/target_progress.md"
    assert inside["QUALITY_ASSMNT"] == {"verdict": "passed", "checks": 1, "failed": 0}
    assert "QUALITY_ASSMNT" not in found["open"], "checks belong to the internal edition"
    assert all(sheet[concept] for sheet in found.values() for concept in sheet)


class _Addresses(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.local: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attributes:
            if name in ("src", "href") and value and not value.startswith(("https://", "mailto:")):
                self.local.append(value)
            assert name != "src", "the page loads nothing"
            assert tag != "link", "the page loads nothing"


def test_the_page_leads_to_files_that_are_there_and_runs_no_text_of_the_data(edition: Release) -> None:
    page = (edition.path / CATALOGUE).read_text(encoding="utf-8")
    found = _Addresses()
    found.feed(page)
    assert found.scripts == 1
    assert [name for name in found.local if not (edition.path / name).exists()] == []
    assert {f"{t}.parquet" for t in ("indicator_values", "publication_calendar")} <= set(found.local)
    assert "CC-BY-4.0" in page
    assert edition.package["citation"] in page


def test_the_preview_shows_every_digit_of_a_number(tmp_path: Path) -> None:
    rows = [{**world.VALUES[0], "value": 1234567.25}, *world.VALUES[1:]]
    found = world.release(tmp_path, values=rows).internal
    assert ">1234567.25<" in (found.path / CATALOGUE).read_text(encoding="utf-8")


def test_the_page_leads_to_every_file_for_bi_tools(tmp_path: Path) -> None:
    settings = load_settings()
    drawn = [*pages(settings), model(place_of(settings))]
    editions = world.release(tmp_path, pages=drawn, open_pages=drawn)
    for edition in (editions.internal, editions.open):
        found = _Addresses()
        found.feed((edition.path / CATALOGUE).read_text(encoding="utf-8"))
        files = {path.relative_to(edition.path).as_posix() for path in (edition.path / "bi").iterdir()}
        assert "bi/dim_status.parquet" in files
        assert files <= set(found.local)
        assert "#bi-dim_status" in found.local, "the dictionary leads from a column of codes to its list"


def test_what_cannot_be_drawn_costs_no_data_and_is_named(tmp_path: Path) -> None:
    def fails(release: Release) -> bytes:
        raise OSError(release.id)

    broken = Page("catalog.jsonld", "", "", "application/ld+json", "1", fails)
    found = world.release(tmp_path, pages=[], open_pages=[broken])
    assert set(found.internal.undrawn) == {"open/catalog.jsonld"}
    assert not (found.open.path / DCAT).exists()
    assert found.internal.tables == ("indicator_values", "publication_calendar")
    repaired = replace(broken, draw=lambda release: b"{}")
    assert world.release(tmp_path, 1, pages=[], open_pages=[repaired]).internal.undrawn == {}
