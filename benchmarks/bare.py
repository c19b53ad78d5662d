"""The same marts as the pipeline by one plain DuckDB script: the yardstick of what the computing itself costs.

It reads the sample files and the seeds, keeps the newest version of every dossier and writes `dossier_timeliness` and
`online_submission` as zstd Parquet, sorted by key. It has no checks, no quarantine, no
pseudonyms, no history and no release, and it reads only the fields that these marts need: what a good engineer writes
in an afternoon for files that are known to be clean. The figures are defined by QĐ 766 items 2.1 and 3.3; the SQL is
its own and not that of the dbt models, so that equal figures say something about both.

    python -m benchmarks.bare --raw FILES --seeds dbt_project/seeds --out FOLDER --threads 2 --memory 4GB
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

MARTS = ("dossier_timeliness", "online_submission")
MIN_CELL_COUNT = 5

# The day that a file describes is in its name; a month alone means its last day.
DAY_OF_FILE = r"""coalesce(
    try_cast(regexp_extract(filename, '(20\d\d-\d\d-\d\d)[^/]*$', 1) as date),
    last_day(cast(regexp_extract(filename, '(20\d\d-\d\d)[^/]*$', 1) || '-01' as date))
)"""


def _time(field: str) -> str:
    """SQL of a time in either spelling of the feed; "" is null."""
    return f"try_strptime({field}, ['%Y%m%d%H%M%S', '%Y-%m-%d %H:%M:%S'])"


READ = f"""
create temp table versions as
select
    MaHoSo as dossier, {DAY_OF_FILE} as day, MaTTHC as procedure_code, MaLinhVuc as field_code, KenhThucHien as channel,
    {_time("NgayTiepNhan")} as received_at,
    {_time("NgayHenTra")} as due_at,
    coalesce({_time("NgayKetThucXuLy")}, {_time("NgayTra")}, {_time("NgayTuChoi")}) as ended_at,
    list_transform(DanhSachHoSoBoSung, lambda e: {{
        asked: {_time("e.NgayBoSung")}, answered: {_time("e.NgayTiepNhanBoSung")}
    }}) as supplements,
    len(list_filter(DanhSachGiayToKetQua, lambda e: e.DuongDanTepTinKetQua <> '')) > 0 as has_e_result
from read_json($files, format = 'newline_delimited', filename = true, columns = {{
    MaHoSo: 'varchar', MaTTHC: 'varchar', MaLinhVuc: 'varchar', KenhThucHien: 'varchar', NgayTiepNhan: 'varchar',
    NgayHenTra: 'varchar', NgayKetThucXuLy: 'varchar', NgayTra: 'varchar', NgayTuChoi: 'varchar',
    DanhSachHoSoBoSung: 'struct(NgayBoSung varchar, NgayTiepNhanBoSung varchar)[]',
    DanhSachGiayToKetQua: 'struct(DuongDanTepTinKetQua varchar)[]'
}})
"""

# One pass over the dossiers gives the counts of both marts by month, agency and field.
COUNT = """
create temp table cells as
with
as_of as (select max(day) as day from versions),

working_days as (
    select day, is_working, count(*) filter (where is_working) over (order by day) as number
    from (
        select
            unnest(generate_series(date '2015-01-01', date '2035-12-31', interval 1 day))::date as day,
            isodow(day) < 6 and day not in (select holiday_date from public_holidays) as is_working
    )
),

latest as (
    select * from versions
    where (dossier, day) in (select (dossier, max(day)) from versions group by dossier) and received_at is not null
),

