"""Compiled data tests: what each outcome is, and when they are compiled. The comparison with dbt: tests/golden."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.transform.data_tests import DataTest, read_tests, run_tests, write_tests
from pipelines.warehouse.obstacles import Obstacle


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


def test_a_damaged_table_stops_the_run_and_is_no_failed_test(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table t as select random() as x from range(300_000)")
    content = bytearray(file.read_bytes())
    for place in range(len(content) // 4, len(content) // 2, 4096):
        content[place] ^= 0x55
    file.write_bytes(content)
    test = DataTest("t", "t", "select x from t where x = 0.5", "ERROR", "count(*)", "!= 0", "!= 0", None)
    with pytest.raises(Obstacle, match="hatinh rebuild"):
        list(run_tests(file, [test], memory_limit="1GB", threads=1))


def test_each_rule_of_a_test_of_column_rules_has_its_own_count(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "w.duckdb")).close()
    counts = "select 2 as not_null_a, 0 as not_null_b, 1 as accepted_values_b"
    rules = ("not_null_a", "not_null_b", "accepted_values_b")
    test = DataTest("t", "t", counts, "ERROR", f"sum({' + '.join(rules)})", "!= 0", "!= 0", None, rules)
    fine = replace(test, sql="select 0 as not_null_a, 0 as not_null_b, 0 as accepted_values_b")
    failed, passed = run_tests(tmp_path / "w.duckdb", [test, fine], memory_limit="1GB", threads=1)
    assert (failed.status, failed.failures, failed.rules) == ("fail", 3, tuple(zip(rules, (2, 0, 1), strict=True)))
    assert failed.message == "Got 3 results, configured to fail if != 0: not_null_a 2, accepted_values_b 1"
    assert (passed.status, passed.failures, dict(passed.rules)) == ("pass", 0, dict.fromkeys(rules, 0))


def test_compiled_tests_are_kept_under_their_stamp_only(tmp_path: Path) -> None:
    kept, tests = (
        tmp_path / "tests.json",
        [DataTest("t", "t", "select 1", "ERROR", "n", "!= 0", "!= 0", None, ("not_null_a",))],
    )
    assert read_tests(kept, "a") is None
    write_tests(kept, "a", tests)
    assert read_tests(kept, "a") == tests
    assert read_tests(kept, "b") is None, "the project changed"
    kept.write_text("{", encoding="utf-8")
    assert read_tests(kept, "a") is None, "truncated"
