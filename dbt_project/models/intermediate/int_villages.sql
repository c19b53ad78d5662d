-- Records of operators' reports on villages, in their communes (int_placed_villages), with the village's name as a key
-- within the commune.
{%- set kinds = 'thôn|thon|xóm|xom|ấp|bản|làng|buôn|tổ dân phố|to dan pho|tổ|to|t[.]?d[.]?p|t|'
    ~ 'khối phố|khoi pho|khu phố|khu pho|kp|khối|khoi|khu|khóm|tiểu khu' %}
{%- set numerals = "['i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix', 'x', 'xi', 'xii', 'xiii', 'xiv', 'xv']" %}
{{ config(materialized='table') }}

-- the name without marks around it, and without "số" and zeros before a number; then its kind and the rest:
-- "Tổ dân phố số 05." and "TDP5" are tdp and 5
with split as (
    select
        *,
        regexp_replace(
            regexp_replace(
                trim(replace({{ name_key('village_name') }}, 'ð', 'đ'), ' .,;:*"'), '\b(?:số|so) ?([0-9])', '\1', 'g'
            ),
            '(^|[^0-9])0+([0-9])', '\1\2', 'g'
        ) as spelling,
        regexp_extract(spelling, '^({{ kinds }})(?:[ .:]+(.+)|([0-9].*))$', ['kind', 'name', 'number']) as parts
    from {{ ref('int_placed_villages') }}
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
        end as name_alone,
        replace(strip_accents(name_alone), 'đ', 'd') as letters,
        case when not regexp_full_match(name_alone, '[ -~]*') then name_alone end as accented
    from split
),

-- "thon Lien Ha" is Thôn Liên Hà where the commune has no other village of these letters
accented as (
    select
        * replace (
            case
                when accented is null and min(accented) over same_letters = max(accented) over same_letters
                    then min(accented) over same_letters
                else name_alone
            end as name_alone
        )
    from named
    window same_letters as (partition by reported_area_code, reported_unit_since, letters)
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
    reported_unit_until,
    not_counted_because,
    village_name,
    -- "Hạ Vàng" is "Thôn Hạ Vàng" where the commune has no other village of that name
    concat_ws(
        ' ',
        coalesce(kind, case when min(kind) over same_name = max(kind) over same_name then min(kind) over same_name end),
        name_alone
    ) as village_key,
    has_2g,
    has_3g,
    has_4g,
    has_5g,
    has_fibre,
    has_samples
from accented
window same_name as (partition by reported_area_code, reported_unit_since, name_alone)
