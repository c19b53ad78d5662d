"""The rows that page and workbook show, by SQL over the Parquet files of one release and the registries of the seeds.

A table that the release does not have, or a column that an older one lacks, reads as missing, never as an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.language import Language
from pipelines.release.files import OPEN
from pipelines.release.reader import ReleaseReader, Row, rows_of
from pipelines.release.released import Release
from pipelines.release.sql import literal
from pipelines.release.store import previous_release
from pipelines.seeds import seed_sql

if TYPE_CHECKING:
    import duckdb


STATUSES = (
    *("met", "met_provisional", "on_track", "moderate", "insufficient", "away"),
    *("not_assessed", "no_data", "no_longer_in_force"),
)
"""The order in which readers see them: from what is reached to what has no data or is no longer measured."""

REGISTRIES = ("pillars", "indicators", "areas")
"""Seeds that the scoreboard reads, since a release does not hold them."""

# What the scoreboard reads of each table, with the type that a column has when the release lacks it.
TABLES: Mapping[str, Mapping[str, str]] = {
    "target_progress": {
        **dict.fromkeys(
            ("target_id", "pillar", "title_vi", "title_en", "indicator", "level", "direction", "unit", "area_code"),
            "VARCHAR",
        ),
        **dict.fromkeys(
            ("area_name", "period_type", "obs_status", "basis", "value_source", "value_document"), "VARCHAR"
        ),
        **dict.fromkeys(("value_grade", "pace_method", "status", "base_year_note", "document", "grade"), "VARCHAR"),
        **dict.fromkeys(("pillar_vi", "pillar_en", "note", "certainty", "qualifier", "no_data_reason"), "VARCHAR"),
        "mark_key": "VARCHAR",
        **dict.fromkeys(("responsible_agency", "responsible_basis", "difference_vi", "difference_en"), "VARCHAR"),
        **dict.fromkeys(("ended_reason_vi", "ended_reason_en"), "VARCHAR"),
        **dict.fromkeys(("period_start", "last_month", "vintage_on"), "DATE"),
        **dict.fromkeys(("year", "baseline_year", "target_year", "pillar_position"), "INTEGER"),
        **dict.fromkeys(("value", "numerator", "denominator", "baseline_value", "target_value", "distance"), "DOUBLE"),
        **dict.fromkeys(("path_value", "required_pace", "actual_pace", "pace_ratio_pct"), "DOUBLE"),
        **dict.fromkeys(("expected_year", "expected_year_low", "expected_year_high"), "DOUBLE"),
        **dict.fromkeys(("is_latest", "is_national_target", "is_strict", "is_comparable"), "BOOLEAN"),
    },
    "dossier_timeliness": {
        **dict.fromkeys(("commune_code_today", "commune_name_today"), "VARCHAR"),
        "month": "DATE",
        **dict.fromkeys(("received", "early", "on_time", "in_process"), "BIGINT"),
    },
    "online_submission": {
        **dict.fromkeys(("commune_code_today", "commune_name_today"), "VARCHAR"),
        "month": "DATE",
        **dict.fromkeys(("received", "online"), "BIGINT"),
    },
    "commune_boundaries": {
        **dict.fromkeys(("commune_code", "commune_name", "geometry_wkt", "source"), "VARCHAR"),
        "is_schematic": "BOOLEAN",
    },
    "telecom_coverage": {
        **dict.fromkeys(("area_code", "period_type", "technology", "operator"), "VARCHAR"),
        "period_start": "DATE",
        "villages_covered_least_pct": "DOUBLE",
    },
    "coverage_gaps": {
        **dict.fromkeys(("level", "area_code", "area_name", "village_name", "technology"), "VARCHAR"),
        "coverage_status": "VARCHAR",
        **dict.fromkeys(("since_quarter", "reported_on"), "DATE"),
        **dict.fromkeys(("villages_covered", "villages_not_covered", "villages_unknown"), "BIGINT"),
    },
    "reported_indicators": {
        **dict.fromkeys(("indicator", "area_code", "agency_code", "agency_name"), "VARCHAR"),
        **dict.fromkeys(("period_type", "report_status"), "VARCHAR"),
        **dict.fromkeys(("period_start", "due_on", "reported_on"), "DATE"),
    },
    "qd766_scores": {
        **dict.fromkeys(("period_type", "agency_code", "item_code", "item_type", "item_vi", "item_en"), "VARCHAR"),
        **dict.fromkeys(("group_code", "grade", "published_status", "formula_version"), "VARCHAR"),
        **dict.fromkeys(("period_start", "published_on"), "DATE"),
        **dict.fromkeys(("published_points", "recomputed_points", "max_points"), "DOUBLE"),
        "is_recomputed_synthetic": "BOOLEAN",
    },
    "rank_history": {
        **dict.fromkeys(("period_type", "agency_code", "agency_name", "grade", "obs_status"), "VARCHAR"),
        **dict.fromkeys(("period_start", "published_on"), "DATE"),
        **dict.fromkeys(("rank", "ranked_units"), "INTEGER"),
        "total_points": "DOUBLE",
        **dict.fromkeys(("is_own_province", "has_samples"), "BOOLEAN"),
    },
    "qd766_points_lost": {
        **dict.fromkeys(("agency_name", "agency_level"), "VARCHAR"),
        **dict.fromkeys(("period_type", "agency_code", "component_code", "component_vi", "component_en"), "VARCHAR"),
        **dict.fromkeys(("group_code", "procedure_field_code", "counted_in"), "VARCHAR"),
        **dict.fromkeys(("how_to_win_vi", "how_to_win_en"), "VARCHAR"),
        "period_start": "DATE",
        **dict.fromkeys(("counted", "short", "needed_for_tenth", "needed_for_all"), "BIGINT"),
        **dict.fromkeys(("points_lost", "max_points"), "DOUBLE"),
    },
}

_LATEST = """
with chosen as (
    select * from target_progress
    qualify row_number() over (
        partition by target_id
        order by area_code is not distinct from $province desc, is_latest desc nulls last,
            coalesce(period_start, make_date(year, 1, 1)) desc nulls last
    ) = 1
),
nation as (
    select target_id, value as nation_value, year as nation_year, period_start as nation_start from target_progress
    where area_code = 'VN' and value is not null
    qualify row_number() over (partition by target_id order by is_latest desc nulls last, period_start desc) = 1
)
select
    c.* exclude (pillar, status, pillar_vi, pillar_en, pillar_position),
    coalesce(c.pillar, '-') as pillar,
    case
        when c.status = 'no_longer_in_force' then c.status
        when c.value is null then 'no_data'
        when c.status in ('met', 'met_provisional', 'on_track', 'moderate', 'insufficient', 'away') then c.status
        else 'not_assessed'
    end as status,
    coalesce(c.pillar_position, try_cast(p.position as integer)) as position,
    coalesce(c.pillar_vi, p.title_vi, c.pillar, '–') as pillar_vi,
    coalesce(c.pillar_en, p.title_en, c.pillar, '–') as pillar_en,
    case when c.direction = 'more' then c.baseline_value >= c.target_value else c.baseline_value <= c.target_value end
        as was_met_at_baseline,
    n.nation_value, coalesce(n.nation_year, year(n.nation_start)) as nation_year,
    i.definition_vi, i.definition_en, i.method, i.defined_by, i.reported_by, i.frequency
