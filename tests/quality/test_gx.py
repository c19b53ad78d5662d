"""Expectations on a real DuckDB file: what passes, what fails, what raises, and that no row leaks.

One module, so that the import of Great Expectations is paid once.
"""

import logging
import os
import warnings
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.quality.gx import GateError, validate
from pipelines.quality.suites import EXPECTATION_TYPES, Expectation, Suite
from pipelines.quality.verdict import Evidence

ROWS = "unexpected_rows_expectation"
# A wrong place of work and a name of a person, as could be quoted in an error text.
DEFECT = "Nguyễn Thị Lỗi"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A folder as people name them: Vietnamese letters and characters that mean something in an address.
    file = tmp_path_factory.mktemp("kho dữ liệu & 100% 'mới' #$x") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute("""
            CREATE TABLE marts.timeliness AS
            SELECT i::INTEGER AS id, ['Đức Thọ', 'Thạch Hà'][1 + i % 2] AS commune,
                   CASE WHEN i % 10 > 0 THEN i::DOUBLE END AS on_time_pct,
                   (i + 5)::DECIMAL(10, 2) AS received, i::DECIMAL(10, 2) AS solved,
                   DATE '2026-01-01' + i::INTEGER AS day, i // 4 AS quarter
            FROM range(100) AS r(i)
        """)
        connection.execute(f"CREATE TABLE marts.staff AS SELECT '{DEFECT}' AS who, 1 AS n")
        connection.execute("CREATE TABLE marts.empty (id INTEGER)")
        connection.execute("CREATE VIEW marts.broken AS SELECT who::INTEGER AS id FROM marts.staff")
        connection.execute("CREATE TABLE marts.gone (id INTEGER); CREATE VIEW marts.orphan AS FROM marts.gone")
        connection.execute("DROP TABLE marts.gone")
    return file


@pytest.fixture(scope="module")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bản trước 'cũ'") / "marts.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE timeliness AS SELECT 'Kỳ Anh' AS commune, 90 AS n")
    return file


def expectation(position: int, kind: str, kwargs: Mapping[str, Any], needs: Any = None) -> Expectation:
    return Expectation(f"{position}", kind, kwargs, "warn" if position % 2 else "block", f"lý do {position}.", needs)


def check(
    warehouse: Path,
    *checks: tuple[Any, ...],
    last: Path | None = None,
    comparable: frozenset[str] = frozenset({"timeliness", "staff"}),
    table: str = "timeliness",
) -> list[Evidence]:
    suite = Suite(table, tuple(expectation(n, *c) for n, c in enumerate(checks)))
    relations = {table: f"marts.{table}"}
    return validate(
        warehouse,
        {table: suite},
        relations,
        last_release=last,
        comparable=comparable,
        memory_limit="500MB",
        threads=1,
    )


