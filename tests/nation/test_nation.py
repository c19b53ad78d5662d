"""The nation's release at the boundary that its readers see: the provinces' releases in, one release out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import nation_world as world
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lxml import html
from nation_world import DAY, MARTS, SUBMISSION, places, province, unite, with_column
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.common import FAILED, HELD_BACK, WRONG_USE
from pipelines.language import recorded, speaking
from pipelines.nation.page import page
from pipelines.nation.provinces import WrongProvinces, places_of
from pipelines.nation.run import run
from pipelines.release.files import iso, sha256
from pipelines.release.pages import Page
from pipelines.release.reader import ReleaseReader
from pipelines.release.released import Release
from pipelines.release.runs import RunLog
from pipelines.release.store import ReleaseStore
from pipelines.settings import load_settings


@pytest.fixture(scope="module")
def provinces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both provinces with a release each. Tests take a copy."""
    made = tmp_path_factory.mktemp("provinces")
    for code in world.NAMES:
        province(made, code)
    return made


@pytest.fixture
def root(provinces: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(provinces, tmp_path / "root", symlinks=True))


@pytest.fixture(scope="module")
def united(provinces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both and the nation's release of them, for tests that only read."""
    made = Path(shutil.copytree(provinces, tmp_path_factory.mktemp("united") / "root", symlinks=True))
    assert unite(made).outcome.status == "released"
    return made


@pytest.fixture
def before(united: Path, tmp_path: Path) -> Path:
    """A copy of that, for tests of the next run."""
    return Path(shutil.copytree(united, tmp_path / "root", symlinks=True))


def rows(root: Path, sql: str, folder: str = "") -> list[tuple[Any, ...]]:
    with ReleaseReader((root / "nation" / "current" / folder).resolve()).connect() as connection:
        return connection.execute(sql).fetchall()


def package(root: Path, folder: str = "") -> dict[str, Any]:
    return json.loads((root / "nation" / "current" / folder / "datapackage.json").read_bytes())


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
@pytest.mark.parametrize("code", ["38", "44"])
def test_every_row_of_a_province_is_there_under_its_code_and_no_row_of_another(
    united: Path, code: str, mart: Any
) -> None:
    found = pq.read_table(united / "nation" / "current" / f"{mart.name}.parquet")
    own = pq.read_table(united / code / "current" / f"{mart.name}.parquet")
    assert found.column_names == ["province_code", *own.column_names, "is_stale"]
    under_it = [row for row in found.to_pylist() if row.pop("province_code") == code]
    assert [row.pop("is_stale") for row in under_it] == [False] * own.num_rows
    assert under_it == own.to_pylist()


def _list_of_areas(release: Release) -> bytes:
    """The folder of tables for BI tools with one code list."""
    (release.path / "bi").mkdir()
    pq.write_table(pa.table({"area_code": ["1", "2"]}), release.path / "bi" / "area_codes.parquet")
    stated = {
        **{"name": "area_codes", "path": "area_codes.parquet", "format": "parquet", "target": "bi", "hash": "-"},
        **{"title": "", "title_en": "", "description": "", "synthetic": False, "licenses": [], "sources": []},
        "codes_of": ["area_code"],
        "schema": {
            "fields": [
                {
                    "name": "area_code",
                    "title": "",
                    "title_en": "",
                    "unit": None,
                    "description": "",
                    "duckdb_type": "VARCHAR",
                }
            ],
            "primaryKey": ["area_code"],
            "foreignKeys": [],
        },
    }
    return json.dumps({"resources": [stated]}).encode()


def test_the_code_lists_of_provinces_are_no_tables_of_the_nation(tmp_path: Path) -> None:
    lists = Page("bi/datapackage.json", "", "", "application/json", "1", _list_of_areas, folder="bi")
    for code in world.NAMES:
        province(tmp_path, code, pages=[lists])
        described = json.loads((tmp_path / code / "current" / "open" / "datapackage.json").read_bytes())
        assert "bi/area_codes.parquet" in [resource["path"] for resource in described["resources"]]
    unite(tmp_path)
    for folder in ("", "open"):
        assert "area_codes" not in [resource["name"] for resource in package(tmp_path, folder)["resources"]]


def test_the_release_is_one_as_any_other_and_states_where_each_table_is_from(united: Path) -> None:
    ReleaseStore(united / "nation").verify((united / "nation" / "current").readlink().name)
    stated = package(united)
    for code in ("38", "44"):
        own = united / code / "current"
        [source] = [item for item in stated["sources"] if item["title"] == code]
        assert source["name"] == own.resolve().name
        assert f"sha256:{source['sha256']}" == sha256(own / "datapackage.json")
        assert source["synthetic"] is (code == "38")
        [table] = [item for item in stated["resources"] if item["name"] == "online_submission"]
        [member] = [item for item in table["provinces"] if item["code"] == code]
        assert member["hash"] == sha256(own / "online_submission.parquet")
    by_name = {item["name"]: item for item in stated["resources"]}
    assert by_name["online_submission"]["schema"]["primaryKey"] == ["province_code", "month", "agency_code"]
    place = ["province_code", "area_code"]
    assert by_name["indicator_values"]["schema"]["foreignKeys"] == [
        {"fields": place, "reference": {"resource": "telecom_coverage", "fields": place}}
    ]
    assert by_name["online_submission"]["synthetic"] is True
    assert by_name["telecom_coverage"]["synthetic"] is False
    assert by_name["province_comparison"]["synthetic"] is True
    assert [item["name"] for item in by_name["telecom_coverage"]["licenses"]] == ["CC-BY-4.0"]


def test_the_same_releases_give_the_same_bytes_and_no_second_release(root: Path) -> None:
    first = unite(root)
    again = unite(root, day=9)
    assert (again.outcome.status, again.outcome.release_id) == ("unchanged", first.outcome.release_id)
    unite(root, day=9, to="other")
    names = {path.name for path in (root / "nation" / "current").glob("*.parquet")}
    assert names > {"provinces.parquet", "online_submission.parquet"}
    for name in names:
        assert sha256(root / "nation" / "current" / name) == sha256(root / "other" / "current" / name), name


def changed(release: Path) -> None:
    file = release / "online_submission.parquet"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"X")


