-- The units of measure of indicators, as every table writes them.
select unit, title_en from unit_titles