# kind, kwargs that pass, kwargs that fail, what is seen in the second case
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
    ("expect_table_row_count_to_equal", {"value": 100}, {"value": 99}, "100"),
    ("expect_table_row_count_to_be_between", {"min_value": 1}, {"max_value": 99}, "100"),
    ("expect_table_column_count_to_equal", {"value": 7}, {"value": 6}, "7"),
    ("expect_table_column_count_to_be_between", {"min_value": 7}, {"min_value": 8}, "7"),
    (
        "expect_table_columns_to_match_set",
        {"column_set": ["day", "id", "commune", "on_time_pct", "received", "solved", "quarter"]},
        {"column_set": ["id"]},
        None,
    ),
    (
        "expect_table_columns_to_match_ordered_list",
        {"column_list": ["id", "commune", "on_time_pct", "received", "solved", "day", "quarter"]},
        {"column_list": ["commune", "id", "on_time_pct", "received", "solved", "day", "quarter"]},
        None,
    ),
    ("expect_column_to_exist", {"column": "commune"}, {"column": "xã"}, None),
    ("expect_column_type_to_be", {"column": "id", "type_": "INTEGER"}, {"column": "id", "type_": "VARCHAR"}, None),
    ("expect_column_values_to_be_of_type", {"column": "id", "type_": "INTEGER"}, {"column": "id", "type_": "X"}, None),
    (
        "expect_column_values_to_be_in_type_list",
        {"column": "id", "type_list": ["INTEGER"]},
        {"column": "id", "type_list": ["VARCHAR"]},
        None,
    ),
    (
        "expect_column_values_to_not_be_null",
        {"column": "on_time_pct", "mostly": 0.9},
        {"column": "on_time_pct"},
        "10 of 100 rows",
    ),
    ("expect_column_values_to_be_null", {"column": "on_time_pct", "mostly": 0.1}, {"column": "id"}, "100 of 100 rows"),
    (
        "expect_column_values_to_be_between",
        {"column": "on_time_pct", "min_value": 1, "max_value": 99},
        {"column": "on_time_pct", "min_value": 3, "max_value": 98},
        "3 of 100 rows",
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "commune", "value_set": ["Đức Thọ", "Thạch Hà"]},
        {"column": "commune", "value_set": ["Thạch Hà"]},
        "50 of 100 rows",
    ),
    (
        "expect_column_values_to_not_be_in_set",
        {"column": "commune", "value_set": ["Kỳ Anh"]},
        {"column": "commune", "value_set": ["Đức Thọ"]},
        "50 of 100 rows",
    ),
    ("expect_column_values_to_be_unique", {"column": "id"}, {"column": "commune"}, "100 of 100 rows"),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["id", "commune"]},
        {"column_list": ["commune", "quarter"]},
        "100 of 100 rows",
    ),
    (
        "expect_select_column_values_to_be_unique_within_record",
        {"column_list": ["received", "solved"]},
        {"column_list": ["id", "solved"]},
        "100 of 100 rows",
    ),
    (
        "expect_multicolumn_sum_to_equal",
        {"column_list": ["id", "received"], "sum_total": 5, "mostly": 0.01},
        {"column_list": ["id", "received"], "sum_total": 5},
        "99 of 100 rows",
    ),
    (
        "expect_multicolumn_values_to_be_equal",
        {"column_list": ["id", "solved"]},
        {"column_list": ["id", "received"]},
        "100 of 100 rows",
    ),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "received", "column_B": "solved"},
        {"column_A": "solved", "column_B": "received"},
        "100 of 100 rows",
    ),
    (
        "expect_column_pair_values_to_be_equal",
        {"column_A": "id", "column_B": "solved"},
        {"column_A": "id", "column_B": "received"},
        "100 of 100 rows",
    ),
    (
        "expect_column_pair_values_to_be_in_set",
        {"column_A": "id", "column_B": "solved", "value_pairs_set": [[0, 0], [1, 1]], "mostly": 0.02},
        {"column_A": "id", "column_B": "solved", "value_pairs_set": [[0, 0], [1, 1]]},
        "98 of 100 rows",
    ),
    # Counted in characters, not bytes: Đức Thọ has seven.
    (
        "expect_column_value_lengths_to_be_between",
        {"column": "commune", "min_value": 7, "max_value": 8},
        {"column": "commune", "max_value": 7},
        "50 of 100 rows",
    ),
    (
        "expect_column_value_lengths_to_equal",
        {"column": "commune", "value": 7, "mostly": 0.5},
        {"column": "commune", "value": 7},
        "50 of 100 rows",
    ),
    (
        "expect_column_distinct_values_to_be_in_set",
        {"column": "commune", "value_set": ["Đức Thọ", "Thạch Hà", "Kỳ Anh"]},
        {"column": "commune", "value_set": ["Thạch Hà"]},
        "1 values",
    ),
    (
        "expect_column_distinct_values_to_contain_set",
        {"column": "commune", "value_set": ["Đức Thọ"]},
        {"column": "commune", "value_set": ["Kỳ Anh"]},
        None,
    ),
    (
        "expect_column_distinct_values_to_equal_set",
        {"column": "commune", "value_set": ["Đức Thọ", "Thạch Hà"]},
        {"column": "commune", "value_set": ["Đức Thọ"]},
        "1 values",
    ),
    (
        "expect_column_most_common_value_to_be_in_set",
        {"column": "commune", "value_set": ["Đức Thọ", "Thạch Hà"], "ties_okay": True},
        {"column": "commune", "value_set": ["Kỳ Anh"]},
        None,
    ),
    ("expect_column_min_to_be_between", {"column": "id", "min_value": 0}, {"column": "id", "min_value": 1}, "0"),
    (
        "expect_column_max_to_be_between",
        {"column": "day", "max_value": date(2026, 12, 31)},
        {"column": "day", "max_value": date(2026, 2, 1)},
        None,
    ),
    (
        "expect_column_mean_to_be_between",
        {"column": "on_time_pct", "min_value": 50, "max_value": 50},
        {"column": "on_time_pct", "min_value": 51},
        "50",
    ),
    (
        "expect_column_median_to_be_between",
        {"column": "id", "min_value": 49, "max_value": 50},
        {"column": "id", "max_value": 49},
        "49.5",
    ),
    (
        "expect_column_stdev_to_be_between",
        {"column": "id", "max_value": 30},
        {"column": "id", "max_value": 29},
        "29.0115",
    ),
    (
        "expect_column_sum_to_be_between",
        {"column": "solved", "min_value": 1},
        {"column": "solved", "max_value": 1},
        "4950",
    ),
    (
        "expect_column_quantile_values_to_be_between",
        {"column": "id", "quantile_ranges": {"quantiles": [0.1, 0.9], "value_ranges": [[5, 15], [85, 95]]}},
        {"column": "id", "quantile_ranges": {"quantiles": [0.1, 0.9], "value_ranges": [[0, 1], [85, 95]]}},
        None,
    ),
    (
        "expect_column_unique_value_count_to_be_between",
        {"column": "commune", "min_value": 2},
        {"column": "commune", "min_value": 3},
        "2",
    ),
    (
        "expect_column_proportion_of_unique_values_to_be_between",
        {"column": "id", "min_value": 1},
        {"column": "commune", "min_value": 1},
        "0.02",
    ),
    (
        "expect_column_proportion_of_non_null_values_to_be_between",
        {"column": "on_time_pct", "min_value": 0.9},
        {"column": "on_time_pct", "min_value": 0.95},
        "0.9",
    ),
    (
        "expect_column_value_z_scores_to_be_less_than",
        {"column": "id", "threshold": 3, "double_sided": True},
        {"column": "id", "threshold": 1, "double_sided": True},
        "42 of 100 rows",
    ),
    (
        "expect_column_kl_divergence_to_be_less_than",
        {
            "column": "commune",
            "threshold": 0.1,
            "partition_object": {"values": ["Đức Thọ", "Thạch Hà"], "weights": [0.5, 0.5]},
        },
        {
            "column": "commune",
            "threshold": 0.1,
            "partition_object": {"values": ["Đức Thọ", "Thạch Hà"], "weights": [0.9, 0.1]},
        },
        "0.510826",
    ),
    (
        ROWS,
        {"unexpected_rows_query": "select * from {batch} where solved > received"},
        {"unexpected_rows_query": "select * from {batch} where commune = 'Đức Thọ' and id >= 98"},
        "1",
    ),
]


