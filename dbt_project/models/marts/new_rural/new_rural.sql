-- New-style rural programme: every indicator with its values, or that it has none.
{{ config(materialized='table') }}

{{ pillar_measures('new_rural') }}