def half(release: Path) -> None:
    release.chmod(0o700)
    (release / "telecom_coverage.parquet").unlink()


def without_description(release: Path) -> None:
    release.chmod(0o700)
    (release / "datapackage.json").unlink()


def changed_open(release: Path) -> None:
    file = release / "open" / "telecom_coverage.csv"
    file.chmod(0o600)
    file.write_text("x")


def dangling(release: Path) -> None:
    release.chmod(0o700)
    shutil.rmtree(release)


@pytest.mark.parametrize("damage", [changed, half, without_description, changed_open, dangling])
def test_a_broken_province_is_refused_by_name_and_the_other_goes_out(
    before: Path, damage: Callable[[Path], None]
) -> None:
    root = before
    damage((root / "44" / "current").resolve())
    made = unite(root, day=1)
    assert made.outcome.status == "released"
    assert list(made.refused) == ["44"]
    assert rows(root, "select distinct province_code from online_submission") == [("38",)]
    assert rows(root, "select province_code, status, reason is null from provinces order by all") == [
        ("38", "united", True),
        ("44", "refused", False),
    ]
    [source] = [item for item in package(root)["sources"] if item["title"] == "44"]
    assert (source["status"], source["reason"]) == ("refused", made.refused["44"])
    assert package(root)["verdicts"]["telecom"] == {"verdict": "passed", "checks": 3, "failed": 1}
    assert str(root) not in json.dumps(package(root))


def test_when_every_province_is_broken_readers_keep_what_they_have(root: Path) -> None:
    first = unite(root)
    for code in world.NAMES:
        changed((root / code / "current").resolve())
    made = unite(root, day=1)
    assert (made.outcome.status, list(made.refused)) == ("nothing", ["38", "44"])
    assert (root / "nation" / "current").readlink().name == first.outcome.release_id