def test_every_type_that_is_allowed_passes_and_fails_as_it_should(warehouse: Path) -> None:
    assert {kind for kind, *_ in PAIRS} == EXPECTATION_TYPES
    found = check(warehouse, *((kind, kwargs) for kind, good, bad, _ in PAIRS for kwargs in (good, bad)))
    outcomes = {kind: (a, b) for (kind, *_), a, b in zip(PAIRS, found[::2], found[1::2], strict=True)}
    wrong = {kind: pair for kind, pair in outcomes.items() if (pair[0].passed, pair[1].passed) != (True, False)}
    assert wrong == {}
    assert {kind: pair[1].observed for kind, pair in outcomes.items()} == {kind: seen for kind, *_, seen in PAIRS}
    assert [e.check for e in found] == [str(n) for n in range(len(found))]
    assert {e.severity for e in found[::2]} == {"block"}
    assert {e.severity for e in found[1::2]} == {"warn"}
    assert all(e.detail == ("" if e.passed else f"lý do {e.check}.") for e in found)
    assert "Đức Thọ" not in repr(found)


def test_queries_of_every_shape_read_the_batch(warehouse: Path) -> None:
    queries = [
        "select * from {batch} where id < 3",
        "SELECT b.id FROM {batch} b WHERE b.id < 3;",
        "select a.id from {batch} as a join {batch} as b on a.id = b.id where a.id < 3",
        "with t as (select * from {batch}) select * from t where id < 3 -- three",
        "select * from {batch} where regexp_matches(commune, '^.{{7}}$') and commune like '% Thọ' and id % 50 < 5",
        "select id::VARCHAR as text from {batch} where id < 3",
    ]
    found = check(warehouse, *((ROWS, {"unexpected_rows_query": query}) for query in queries))
    assert [e.observed for e in found] == ["3", "3", "3", "3", "6", "3"], found


def test_a_condition_narrows_the_rows(warehouse: Path) -> None:
    kwargs = {
        "column": "id",
        "max_value": 4,
        "row_condition": 'col("id") < 5',
        "condition_parser": "great_expectations",
    }
    assert check(warehouse, ("expect_column_values_to_be_between", kwargs))[0].passed


