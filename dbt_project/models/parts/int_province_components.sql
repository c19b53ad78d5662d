-- Components of the 766 index of the province, each with the indicator that its share is a value of.
with indicators as (
    from (
        values
        ('DOSSIER_ON_TIME', 'dossiers_on_time_pct'),
        ('ONLINE_DOSSIER', 'dossiers_online_pct'),
        ('ORIGINAL_RESULT_AVAILABLE', 'dossiers_e_result_pct'),
        ('SO_HOA_GIAY_TO_GIAI_QUYET', 'dossiers_digitised_pct'),
        ('REUSED_DIGITIZED_DATA', 'dossiers_reused_pct'),
        ('PAYMENT_DOSSIER', 'dossiers_paid_online_pct'),
        ('DOSSIER_RECEIVING_SATISFACTION', 'dossiers_not_late_pct'),
        ('ONLINE_PROVISION', 'procedures_online_pct'),
        ('PETITION_PROCESSING_ON_TIME', 'petitions_on_time_pct')
    ) as i (item_code, indicator)
)

select
    s.*,
    i.indicator
from {{ ref('qd766_scores') }} as s
inner join indicators as i on s.item_code = i.item_code
where s.agency_code = '{{ var("portal_code") }}'
