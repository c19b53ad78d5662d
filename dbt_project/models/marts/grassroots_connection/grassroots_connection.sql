-- Connection down to the grassroots: every indicator, with what is told of it or that nothing is.
{{ config(materialized='table') }}

{{ pillar_measures('grassroots_connection', coverage=true) }}
