"""All faults of the catalogue, the hostile files and the official ones lie in the drop folder: one run ends well.

Bytes in, release out. The files are not part of the project; without them these tests skip.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner
from walk_world import Province

from pipelines.cli import app
from pipelines.cli.common import HELD_BACK
from pipelines.settings import PROJECT_ROOT

FILES = PROJECT_ROOT.parent / "shared" / "data"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILES.is_dir(), reason="the fault catalogue (../shared/data) is not here"),
]
HOSTILE = {
    "*-panic.xls": ("bts_inventory", "viettel-tram-2026-11-20.xls"),
    "stray-cell-spaced.xlsx": ("bts_inventory", "mobifone-tram-2026-11-20.xlsx"),
    "stray-cell-other-folder.xlsx": ("bts_inventory", "vinaphone-tram-2026-11-20.xlsx"),
    "bit-flip.parquet": ("ookla_tiles", "2026-04-01_performance_fixed_tiles.parquet"),
    "damaged-reference-report.xlsx": ("reported_indicators", "damaged-reference-report.xlsx"),
}


def drop_all(province: Province) -> None:
    for path in sorted((FILES / "faults").glob("*/*/*")):
        if path.is_file():
            province.drop(
                f"{path.name.split('.')[0]}-{path.parts[-3][:3]}{path.suffix}", path.read_bytes(), path.parts[-2]
            )
    for file, (source, name) in HOSTILE.items():
        province.drop(name, next((FILES / "hostile").glob(file)).read_bytes(), source)
    for source, folder in (("sdmx", "sdmx"), ("nso_pxweb", "nso")):
        for path in sorted((FILES / folder).iterdir()):
            province.drop(path.name, path.read_bytes(), source)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, new_province: Callable[[], Province]) -> Province:
    province = new_province()
    province.sample()
    drop_all(province)
    province.environment["COLUMNS"] = "200"
    result = CliRunner().invoke(app, ["run"], env=province.environment)
    assert result.exit_code == HELD_BACK, result.output
    return province


def test_a_release_goes_out_and_names_every_refused_file(faulty: Province) -> None:
    release = faulty.platform.releases.current()
    assert release is not None
    faulty.platform.releases.verify(release.id)
    refused = {file["name"] for file in release.package["sources"] if file["status"] == "refused"}
    assert {name for _, name in HOSTILE.values()} <= refused
    loads = faulty.last_run()["loads"]
    named = {line.split(":")[0] for load in loads.values() for line in load["refused"]}
    assert named == refused


def test_official_files_are_loaded_in_full(faulty: Province) -> None:
    loads = faulty.last_run()["loads"]
    assert (loads["sdmx"]["total_in"], loads["sdmx"]["total_quarantined"]) == (1683 + 5818 + 737 + 245 + 165 + 3, 0)
    assert loads["nso_pxweb"]["total_quarantined"] == 0


@pytest.mark.parametrize(
    "command", [["status"], ["doctor"], ["files", "bts_inventory"], ["quarantine", "bts_inventory"]]
)
def test_people_are_told_of_each_file(faulty: Province, command: list[str]) -> None:
    result = CliRunner().invoke(app, command, env=faulty.environment)
    assert result.exit_code in (0, 1, HELD_BACK), result.output
    assert "Traceback" not in result.output
    if command[0] != "quarantine":
        assert "viettel-tram-2026-11-20.xls" in result.output


def test_the_next_run_has_nothing_new(faulty: Province) -> None:
    before = json.loads((faulty.settings.marts / "versions.json").read_text(encoding="utf-8"))["current"]
    result = CliRunner().invoke(app, ["run"], env=faulty.environment)
    assert result.exit_code == HELD_BACK, result.output
    assert json.loads((faulty.settings.marts / "versions.json").read_text(encoding="utf-8"))["current"] == before