dossiers as (
    select
        date_trunc('month', l.received_at)::date as month,
        regexp_extract(l.dossier, '^(.+)-[0-9]+-[0-9]+$', 1) as agency_code,
        coalesce(p.field_code, l.field_code) as field_code,
        l.channel,
        p.service_level,
        coalesce(p.requires_paper_result, false) as requires_paper_result,
        l.has_e_result,
        l.received_at,
        l.ended_at,
        len(l.supplements) as asked_times,
        l.supplements[1].asked as asked_at,
        len(l.supplements) = 1 and l.supplements[1].answered is null as is_waiting,
        coalesce(list_sum(list_transform(
            l.supplements, lambda s: greatest(0, date_diff('second', s.asked, s.answered))
        )), 0)::bigint as waited_seconds,
        coalesce(l.due_at, case p.statutory_unit
            when 'hour' then l.received_at + to_hours(p.statutory_days)
            when 'day' then date_trunc('day', l.received_at) + to_days(p.statutory_days) + interval '23:59:59'
            when 'working_day' then n.day + interval '23:59:59'
        end) as term_at
    from latest as l
    left join procedures as p on l.procedure_code = p.procedure_code
    left join working_days as w
        on case when l.due_at is null and p.statutory_unit = 'working_day' then l.received_at::date end = w.day
    left join working_days as n on w.number + p.statutory_days = n.number and n.is_working
),

judged as (
    select
        *,
        ended_at is not null as is_resolved,
        case when ended_at is not null
            then greatest(0, date_diff('second', received_at, ended_at) - waited_seconds)
        end as seconds,
        -- an open dossier is judged when its month ends, or the data; waiting for the applicant never counts
        coalesce(ended_at, least(
            case when is_waiting then asked_at end,
            least(last_day(month), (select day from as_of)) + interval '23:59:59'
        )) - to_seconds(waited_seconds) as end_at
    from dossiers
),

outcomes as (
    select *, asked_times <= 1 and term_at is null as is_without_term, asked_times > 1 or end_at > term_at as is_late
    from judged
)

select
    month, agency_code, field_code,
    count(*) as received,
    count(ended_at) as resolved,
    count(*) filter (where is_resolved and not is_late and end_at::date < term_at::date) as early,
    count(*) filter (where is_resolved and not is_late and end_at::date = term_at::date) as on_time,
    count(*) filter (where is_resolved and is_late) as late,
    count(*) filter (where not is_resolved and not is_late) as in_process,
    count(*) filter (where not is_resolved and is_late) as overdue,
    count(*) filter (where is_without_term) as no_term,
    sum(seconds) / (86400.0 * count(seconds)) as mean_days,
    median(seconds) / 86400.0 as median_days,
    count(*) filter (where channel = '2') as online,
    count(*) filter (where coalesce(channel, '') in ('', '1')) as in_person,
    count(*) filter (where channel = '3') as by_post,
    count(*) filter (where service_level = '4') as full_service,
    count(*) filter (where service_level = '3') as partial_service,
    count(*) filter (where channel = '2' and service_level = '4') as online_full_service,
    count(*) filter (where channel = '2' and service_level = '3') as online_partial_service,
    count(*) filter (where channel = '2' and (has_e_result or not requires_paper_result)) as online_with_e_result
from outcomes
group by all
"""

# Agencies and communes change with the turn of a month, so they are looked up once a cell.
NAMED = f"""
create temp view named as
with successors as (
    select
        old_code,
        if(count(distinct new_code) = 1, min(new_code), null) as new_code,
        if(count(distinct new_code) = 1, 'exact', 'split') as match
    from area_crosswalk group by old_code
)
select
    c.*,
    coalesce(a.name, '') as agency_name,
    coalesce(a.level, 'unknown') as agency_level,
    old.area_code as commune_code,
    old.kind || ' ' || old.name as commune_name,
    new.area_code as commune_code_today,
    new.kind || ' ' || new.name as commune_name_today,
    case
        when a.level <> 'commune' then 'not_commune'
        when old.area_code is null then 'unknown'
        when old.valid_to is null then 'exact'
        else coalesce(s.match, 'unknown')
    end as area_match,
    coalesce(f.name_vi, '') as field_name,
    c.month >= date '2025-07-01' as is_after_merger,
    c.resolved >= {MIN_CELL_COUNT} as is_shown
