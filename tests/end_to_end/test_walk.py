"""Bytes in, release out: the walk of one province over several days, good and bad ones, in their order."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from polars.testing import assert_frame_equal
from questions import R_PACKAGES, Question, by_r, questions
from superset_world import bundle as superset
from typer.testing import CliRunner
from walk_world import LAST, ONE_DOSSIER, Province

from pipelines.cli import app
from pipelines.cli.common import HELD_BACK
from pipelines.cli.running import waits_for_somebody
from pipelines.orchestration.keys import RELEASE
from pipelines.platform import STEPS, Platform
from pipelines.release.released import Release
from pipelines.scoreboard.pages import place_of
from pipelines.scoreboard.rows import Rows
from pipelines.settings import PROJECT_ROOT
from pipelines.transform.marts import marts_of
from pipelines.unchanged import record_if_unchanged
from samples.dossiers import SampleReport

TIMELINESS = "dossier_timeliness.parquet"


@pytest.fixture(scope="module")
def province(new_province: Callable[..., Province]) -> Province:
    return new_province(processes=True)


@pytest.fixture(scope="module")
def sample(province: Province) -> SampleReport:
    return province.sample()


@pytest.fixture(scope="module")
def first(province: Province, sample: SampleReport) -> Release:
    result = province.walk()
    assert result.success, (result.step, result.error_class, result.error_message)
    release = province.platform.releases.current()
    assert release is not None
    return release


def test_the_first_walk_releases_every_mart(first: Release, province: Province) -> None:
    marts = marts_of(province.platform.dbt.manifest())
    assert set(first.targets) == {mart.target for mart in marts}
    assert set(first.tables) == {mart.name for mart in marts}
    assert first.held_back == ()
    assert province.last_run()["status"] == "released"
    assert first.synthetic, "samples are marked wherever they go"


def test_every_target_without_a_value_says_why_and_names_who_has_to_report_it(first: Release) -> None:
    with duckdb.connect(str(first.path / "marts.duckdb"), read_only=True) as connection:
        silent = connection.execute(
            "select target_id, status from target_progress where value is null and status <> 'no_longer_in_force' "
            "and (no_data_reason is null or coalesce(trim(responsible_agency), '') = '' or responsible_basis is null)"
        ).fetchall()
        without = connection.execute("select count(*) from target_progress where status = 'no_data'").fetchone()
    assert silent == []
    assert without is not None
    assert without[0] > 0, "there are such targets"


def test_public_figures_give_values_to_targets_that_had_none(first: Release) -> None:
    """68 had none: 31 are to have one, 12 of their own area, and 9 to be judged; made-up values do not count."""
    file = Path(__file__).with_name("without_value_before.txt")
    before = [tuple(line.split()) for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    with duckdb.connect(str(first.path / "marts.duckdb"), read_only=True) as connection:
        now = connection.execute(
            "select target_id, area_code, status from target_progress "
            "where is_latest and value is not null and certainty <> 'sample'"
        ).fetchall()
    valued, of_own_area = {target for target, *_ in now}, {(target, area) for target, area, _ in now}
    judged = {target for target, _, status in now if status not in ("not_assessed", "no_longer_in_force")}
    assert len(before) == 68
    assert len(valued) > 70
    assert sum(target in valued for target, _ in before) >= 31
    assert sum(row in of_own_area for row in before) >= 12
    assert sum(target in judged for target, _ in before) >= 9


def test_every_record_of_the_sample_is_counted(first: Release, province: Province, sample: SampleReport) -> None:
    reported = [line for line in province.lines if " rows = " in line]
    assert len(reported) == len(sample.paths)
    total = 0
    for line in reported:
        rows, loaded, aside = (
            int(n.replace(",", "")) for n in re.findall(r"([\d,]+) (?:rows|loaded|quarantined)", line)
        )
        assert rows == loaded + aside
        total += rows
    assert total == sample.records
    received = pl.read_parquet(first.path / TIMELINESS)["received"].sum()
    assert 0.98 * sample.dossiers < received <= sample.dossiers, "some are not received yet, some lie in quarantine"


def test_the_parts_of_every_row_sum_to_its_total(first: Release) -> None:
    rows = pl.read_parquet(first.path / TIMELINESS)
    parts = rows.select(pl.sum_horizontal("early", "on_time", "late", "in_process", "overdue", "no_term")).to_series()
    assert (parts == rows["received"]).all()
    share = (
        100 * rows.select(pl.sum("early") + pl.sum("on_time") + pl.sum("in_process")).item() / rows["received"].sum()
    )
    assert 75 < share < 90, "calibrated to the 82.41 % that the portal published"


def test_sql_users_and_parquet_readers_see_the_same_with_titles(first: Release) -> None:
    with duckdb.connect(str(first.path / "marts.duckdb"), read_only=True) as connection:
        for table in first.tables:
            (count,) = connection.execute(f"select count(*) from {table}").fetchone() or (None,)
            assert count == pq.read_metadata(first.path / f"{table}.parquet").num_rows
        comments = dict(
            connection.execute(
                "select column_name, comment from duckdb_columns() where table_name = 'dossier_timeliness'"
            ).fetchall()
        )
    assert "Số hồ sơ tiếp nhận" in comments["received"]
    schema = pq.read_schema(first.path / TIMELINESS)
    metadata = {key.decode(): value.decode() for key, value in schema.field("received").metadata.items()}
    assert metadata["title_vi"] == "Số hồ sơ tiếp nhận"
    assert metadata["unit"] == "hồ sơ"


def test_bi_tools_count_what_the_page_shows_and_every_key_leads_somewhere(first: Release, province: Province) -> None:
    assert first.undrawn == {}
    described = json.loads((first.path / "bi" / "datapackage.json").read_bytes())
    tables = {item["name"]: item["schema"] for item in described["resources"] if item["format"] == "parquet"}
    model = yaml.safe_load((PROJECT_ROOT / "pipelines" / "scoreboard" / "bi" / "model.yml").read_text(encoding="utf-8"))
    without_rows = {"facts_sites", "facts_villages", "facts_reports"}  # the province of this test has dossiers alone
    assert tables.keys() == model["tables"].keys() - without_rows
    for name, table in tables.items():
        assert [key["fields"][0] for key in table["foreignKeys"]] == [*model["tables"][name].get("leads", ())], name
        assert [field["name"] for field in table["fields"] if field["title"] == field["name"]] == [], name
    lists = {column: name for name, about in model["tables"].items() for column in about.get("codes_of", ())}
    for resource in json.loads((first.path / "datapackage.json").read_bytes())["resources"]:
        codes = {field["name"] for field in resource["schema"]["fields"]} & lists.keys()
        if resource["target"] != "bi":
            assert {key["fields"][0] for key in resource["schema"].get("foreignKeys", ())} == codes, resource["name"]
    counts = Rows(first, place_of(province.settings)).counts
    with duckdb.connect(str(first.path / "marts.duckdb"), read_only=True) as connection:
        counted = connection.execute("select status, count(*) from bi.scoreboard group by status").fetchall()
        assert dict(counted) == {status: count for status, count in counts.items() if count}
        sums = "select (select sum(received) from bi.facts_dossiers), (select sum(received) from dossier_timeliness)"
        (fact, mart) = connection.execute(sums).fetchone() or (None, 0)
        assert fact == mart


def test_each_chart_of_the_superset_dashboard_has_rows(first: Release) -> None:
    """Its SQL alone; in Superset itself: test_superset.py."""
    stated = superset.spec()
    described = superset.files(first.path, "/srv/marts.duckdb")
    assert described["databases/hatinh.yaml"]["sqlalchemy_uri"] == "duckdb:////srv/marts.duckdb"
    with duckdb.connect(str(first.path / "marts.duckdb"), read_only=True) as connection:
        for chart in (chart for row in stated["rows"] for chart in row):
            about = stated["datasets"][chart["of"]]
            shown = [*chart.get("columns", ()), *chart.get("by", ())]
            shown += [about["metrics"][metric]["sql"] for metric in chart.get("metrics", ())]
            grouped = "group by all" if chart.get("metrics") else ""
            rows = connection.execute(f"select {', '.join(shown)} from ({about['sql']}) {grouped}").fetchall()
            assert rows, chart["chart"]


def test_the_package_describes_the_files_and_their_sources(first: Release, sample: SampleReport) -> None:
    package = json.loads((first.path / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        content = (first.path / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["bytes"] == len(content)
    assert {receipt["name"] for receipt in package["sources"]} == {path.name for path in sample.paths}
    evidence = first.evidence["dossier_timeliness"]
    assert {"build", "dbt_test", "expectation", "load"} <= {item["kind"] for item in evidence}


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.title.partition(".")[0])
def test_a_worked_question_has_one_answer_in_sql_and_in_python(first: Release, question: Question) -> None:
    answer = question.by_sql(first.path)
    assert_frame_equal(answer, question.by_python(first.path), check_dtypes=False)
    assert "r" in question.blocks
    if "5G" not in question.title:  # this province has dossiers alone
        assert answer.height > 0


@pytest.mark.slow
def test_the_worked_questions_have_the_same_answers_in_r(first: Release, tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("no R on this machine")
    if subprocess.run(["Rscript", "--vanilla", "-e", R_PACKAGES], capture_output=True, check=False).returncode:
        pytest.skip("R has no dplyr, lubridate or readr")
    asked = questions()
    for question, answer in zip(asked, by_r(first.path, asked, tmp_path), strict=True):
        assert_frame_equal(answer, question.by_sql(first.path))


def test_there_are_twelve_worked_questions() -> None:
    assert len(questions()) == 12


def test_dagster_knows_the_run_its_files_and_its_checks(first: Release, province: Province) -> None:
    import dagster as dg

    with DagsterInstance.from_config(str(province.settings.dagster_home)) as instance:
        (run,) = instance.get_runs()
        assert run.job_name == "run"
        assert run.status == dg.DagsterRunStatus.SUCCESS
        landed = instance.get_materialized_partitions(dg.AssetKey(["landing", "dossiers"]))
        assert landed == {"2026-05", "2026-06", "2026-07", "2026-08"}
        loaded = instance.get_latest_materialization_event(dg.AssetKey(["raw", "dossiers"]))
        assert loaded is not None
        counts = {key: value.value for key, value in loaded.asset_materialization.metadata.items()}
        assert counts["rows_in"] == counts["rows_loaded"] + counts["rows_quarantined"]
        checks = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
        assert len(checks) >= 6


@pytest.mark.usefixtures("first")
def test_the_same_again_is_no_new_release(province: Province, first: Release) -> None:
    assert province.walk().success
    assert province.last_run()["status"] == "unchanged"
    assert "nothing changed since the last check" in province.lines, "what did not change is not computed again"
    assert [release.id for release in province.platform.releases.list()] == [first.id]


def test_a_run_with_nothing_new_is_recorded_without_being_made(province: Province, first: Release) -> None:
    before = province.last_run()
    result = CliRunner().invoke(app, ["run"], env=province.environment)
    assert result.exit_code == 0, result.output
    assert first.id in result.output
    last = province.last_run()
    assert (last["status"], last["release"], last["seconds"]) == ("unchanged", first.id, {}), "no step was made"
    assert (last["targets"], last["loads"]) == (before["targets"], before["loads"])
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(province.settings.dagster_home))) as instance:
        record = instance.get_run_by_id(last["run_id"])
        assert record is not None
        assert (record.is_success, record.tags["hatinh/outcome"]) == (True, "unchanged")
        materialized = instance.get_latest_materialization_event(RELEASE)
        assert materialized is not None
        assert materialized.asset_materialization is not None
        assert materialized.asset_materialization.metadata["status"].value == "unchanged"
        assert first.id in str(materialized.asset_materialization.metadata["page"].value)
        keys = [dg.AssetCheckKey(RELEASE, name) for name in (*(f"gate_{t}" for t in first.targets), "publications")]
        checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        late = [key.name for key in keys if checks[key].event.timestamp < materialized.timestamp]
        assert late == [], "Dagster shows a check before the last materialization as not evaluated"


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    "change", [{}, {"max_quarantined_pct": 4.0}, {"min_cell_count": 6}, {"province_name": "Nơi khác"}]
)
def test_a_changed_setting_needs_a_run(province: Province, change: dict[str, object]) -> None:
    changed = Platform(province.settings.model_copy(update=change))
    assert record_if_unchanged(changed, "a-run") is not bool(change)


def test_a_file_in_the_drop_folder_needs_a_run(province: Province, first: Release) -> None:
    path = province.drop(f"hoso-{LAST}.ndjson", ONE_DOSSIER)
    assert not record_if_unchanged(Platform(province.settings), "a-run")
    path.unlink()
    assert record_if_unchanged(Platform(province.settings), "a-run"), first.id


def test_a_run_records_the_seconds_of_each_step(province: Province, first: Release) -> None:
    (made,) = [run for run in province.runs() if run["release"] == first.id and run["status"] == "released"]
    assert tuple(made["seconds"]) == STEPS


@pytest.mark.slow
def test_what_was_published_is_computed_again_to_the_byte(province: Province, first: Release) -> None:
    result = CliRunner().invoke(app, ["releases", "reproduce", first.id], env=province.environment)
    assert result.exit_code == 0, result.output
    assert f"{first.id}: comes out as published" in " ".join(result.output.split())
    assert result.output.count("same bytes") == len(first.tables)
    as_json = CliRunner().invoke(app, ["releases", "reproduce", first.id, "--json"], env=province.environment)
    found = json.loads(as_json.stdout)
    assert (found["id"], found["ok"], as_json.exit_code) == (first.id, True, 0)
    assert {table["name"]: table["outcome"] for table in found["tables"]} == dict.fromkeys(first.tables, "same")


def test_a_release_is_read_back_in_json(first: Release, province: Province) -> None:
    def verify(release_id: str) -> tuple[int, dict[str, object]]:
        result = CliRunner().invoke(app, ["releases", "verify", release_id, "--json"], env=province.environment)
        return result.exit_code, json.loads(result.stdout)

    assert verify(first.id) == (0, {"id": first.id, "ok": True, "tables": len(first.tables), "rows": first.rows})
    code, found = verify("20260101T000000Z-00000000")
    assert (code, found["ok"]) == (2, False)


@pytest.mark.slow
@pytest.mark.parametrize("parts", [("raw", "vault", "marts"), ("raw", "vault")])
def test_a_machine_restored_from_the_backup_has_the_same_release_to_the_byte(
    province: Province, first: Release, new_province: Callable[[], Province], parts: tuple[str, ...]
) -> None:
    """As docs/deployment.md backs up: raw files, vault, releases and the key; the warehouse is made again."""
    restored = new_province()
    shutil.copy(province.settings.pseudonym_key, restored.settings.pseudonym_key)
    for part in parts:
        if (source := province.settings.data / part).exists():
            shutil.copytree(source, restored.settings.data / part, symlinks=True)
    assert restored.walk().success
    assert restored.last_run()["status"] == ("unchanged" if "marts" in parts else "released")
    again = restored.platform.releases.current()
    assert again is not None
    assert again.fingerprint == first.fingerprint
    for table in first.tables:
        assert (again.path / f"{table}.parquet").read_bytes() == (first.path / f"{table}.parquet").read_bytes()


@pytest.fixture(scope="module")
def poisoned(province: Province, first: Release) -> Release:
    """The release of a run that found late dossiers, an empty file, one of something else, and one of no source."""
    province.sample(3000, seed=8, defect="late")
    province.drop("sample-empty.ndjson", b"")
    province.drop("sample-towers.csv", b"radio,mcc,net\nLTE,452,4\n")
    province.drop("note.txt", b"x", source="nowhere")
    province.drop("viettel-thon-2026-08-20.csv", "Xã,Thôn,4G\nTên Lạ,Thôn 1,có\n".encode(), source="village_coverage")
    province.environment["COLUMNS"] = "200"
    result = province.run()
    assert result.exit_code == HELD_BACK, result.output
    assert "Waiting for an answer: 1 names of communes: hatinh area --review" in " ".join(result.output.split())
    assert "on_time_pct" in result.output or "30 %" in result.output or "unexpected_rows" in result.output
    release = province.platform.releases.current()
    assert release is not None
    return release


def test_a_poisoned_feed_holds_its_target_back(poisoned: Release, first: Release, province: Province) -> None:
    held = {held.target for held in poisoned.held_back}
    assert {"dossier_timeliness", "target_progress"} <= held
    assert "online_submission" not in held
    assert (poisoned.path / TIMELINESS).read_bytes() == (first.path / TIMELINESS).read_bytes()
    assert (poisoned.path / "online_submission.parquet").read_bytes() != (
        first.path / "online_submission.parquet"
    ).read_bytes()
    assert all(held.last_good_release == first.id for held in poisoned.held_back)
    book = json.loads((province.settings.marts / "versions.json").read_text(encoding="utf-8"))
    assert book["current"] == poisoned.id
    targets = book["runs"][-1]["targets"]
    assert {target for target, state in targets.items() if state == "held_back"} == held
    assert targets["online_submission"] == "passed"


@pytest.mark.usefixtures("poisoned")
def test_bad_files_stop_nothing_and_are_named(province: Province) -> None:
    loads = province.last_run()["loads"]["dossiers"]
    assert {line.split(":")[0] for line in loads["refused"]} == {"sample-empty.ndjson", "sample-towers.csv"}
    assert (province.settings.drop / "nowhere" / "note.txt").exists(), "what belongs to no source is left where it is"


def test_a_reader_of_the_release_sees_which_files_its_figures_lack(poisoned: Release) -> None:
    outcomes = {file["name"]: (file["status"], file.get("reason")) for file in poisoned.package["sources"]}
    lacking = {name: reason for name, (status, reason) in outcomes.items() if status == "refused"}
    assert set(lacking) == {"sample-empty.ndjson", "sample-towers.csv"}
    assert lacking["sample-empty.ndjson"] == "the file is empty"
    verdict = poisoned.package["verdicts"]["online_submission"]
    (reported,) = [item for item in poisoned.evidence["online_submission"] if item["check"] == "refused:dossiers"]
    assert (verdict["verdict"], reported["passed"], reported["severity"], reported["observed"]) == (
        "passed",
        False,
        "warn",
        "2",
    )
    assert "sample-towers.csv" in reported["detail"]


@pytest.fixture(scope="module")
def without_news(
    poisoned: Release, province: Province, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict[str, Any]], str]:
    """The records of the run with holds and of two that find nothing new after it, and the alerts that were sent."""
    folder = tmp_path_factory.mktemp("alerts")
    script, sent = folder / "keep.py", folder / "sent"
    script.write_text("import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')", encoding="utf-8")
    alerts = json.dumps([f"command:{sys.executable} {script} {sent}"])
    for _ in range(2):
        result = CliRunner().invoke(app, ["run"], env=province.environment | {"HATINH_ALERTS": alerts})
        assert result.exit_code == HELD_BACK, f"somebody still has to act: {result.output}"
    return province.runs()[-3:], sent.read_text(encoding="utf-8")


def test_a_run_with_nothing_new_and_the_same_holds_is_recorded_without_being_made(
    poisoned: Release, without_news: tuple[list[dict[str, Any]], str]
) -> None:
    before, *quiet = without_news[0]
    for last in quiet:
        assert (last["status"], last["release"], last["seconds"]) == ("unchanged", poisoned.id, {}), "no step was made"
        assert last["targets"] == before["targets"]
        assert "held_back" in last["targets"].values()
        assert last["left"] == before["left"]


def test_a_hold_is_sent_once_however_many_runs_without_news_follow(
    poisoned: Release, without_news: tuple[list[dict[str, Any]], str]
) -> None:
    (message,) = without_news[1].splitlines()
    new = {problem["subject"] for problem in json.loads(message)["new"] if problem["kind"] == "held_back"}
    assert new == {held.target for held in poisoned.held_back}


@pytest.mark.slow
def test_readers_stay_on_a_pinned_release_until_the_pin_is_taken_out(
    poisoned: Release, first: Release, province: Province
) -> None:
    def run(*command: str) -> int:
        return CliRunner().invoke(app, command, env=province.environment).exit_code

    assert run("rollback", first.id, "--pin", "wrong figures in the page") == 0
    for _ in range(2):
        assert run("run") == HELD_BACK
        assert province.last_run()["status"] == "pinned"
        current = province.platform.releases.current()
        assert current is not None
        assert current.id == first.id
    status = CliRunner().invoke(app, ["status"], env=province.environment).output
    assert "wrong figures in the page" in status
    assert "hatinh releases unpin" in " ".join(status.split())
    assert run("releases", "unpin") == 0
    assert run("releases", "unpin") == 2, "there is none any more"
    assert run("run") == HELD_BACK
    again = province.platform.releases.current()
    assert again is not None
    assert again.id not in (first.id, poisoned.id)
    assert again.fingerprint == poisoned.fingerprint


@pytest.mark.slow
@pytest.mark.usefixtures("poisoned")
def test_the_withdrawal_of_a_refused_file_builds_nothing_again(province: Province) -> None:
    landing = province.platform.landing
    (empty,) = [receipt for receipt in landing.active("dossiers") if receipt.name == "sample-empty.ndjson"]
    landing.withdraw("dossiers", empty.sha256, "empty", province.platform.now())
    assert province.walk().success
    assert not [line for line in province.lines if line.startswith("full rebuild")]
    assert [line for line in province.lines if line.startswith("built 0 seeds, views and tables")]
    (refused,) = province.last_run()["loads"]["dossiers"]["refused"]
    assert refused.startswith("sample-towers.csv"), "what is no longer refused is judged again"


@pytest.mark.slow
def test_withdrawing_the_bad_file_releases_the_target(poisoned: Release, first: Release, province: Province) -> None:
    landing = province.platform.landing
    healthy = {item["sha256"] for item in first.package["sources"]}
    for source in ("dossiers", "village_coverage"):
        for receipt in landing.active(source):
            if receipt.sha256 not in healthy:
                landing.withdraw(source, receipt.sha256, "a wrong delivery", province.platform.now())
    assert province.walk().success
    fixed = province.platform.releases.current()
    assert fixed is not None
    assert fixed.held_back == ()
    for table in first.tables:
        assert (fixed.path / f"{table}.parquet").read_bytes() == (first.path / f"{table}.parquet").read_bytes()
    assert any("nowhere/note.txt" in line and "belongs to no source" in line for line in province.lines)


@pytest.mark.slow
def test_a_killed_run_leaves_readers_alone_and_the_next_one_is_right(province: Province, poisoned: Release) -> None:
    before = province.platform.releases.current()
    assert before is not None
    province.drop(f"hoso-{LAST}.ndjson", ONE_DOSSIER)
    province.killed_at(" rows = ")
    after = province.platform.releases.current()
    assert after is not None
    assert after.id == before.id
    province.platform.releases.verify(after.id)
    assert province.walk().success
    right = province.platform.releases.current()
    assert right is not None
    rows = {resource["name"]: resource["rows"] for resource in right.package["resources"]}
    assert rows["dossier_timeliness"] == 1, "the first real file put the samples aside"
    assert not right.synthetic
    assert province.runs()[-2]["status"] == "died"


@pytest.mark.parametrize(
    ("state", "refused", "waits"),
    [("passed", [], False), ("held_back", [], True), ("passed", ["so-lieu.csv: the file is empty"], True)],
)
def test_a_run_that_needs_action_has_its_own_exit_code(state: str, refused: list[str], waits: bool) -> None:
    assert waits_for_somebody({"targets": {"statistics": state}, "loads": {"itu": {"refused": refused}}}) is waits


def test_a_wrong_setting_is_refused_by_name() -> None:
    result = CliRunner().invoke(app, ["status"], env={"HATINH_THREADS": "many"})
    assert result.exit_code == 2
    assert "HATINH_THREADS" in result.output
    assert "many" in result.output
    assert "1 to 256" in result.output


def test_an_invalid_expectation_is_reported_by_file_and_line(
    new_province: Callable[[], Province], tmp_path: Path
) -> None:
    shutil.copytree(PROJECT_ROOT / "expectations", tmp_path / "expectations")
    (tmp_path / "dbt_project").symlink_to(PROJECT_ROOT / "dbt_project")
    (tmp_path / ".dagster").symlink_to(PROJECT_ROOT / ".dagster")
    with (tmp_path / "expectations" / "statistics.yml").open("a", encoding="utf-8") as file:
        file.write("    why: a: b\n")
    result = CliRunner().invoke(app, ["run"], env={**new_province().environment, "HATINH_HOME": str(tmp_path)})
    assert result.exit_code == 2
    assert "Nothing was run. statistics.yml, line" in result.output


def test_an_address_of_no_source_is_refused_by_name(new_province: Callable[[], Province]) -> None:
    mistyped = {**new_province().environment, "HATINH_ADDRESSES": '{"dossier": "/mnt/share"}'}
    for command in ("run", "doctor"):
        result = CliRunner().invoke(app, [command], env={**mistyped, "COLUMNS": "200"})
        assert result.exit_code != 0
        assert "'dossier'" in result.output, command


@pytest.mark.parametrize(
    ("command", "variable", "value", "said"),
    [
        (["run"], "HATINH_MIN_CEL_COUNT", "10", "did you mean HATINH_MIN_CELL_COUNT?"),
        (["status"], "HATINH_ADDRESSES", "{dossiers: secret}", "HATINH_ADDRESSES is not JSON"),
        (["pull", "dossiers", "--partition", "2026-13"], "HATINH_THREADS", "1", "write it like 2026-09"),
    ],
)
def test_a_mistyped_option_is_reported_with_the_right_one(
    new_province: Callable[[], Province], command: list[str], variable: str, value: str, said: str
) -> None:
    mistyped = {**new_province().environment, variable: value, "COLUMNS": "200"}
    result = CliRunner().invoke(app, command, env=mistyped)
    assert result.exit_code == 2
    assert said in result.output
    assert "secret" not in result.output, "an address may hold a token"


def test_the_error_of_a_second_run_names_the_holder_of_the_warehouse(province: Province, first: Release) -> None:
    with province.platform.warehouse.hold("the first run", province.platform.now()):
        result = CliRunner().invoke(app, ["run"], env=province.environment)
    assert result.exit_code == 4
    assert "the first run" in result.output.replace("\n", " ")


@pytest.mark.slow
def test_without_any_data_every_table_goes_out_those_of_dossiers_empty_and_warned(
    new_province: Callable[[], Province],
) -> None:
    province = new_province()
    assert province.walk().success
    release = province.platform.releases.current()
    assert release is not None
    assert release.held_back == ()
    rows = {resource["name"]: resource["rows"] for resource in release.package["resources"]}
    assert rows["dossier_timeliness"] == rows["dossiers_by_commune"] == 0
    assert rows["area_registry"] > 0
    assert rows["target_progress"] > 0
    warned = [item for item in release.evidence["geography"] if not item["passed"]]
    assert [item["detail"] for item in warned if item["table"] == "dossiers_by_commune"] == [
        "No dossier is loaded yet; the table is empty, and not a province without work."
    ]


def test_without_a_key_nothing_is_loaded(new_province: Callable[[], Province]) -> None:
    province = new_province()
    province.sample(50)
    province.settings.pseudonym_key.unlink()
    result = CliRunner().invoke(app, ["run"], env=province.environment)
    assert result.exit_code == 2
    assert "hatinh key make" in result.output.replace("\n", " ")
    assert not province.settings.warehouse.exists()