from chosen as c
left join pillars as p on c.pillar = p.pillar
left join indicators as i on c.indicator = i.indicator
left join nation as n on c.target_id = n.target_id and c.area_code <> 'VN'
order by position nulls last, pillar, list_position($statuses, status), c.target_id
"""

_SERIES = """
select t.target_id, t.value, t.path_value, coalesce(t.is_comparable, true) as is_comparable,
    t.period_type, t.last_month, t.obs_status,
    coalesce(t.period_start, make_date(t.year, 1, 1)) as period_start
from target_progress as t
where t.value is not null and coalesce(t.period_start, make_date(t.year, 1, 1)) is not null
    and t.area_code is not distinct from (
        select c.area_code from target_progress as c where c.target_id = t.target_id
        order by c.area_code is not distinct from $province desc, c.is_latest desc nulls last, c.area_code limit 1
    )
order by t.target_id, period_start
"""

# Shares are never averaged: counts are added, then divided. The year is the last that the table has.
_COMMUNES = """
with on_time as (
    select commune_code_today as code, any_value(commune_name_today) as name, year(month) as year,
        sum(received) as received, round(100.0 * sum(early + on_time + in_process) / sum(received), 2) as on_time_pct
    from dossier_timeliness
    where commune_code_today is not null and year(month) = (select max(year(month)) from dossier_timeliness)
    group by all having sum(received) > 0
),
online as (
    select commune_code_today as code, any_value(commune_name_today) as name, year(month) as year,
        sum(received) as received, round(100.0 * sum(online) / sum(received), 2) as online_pct
    from online_submission
    where commune_code_today is not null and year(month) = (select max(year(month)) from online_submission)
    group by all having sum(received) > 0
),
newest as (select max(period_start) as period_start from telecom_coverage where period_type = 'quarter'),
coverage as (
    select area_code as code, any_value(period_start) as quarter,
        max(villages_covered_least_pct) filter (technology = '5G') as villages_5g_pct,
        max(villages_covered_least_pct) filter (technology = '4G') as villages_4g_pct,
        max(villages_covered_least_pct) filter (technology = 'fibre') as villages_fibre_pct
    from telecom_coverage semi join newest using (period_start)
    where period_type = 'quarter' and operator = 'all'
    group by area_code
),
communes as (
    select area_code as code, kind || ' ' || name as name from areas
    where level = 'commune' and parent_code = $province and valid_to is null
)
select coalesce(c.code, b.commune_code, t.code, o.code) as code,
    coalesce(c.name, b.commune_name, t.name, o.name) as name,
    coalesce(t.year, o.year) as year, coalesce(t.received, o.received)::bigint as received, t.on_time_pct, o.online_pct,
    v.quarter, v.villages_5g_pct, v.villages_4g_pct, v.villages_fibre_pct,
    b.geometry_wkt, b.is_schematic, b.source as boundary_source
