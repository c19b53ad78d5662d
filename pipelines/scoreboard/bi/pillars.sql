-- The pillars of the scheme.
select pillar, cast(position as integer) as position, title_vi, title_en from seed_pillars
