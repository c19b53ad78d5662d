"""Each expectation of the reported figures fails for the defect that it is there for, and for no other."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
import yaml

from pipelines.settings import PROJECT_ROOT

SUITE = yaml.safe_load((PROJECT_ROOT / "expectations" / "reported_indicators.yml").read_text(encoding="utf-8"))
COLUMNS = (
    "indicator varchar, area_code varchar, agency_code varchar, period_start date, value double, unit varchar, "
    "obs_status varchar, missing_kind varchar, report_status varchar, due_on date, reported_on date"
)
GOOD = (
    "('share', '42', 'H27.1', '2026-07-01', 90, '%', 'observed', null, 'received', '2026-10-15', '2026-10-12')",
    "('share', '18073', 'H27.101', '2026-07-01', null, '%', 'missing', 'not_applicable', 'late', '2026-10-15', "
    "'2026-10-16')",
    "('share', '18100', 'H27.102', '2026-07-01', null, '%', 'missing', 'not_available', 'missing', '2026-10-15', null)",
)


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema registry; create table registry.indicators as select 'share' as indicator, "
                           "0.0 as valid_min, 100.0 as valid_max")  # fmt: skip
        connection.execute("attach ':memory:' as last_release")
        for table in ("mart", "last_release.reported_indicators"):
            connection.execute(f"create table {table} ({COLUMNS}); insert into {table} values {', '.join(GOOD)}")
        yield connection


def failing(connection: duckdb.DuckDBPyConnection) -> list[int]:
    queries = [expectation["kwargs"]["unexpected_rows_query"] for expectation in SUITE["expectations"]]
    return [n for n, query in enumerate(queries) if connection.execute(query.replace("{batch}", "mart")).fetchall()]


def test_good_figures_pass(tables: duckdb.DuckDBPyConnection) -> None:
    assert failing(tables) == []


@pytest.mark.parametrize(
    ("defect", "failed"),
    [
        ("update mart set value = 101 where area_code = '42'", [0]),
        ("update mart set value = 0 where report_status = 'late'", [1]),
        ("update mart set missing_kind = null where report_status = 'late'", [1]),
        ("update mart set reported_on = null where area_code = '42'", [1]),
        ("update mart set due_on = null where area_code = '42'", [2]),
        (
            "insert into mart select * replace ('H27.2' as agency_code, 80 as value) from mart where area_code = '42'",
            [3],
        ),
        ("update mart set value = 59 where area_code = '42'", [4]),
    ],
)
def test_a_defect_fails_its_check(tables: duckdb.DuckDBPyConnection, defect: str, failed: list[int]) -> None:
    tables.execute(defect)
    assert failing(tables) == failed