from communes as c
full join commune_boundaries as b on c.code = b.commune_code
full join on_time as t on coalesce(c.code, b.commune_code) = t.code
full join online as o on coalesce(c.code, b.commune_code, t.code) = o.code
left join coverage as v on coalesce(c.code, b.commune_code, t.code, o.code) = v.code
order by code
"""

# A village that one operator covers is covered; `mobile` is any generation and is not added to the others.
_VILLAGES = """
select technology, sum(villages_covered)::bigint as covered, sum(villages_not_covered)::bigint as not_covered,
    sum(villages_unknown)::bigint as unknown, count(*) filter (villages_not_covered > 0) as communes,
    max(reported_on) as reported_on
from coverage_gaps where level = 'commune' group by technology order by technology
"""

_GAPS = """
with names as (
    select area_code, technology, string_agg(village_name, '; ' order by village_name) as village_names
    from coverage_gaps where level = 'village' and coverage_status = 'not_covered' group by all
)
select g.area_name, g.technology, g.villages_covered, g.villages_not_covered, g.villages_unknown, g.since_quarter,
    g.reported_on, n.village_names
from coverage_gaps as g
left join names as n on g.area_code = n.area_code and g.technology = n.technology
where g.level = 'commune' and g.villages_not_covered > 0 and g.technology <> 'mobile'
order by g.technology, g.villages_not_covered desc, g.area_code
"""

_DARK_VILLAGES = """
select area_code, area_name, village_name, technology, since_quarter, reported_on
from coverage_gaps where level = 'village' and coverage_status = 'not_covered' and technology <> 'mobile'
order by area_code, village_name, technology
"""

# The newest period that is due of each indicator: who kept the day, who did not, and whose report is missing.
_REPORTS = """
with latest as (
    select * from reported_indicators where due_on is not null
    qualify period_start = max(period_start) over (partition by indicator)
)
select l.indicator, coalesce(any_value(i.title_vi), l.indicator) as title_vi,
    coalesce(any_value(i.title_en), l.indicator) as title_en,
    l.period_type, l.period_start, any_value(l.due_on) as due_on,
    count(*) filter (l.report_status = 'received') as in_time, count(*) filter (l.report_status = 'late') as late,
    count(*) filter (l.report_status = 'missing') as missing,
    (list(coalesce(l.agency_name, l.agency_code) order by l.agency_code) filter (l.report_status = 'missing'))[:5]
        as missing_of
from latest as l left join indicators as i on l.indicator = i.indicator
group by l.indicator, l.period_type, l.period_start
having count(*) filter (l.report_status <> 'received') > 0
order by missing desc, late desc, l.indicator
"""

_EACH_REPORT = """
select r.indicator, coalesce(i.title_vi, r.indicator) as title_vi, coalesce(i.title_en, r.indicator) as title_en,
    r.agency_code,
    coalesce(r.agency_name, r.agency_code) as agency_name, r.period_type, r.period_start, r.report_status, r.due_on,
    r.reported_on
