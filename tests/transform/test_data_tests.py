"""Compiled data tests: what each outcome is, and when they are compiled. The comparison with dbt: tests/golden."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from pipelines.transform.data_tests import DataTest, read_tests, run_tests, write_tests


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
    assert read_tests(kept, "a") is None, "truncated"
