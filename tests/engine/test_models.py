"""A province whose dossiers an engine computes: every mart equals that of DuckDB, whatever happens on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine_world import LATER, WAITING, copy_of, differing, files_by_month, marts_and_counts, on

from pipelines import walk
from pipelines.engine.models import ModelsOnEngine, _Session
from pipelines.engine.session import EngineProblem, connect
from pipelines.engine.translate import NotTranslated, view_of
from pipelines.settings import PROJECT_ROOT
from pipelines.transform.dbt import Dbt

if TYPE_CHECKING:
    from conftest import World

OF_DOSSIERS = ("dossier_timeliness", "online_submission", "online_payment", "digitisation")
COUNTS = "model.hatinh.int_qd766_counts"


@pytest.fixture(scope="module")
def on_duckdb(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse as DuckDB builds it."""
    world.load()
    world.build()
    return copy_of(world, tmp_path_factory.mktemp("duckdb"))


@pytest.fixture(scope="module")
def moved(world: World, on_duckdb: Path, sail: str) -> World:
    """The same world, on the engine since its second run."""
    moved = on(world, sail)
    moved.load()
    built = walk.build(moved.platform)
    assert built.rebuild_reason == "the engine is another one"
    assert [(result.name, result.message) for result in built.results if result.status != "success"] == []
    return moved


def evidence(world: World, built: walk.Built) -> dict[str, set[tuple[str, str, bool, str | None]]]:
    """By target: each check of the gate, whether it passed, and what it observed."""
    judged = walk.judge(world.platform, built, "run").verdicts.values()
    return {verdict.target: {(e.table, e.check, e.passed, e.observed) for e in verdict.evidence} for verdict in judged}


@pytest.mark.engine
def test_every_mart_is_that_of_duckdb(moved: World, on_duckdb: Path) -> None:
    assert differing(moved, on_duckdb, marts_and_counts(moved)) == {}
    (kinds,) = moved.rows(
        "select list(table_name order by table_name) from information_schema.tables "
        "where table_type = 'VIEW' and table_schema = 'intermediate' and table_name in ('int_dossiers', 'int_on_time')"
    )
    assert kinds == (["int_dossiers"],), "rows of dossiers stay on the engine, counts come home"


@pytest.mark.engine
def test_tests_of_dossiers_run_on_the_engine_with_the_same_results(moved: World) -> None:
    there = {result.unique_id: (result.status, result.failures) for result in moved.platform.models.test()}
    here = {result.unique_id: (result.status, result.failures) for result in moved.dbt.test()}
    assert there == here
    assert ("warn", 1) in there.values()


