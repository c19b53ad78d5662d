-- Rank among provinces: every indicator with its values, or that it has none.
{{ config(materialized='table') }}

{{ pillar_measures('provincial_ranks', also=['ranking']) }}