def test_a_release_of_another_province_is_not_taken_for_the_one_that_was_asked_for(root: Path) -> None:
    shutil.move(root / "38", root / "40")
    made = unite(root, "40", "44")
    assert made.refused == {"40": "its release is of province 38"}


def test_a_table_of_another_schema_is_left_out_alone_and_that_is_stated(root: Path) -> None:
    newer = (with_column(SUBMISSION, 2), *MARTS[1:])
    province(root, "44", marts=newer, day=1)
    made = unite(root)
    assert made.left_out == {"online_submission": {"38": "its schema has version 1, not 2"}}
    assert rows(root, "select distinct province_code from online_submission") == [("44",)]
    assert rows(root, "select distinct province_code from telecom_coverage order by 1") == [("38",), ("44",)]
    left_out = "select tables_left_out from provinces where province_code = '38'"
    assert rows(root, left_out) == [("online_submission: its schema has version 1, not 2",)]
    [resource] = [item for item in package(root)["resources"] if item["name"] == "online_submission"]
    assert (resource["schema_version"], list(resource["left_out"])) == (2, ["38"])


def test_a_schema_that_nobody_declared_is_left_out_too(root: Path) -> None:
    shutil.rmtree(root / "44")
    province(root, "44", marts=(with_column(SUBMISSION, 1), *MARTS[1:]))
    [(table, reasons)] = unite(root).left_out.items()
    assert (table, len(reasons)) == ("online_submission", 1)
    assert "is another" in next(iter(reasons.values()))


def test_what_a_province_holds_back_is_marked_stale_and_warned_of(root: Path) -> None:
    more = {**world.OF_44, "telecom_coverage": [("44", "4G", 41, 81.0, False)]}
    province(root, "44", rows=more, day=1, held="telecom")
    unite(root)
    stale = "select province_code, bool_and(is_stale) from telecom_coverage group by 1 order by 1"
    assert rows(root, stale) == [("38", False), ("44", True)]
    assert rows(root, "select bool_or(is_stale) from indicator_values") == [(False,)]
    assert rows(root, "select targets_held_back from provinces where province_code = '44'") == [("telecom",)]
    assert package(root)["verdicts"]["telecom"]["failed"] == 1


def test_a_province_that_is_days_behind_the_others_is_stale(root: Path) -> None:
    province(root, "44", rows={**world.OF_44, "telecom_coverage": []}, day=3)
    unite(root, day=3)
    for table in ("provinces", "online_submission", "province_comparison"):
        stale = f"select province_code, bool_and(is_stale) from {table} group by 1 order by 1"
        assert rows(root, stale) == [("38", True), ("44", False)], table


def compared(root: Path, table: str, folder: str = "") -> list[tuple[Any, ...]]:
    return rows(
        root,
        "select province_code, measure, breakdown, value, provinces, rank, median, difference_to_median"
        f" from province_comparison where table_name = '{table}'"
        " order by period_start, measure, breakdown, rank, province_code",
        folder,
    )


def test_shares_of_divided_dossiers_are_shares_of_sums(united: Path) -> None:
    """44: October (90 + 150) of (100 + 300) is 60 %, not the mean 70 of 90 and 50; 38: 190 of 200."""
    assert compared(united, "online_submission") == [
        ("38", "online_pct", "{}", 95.0, 2, None, 77.5, 17.5),
        ("44", "online_pct", "{}", 60.0, 2, None, 77.5, -17.5),
        ("44", "online_pct", "{}", 50.0, 1, None, 50.0, 0.0),
    ]


