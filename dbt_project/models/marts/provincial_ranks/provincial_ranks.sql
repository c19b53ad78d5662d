-- Rank among provinces: every indicator, with what is told of it or that nothing is.
{{ config(materialized='table') }}

{{ pillar_measures('provincial_ranks', ranks=true) }}
