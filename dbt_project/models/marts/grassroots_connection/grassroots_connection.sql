-- Connection down to the grassroots: every indicator of the pillar with what is reported and published of it, or that nothing is.
{{ config(materialized='table') }}

{{ pillar_measures('grassroots_connection', coverage=true) }}
