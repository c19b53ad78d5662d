-- One row per figure and vintage; columns and rules are those of every source of statistics.
{{ statistic_figures('ckan') }}
