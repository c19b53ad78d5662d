-- Use of enterprises' infrastructure: every indicator with its values, or that it has none.
{{ config(materialized='table') }}

{{ pillar_measures('shared_infrastructure') }}