def test_the_row_of_the_province_is_compared_by_breakdown_and_a_missing_value_is_no_zero(united: Path) -> None:
    """A column has no direction, so nobody is first."""
    assert compared(united, "telecom_coverage") == [
        ("38", "sites_reach_pct", '{"technology":"4G"}', 70.0, 2, None, 75.0, -5.0),
        ("44", "sites_reach_pct", '{"technology":"4G"}', 80.0, 2, None, 75.0, 5.0),
        ("44", "sites_reach_pct", '{"technology":"5G"}', 12.5, 1, None, 12.5, 0.0),
    ]


def test_of_an_indicator_the_chosen_value_is_compared_and_less_can_be_better(united: Path) -> None:
    assert compared(united, "indicator_values") == [
        ("38", "poverty_pct", "{}", 2.5, 2, 1, 3.0, -0.5),
        ("44", "poverty_pct", "{}", 3.5, 2, 2, 3.0, 0.5),
    ]


def test_the_open_edition_has_what_the_provinces_have_published_and_no_more(united: Path) -> None:
    names = {path.stem for path in (united / "nation" / "current" / "open").glob("*.parquet")}
    assert names == {"telecom_coverage", "indicator_values", "province_comparison"}
    assert rows(united, "select distinct technology from telecom_coverage", "open") == [("4G",)]
    assert [row[2] for row in compared(united, "telecom_coverage", "open")] == ['{"technology":"4G"}'] * 2
    assert compared(united, "online_submission", "open") == []
    folder = united / "nation" / "current" / "open"
    text = "".join(path.read_text("utf-8") for path in folder.iterdir() if path.suffix in (".json", ".csv"))
    assert not [inside for inside in ("online_submission", "secret-name", "verdicts", "5G") if inside in text]
    stated = package(united, "open")["disclosure"]["provinces"]
    assert {code: item["release"] for code, item in stated.items()} == {
        code: (united / code / "current").resolve().name for code in ("38", "44")
    }


def test_a_province_without_an_open_edition_is_named_and_is_in_the_internal_one_alone(root: Path) -> None:
    shutil.rmtree(root / "44")
    province(root, "44", is_open=False)
    assert unite(root).outcome.open_blocked == "no open edition of province 44"
    both = "select distinct province_code from telecom_coverage order by 1"
    assert (rows(root, both), rows(root, both, "open")) == ([("38",), ("44",)], [("38",)])


def test_a_pin_keeps_readers_where_they_are(root: Path) -> None:
    first = unite(root)
    ReleaseStore(root / "nation").pin("figures are being checked", DAY)
    assert unite(root, "38", day=1).outcome.status == "pinned"
    assert (root / "nation" / "current").readlink().name == first.outcome.release_id


@pytest.mark.parametrize(("speaks", "title"), [("vi", "Hộ nghèo"), ("en", "Poor households")])
def test_the_page_has_the_provinces_side_by_side_and_names_who_is_missing(root: Path, speaks: Any, title: str) -> None:
    assert unite(root, pages=[page(speaks)]).outcome.undrawn == {}
    assert _table(root) == [[title, "2.5 % (1/2)", "3.5 % (2/2)", "3 %"]]
    changed((root / "44" / "current").resolve())
    made = unite(root, day=1, pages=[page(speaks)])
    with speaking(speaks):
        reason = recorded(made.refused["44"])
    assert (reason == made.refused["44"]) == (speaks == "en"), "kept in English, shown in the reader's language"
    assert reason in (root / "nation" / "current" / "nation.html").read_text("utf-8")
    assert _table(root) == [[title, "2.5 %", "–"]], "one province is compared with nothing"


@pytest.mark.parametrize("directions", [{}, {"poverty_pct": "none"}, {"poverty_pct": ""}])
def test_an_indicator_without_a_direction_has_values_and_no_rank(root: Path, directions: dict[str, str]) -> None:
    unite(root, pages=[page("vi")], directions=directions)
    assert [row[5] for row in compared(root, "indicator_values")] == [None, None]
    assert _table(root) == [["Hộ nghèo", "2.5 %", "3.5 %", "3 %"]]


