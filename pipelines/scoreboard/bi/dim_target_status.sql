-- The statuses of a target, in the order in which the page shows them.
select status, position, title_vi, title_en from target_statuses
