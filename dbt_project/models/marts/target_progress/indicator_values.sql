-- Every value of every indicator side by side: computed by the platform, reported by agencies, published by others.
-- Nothing overwrites anything; is_chosen marks the one of a period that the targets are measured by. A new origin is
-- one more model int_values_of_<origin>, with the columns of the others, and a name in this list.
{{ config(materialized='table') }}

{% set origins = ['dossiers', 'portal', 'ranking', 'coverage', 'statistics', 'pillars', 'reports'] -%}

with gathered as (
    {{ values_of(origins) }}
)

{{ side_by_side('gathered') }}
