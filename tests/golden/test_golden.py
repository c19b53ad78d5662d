"""Golden cases: tiny feeds through load and build to the rows worked out by hand beside them. See README.md here.

dbt's unit tests and our reading of its data tests are held to dbt on the same build: another would cost seconds.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import recompute
import recompute_networks
import recompute_telecom
import rules
from openpyxl import load_workbook
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.engine.front import front_of
from pipelines.engine.translate import translated
from pipelines.landing.drop import intake
from pipelines.release.protect import source_of
from pipelines.release.released import Release
from pipelines.reporting.overview import write_returned
from pipelines.reporting.registry import load_registry
from pipelines.reporting.workbook import COLUMN, HEADER_ROW, SHEET
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources
from pipelines.sources.province import Box, quadkeys
from pipelines.sources.reported_indicators import SOURCE
from pipelines.transform.dbt import DbtFailed
from pipelines.transform.marts import MartIncomplete, marts_of
from samples.dossiers import write_dossiers

if TYPE_CHECKING:
    from conftest import World

DAY = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)
"""After everything else has landed."""
HERE = Path(__file__).parent
COMMUNES = ("18073", "18100", "18115", "18736", "18766", "18172")
CASES = sorted(path.parent for path in HERE.glob("*/*/expected.csv"))
FILES = {
    "*.ndjson": "dossiers",
    "*.json": "qd766_published",
    "pakn-*.csv": "petitions",
    "bao-cao-*.csv": "reported_indicators",
    "bang-*.csv": "published_tables",
}
"""Files of a case by their names, and the source that they come from; any other source has a folder of its name."""
SOURCES = all_sources()
OWN = (
    ("agency_code",),
    ("indicator", "year"),
    ("year",),
    ("month",),
    ("indicator", "period_start"),
    ("indicator",),
    ("area_code",),
    ("commune_code",),
)
"""Columns by which a case has rows of the mart for itself; the first that it expects all of count."""


@pytest.fixture(scope="module")
def world(fresh_world: Callable[[], World]) -> World:
    """Every model, built of all cases at once."""
    world = fresh_world()
    sources = SOURCES
    for pattern, source in {**FILES, **{f"{name}/*": name for name in sources}}.items():
        # in the order of their days, as they would have come, but for published tables: those come as people find them
        paths = sorted(HERE.glob(f"*/*/{pattern}"), key=lambda path: (path.name, path))
        for path in reversed(paths) if source == "published_tables" else paths:
            world.land(path.name, path.read_bytes(), sources[source])
    assert world.load().rows_quarantined == 0
    world.build()
    return world


@pytest.fixture(scope="module")
def marts(world: World) -> dict[str, list[dict[str, str]]]:
    """Rows of every mart with cases, as text."""
    found = {}
    with world.warehouse.connect() as connection:
        for mart in {case.parent.name for case in CASES}:
            rows = connection.execute(f"select cast(columns(*) as varchar) from marts.{mart}")
            names = [column[0] for column in rows.description or []]
            found[mart] = [
                {name: value or "" for name, value in zip(names, row, strict=True)} for row in rows.fetchall()
            ]
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_golden_case(case: Path, marts: dict[str, list[dict[str, str]]]) -> None:
    with (case / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    mine = {_own(row) for row in expected}
    found = [{name: row[name] for name in expected[0]} for row in marts[case.parent.name]]
    found = [row for row in found if _own(row) in mine]
    assert sorted(found, key=_text) == sorted(expected, key=_text)


def test_cases_share_nothing() -> None:
    """Two cases of one agency or year would change each other's rows; one without files changes none."""
    taken: dict[tuple[tuple[str, str], ...], Path] = {}
    for case in (case for case in CASES if {path.name for path in case.iterdir()} > {"expected.csv", "README.md"}):
        with (case / "expected.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                assert taken.setdefault(_own(row), case) == case, f"{case} and another case use {_own(row)}"


def test_dbt_unit_tests_pass(world: World) -> None:
    """They need the upstream tables for their types."""
    outcomes = world.dbt.unit_test()
    failed = {name: outcome for name, outcome in outcomes.items() if outcome != "pass"}
    assert not failed, "\n".join(f"{name}\n{outcome}" for name, outcome in failed.items())
    assert set(outcomes) == set(json.loads(world.dbt.manifest_path.read_bytes())["unit_tests"])
    assert {name.split(".")[2] for name in outcomes} >= {"stg_dossiers", "int_dossiers", "dossier_timeliness"}


@pytest.fixture(scope="module")
def sql(world: World) -> dict[str, str]:
    """By name: models as a full build runs them; dbt is called once for the tests that read them."""
    manifest = world.dbt.manifest()
    names = {manifest["nodes"][unique_id]["name"] for unique_id in front_of(manifest).order}
    compiled = world.dbt.compiled_sql(names | {path.stem for path in rules.RULES})
    return {unique_id.split(".")[-1]: text for unique_id, text in compiled.items()}


def test_rules_of_models_in_parts(world: World, sql: dict[str, str]) -> None:
    """What dbt's unit tests cannot state: see rules.py."""
    manifest, by_model = world.dbt.manifest(), {path.stem: rules.rules_of(path) for path in rules.RULES}
    with world.warehouse.connect(read_only=True) as built:
        for model, rule in ((model, rule) for model, of_model in by_model.items() for rule in of_model):
            found, expected = rules.found_and_expected(rule, sql=sql[model], built=built, manifest=manifest)
            assert found == expected, f"{model}: {rule['name']}"


def test_every_model_with_dossiers_is_translated_for_an_engine(world: World, sql: dict[str, str]) -> None:
    """HATINH_ENGINE: a model that uses what the translator lacks fails here, and not in a run. No engine is needed."""
    manifest = world.dbt.manifest()
    front, names = front_of(manifest), {unique_id: node["name"] for unique_id, node in manifest["nodes"].items()}
    tests = [test for test in world.dbt.data_tests() if front.marked & set(manifest["parent_map"][test.unique_id])]
    with world.warehouse.connect() as connection:
        for unique_id in front.order:
            assert "intermediate." not in translated(sql[names[unique_id]], connection, names[unique_id])
        for test in tests:
            assert translated(test.sql or "", connection, test.name)
    assert {"stg_dossiers", "int_dossiers", "int_qd766_flags"} <= {names[unique_id] for unique_id in front.marked}
    assert {"int_on_time", "dossier_ageing"} <= {names[unique_id] for unique_id in front.tables - front.marked}
    assert "every_dossier_of_the_feeds_is_there_once" in {test.name for test in tests}


def test_a_template_filled_by_hand_reaches_page_and_workbook_and_its_wrong_cell_comes_back(
    world: World, tmp_path: Path
) -> None:
    """template -> filled -> drop folder -> load -> build -> release: who reported what, and its effect on a verdict.

    Here, since a world of every model is at hand; only what rests on reports is built again.
    """
    before = "select status from marts.target_progress where target_id = 'work_files_province_2025'"
    assert world.rows(before) == [("no_data",)]

    sent = tmp_path / "drop" / SOURCE.name / "bieu-bao-cao_online_administration_2026-Q3_H27.1_2026-10-12.xlsx"
    sent.parent.mkdir(parents=True)
    asked = ["template", "online_administration", "--period", "2026-Q3", "--agency", "H27.1", "--out", str(sent)]
    written = CliRunner().invoke(app, asked)
    assert written.exit_code == 0, written.output
    book = load_workbook(sent)
    sheet = book[SHEET]
    lines = {sheet.cell(line, COLUMN["indicator"]).value: line for line in range(HEADER_ROW + 1, sheet.max_row + 1)}
    sheet.cell(lines["work_files_online_pct"], COLUMN["value"]).value = 93.5
    sheet.cell(lines["digital_signature_officials_pct"], COLUMN["value"]).value = 0.97  # 97 is asked
    book.save(sent)

    clock = {"settle_seconds": 0, "now": lambda: DAY, "sleep": lambda seconds: None}
    assert len(intake(world.landing, tmp_path / "drop", all_sources(), **clock).landed) == 1
    assert not sent.exists()
    world.load()
    world.build(select="stg_reported_indicators+")
    after = _released(world, DAY + timedelta(days=1))

    tile = _tile(after, "work_files_province_2025")
    for said in ("Đã đạt", "93,5 %", "≥ 90 %", "Văn phòng UBND tỉnh", "Báo cáo ngày", "12/10/2026", "quý III/2026"):
        assert said in tile, said
    assert "Chưa đánh giá được" in _tile(after, "work_files_electronic_2030_nq03"), "100 % by 2030, of one value"
    (line,) = [
        [cell for cell in row if cell is not None]
        for sheet in load_workbook(after.path / "scoreboard.xlsx").worksheets[1:]
        for row in sheet.iter_rows(values_only=True)
        if "work_files_province_2025" in row
    ]
    assert {"Đã đạt", 93.5, "≥", 90, "Văn phòng UBND tỉnh", datetime(2026, 10, 12)} <= set(line)

    went = "select count(value) from marts.reported_indicators where indicator = 'digital_signature_officials_pct'"
    assert world.rows(went) == [(0,)], "0.97 went nowhere"
    registry = load_registry(PROJECT_ROOT / "dbt_project" / "seeds")
    ((copy, wrong),) = write_returned(world.landing, tmp_path / "returned", registry.indicators, DAY.date())
    assert wrong == 1
    marked = load_workbook(copy)[SHEET].cell(lines["digital_signature_officials_pct"], COLUMN["value"])
    assert marked.value == 0.97
    assert marked.comment is not None
    assert "thang 100: 85, không phải 0,85" in marked.comment.text


def _released(world: World, now: datetime) -> Release:
    """What readers would get of targets and reports, unjudged."""
    world.release(now, "target_progress", "reported")
    release = world.platform.releases.current()
    assert release is not None
    return release


def _tile(release: Release, target_id: str) -> str:
    page = (release.path / "scoreboard.html").read_text(encoding="utf-8")
    return page.split(f'id="ct-{target_id}"')[1].split("</article>")[0].replace("\u00a0", " ")


KEYS = ("month", "agency_code", "procedure_field_code")


def disagreements(world: World, files: list[tuple[date, Path]], petitions: list[tuple[date, Path]]) -> list[str]:
    """Cells of the dossier tables, the 766 index and the annual share that the second computation has otherwise."""
    registries = recompute.Registries(PROJECT_ROOT / "dbt_project" / "seeds")
    every, last_day = recompute.dossiers(files, registries), max(day for day, _ in files)

    def mart(name: str, condition: str = "true") -> list[dict[str, Any]]:
        with world.warehouse.connect() as connection:
            return connection.execute(f"from marts.{name} where {condition}").to_arrow_table().to_pylist()

    lines = [
        f"{name}: {line}"
        for name, rows in recompute.by_month(every, last_day).items()
        for line in recompute.differences(mart(name), rows, KEYS)
    ]
    ageing = recompute.ageing(every, last_day)
    lines += recompute.differences(mart("dossier_ageing"), ageing, KEYS[1:])
    index = recompute.index(every, last_day, registries, recompute.petitions(petitions, registries))
    of_dossiers = "recomputed_denominator > 0 and item_code not like 'PETITION%'"
    key = ("period_type", "period_start", "agency_code", "item_code")
    lines += recompute.differences(mart("qd766_scores", of_dossiers), index, key)
    shares = mart("indicator_values", "indicator = 'dossiers_on_time_pct' and source = 'dossier_timeliness'")
    annual = {
        (start,): {"numerator": good, "denominator": received, "value": recompute.pct(good, received)}
        for start, (good, received) in recompute.annual_on_time(every, last_day).items()
    }
    return lines + recompute.differences(shares, annual, ("period_start",))


def test_a_second_computation_without_sql_agrees_in_every_cell(world: World) -> None:
    petitions = days_of("petitions", "*/*/pakn-*.csv")
    assert disagreements(world, days_of("dossiers", "*/*/*.ndjson"), petitions) == []


def days_of(source: str, pattern: str, folder: Path = HERE) -> list[tuple[date, Path]]:
    """The files of a source with the days of their content, in the order in which the world has them."""
    paths = sorted(folder.glob(pattern), key=lambda path: (path.name, path))
    return [(SOURCES[source].period_of(path.name, DAY.date())[1], path) for path in paths]


def petition_disagreements(world: World, files: list[tuple[date, Path]]) -> list[str]:
    """Cells of items 5.1 to 5.3 that the second computation has otherwise."""
    registries = recompute.Registries(PROJECT_ROOT / "dbt_project" / "seeds")
    every = recompute.petitions(files, registries)
    shares = recompute.petition_shares(every, max(day for day, _ in files), registries)
    with world.warehouse.connect() as connection:
        rows = connection.execute(
            "from marts.qd766_scores where recomputed_denominator > 0 and item_code like 'PETITION%'"
        ).to_arrow_table()
    return recompute.differences(rows.to_pylist(), shares, ("period_type", "period_start", "agency_code", "item_code"))


def village_disagreements(world: World, files: list[tuple[date, Path]]) -> list[str]:
    """Cells of the villages of telecom_coverage that the second computation has otherwise."""
    registries = recompute.Registries(PROJECT_ROOT / "dbt_project" / "seeds")
    shares = recompute_telecom.telecom_villages(files, registries)
    with world.warehouse.connect() as connection:
        rows = connection.execute("from marts.telecom_coverage where villages_covered is not null").to_arrow_table()
    key = ("period_start", "technology", "operator", "area_code")
    return recompute.differences(rows.to_pylist(), shares, key)


def test_petitions_and_villages_agree_with_a_second_computation_in_every_cell(world: World) -> None:
    assert petition_disagreements(world, days_of("petitions", "*/*/pakn-*.csv")) == []
    assert village_disagreements(world, days_of("village_coverage", "*/*/village_coverage/*.csv")) == []


def network_disagreements(
    world: World, features: list[tuple[date, Any]], files: dict[str, list[tuple[date, Path]]]
) -> list[str]:
    """Cells of base stations, cells and tile speeds that the second computation has otherwise."""
    registries = recompute.Registries(PROJECT_ROOT / "dbt_project" / "seeds")
    territory = recompute_networks.Territory(features, registries)
    sites = recompute_networks.base_stations(files["bts_inventory"], territory, registries)
    cells = recompute_networks.cells(files["opencellid_cells"], territory, registries)
    speeds = recompute_networks.tile_speeds(files["ookla_tiles"], territory)
    assert sites, "no base station"
    assert cells, "no cell"
    assert speeds, "no tile"
    of_area = ("period_start", "technology", "operator", "area_code")
    lines = []
    for rows, key, of in (
        (sites, of_area, "telecom_coverage where sites is not null"),
        (cells, of_area, "telecom_coverage where cells is not null"),
        (speeds, ("period_start", "network", "area_code"), "broadband_speed where source = 'ookla'"),
    ):
        with world.warehouse.connect() as connection:
            found = connection.execute(f"from marts.{of}").to_arrow_table().to_pylist()
        lines += recompute.differences(found, rows, key)
    return lines


NETWORK_FILES = ("bts_inventory", "opencellid_cells", "ookla_tiles")


def boundaries() -> list[tuple[date, Any]]:
    """Every drawn commune of the golden cases, with the day of its file."""
    return [
        (day, feature)
        for day, path in days_of("boundaries", "*/*/boundaries/*.geojson")
        for feature in json.loads(path.read_bytes())["features"]
    ]


def test_base_stations_cells_and_speeds_agree_with_a_second_computation_in_every_cell(world: World) -> None:
    files = {source: days_of(source, f"*/*/{source}/*") for source in NETWORK_FILES}
    assert network_disagreements(world, boundaries(), files) == []


def test_rows_merged_for_a_release_keep_every_sum_and_mark(world: World) -> None:
    """Small rows leave as one: no number and no mark of made-up data is lost with them."""
    merged = [mart for mart in marts_of(world.dbt.manifest()) if mart.disclosure.merge]
    assert len(merged) > 3
    for mart in merged:
        merge = mart.disclosure.merge
        assert merge
        counts = [c.name for c in mart.columns if c.type == "bigint" and c.name not in (*mart.key, *merge.same)]
        checks = [*(f"sum({name})" for name in counts), "bool_or(has_samples)"]
        of_mart, of_release = (
            world.rows(f"select {', '.join(checks)} from {relation}") for relation in (mart.relation, source_of(mart))
        )
        assert of_release == of_mart, (mart.name, checks)
        group = ", ".join(name for name in mart.key if name != merge.column)
        for name in merge.same:
            several = f"group by {group} having count(distinct {name}) > 1"
            assert world.rows(f"select {group} from {mart.relation} where {merge.only} {several}") == [], name
        for rate, (top, bottom) in merge.rates.items():
            wrong = f"{rate} is distinct from round(100.0 * {top} / nullif({bottom}, 0), 2)"
            assert world.rows(f"select count(*) from {source_of(mart)} where {wrong}") == [(0,)], rate


def test_a_target_is_met_by_a_final_figure_of_its_year_and_no_pace_begins_after_it(world: World) -> None:
    """Of every target: its own data, the published figures of the registry and the cases here."""
    judged = "from marts.target_progress where status"
    assert world.rows(f"select count(*) > 20 {judged} is not null") == [(True,)]
    assert world.rows(f"select target_id, year {judged} = 'met' and (year < target_year or certainty <> 'real')") == []
    assert (
        world.rows(
            f"select target_id, year {judged} is not null and baseline_year >= target_year and actual_pace is not null"
        )
        == []
    )


def test_figures_under_another_code_reach_their_targets(world: World) -> None:
    found = world.rows("select target_id, year, value from marts.target_progress")
    assert {
        ("it_staff_not_set", 2025, 612.0),
        ("state_it_staff_not_set", 2025, 236.0),
        ("grdp_agriculture_2030", 2020, 15.82),
        ("grdp_industry_2030", 2020, 41.95),
        ("grdp_services_2030", 2020, 42.23),
    } <= set(found)


def test_a_policy_says_of_every_number_what_becomes_of_it(world: World) -> None:
    manifest = json.loads(world.dbt.manifest_path.read_bytes())
    (policy,) = (
        node["config"]["meta"]["disclosure"]["merge"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["name"] == "digitisation"
    )
    policy["sums"].remove("with_digitised_component")
    with pytest.raises(MartIncomplete, match="sums, rates or same is to name with_digitised_component"):
        marts_of(manifest)


def test_the_annual_share_is_that_of_the_index(world: World) -> None:
    """By construction: both sum int_on_time. A month of it is what dossier_timeliness counts."""
    shares = world.rows(
        "select v.period_start, v.numerator, v.denominator, s.recomputed_numerator, s.recomputed_denominator "
        "from marts.indicator_values as v join marts.qd766_scores as s using (period_type, period_start) "
        "where v.indicator = 'dossiers_on_time_pct' and v.source = 'dossier_timeliness' "
        "and s.item_code = 'DOSSIER_ON_TIME' and s.agency_code = 'H27'"
    )
    assert shares
    assert all(row[1:3] == row[3:5] for row in shares)
    months = world.rows(
        "select period_start as month, agency_code, procedure_field_code, sum(on_time)::bigint, sum(received)::bigint "
        "from intermediate.int_on_time where period_type = 'month' group by all order by all"
    )
    assert months == world.rows(
        "select month, agency_code, procedure_field_code, early + on_time + in_process, received "
        "from marts.dossier_timeliness order by all"
    )


@pytest.mark.slow
def test_data_tests_give_the_results_that_dbt_gives(world: World) -> None:
    """Passed, failed and broken ones, against dbt's own run of the same tests. Comes last: it breaks the world."""
    with world.warehouse.connect() as connection:
        for _ in range(2):  # twice the same code: keys break, names that must be there are missing
            connection.execute("insert into registry.channels by name (select '9' as channel_code)")
        connection.execute("update registry.agencies set level = 'unknown to the rules'")
        connection.execute("delete from registry.targets")
        connection.execute("drop table marts.satisfaction")
    ours = world.dbt.test()
    seeds = ["agencies", "channels", "targets", "satisfaction", "dossier_timeliness"]
    with suppress(DbtFailed):
        theirs = world.dbt._invoke(["test", "--exclude-resource-type", "unit_test", "--select", *seeds])
    said = {result.unique_id: result for result in ours}
    assert len(said) == len(ours)
    tests = [node for node in world.dbt.manifest()["nodes"].values() if node["resource_type"] == "test"]
    assert set(said) == {node["unique_id"] for node in tests}, "none is left out"
    assert {result.status for result in theirs} >= {"pass", "fail", "error"}
    for result in theirs:
        mine = said[result.unique_id]
        assert mine.status == result.status, (result.name, mine.message, result.message)
        if result.status != "error":
            assert mine.failures == result.failures, result.name
            assert mine.message.partition(": ")[0] == result.message, "ours goes on with the rules that were broken"


def _own(row: dict[str, str]) -> tuple[tuple[str, str], ...]:
    columns = next(columns for columns in OWN if set(columns) <= row.keys())
    return tuple((column, row[column]) for column in columns)


def _text(row: dict[str, str]) -> list[str]:
    return list(row.values())


@pytest.mark.slow
def test_a_second_computation_agrees_on_a_larger_sample(fresh_world: Callable[[], World], tmp_path: Path) -> None:
    """Comes after all others: the world before ends here."""
    report = write_dossiers(
        tmp_path,
        PROJECT_ROOT / "dbt_project" / "seeds",
        rows=6000,
        seed=11,
        first=date(2025, 3, 1),
        last=date(2026, 8, 20),
    )
    other, files = fresh_world(), []
    for path in sorted(report.paths):
        files.append((other.land(path.name, path.read_bytes()).extracted_on, path))
    petitions = write_petitions(tmp_path, Random(11))
    villages = write_villages(tmp_path, Random(11))
    networks = write_networks(tmp_path, Random(11))
    drawn = days_of("boundaries", "*/*/boundaries/*.geojson")
    for source, of_source in (
        ("petitions", petitions),
        ("village_coverage", villages),
        ("boundaries", drawn),
        *networks.items(),
    ):
        for _, path in of_source:
            other.land(path.name, path.read_bytes(), SOURCES[source])
    assert other.load().rows_quarantined > 0, "the sample has records that nobody can mean"
    other.build()
    assert disagreements(other, sorted(files), petitions) == []
    assert petition_disagreements(other, petitions) == []
    assert village_disagreements(other, villages) == []
    assert network_disagreements(other, boundaries(), networks) == []


def write_petitions(folder: Path, random: Random) -> list[tuple[date, Path]]:
    """Petitions of two deliveries, some of the first again in the second; terms with, without and at midnight."""
    first, found = datetime(2026, 1, 5, 8), []
    for day, numbers in ((date(2026, 4, 10), range(400)), (date(2026, 7, 20), range(300, 800))):
        path = folder / f"pakn-{day}.csv"
        rows = ["Mã phản ánh,Mã đơn vị,Ngày tiếp nhận,Hạn trả lời,Ngày trả lời,Phân loại,Hài lòng"]
        for number in numbers:
            received = first + timedelta(hours=random.randrange(24 * (day - first.date()).days - 24))
            due = received + timedelta(days=random.randrange(1, 40))
            answered = received + timedelta(hours=random.randrange(24 * 40))
            is_answered = answered.date() < day and random.random() < 0.8
            term = random.choice(("", f"{due:%d/%m/%Y}", f"{due:%d/%m/%Y %H:%M:%S}"))
            words = [random.choice(("TTHC", "STAFF", "")), random.choice("01") if is_answered else ""]
            at = f"{answered:%d/%m/%Y %H:%M:%S}" if is_answered else ""
            agency = random.choice(("H27.991", "H27.6", "H27.13"))  # unknown; with dossiers; mostly without any
            rows.append(",".join([f"PA-{number}", agency, f"{received:%d/%m/%Y %H:%M:%S}", term, at, *words]))
        path.write_text("\n".join(rows), encoding="utf-8")
        found.append((day, path))
    return found


def write_villages(folder: Path, random: Random) -> list[tuple[date, Path]]:
    """Reports of three operators by quarter, in part, with blanks; the first by communes until June 2025."""
    found = []
    for day in (date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), date(2026, 6, 30), date(2026, 9, 30)):
        codes = ["18073", "18100", "18115", "18727", "18733"] if day.year == 2025 and day.month < 7 else COMMUNES
        for operator in random.sample(("viettel", "vinaphone", "mobifone"), 2 if day.month == 9 else 3):
            path = folder / f"{operator}-thon-{day}.csv"
            rows = ["Mã xã,Thôn,2G,3G,4G,5G,Cáp quang"]
            for code in codes:
                for number in random.sample(range(1, 13), 9):
                    cells = random.choices(("có", "không", ""), (3, 5, 2), k=5)
                    rows.append(",".join([code, f"Thôn {number}", *cells]))
            path.write_text("\n".join(rows), encoding="utf-8")
            found.append((day, path))
    return found


def write_networks(folder: Path, random: Random) -> dict[str, list[tuple[date, Path]]]:
    """Inventories, cells and tiles all over a part of the drawn territory and beyond its border."""
    paths = {"bts_inventory": [], "opencellid_cells": [], "ookla_tiles": []}

    def place() -> tuple[float, float]:
        return round(random.uniform(105.86, 106.30), 5), round(random.uniform(17.97, 18.40), 5)

    for day in (date(2026, 3, 31), date(2026, 6, 20), date(2026, 6, 30)):
        for operator in random.sample(("viettel", "vinaphone", "mobifone"), 2):
            rows = ["Mã trạm,Công nghệ,Kinh độ,Vĩ độ,Ngày phát sóng,Trạng thái,Mã xã"]
            for number in range(120):
                technology = "/".join(random.sample(("2G", "3G", "4G", "5G"), random.randrange(1, 4)))
                at = random.choice((",", "{},{}".format(*place()), "{},{}".format(*place())))
                commune = random.choice((*COMMUNES, "")) if at != "," else random.choice(COMMUNES)
                on_air = random.choice(("", "01/07/2021", f"{day:%d/%m/%Y}", f"{day + timedelta(days=1):%d/%m/%Y}"))
                status = random.choice(("", "đang hoạt động", "đang hoạt động", "tháo dỡ"))
                code = f"T{number % 100}"  # some sites are on two rows
                rows.append(f"{code},{technology},{at},{on_air},{status},{commune}")
            path = folder / f"{operator}-tram-{day}.csv"
            path.write_text("\n".join(rows), encoding="utf-8")
            paths["bts_inventory"].append((day, path))
    for day, name in (
        (date(2026, 1, 10), "OCID-diff-cell-export-2026-01-10-T000000.csv"),
        (date(2026, 4, 10), "452-2026-04-10.csv"),
        (date(2026, 5, 10), "OCID-diff-cell-export-2026-05-10-T000000.csv"),
        (date(2026, 7, 10), "OCID-diff-cell-export-2026-07-10-T000000.csv"),
        (date(2026, 10, 10), "452-2026-10-10.csv"),
    ):
        lines = []
        for cell in random.sample(range(1, 400), 150):
            radio, net = random.choice(("GSM", "UMTS", "LTE", "NR")), random.choice("1245")
            lon, lat = place()
            at = f"{lon},{lat},{random.choice((0, 900, 9000))}"
            lines.append(f"{radio},452,{net},{cell % 7 + 1},{cell},-1,{at},5,1,1609459200,1767225600,0")
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
        paths["opencellid_cells"].append((day, folder / name))
    for network in ("fixed", "mobile"):
        keys = sorted({key for _ in range(250) for key in quadkeys(Box(*(2 * place())), 16)})
        numbers = {
            name: [random.randrange(1, most) for _ in keys]
            for name, most in (("avg_d_kbps", 400_000), ("avg_u_kbps", 90_000), ("avg_lat_ms", 90), ("tests", 40))
        }
        numbers["devices"] = [random.randrange(1, tests + 1) for tests in numbers["tests"]]
        path = folder / f"2026-04-01_performance_{network}_tiles.parquet"
        pq.write_table(pa.table({"quadkey": keys, **numbers}), path)
        paths["ookla_tiles"].append((date(2026, 4, 1), path))
    return paths