@pytest.mark.parametrize("speaks", ["vi", "en"])
def test_the_page_states_in_its_language_why_tables_are_left_out(root: Path, speaks: Any) -> None:
    newer = (with_column(SUBMISSION, 2), with_column(MARTS[1], 2), *MARTS[2:])
    province(root, "44", marts=newer, day=1)
    assert unite(root, pages=[page(speaks)]).outcome.undrawn == {}
    with speaking(speaks):
        reason = recorded("its schema has version 1, not 2")
    assert (reason == "its schema has version 1, not 2") == (speaks == "en")
    text = (root / "nation" / "current" / "nation.html").read_text("utf-8")
    for table in (SUBMISSION.name, MARTS[1].name):
        assert f"{table}: {reason}" in text


def test_a_run_has_a_time_at_which_it_began_and_one_at_which_it_ended(root: Path) -> None:
    hours = count()
    run(load_settings(data_dir=root / "data"), places(root), lambda: DAY + timedelta(hours=next(hours)))
    [entry] = RunLog(root / "data" / "marts").runs()
    assert (entry["started_at"], entry["finished_at"]) == (iso(DAY), iso(DAY + timedelta(hours=1)))


def _table(root: Path) -> list[list[str]]:
    """The rows of the page but for their periods, with decimal points."""
    drawn = html.parse(str((root / "nation" / "current" / "nation.html").resolve())).getroot()
    cells = [[" ".join(cell.text_content().split()) for cell in row] for row in drawn.iterfind(".//tbody/tr")]
    return [[row[0], *(cell.replace(",", ".") for cell in row[2:])] for row in cells]


def test_the_folder_of_a_province_is_never_written_to(root: Path) -> None:
    before = (root / "44" / "current").readlink()
    with pytest.raises(WrongProvinces, match="HATINH_DATA_DIR"):
        unite(root, "38", to="44")
    assert (root / "44" / "current").readlink() == before


def _settings(root: Path, code: str) -> str:
    home = root / f"home-{code}"
    home.mkdir()
    (home / "data").mkdir()
    (home / "data" / "marts").symlink_to(root / code)
    (home / "settings.env").write_text(f'HATINH_PROVINCE_CODE="{code}"\nHATINH_DATA_DIR="{home / "data"}"\n', "utf-8")
    return str(home / "settings.env")


def test_the_command_unites_what_settings_files_and_folders_name(root: Path) -> None:
    environment = {"HATINH_SETTINGS": str(root / "nation.env"), "COLUMNS": "300"}
    (root / "nation.env").write_text(f"HATINH_DATA_DIR={root / 'data'}\nHATINH_LANGUAGE=en\n", "utf-8")
    asked = ["nation", _settings(root, "44"), f"38={root / '38'}"]
    good = CliRunner().invoke(app, asked, env=environment)
    assert (good.exit_code, good.output.split()[0]) == (0, "released")
    assert json.loads((root / "data" / "marts" / "versions.json").read_text())["runs"][0]["status"] == "released"
    changed((root / "38" / "current").resolve())
    waiting = CliRunner().invoke(app, asked, env=environment)
    assert waiting.exit_code == HELD_BACK
    assert "province 38 is not in it: release" in waiting.output
    as_json = CliRunner().invoke(app, [*asked, "--json"], env=environment)
    assert list(json.loads(as_json.stdout)["refused"]) == ["38"]
    nothing = CliRunner().invoke(app, ["nation", f"38={root / '38'}"], env=environment)
    assert nothing.exit_code == FAILED
    wrong = CliRunner().invoke(app, ["nation", str(root / "no.env")], env=environment)
    assert wrong.exit_code == WRONG_USE


def test_a_province_is_named_once(root: Path) -> None:
    with pytest.raises(WrongProvinces, match="44"):
        places_of([f"44={root / '44'}", _settings(root, "44")])
    with pytest.raises(WrongProvinces, match=r"^(two|hai)"):
        places_of([f"44={root / '44'}", f"38={root / '44'}"])