from cells as c
left join agencies as a
    on c.agency_code = a.agency_code and c.month between a.valid_from and coalesce(a.valid_to, date '9999-12-31')
left join areas as old
    on a.area_code = old.area_code and old.level = 'commune'
    and a.valid_from between old.valid_from and coalesce(old.valid_to, date '9999-12-31')
left join successors as s on old.area_code = s.old_code and old.valid_to is not null
left join areas as new
    on new.area_code = if(old.valid_to is null, old.area_code, s.new_code)
    and new.level = 'commune' and new.valid_to is null
left join procedure_fields as f on c.field_code = f.field_code
"""

PLACE = """
    month, agency_code, agency_name, agency_level, commune_code, commune_name, commune_code_today, commune_name_today,
    area_match, field_code as procedure_field_code, field_name as procedure_field_name, is_after_merger
"""

SUBMITTED = (
    *("received", "online", "in_person", "by_post", "full_service", "partial_service"),
    *("online_full_service", "online_partial_service", "online_with_e_result"),
)

MART_SQL = {
    "dossier_timeliness": f"""
        select {PLACE}, received, resolved, early, on_time, late, in_process, overdue, no_term,
            round(100.0 * (early + on_time + in_process) / received, 2) as on_time_pct,
            if(is_shown, round(mean_days, 2), null) as mean_days,
            if(is_shown, round(median_days, 2), null) as median_days,
            case when resolved = 0 then 'missing' when is_shown then 'observed' else 'suppressed' end as days_status
        from named order by month, agency_code, procedure_field_code
    """,
    # the fields of an office with few dossiers in a month are one row, as the release publishes them
    "online_submission": f"""
        with ordered as (
            select *, coalesce(sum(received) over (
                partition by month, agency_code order by received, field_code
                rows between unbounded preceding and 1 preceding
            ), 0) as smaller
            from named
        ),
        merged as (
            select * replace (
                if(received < 5 or smaller between 1 and 4, 'other', field_code) as field_code,
                if(received < 5 or smaller between 1 and 4, 'Các lĩnh vực ít hồ sơ, gộp chung', field_name)
                    as field_name
            )
            from ordered
        ),
        summed as (
            select {PLACE}, {", ".join(f"cast(sum({count}) as bigint) as {count}" for count in SUBMITTED)}
            from merged group by all
        )
        select *, round(100.0 * online / received, 2) as online_pct
        from summed order by month, agency_code, procedure_field_code
    """,
}
# Columns of the seeds that are not text.
SEEDS = {
    "agencies": {"valid_from": "date", "valid_to": "date"},
    "areas": {"valid_from": "date", "valid_to": "date"},
    "area_crosswalk": {},
    "procedure_fields": {},
    "procedures": {"statutory_days": "integer", "requires_paper_result": "boolean"},
    "public_holidays": {"holiday_date": "date"},
}


def build(raw: Path, seeds: Path, out: Path, *, threads: int, memory: str) -> None:
    """Read `*.ndjson.gz` of `raw` and the CSV files of `seeds`, write one `<mart>.parquet` each into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    options: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(out / "spill"),
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=options) as connection:
        for seed, types in SEEDS.items():
            file = connection.read_csv(str(seeds / f"{seed}.csv"), header=True, all_varchar=True, dtype=types)
            file.create(seed)
        connection.execute(READ, {"files": [str(path) for path in sorted(raw.glob("*.ndjson.gz"))]})
        connection.execute(COUNT)
        connection.execute(NAMED)
        for mart in MARTS:
            connection.execute(f"copy ({MART_SQL[mart]}) to '{out / mart}.parquet' (format parquet, compression zstd)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--raw", "--seeds", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    given = parser.parse_args()
    build(given.raw, given.seeds, given.out, threads=given.threads, memory=given.memory)


if __name__ == "__main__":
    main()
