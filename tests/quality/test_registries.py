"""A registry with a wrong edit is refused with the file, the line, the cell and the fix."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.doctor import examine
from pipelines.quality.registries import faults
from pipelines.settings import PROJECT_ROOT, load_settings
from pipelines.warehouse.pseudonyms import make_key

REAL = PROJECT_ROOT / "dbt_project" / "seeds"
METHODS = PROJECT_ROOT / "docs" / "methods"
LINE = 4
"""Of `dossiers_on_time_full`: 100 % by 2030."""

Edit = Callable[[list[dict[str, str]]], object]


def set_cells(**cells: str) -> Edit:
    return lambda rows: rows[LINE - 2].update(cells)


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "dbt_project" / "seeds"
    shutil.copytree(REAL, folder)
    return folder


def edit(path: Path, change: Edit) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def said(seeds: Path) -> list[str]:
    return [str(fault) for fault in faults(seeds, METHODS)]


def test_the_registries_of_the_project_hold_together() -> None:
    assert said(REAL) == []


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        (set_cells(indicator=""), "line 4, indicator: the cell is blank: fill it"),
        (set_cells(indicator="dossiers_ontime"), "line 4, indicator: no indicator 'dossiers_ontime'"),
        (set_cells(unit="điểm"), "line 4, unit: 'điểm', its indicator has '%': make them the same"),
        (set_cells(target_value=""), "line 4, target_value: a milestone of 2030 without a value: write the value"),
        (set_cells(target_value="", target_year="", note=""), "line 4, note: no value and no note"),
        (
            set_cells(target_value="0.85", note=""),
            "line 4, target_value: 0.85 % is a hundredth of what is usual: write 85",
        ),
        (set_cells(target_value="180"), "line 4, target_value: 180 is outside 0 – 100"),
        (set_cells(target_value="80,5"), "line 4, target_value: '80,5' is no number: write it like 82.5"),
        (set_cells(target_year="cuối 2030"), "line 4, target_year: 'cuối 2030' is no number"),
        (set_cells(target_year="30"), "line 4, target_year: '30' is no year: write it like 2030"),
        (set_cells(grade=""), "line 4, grade: a value without grade: say where it was read"),
        (set_cells(grade="D"), "line 4, grade: 'D' is unknown: write one of A, B, C"),
        (set_cells(is_strict="1"), "line 4, is_strict: '1' is unknown: write true or false"),
        (set_cells(document=""), "line 4, document: a value without document"),
        (set_cells(baseline_value="40"), "line 4, baseline_year: half a baseline"),
        (
            set_cells(baseline_value="40", baseline_year="2030"),
            "line 4, baseline_year: the baseline of 2030 is not before",
        ),
        (set_cells(responsible_agency=""), "line 4, responsible_agency: the cell is blank"),
        (set_cells(responsible_basis="guess"), "line 4, responsible_basis: 'guess' is unknown: write one of document,"),
        (set_cells(ended_reason_vi="hết"), "line 4, ended_reason_en: a reason in one language: say it in both"),
        (set_cells(ended_on="2025-06-30"), "line 4, ended_reason_vi: a day without a reason"),
        (
            set_cells(target_id="online_use_2030"),
            "line 4, target_id: 'online_use_2030' is on line 2 too: give each",
        ),
        (
            lambda rows: [rows.remove(r) for r in list(rows) if r["pillar"] == "it_training"],
            "it_training has no target",
        ),
    ],
)
def test_a_wrong_target_is_reported_with_its_cell_and_fix(seeds: Path, change: Edit, reported: str) -> None:
    edit(seeds / "targets.csv", change)
    found = said(seeds)
    assert [line for line in found if reported in line], found
    assert all(line.startswith(("targets.csv, line ", "pillars.csv, line ")) for line in found)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"method": "nowhere"}, "line 2, method: dossiers_on_time_pct has no method page 'nowhere'"),
        ({"method": ""}, "line 2, method: dossiers_on_time_pct has no method page ''"),
        ({"valid_max": "a hundred"}, "line 2, valid_max: 'a hundred' is no number"),
        ({"indicator": "dossiers_online_pct"}, "line 3, indicator: 'dossiers_online_pct' is on line 2 too"),
        ({"pillar": "x"}, "line 2, pillar: no pillar 'x'"),
    ],
)
def test_a_wrong_indicator_is_named_too(seeds: Path, change: dict[str, str], reported: str) -> None:
    edit(seeds / "indicators.csv", lambda rows: rows[0].update(change))
    found = said(seeds)
    assert [line for line in found if line.startswith("indicators.csv") and reported in line], found


def _removed(path: Path) -> None:
    path.unlink()


def _replaced(wrong: str, right: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert right in text
        path.write_text(text.replace(right, wrong, 1), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        (_removed, "areas.csv: the file is missing: put it back"),
        (_replaced("valid_from,lvl", "valid_to,level"), "areas.csv, line 1: the first line has no column valid_to"),
        (_replaced("42,01/01/2025", "42,2025-01-01"), "areas.csv, line 2, valid_from: '01/01/2025' is no date: write"),
    ],
)
def test_any_registry_that_is_described_has_its_columns_and_types(
    tmp_path: Path, change: Callable[[Path], None], reported: str
) -> None:
    seeds = tmp_path / "seeds"
    shutil.copytree(REAL, seeds)
    change(seeds / "areas.csv")
    found = said(seeds)
    assert [line for line in found if reported in line], found
    # a person who asks for a unit hears the same
    asked = CliRunner().invoke(app, ["area", "42"], env={"HATINH_SEEDS_DIR": str(seeds), "COLUMNS": "200"})
    assert asked.exit_code == 2
    assert reported in asked.output


@pytest.mark.parametrize(
    ("registry", "change", "reported"),
    [
        ("areas", {"area_code": "1"}, "line 2, area_code: '1' is no code: write 2 digits of a province"),
        ("areas", {"kind": "tinh"}, "line 2, kind: 'tinh' is unknown: write one of tỉnh,"),
        ("agencies", {"area_code": "43"}, "line 2, area_code: no area_code '43': add it to areas.csv"),
        ("agencies", {"agency_code": ""}, "line 2, agency_code: the cell is blank"),
        ("area_crosswalk", {"old_code": "18074"}, "line 2, old_code: no area_code '18074', '2025-01-01': add it"),
        ("area_crosswalk", {"new_valid_from": "2025-07-02"}, "line 2, new_code: no area_code '18073', '2025-07-02'"),
        ("area_aliases", {"valid_from": "2024-01-01"}, "line 2, area_code: no area_code '18391', '2024-01-01'"),
        (
            "area_facts",
            {"source": "x", "fact": "people"},
            "line 2, fact: 'people' is unknown: write one of population,",
        ),
        (
            "indicator_substitutes",
            {"substitute": "x"},
            "line 2, substitute: no indicator 'x': add it to indicators.csv",
        ),
        (
            "indicator_substitutes",
            {"substitute": "it_staff"},
            "line 2, substitute: it_staff cannot substitute for itself",
        ),
        ("indicator_substitutes", {"substitute": "egdi_rank"}, "line 2, substitute: egdi_rank has unit 'hạng'"),
        ("release_calendar", {"basis": "once"}, "line 2, every_months: basis 'once' with every_months '12'"),
        ("published_figures", {"vintage_precision": ""}, "line 2, vintage_precision: the cell is blank"),
        ("published_figures", {"qualifier": "over"}, "line 2, qualifier: 'over' is unknown: write one of more_than,"),
        ("report_obligations", {"indicator": "x"}, "line 2, indicator: no indicator 'x': add it to indicators.csv"),
    ],
)
def test_broken_rules_of_rows_and_references_are_reported_by_cell(
    seeds: Path, registry: str, change: dict[str, str], reported: str
) -> None:
    edit(seeds / f"{registry}.csv", lambda rows: rows[0].update(change))
    found = said(seeds)
    assert [line for line in found if line.startswith(f"{registry}.csv") and reported in line], found


def test_a_key_of_several_columns_stands_once(seeds: Path) -> None:
    edit(seeds / "agencies.csv", lambda rows: rows.append(dict(rows[0])))
    (line,) = said(seeds)
    assert "agency_code: '000.00.01.H27', '2025-01-01' is on line 2 too: take one of the two out" in line


def test_a_copy_without_a_description_and_an_unknown_province_are_reported(seeds: Path) -> None:
    described = (seeds / "_seeds.yml").read_text(encoding="utf-8")
    (seeds / "_seeds.yml").unlink()
    (fault,) = faults(seeds, METHODS)
    assert (str(fault).startswith("_seeds.yml: the description is missing"), fault.is_of_all) == (True, True)
    (seeds / "_seeds.yml").write_text(described.replace("valid_from", "since"), encoding="utf-8")
    (fault,) = faults(seeds, METHODS)
    assert "_seeds.yml: it does not describe the registries as this version of the program does: copy it" in str(fault)
    (seeds / "_seeds.yml").write_text(described.replace("\n", "\r\n"), encoding="utf-8")
    assert faults(seeds, METHODS) == [], "an editor's line ends do no harm"
    assert faults(REAL, METHODS, "42") == []
    (fault,) = faults(REAL, METHODS, "40")
    assert str(fault).startswith("areas.csv: no province 40, which HATINH_PROVINCE_CODE names: set the code")


def test_a_target_whose_indicator_has_no_source_needs_a_reason(seeds: Path) -> None:
    def no_source(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["reported_by"] = row["reported_by"] if row["indicator"] != "services_redesigned_pct" else ""

    edit(seeds / "indicators.csv", no_source)
    (line,) = said(seeds)
    assert "services_redesigned_pct has no source: nobody reports it" in line
    assert "reported_by in indicators.csv" in line

    def explained(rows: list[dict[str, str]]) -> None:
        next(row for row in rows if row["indicator"] == "services_redesigned_pct")["note"] = "Cổng đã đóng."

    edit(seeds / "targets.csv", explained)
    assert said(seeds) == []


def test_what_a_spreadsheet_does_to_a_file_is_named_once(seeds: Path) -> None:
    path = seeds / "targets.csv"
    real = path.read_text(encoding="utf-8")
    path.write_bytes(real.encode("utf-8-sig"))
    assert said(seeds) == [], "a mark of UTF-8 does no harm"
    path.write_bytes(real.encode("utf-16"))
    assert said(seeds) == ["targets.csv: it is not written in UTF-8: save it as CSV UTF-8"]
    path.write_text(real.replace(",", ";"), encoding="utf-8")
    (line,) = said(seeds)
    assert line.startswith("targets.csv, line 1: the first line has no column target_id")
    path.write_text(real + "a,text,with commas\n", encoding="utf-8")
    (line,) = said(seeds)
    assert "3 cells where the heading has 24" in line
    assert "quotation marks" in line
    path.unlink()
    (line,) = said(seeds)
    assert "the file is missing" in line


def test_a_run_is_refused_before_its_first_step_and_doctor_reports_the_same(seeds: Path, tmp_path: Path) -> None:
    edit(seeds / "targets.csv", set_cells(target_value=""))
    make_key(tmp_path / "key")
    environment = {
        "HATINH_HOME": str(tmp_path / "home"),
        "HATINH_PSEUDONYM_KEY_FILE": str(tmp_path / "key"),
    }
    cell = "targets.csv, line 4, target_value: a milestone of 2030 without a value: write the value"
    run = CliRunner().invoke(app, ["run"], env=environment)
    assert (run.exit_code, cell in " ".join(run.output.split())) == (2, True), run.output
    assert not (tmp_path / "home" / "data").exists()
    settings = load_settings(home=seeds.parents[1], pseudonym_key_file=tmp_path / "key")
    examined = examine(settings, datetime(2026, 11, 25, tzinfo=UTC))
    (finding,) = [finding for finding in examined if finding.what == "registry"]
    assert (finding.good, finding.how.startswith(cell)) == (False, True)
