{# Schemas have the names of the folders: no prefix of the profile's target. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

{#
  A Vietnamese name as a key: NFC, lower case, the tone mark on the first vowel of oa, oe, uy (old and new spelling
  differ there: Hòa and Hoà), hyphens and runs of blanks (those that do not break too) as one blank.
#}
{% macro name_key(expression) -%}
    {%- set ns = namespace(sql="lower(nfc_normalize(" ~ expression ~ "))") -%}
    {%- for new, old in [
        ('oà', 'òa'), ('oá', 'óa'), ('oả', 'ỏa'), ('oã', 'õa'), ('oạ', 'ọa'),
        ('oè', 'òe'), ('oé', 'óe'), ('oẻ', 'ỏe'), ('oẽ', 'õe'), ('oẹ', 'ọe'),
        ('uỳ', 'ùy'), ('uý', 'úy'), ('uỷ', 'ủy'), ('uỹ', 'ũy'), ('uỵ', 'ụy')] -%}
        {%- set ns.sql = "replace(" ~ ns.sql ~ ", '" ~ new ~ "', '" ~ old ~ "')" -%}
    {%- endfor -%}
    trim(regexp_replace({{ ns.sql }}, '[\s\x{00A0}–-]+', ' ', 'g'))
{%- endmacro %}
