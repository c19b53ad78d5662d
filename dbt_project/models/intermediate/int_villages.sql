-- What operators said of a village, with the commune that the report names, as that was on its day and today, and the
-- village's name as a key: it is known by that within the commune as reported.
{%- set kinds = 'thôn|thon|xóm|xom|ấp|bản|làng|buôn|tổ dân phố|to dan pho|tổ|to|t[.]?d[.]?p|t|'
    ~ 'khối phố|khoi pho|khu phố|khu pho|kp|khối|khoi|khu|khóm|tiểu khu' %}
{%- set numerals = "['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x', 'xi', 'xii', 'xiii', 'xiv', 'xv']" %}
{{ config(materialized='table') }}

-- what a record names on its report's day, and what on the day before the units changed
with read_twice as (
    select
        v.*,
        if(w.area_code is null, null, {
            code: w.area_code, name: w.area_name, since: w.valid_from, today: {{ stated_commune_today() }}
        }) as on_its_day,
        -- a code goes before a name that is not known, which is no more than that
        w.area_code is not null and coalesce(
            v.commune_name is null or w_named.area_code = w.area_code or w_answered.area_code is not null, false
        ) as is_sure_on_its_day,
        if(b.area_code is null, null, {
            code: b.area_code, name: b.area_name, since: b.valid_from, today: {{ stated_commune_today('b') }}
        }) as before_that,
        b.area_code is not null and coalesce(
            v.commune_name is null or b_named.area_code = b.area_code or b_answered.area_code is not null, false
        ) as is_sure_before_that
    from (
        select
            *,
            least(extracted_on, (select max(valid_to) from {{ ref('areas') }} where level = 'commune')) as day_before
        from {{ ref('stg_village_coverage') }}
    ) as v
    {{ join_stated_commune('v.commune_code', 'v.commune_name', 'v.extracted_on') }}
    {{ join_stated_commune('v.commune_code', 'v.commune_name', 'v.day_before', 'b') }}
),

-- what can be read in one way only, or better in one than in the other
told_apart as (
    select
        *,
        before_that is not null and not is_sure_on_its_day and (on_its_day is null or is_sure_before_that)
            as is_of_before,
        on_its_day is not null and not is_sure_before_that and (before_that is null or is_sure_on_its_day)
            as is_of_its_day
    from read_twice
),

-- codes and names went on to other communes, so a list is read as a whole: by the units of before where over a tenth
-- of it is not surely of its day, and more of it can only be of before than only of its day
named_by as (
    select
        * exclude (on_its_day, before_that, is_sure_on_its_day, is_sure_before_that, day_before),
        case
            when
                10 * count_if(is_sure_on_its_day) over operators_list < 9 * count(*) over operators_list
                and count_if(is_of_before) over operators_list > count_if(is_of_its_day) over operators_list
                then coalesce(before_that, on_its_day)
            else coalesce(on_its_day, before_that)
        end as named
    from told_apart
    window operators_list as (partition by file_no, operator)
),

placed as (
    select
        * exclude (named),
        if(named is null, 'unknown', coalesce(named.today, 'unknown part of ' || named.code)) as area_code,
        named.code as reported_area_code,
        coalesce(named.name, concat_ws(' ', commune_code, commune_name)) as reported_area_name,
        named.since as reported_unit_since,
        coalesce(named.code || ' ' || named.since, concat_ws(' ', commune_code, commune_name)) as unit
    from named_by
),

-- rows in quarantine, or of no commune, stand between others: they were most likely of the communes of those
in_order as (
    select
        file_no,
        row_no,
        area_code = 'unknown' as is_lost
    from placed
    union all
    select distinct
        q.file_no,
        q.row_no,
        true as is_lost
    from {{ source('raw', 'quarantine') }} as q
    inner join {{ source('raw', 'files') }} as f on q.file_no = f.file_no
    where f.source = 'village_coverage' and q.reason <> 'duplicate_record'
),

beside as (
    select
        *,
        coalesce(lag(is_lost) over (partition by file_no order by row_no), false)
        or coalesce(lead(is_lost) over (partition by file_no order by row_no), false) as is_beside_lost
    from in_order
),

-- a person's answer goes before the name as written
answered as (
    select
        p.*,
        b.is_beside_lost,
        coalesce(a.village, p.village) as village_name,
        coalesce({{ name_key('a.alias') }} = {{ name_key('a.village') }}, false) as is_of_its_own
    from placed as p
    inner join beside as b on p.file_no = b.file_no and p.row_no = b.row_no
    left join {{ ref('village_aliases') }} as a
        on p.area_code = a.area_code and {{ name_key('p.village') }} = {{ name_key('a.alias') }}
),

-- "Tổ dân phố số 05.", "TDP5": the kind, and what follows it after a mark or as a number
parted as (
    select
        *,
        -- marks around it, and "số" and zeros before a number
        regexp_replace(
            regexp_replace(
                trim(replace({{ name_key('village_name') }}, 'ð', 'đ'), ' .,;:*"'), '\b(?:số|so) ?([0-9])', '\1', 'g'
            ),
            '(^|[^0-9])0+([0-9])', '\1\2', 'g'
        ) as spelling,
        regexp_extract(spelling, '^({{ kinds }})(?:[ .:]+(.+)|([0-9].*))$', ['kind', 'name', 'number']) as parts
    from answered
),

named as (
    select
        *,
        case
            when parts.kind in ('thôn', 'thon') then 'thôn'
            when parts.kind in ('xóm', 'xom') then 'xóm'
            when parts.kind in ('ấp', 'bản', 'làng', 'buôn') then parts.kind
            when parts.kind not in ('', 't') then 'tdp'
        end as kind,
        coalesce(nullif(parts.name || parts.number, ''), spelling) as name,
        -- "Liên Hà II" is Liên Hà 2
        regexp_extract(name, '^(?:.* )?([ivx]+)$', 1) as numeral,
        case
            when list_contains({{ numerals }}, numeral)
                then left(name, length(name) - length(numeral)) || list_position({{ numerals }}, numeral)
            else name
        end as name_alone
    from parted
),

lettered as (
    select
        *,
        replace(strip_accents(name_alone), 'đ', 'd') as letters,
        case when not regexp_full_match(name_alone, '[ -~]*') then name_alone end as toned
    from named
),

-- "thon Lien Ha" is Thôn Liên Hà where the commune has no other village of these letters
marked as (
    select
        * exclude (name_alone),
        case
            when
                toned is null
                and min(toned) over (partition by area_code, unit, letters)
                = max(toned) over (partition by area_code, unit, letters)
                then min(toned) over (partition by area_code, unit, letters)
            else name_alone
        end as name_alone
    from lettered
)

select
    file_no,
    version,
    extracted_on,
    operator,
    area_code,
    reported_area_code,
    reported_area_name,
    reported_unit_since,
    unit,
    village_name,
    is_of_its_own,
    -- in a file of several operators the lost row may be any of theirs on the commune
    bool_or(is_beside_lost) over (partition by file_no, area_code, unit) as is_beside_lost,
    -- "Hạ Vàng" is "Thôn Hạ Vàng" where the commune has no other village of that name
    concat_ws(
        ' ',
        coalesce(
            kind,
            case
                when
                    min(kind) over (partition by area_code, unit, name_alone)
                    = max(kind) over (partition by area_code, unit, name_alone)
                    then min(kind) over (partition by area_code, unit, name_alone)
            end
        ),
        name_alone
    ) as village_key,
    has_2g,
    has_3g,
    has_4g,
    has_5g,
    has_fibre
from marked
