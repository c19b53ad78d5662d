"""Without dossiers yet, their tables go out empty, with a warning; where there are or were some, that blocks."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.quality.suites import UNEXPECTED_ROWS, read_suites
from pipelines.settings import PROJECT_ROOT

SUITES = read_suites(PROJECT_ROOT / "expectations")
OF_DOSSIERS = sorted(
    table
    for table, suite in SUITES.items()
    if any("intermediate.int_dossiers" in str(e.kwargs) for e in suite.expectations)
)


def test_every_table_that_is_counted_from_dossiers_is_meant() -> None:
    assert {"dossiers_by_commune", "dossier_timeliness", "online_submission", "qd766_scores"} <= set(OF_DOSSIERS)
    for table in OF_DOSSIERS:
        counts = [e for e in SUITES[table].expectations if e.type == "expect_table_row_count_to_be_between"]
        assert [(e.severity, e.kwargs) for e in counts] == [("warn", {"min_value": 1})]


@pytest.mark.parametrize("table", OF_DOSSIERS)
@pytest.mark.parametrize(("dossiers", "released", "blocks"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 2)])
def test_an_empty_table_blocks_where_there_were_rows(table: str, dossiers: int, released: int, blocks: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create schema intermediate;
            create schema marts;
            create table intermediate.int_dossiers as select 1 as n where {dossiers} = 1;
            create table marts.{table} as select 1 as n where false;
            attach ':memory:' as last_release;
            create table last_release.{table} as select 1 as n where {released} = 1;
            """
        )
        found = [
            check.why
            for check in SUITES[table].expectations
            if check.type == UNEXPECTED_ROWS
            and "having count(*) = 0" in check.kwargs["unexpected_rows_query"]
            and connection.execute(check.kwargs["unexpected_rows_query"].format(batch=f"marts.{table}")).fetchall()
        ]
        assert len(found) == blocks, found