@pytest.mark.engine
def test_an_engine_that_dies_leaves_the_former_tables_and_the_next_run_repeats_the_work(
    moved: World, on_duckdb: Path, dying: tuple[str, subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, server = dying
    world = on(moved, address)
    with world.warehouse.connect() as connection:
        connection.execute("insert or replace into meta.state values ('rebuild_because', 'the test asks for it')")
    from pipelines.engine import models

    computed = models.ModelsOnEngine._model

    def killed_after_the_dossiers(self: models.ModelsOnEngine, *arguments: object) -> None:
        computed(self, *arguments)  # type: ignore[arg-type]
        if "model.hatinh.int_dossiers" in arguments:
            server.send_signal(signal.SIGKILL)
            server.wait()

    monkeypatch.setattr(models.ModelsOnEngine, "_model", killed_after_the_dossiers)
    with pytest.raises(EngineProblem, match=address):
        walk.build(world.platform)
    monkeypatch.undo()
    assert differing(moved, on_duckdb, marts_and_counts(moved)) == {}
    with pytest.raises(walk.NotJudged):
        walk.release(world.platform, None)  # type: ignore[arg-type] - it is refused before it is read
    assert walk.build(moved.platform).is_complete
    assert differing(moved, on_duckdb, marts_and_counts(moved)) == {}
    folders = sorted(path.name for path in (moved.platform.settings.warehouse.parent / "engine").iterdir())
    assert len(folders) == 2, "raw, and the newest build: what the dead engine left is removed"


@pytest.mark.engine
def test_an_engine_that_restarts_before_the_tests_changes_no_result(
    moved: World, dying: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    address, server = dying
    models = on(moved, address).platform.models
    assert isinstance(models, ModelsOnEngine)
    nodes = models.dbt.manifest()["nodes"].values()
    has = {view_of(node["schema"], node["alias"]) for node in nodes if node["resource_type"] == "model"}
    models._session = _Session(connect(address), str(tmp_path), has)  # as after a build
    server.kill()
    server.wait()
    there = {result.unique_id: (result.status, result.failures) for result in models.test()}
    assert there == {result.unique_id: (result.status, result.failures) for result in moved.dbt.test()}


@pytest.mark.engine
def test_a_model_that_the_translator_refuses_leaves_the_former_tables(
    moved: World, on_duckdb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moved.warehouse.connect() as connection:
        connection.execute("insert or replace into meta.state values ('rebuild_because', 'the test asks for it')")
    compiled = Dbt.compiled_sql

    def with_another_function(self: Dbt, names: list[str], **options: Any) -> dict[str, str]:
        sql = compiled(self, names, **options)
        return sql | {COUNTS: f"select *, strftime(month, '%Y') as year from ({sql[COUNTS]})"}

    monkeypatch.setattr(Dbt, "compiled_sql", with_another_function)
    with pytest.raises(NotTranslated, match=r"int_qd766_counts: .* is not in the list"):
        walk.build(moved.platform)
    monkeypatch.undo()
    assert differing(moved, on_duckdb, marts_and_counts(moved)) == {}
    with pytest.raises(walk.NotJudged):
        walk.release(moved.platform, None)  # type: ignore[arg-type] - it is refused before it is read
    with moved.warehouse.connect() as connection:
        connection.execute("delete from meta.state where key = 'rebuild_because'")


@pytest.mark.engine
def test_two_runs_on_one_engine_do_not_see_each_other(sail: str) -> None:
    first, second = connect(sail), connect(sail)
    for session, number in ((first, 1), (second, 2)):
        session.sql(f"select {number} as n").createOrReplaceTempView("marts__same_name")
    first.stop()
    assert second.sql("select n from marts__same_name").toArrow().to_pylist() == [{"n": 2}]
    second.stop()


@pytest.mark.engine
def test_a_day_rewrites_its_months_and_the_way_back_to_duckdb_gives_the_same_figures(
    moved: World, tmp_path: Path
) -> None:
    former, months = files_by_month(moved), moved.rows("select distinct received_month from intermediate.int_dossiers")
    assert len(former) == len(months) > 12, "one folder per month"
    moved.land(WAITING, LATER)
    moved.load()
    built = walk.build(moved.platform)
    assert built.rebuild_reason is None
    assert built.is_complete
    assert "broadband_speed" not in {result.name for result in built.changed.values()}
    later = files_by_month(moved)
    rewritten = {month for month in former | later if later.get(month) != former.get(month)}
    assert rewritten == {"2025-03-01", "2026-07-01", "2026-08-01"}, "what came, and what it was before"
    assert {len(files) for files in later.values()} == {1}, "a month is one file, also when it is written again"
    assert all(Path(file).exists() for files in later.values() for file in files)
    assert not any(Path(file).exists() for month in rewritten for file in former.get(month, ()))
    there = evidence(moved, built)
    assert all(len(there[target]) > 3 for target in OF_DOSSIERS)
    after = copy_of(moved, tmp_path)
    back = on(moved, "duckdb")
    back.load()
    built = walk.build(back.platform)
    assert built.rebuild_reason == "the engine is another one"
    assert differing(back, after, marts_and_counts(back)) == {}
    assert evidence(back, built) == there
    assert back.rows("select count(*) from duckdb_views() where sql like '%read_parquet%'") == [(0,)]


def test_an_engine_that_is_not_installed_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(EngineProblem, match=r"sc://engine:15002.*extra `engine`.*EXTRAS=engine"):
        connect("sc://engine:15002")


def test_nothing_of_the_extra_is_imported_where_no_engine_is_asked_for() -> None:
    missing = "import sys; sys.modules.update(pyspark=None, sqlglot=None); import pipelines.platform"
    subprocess.run([sys.executable, "-c", missing], check=True, cwd=PROJECT_ROOT)


def test_an_engine_that_does_not_answer_is_named_with_its_address() -> None:
    pytest.importorskip("pyspark", reason="the extra `engine` is not installed: make test-engine brings it")
    with pytest.raises(
        EngineProblem, match=r"Nothing answers at HATINH_ENGINE=sc://127\.0\.0\.1:1 .*last release stays"
    ):
        connect("sc://127.0.0.1:1")