def test_a_check_that_raises_fails_with_the_class_alone_and_spares_the_others(
    warehouse: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    conversion, column, aggregate, typo, good = check(
        warehouse,
        (ROWS, {"unexpected_rows_query": "select who::INTEGER from {batch}"}),
        ("expect_column_mean_to_be_between", {"column": "nope", "min_value": 0}),
        ("expect_column_sum_to_be_between", {"column": "who", "min_value": 0}),
        ("expect_column_sum_to_be_between", {"colum": "n"}),
        ("expect_column_sum_to_be_between", {"column": "n", "min_value": 1, "max_value": 1}),
        table="staff",
    )
    assert conversion.detail == "lý do 0. Could not be computed: ConversionException."
    assert "BinderException" in aggregate.detail
    assert "Could not be computed: " in column.detail
    assert "colum" in typo.detail
    assert [e.passed for e in (conversion, column, aggregate, typo, good)] == [False, False, False, False, True]
    assert [e.kind for e in (conversion, aggregate, good)] == ["missing", "missing", "expectation"], "not evaluated"
    output = capfd.readouterr()
    for text in (repr([conversion, column, aggregate, typo]), caplog.text, output.out, output.err):
        assert "Nguyễn" not in text
    assert (output.out, output.err) == ("", "")


def test_rows_with_a_null_in_a_key_are_not_compared_as_in_a_unique_constraint(warehouse: Path) -> None:
    columns = ["commune", "on_time_pct"]
    twice = "select commune, on_time_pct from {batch} group by all having count(*) > 1"
    key, query = check(
        warehouse,
        ("expect_compound_columns_to_be_unique", {"column_list": columns}),
        (ROWS, {"unexpected_rows_query": twice}),
    )
    assert key.passed
    assert (query.passed, query.observed) == (False, "1")


def test_nulls_and_empty_tables_are_left_to_the_checks_that_ask_for_them(warehouse: Path) -> None:
    between, not_null, counted, mean = check(
        warehouse,
        ("expect_column_values_to_be_between", {"column": "id", "min_value": 0}),
        ("expect_column_values_to_not_be_null", {"column": "id"}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("expect_column_mean_to_be_between", {"column": "id", "min_value": 0}),
        table="empty",
    )
    assert (between.passed, not_null.passed, counted.passed, mean.passed) == (True, True, False, False)
    assert counted.observed == "0"


DRIFT = (ROWS, {"unexpected_rows_query": "select * from last_release.timeliness anti join {batch} using (commune)"})


def test_a_check_against_the_last_release_sees_it(warehouse: Path, last_release: Path) -> None:
    (drift,) = check(warehouse, (*DRIFT, "last_release"), last=last_release)
    assert (drift.passed, drift.observed) == (False, "1")


def test_without_a_last_release_of_the_table_the_check_passes_with_a_note(warehouse: Path, last_release: Path) -> None:
    plain = ("expect_table_row_count_to_be_between", {"min_value": 1})
    first, second = check(warehouse, (*DRIFT, "last_release"), plain)
    assert first.passed
    assert "no last release" in first.detail
    assert (second.passed, second.detail) == (True, "")
    new, _ = check(warehouse, (*DRIFT, "last_release"), plain, last=last_release, table="staff")
    assert new.passed
    assert "no last release" in new.detail
    gone, _ = check(warehouse, (*DRIFT, "last_release"), plain, last=last_release, comparable=frozenset())
    assert gone.passed
    assert "a file that it was computed from is gone" in gone.detail


def test_a_table_that_is_not_built_fails_every_check_of_it(warehouse: Path) -> None:
    (evidence,) = check(warehouse, ("expect_column_to_exist", {"column": "id"}), table="not_built")
    assert not evidence.passed
    assert "not in the warehouse" in evidence.detail
    suite = Suite("staff", (expectation(0, "expect_column_to_exist", {"column": "n"}),))
    (unplaced,) = validate(
        warehouse, {"staff": suite}, {}, last_release=None, comparable=(), memory_limit="500MB", threads=1
    )
    assert not unplaced.passed


@pytest.mark.parametrize("table", ["broken", "orphan"])
def test_a_view_that_cannot_be_read_fails_its_checks(warehouse: Path, table: str) -> None:
    (evidence,) = check(warehouse, ("expect_column_values_to_not_be_null", {"column": "id"}), table=table)
    assert not evidence.passed
    assert "Could not be computed: " in evidence.detail
    assert "Nguyễn" not in repr(evidence)


def test_files_that_cannot_be_read_are_named(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"none\.duckdb"):
        check(tmp_path / "none.duckdb", DRIFT)
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    with pytest.raises(GateError, match=r"broken\.duckdb"):
        check(warehouse, DRIFT, last=broken)


def test_nothing_is_left_open_written_or_changed(
    warehouse: Path, last_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = warehouse.read_bytes()
    level = logging.getLogger("great_expectations").level
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(warehouse, (*DRIFT, "last_release"), last=last_release)
    assert os.listdir(tmp_path) == []
    assert warehouse.read_bytes() == before
    assert os.listdir(warehouse.parent) == ["warehouse.duckdb"]
    assert logging.getLogger("great_expectations").level == level
    for file in (warehouse, last_release):
        with duckdb.connect(str(file), config={"threads": 2, "memory_limit": "300MB"}) as writer:
            writer.execute("CREATE TABLE IF NOT EXISTS main.opened_again (i INTEGER); DROP TABLE main.opened_again")
