-- The first day of every month from January 2019 to the end of the year after the release's.
select
    month,
    cast(year(month) as integer) as year,
    cast(quarter(month) as integer) as quarter,
    cast(month(month) as integer) as month_of_year,
    cast(date_trunc('quarter', month) as date) as quarter_start,
    'Tháng ' || month(month) || '/' || year(month) as title_vi,
    strftime(month, '%B %Y') as title_en,
    month >= date '2025-07-01' as is_after_merger
from (
    select cast(unnest(generate_series(
        timestamp '2019-01-01', make_timestamp(year(release_date) + 1, 12, 1, 0, 0, 0), interval 1 month
    )) as date) as month
    from about
)