from reported_indicators as r left join indicators as i on r.indicator = i.indicator
where r.report_status <> 'received'
order by r.period_start desc, r.indicator, r.report_status desc, r.agency_code
"""

_QD766 = """
select item_code, item_vi, item_en, max_points, period_start, grade, published_on, formula_version,
    coalesce(published_points, recomputed_points) as points,
    published_points is not null as is_published,
    is_recomputed_synthetic and published_points is null as is_synthetic
from qd766_scores
where agency_code = $portal and period_type = 'year' and item_type = 'group'
    and period_start = (
        select max(period_start) from qd766_scores
        where agency_code = $portal and period_type = 'year' and item_type = 'group'
    )
order by max_points desc, item_code
"""

_POINTS_LOST = """
select component_code, any_value(component_vi) as component_vi, any_value(component_en) as component_en,
    any_value(counted_in) as counted_in, sum(counted)::bigint as counted, sum(short)::bigint as short,
    round(sum(points_lost), 2) as points_lost, any_value(max_points) as max_points,
    any_value(how_to_win_vi) as how_to_win_vi, any_value(how_to_win_en) as how_to_win_en
from qd766_points_lost
where agency_code = $portal and period_type = 'year'
    and period_start = (
        select max(period_start) from qd766_points_lost where agency_code = $portal and period_type = 'year'
    )
group by component_code
having sum(points_lost) > 0
order by points_lost desc, component_code
"""

# The newest day with the most provinces: on some days only the own one was recorded.
_PEERS = """
with yearly as (
    select * from rank_history
    where period_type = 'year'
        and period_start = (select max(period_start) from rank_history where period_type = 'year')
),
full_day as (
    select published_on from yearly group by published_on order by count(*) desc, published_on desc limit 1
)
select rank, ranked_units, total_points, agency_code, regexp_replace(agency_name, '^UBND ', '') as name,
    is_own_province, published_on, period_start, grade, has_samples
from yearly semi join full_day using (published_on) order by rank, agency_code
"""

_STANDINGS = """
select published_on, total_points, rank, ranked_units, obs_status, grade, has_samples from rank_history
where is_own_province and period_type = 'year'
    and period_start = (select max(period_start) from rank_history where period_type = 'year')
order by published_on
"""

_LOST_BY_AGENCY = """
with lost as (
    select agency_code, any_value(agency_name) as agency_name, any_value(agency_level) as agency_level,
        component_code, any_value(component_vi) as component_vi, any_value(component_en) as component_en,
        sum(points_lost) as points_lost
    from qd766_points_lost
    where period_type = 'year' and agency_level in ('province', 'commune')
        and period_start = (select max(period_start) from qd766_points_lost where period_type = 'year')
    group by agency_code, component_code
)
select agency_code, any_value(agency_name) as agency_name, any_value(agency_level) as agency_level,
    round(sum(points_lost), 2) as points_lost, arg_max(component_vi, points_lost) as component_vi,
    arg_max(component_en, points_lost) as component_en, round(max(points_lost), 2) as component_lost
