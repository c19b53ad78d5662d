"""The suites of statistics, digital economy and digital society: each check fails on the defect that it is for."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.quality.suites import UNEXPECTED_ROWS, Expectation, read_suites
from pipelines.settings import PROJECT_ROOT

SUITES = read_suites(PROJECT_ROOT / "expectations")

SOUND = """
create schema marts;
create table marts.statistics as
select 'share_pct' as indicator, 'VN' as area_code, 'year' as period_type, date '2023-01-01' as period_start,
       12.87::double as value, '%' as unit, 'observed' as obs_status, null::varchar as missing_kind, 'S' as source,
       date '2025-01-06' as vintage_on, true as is_latest, false as is_accepted;
create table marts.statistics_review as
select 'replaced' as held_reason, 1.0::double as revision, 2.0::double as revision_limit;
create table marts.revisions as
select date '2023-12-31' as previous_vintage_on, date '2025-01-06' as vintage_on, 12.33 as previous_value,
       12.87 as value, 0.54 as revision;
create table marts.digital_economy as
select *, '42' as area_code, date '2024-01-01' as period_start, 'published' as basis, '%' as unit,
       'observed' as obs_status, 'S' as source, date '2025-01-06' as vintage_on, null::double as value_low,
       null::double as value_high
from (values ('digital_economy_share_pct', 13.17::double), ('digital_economy_core_share_pct', 8.16),
             ('digital_economy_digitised_share_pct', 5.01)) as t (indicator, value);
create table marts.digital_society as
select 'internet_users_pct' as indicator, '42' as area_code, 80.0::double as value, '%' as unit,
       'observed' as obs_status;
create table marts.telecom_subscribers as
select 'mobile' as service, '42' as area_code, 92.0::double as subscribers_per_100, 94.0::double as published_per_100,
       920 as subscribers, 1000 as population, 'observed' as obs_status;
create table marts.area_registry as
select '42' as area_code, 'province' as area_level, null::date as valid_to;
attach ':memory:' as last_release;
create table last_release.statistics as from marts.statistics;
"""
ESTIMATE = "update marts.digital_economy set basis = 'estimated', obs_status = 'estimated'"

# table, what is done to it, a word of the `why` of the one check that must find it
DEFECTS = [
    ("statistics", "update marts.statistics set value = 120", "outside 0 to 100"),
    ("statistics", "update marts.statistics set value = null, obs_status = 'missing'", "null is never zero"),
    ("statistics", "update marts.statistics set obs_status = 'missing'", "null is never zero"),
    ("statistics", "update marts.statistics set is_latest = false", "exactly one publication"),
    ("statistics", "insert into marts.statistics select * replace (vintage_on + 1 as vintage_on) from marts.statistics",
     "exactly one publication"),
    ("statistics", "update marts.statistics set period_start = date '2027-01-01'", "before its period"),
    ("statistics", "update marts.statistics set value = 12.9", "stays as it was"),
    ("statistics", "delete from marts.statistics", "was out is gone"),
    ("statistics", "update marts.statistics set source = 'T'", "was out is gone"),
    ("statistics", "update marts.statistics set vintage_on = vintage_on - 9, value = 12.9", "was out is gone"),
    ("statistics", "update marts.statistics set vintage_on = vintage_on - 9", "was corrected"),
    ("statistics_review", "update marts.statistics_review set held_reason = 'out_of_range'", "waits for review"),
    ("statistics_review", "update marts.statistics_review set held_reason = 'jump'", "no jump"),
    ("revisions", "update marts.revisions set vintage_on = date '2023-12-31'", "published after"),
    ("revisions", "update marts.revisions set revision = 0.45", "difference of the two"),
    ("digital_economy", f"{ESTIMATE}; update marts.digital_economy set obs_status = 'observed'", "like an observation"),
    ("digital_economy", f"{ESTIMATE}; update marts.digital_economy set value_low = 20", "within its interval"),
    ("digital_economy", "update marts.digital_economy set basis = 'band', value_low = 5", "two ends and no value"),
    ("digital_economy", "update marts.digital_economy set value = 25 where indicator = 'digital_economy_share_pct'",
     "above 20 %"),
    ("digital_economy", "update marts.digital_economy set value = 9 where indicator like '%core%'", "sum to its total"),
    ("digital_economy", "update marts.digital_economy set value = 130", "outside 0 to 100"),
    ("digital_economy", "update marts.digital_economy set area_code = '45'", "if only to say"),
    ("digital_economy", "update marts.digital_economy set obs_status = 'missing'", "null is never zero"),
    ("digital_society", "update marts.digital_society set value = -1", "no share"),
    ("digital_society", "update marts.digital_society set value = null", "null is never zero"),
    ("digital_society", "delete from marts.digital_society", "if only to say"),
    ("telecom_subscribers", "update marts.telecom_subscribers set area_code = 'VN'", "if only to say"),
    ("telecom_subscribers", "update marts.telecom_subscribers set obs_status = 'missing'", "has status missing"),
    ("telecom_subscribers", "update marts.telecom_subscribers set population = null", "names the population"),
    ("telecom_subscribers", "update marts.telecom_subscribers set published_per_100 = 9.4", "lost a digit"),
]  # fmt: skip


def failing(table: str, defect: str) -> list[Expectation]:
    with duckdb.connect() as connection:
        connection.execute(SOUND + defect)
        return [
            check
            for check in SUITES[table].expectations
            if check.type == UNEXPECTED_ROWS
            and connection.execute(check.kwargs["unexpected_rows_query"].format(batch=f"marts.{table}")).fetchall()
        ]


def found(table: str, defect: str) -> list[str]:
    return [check.why for check in failing(table, defect)]


def severities(table: str, defect: str) -> set[str]:
    return {check.severity for check in failing(table, defect)}


@pytest.mark.parametrize("table", sorted({table for table, _, _ in DEFECTS}))
def test_sound_rows_pass(table: str) -> None:
    assert found(table, "") == []


@pytest.mark.parametrize(("table", "defect", "word"), DEFECTS, ids=[word for _, _, word in DEFECTS])
def test_a_defect_is_found(table: str, defect: str, word: str) -> None:
    assert any(word in " ".join(why.split()) for why in found(table, defect))


def test_an_accepted_correction_is_no_silent_change() -> None:
    assert found("statistics", "update marts.statistics set value = 12.9, is_accepted = true") == []


def test_the_corrected_day_of_a_publication_holds_nothing() -> None:
    """It warns, since as-of queries answer otherwise. An equal value elsewhere hides no publication that is gone."""
    moved = "update marts.statistics set vintage_on = vintage_on - 9"
    assert severities("statistics", moved) == {"warn"}
    twice = (
        "insert into last_release.statistics select * replace (vintage_on - 99 as vintage_on) from marts.statistics;"
    )
    assert severities("statistics", twice + moved) == {"block", "warn"}


def test_every_check_has_a_defect() -> None:
    for table in {table for table, _, _ in DEFECTS}:
        checks = [" ".join(c.why.split()) for c in SUITES[table].expectations if c.type == UNEXPECTED_ROWS]
        words = [word for about, _, word in DEFECTS if about == table]
        assert [why for why in checks if not any(word in why for word in words)] == []
