"""What dbt tests holds: the unit tests beside the models; and the data tests mean with us what they mean with dbt."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.transform.data_tests import DataTest, read_tests, run_tests, write_tests
from pipelines.transform.dbt import DbtFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import World


@pytest.fixture(scope="module")
def built(fresh_world: Callable[[], World]) -> World:
    """Every model without a row: unit tests read the types of the upstream tables, rows they do not need."""
    world = fresh_world()
    world.load()
    world.build()
    return world


def test_dbt_unit_tests_pass(built: World) -> None:
    world = built
    with suppress(DbtFailed):
        world.dbt.unit_test()
    # dbt's own record shows expected beside found rows; they are made up, unlike those that results must not quote
    record = json.loads(world.dbt.manifest_path.with_name("run_results.json").read_text(encoding="utf-8"))
    outcomes = {
        r["unique_id"]: r["message"] or r["status"] for r in record["results"] if r["unique_id"].startswith("unit")
    }
    failed = {name: outcome for name, outcome in outcomes.items() if outcome != "pass"}
    assert not failed, "\n".join(f"{name}\n{outcome}" for name, outcome in failed.items())
    assert set(outcomes) == set(json.loads(world.dbt.manifest_path.read_bytes())["unit_tests"])
    assert {name.split(".")[2] for name in outcomes} >= {"stg_dossiers", "int_dossiers", "dossier_timeliness"}


def test_data_tests_say_what_dbt_says_of_them(built: World) -> None:
    """Passed, failed, warned and broken ones, against dbt's own run of the same tests."""
    with built.warehouse.connect() as connection:
        for _ in range(2):  # twice the same code: keys break, names that must be there are missing
            connection.execute("insert into registry.channels by name (select '9' as channel_code)")
        connection.execute("delete from registry.targets")
        connection.execute("drop table marts.satisfaction")
    ours = built.dbt.test()
    seeds = ["channels", "targets", "satisfaction", "dossier_timeliness"]
    with suppress(DbtFailed):
        theirs = built.dbt._invoke(["test", "--exclude-resource-type", "unit_test", "--select", *seeds])
    said = {result.unique_id: result for result in ours}
    assert len(said) == len(ours)
    tests = [node for node in built.dbt.manifest()["nodes"].values() if node["resource_type"] == "test"]
    assert set(said) == {node["unique_id"] for node in tests}, "none is left out"
    assert {result.status for result in theirs} >= {"pass", "fail", "error"}
    for result in theirs:
        mine = said[result.unique_id]
        assert mine.status == result.status, (result.name, mine.message, result.message)
        if result.status != "error":
            assert (mine.failures, mine.message) == (result.failures, result.message), result.name


def test_a_test_that_warns_and_one_that_dbt_could_not_compile(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    rows = "select unnest(range(3)) as n"

    def outcome(**changes: Any) -> tuple[str, int | None, str]:
        test = DataTest(**{**asdict(DataTest("t", "t", rows, "ERROR", "count(*)", "!= 0", "!= 0", None)), **changes})
        (result,) = run_tests(tmp_path / "w.duckdb", [test], memory_limit="1GB", threads=1)
        return result.status, result.failures, result.message

    assert outcome() == ("fail", 3, "Got 3 results, configured to fail if != 0")
    assert outcome(limit=1) == ("fail", 1, "Got 1 result, configured to fail if != 0")
    assert outcome(severity="WARN") == ("warn", 3, "Got 3 results, configured to warn if != 0")
    assert outcome(error_if="> 3") == ("warn", 3, "Got 3 results, configured to warn if != 0")
    assert outcome(error_if="> 3", warn_if="> 5")[:2] == ("pass", 0)
    assert outcome(fail_calc="max(n)")[:2] == ("fail", 2)
    assert outcome(sql=None)[0] == "error"
    assert outcome(sql="select 1 where cast('secret' as integer) = 1") == ("error", None, "ConversionException")


def test_compiled_tests_are_kept_under_their_stamp_only(tmp_path: Path) -> None:
    kept, tests = tmp_path / "tests.json", [DataTest("t", "t", "select 1", "ERROR", "count(*)", "!= 0", "!= 0", None)]
    assert read_tests(kept, "a") is None
    write_tests(kept, "a", tests)
    assert read_tests(kept, "a") == tests
    assert read_tests(kept, "b") is None, "the project changed"
    kept.write_text("{", encoding="utf-8")
    assert read_tests(kept, "a") is None, "torn"
