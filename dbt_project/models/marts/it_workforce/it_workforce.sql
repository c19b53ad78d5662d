-- IT workforce: every indicator with its values, or that it has none.
{{ config(materialized='table') }}

{{ pillar_measures('it_workforce') }}
