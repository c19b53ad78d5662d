-- The registry of indicators, each with its pillar.
select
    i.indicator, i.pillar, cast(p.position as integer) as pillar_position, p.title_vi as pillar_vi,
    p.title_en as pillar_en, i.title_vi, i.title_en, i.unit, i.direction, i.frequency, i.definition_vi, i.definition_en,
    i.method, i.defined_by, i.reported_by
from seed_indicators as i
left join seed_pillars as p on i.pillar = p.pillar
