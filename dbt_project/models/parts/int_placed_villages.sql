-- Records of operators' reports on villages with the commune of the report's day and the current one. A record that
-- counts nowhere stays, with the reason.

-- a village of a split commune lies in one of its parts, and no record states in which
with placed as (
    select
        v.*,
        coalesce({{ current_commune() }}, 'unknown part of ' || w.area_code) as area_code,
        w.area_code as reported_area_code,
        w.area_name as reported_area_name,
        w.valid_from as reported_unit_since,
        w.valid_to as reported_unit_until,
        w.area_code is null and former.area_code is not null as is_former_commune
    from (
        select
            *,
            least(extracted_on, (select max(valid_to) from {{ ref('areas') }} where level = 'commune')) as former_day
        from {{ ref('stg_village_coverage') }}
    ) as v
    {{ join_stated_commune('v.commune_code', 'v.commune_name', 'v.extracted_on') }}
    {{ join_stated_commune('v.commune_code', 'v.commune_name', 'v.former_day', 'former') }}
),

-- 69 codes of former communes are those of other communes today, so a list by former communes would put villages into
-- the wrong ones
checked as (
    select
        *,
        case
            when
                10 * count_if(is_former_commune) over (partition by file_no, operator)
                > count(*) over (partition by file_no, operator)
                then 'list_by_former_communes'
            when area_code is null then 'no_commune'
        end as not_counted_because
    from placed
)

-- a person's answer goes before the name as written
select
    c.* exclude (village),
    coalesce(a.village, c.village) as village_name
from checked as c
left join {{ ref('village_aliases') }} as a
    on c.area_code = a.area_code and {{ name_key('c.village') }} = {{ name_key('a.alias') }}
