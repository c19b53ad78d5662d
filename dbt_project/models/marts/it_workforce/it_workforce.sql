-- IT workforce: every indicator, with what is told of it or that nothing is.
{{ config(materialized='table') }}

{{ pillar_measures('it_workforce') }}