from lost group by agency_code having sum(points_lost) is not null order by points_lost desc, agency_code
"""

_COUNTS = f"select status, count(*) as targets from ({_LATEST}) group by status"
_GRADES = f"""
select value_grade, count(*) as targets from ({_LATEST}) where value is not null
group by value_grade order by value_grade nulls last
"""


@dataclass(frozen=True)
class Place:
    """Whose scoreboard it is: code and name of the province, its code on the portal, the folder of the registries; and
    the language of the workbook, in which the page opens."""

    province_code: str
    portal_code: str
    province_name: str
    seeds: Path
    language: Language = "vi"


@dataclass(frozen=True)
class Previous:
    """The release before the one that is shown, with its targets by id."""

    id: str
    created_at: datetime
    targets: Mapping[str, Row]


class Rows:
    """What the scoreboard shows of one release. Opened on the staged or published directory; only reads."""

    def __init__(self, release: Release, place: Place) -> None:
        self.release, self.place = release, place

    @classmethod
    def of(cls, release: Release, place: Place) -> Rows:
        """The same object for each page of a release: nobody writes into its rows."""
        rows: Rows = release.kept.setdefault((cls, place), cls(release, place))
        return rows

    @cached_property
    def targets(self) -> list[Row]:
        """Every target once, at its latest period, by pillar and status, with the definition of its indicator.

        `is_sample`: whether its value was computed from synthetic data or is such data.
        """
        package = self.release.package
        made_up = {source["title"] for source in package["sources"] if source.get("synthetic")}

        def is_sample(row: Row) -> bool:  # a sample is a value without grade
            is_unsure = row["value_grade"] is None or row["value_source"] in made_up
            return row["value"] is not None and bool(package["synthetic"]) and is_unsure

        return [row | {"is_sample": is_sample(row)} for row in self._ask(_LATEST)]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many targets have each status; all of `STATUSES`."""
        counted = self._ask(_COUNTS)
        return dict.fromkeys(STATUSES, 0) | {row["status"]: row["targets"] for row in counted}

    @cached_property
    def grades(self) -> dict[str | None, int]:
        """How many of the targets with a value have one of each grade; a sample has none."""
        return {row["value_grade"]: row["targets"] for row in self._ask(_GRADES)}

    @cached_property
    def previous(self) -> Previous | None:
        """The targets as the same edition of the release before had them; None where there is none in the store."""
        release = previous_release(self.release, "target_progress")
        if release is None:
            return None
        path = release.path / OPEN if self.release.path.name == OPEN else release.path
        rows = Rows(Release(path, release.package), self.place).targets if path.is_dir() else []
        return Previous(release.id, release.created_at, {row["target_id"]: row for row in rows})

    @cached_property
    def series(self) -> dict[str, list[Row]]:
        """The values of each target over time, oldest first."""
        series: dict[str, list[Row]] = {}
        for row in self._ask(_SERIES):
            series.setdefault(row["target_id"], []).append(row)
        return series

    @cached_property
    def communes(self) -> list[Row]:
        """Every current commune with its measures and, where the release has it, its boundary as WKT."""
        return self._ask(_COMMUNES)

    @cached_property
    def qd766(self) -> list[Row]:
        """Groups of QĐ 766 for the province, latest year: points won and at most; what was published comes first."""
        return self._ask(_QD766)

    @cached_property
    def points_lost(self) -> list[Row]:
        """Components of QĐ 766 for the province, latest year, the most points lost first."""
        return self._ask(_POINTS_LOST)

    @cached_property
    def peers(self) -> list[Row]:
        """The provinces by their rank in QĐ 766, on the newest day on which all were recorded."""
        return self._ask(_PEERS)

    @cached_property
    def standings(self) -> list[Row]:
        """Points and rank of the province in QĐ 766 on each day on which they were recorded, oldest first."""
        return self._ask(_STANDINGS)

    @cached_property
    def lost_by_agency(self) -> list[Row]:
        """Agencies with the points of QĐ 766 that they lose in the latest year and where most of them; most first."""
        return self._ask(_LOST_BY_AGENCY)

    @cached_property
    def villages(self) -> list[Row]:
        """Villages by technology: covered, not covered, unknown; and in how many communes some are not."""
        return self._ask(_VILLAGES)

    @cached_property
    def gaps(self) -> list[Row]:
        """Communes with villages that a technology does not reach, the most such villages first."""
        return self._ask(_GAPS)

    @cached_property
    def dark_villages(self) -> list[Row]:
        """Every village without a technology of any operator on the list, and since when."""
        return self._ask(_DARK_VILLAGES)

    @cached_property
    def reports(self) -> list[Row]:
        """Reported indicators whose newest period lacks reports or had late ones, the most missing first."""
        return self._ask(_REPORTS)

    @cached_property
    def each_report(self) -> list[Row]:
        """Every report that came late or not at all, the newest period first."""
        return self._ask(_EACH_REPORT)

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = ReleaseReader(self.release.path).connect(TABLES)
        for name in REGISTRIES:
            connection.execute(f"create view {name} as from {seed_sql(self.place.seeds, literal(name))}")
        return connection

    def _ask(self, sql: str) -> list[Row]:
        # as text, since a bound parameter makes DuckDB import pandas, which costs half a second
        values = {
            "$province": literal(self.place.province_code),
            "$portal": literal(self.place.portal_code),
            "$statuses": f"[{', '.join(map(literal, STATUSES))}]",
        }
        for name, value in values.items():
            sql = sql.replace(name, value)
        return rows_of(self._connection.execute(sql))
