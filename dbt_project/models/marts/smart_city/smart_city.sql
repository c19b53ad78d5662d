-- Smart city: every indicator, with what is told of it or that nothing is.
{{ config(materialized='table') }}

{{ pillar_measures('smart_city') }}
