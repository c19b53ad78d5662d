-- Numerator and denominator of each component that dossiers, the catalogue and petitions measure, by period, agency (or
-- the province as a whole) and field, which petitions have none of. A procedure has one field, so that counts of
-- procedures add up over the fields of one agency and period, though neither over agencies nor over periods.
{{ config(materialized='table') }}

{% set by_field = {
    'DOSSIER_ON_TIME': ('on_time', 'received'),
    'ONLINE_PROVISION': ('procedures_online', 'procedures'),
    'ONLINE_SERVICE_USED': ('services_used', 'services'),
    'ONLINE_DOSSIER': ('online', 'received'),
    'PAYMENT_DOSSIER': ('paid_online', 'with_obligation'),
    'PAYMENT_PROCEDURE': ('fee_procedures_paid', 'fee_procedures'),
    'PAYMENT_INTEGRATED': ('fee_procedures_integrated', 'fee_procedures'),
    'ORIGINAL_RESULT_AVAILABLE': ('e_result', 'received'),
    'SO_HOA_GIAY_TO_GIAI_QUYET': ('digitised', 'received'),
    'REUSED_DIGITIZED_DATA': ('reused', 'received'),
    'SYNCED_WITH_DVCQG_PERSONAL_STORAGE': ('from_personal_store', 'received'),
    'CITIZEN_DATA_CONNECTED_FORMALITY': ('citizen_procedures_connected', 'citizen_procedures'),
    'CITIZEN_DATA_CONNECTED_DOSSIER': ('population_data', 'received'),
    'DOSSIER_RECEIVING_SATISFACTION': ('on_time', 'received'),
} %}
{# No survey asks for satisfaction with dossiers; complaints, which would be taken off, are not in the logs. #}
{% set of_petitions = {
    'PETITION_CLASSIFICATION_TTHC': ('about_procedures', 'petitions'),
    'PETITION_CLASSIFICATION_STAFF': ('about_staff', 'petitions'),
    'PETITION_PROCESSING_ON_TIME': ('on_time', 'petitions'),
    'PETITION_HANDLING_SATISFACTION': ('not_disliked', 'petitions'),
} %}

with shares as (
    {% for counts, field, components in [
        ('int_qd766_field_counts', 'procedure_field_code', by_field),
        ('int_qd766_petition_counts', "''", of_petitions),
    ] %}
        {{ 'union all by name' if not loop.first }}
        select
            period_type,
            period_start,
            agency_code,
            agency_name,
            agency_level,
            {{ field }} as procedure_field_code,
            unnest([  -- noqa: AL03
                {% for code, (numerator, denominator) in components.items() %}
                    { component_code: '{{ code }}', numerator: {{ numerator }}, denominator: {{ denominator }} }
                    {{- ',' if not loop.last }}
                {% endfor %}
            ], recursive := true)
        from {{ ref(counts) }}
    {% endfor %}
)

-- where there is nothing to count there is no row
select
    * exclude (numerator, denominator),
    cast(coalesce(numerator, 0) as bigint) as numerator,
    cast(denominator as bigint) as denominator
from shares
where denominator > 0
