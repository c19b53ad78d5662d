-- Connection down to the grassroots: every indicator with its values, or that it has none.
{{ config(materialized='table') }}

{{ pillar_measures('grassroots_connection', also=['coverage']) }}
