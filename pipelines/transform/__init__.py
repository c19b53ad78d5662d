"""Running dbt, and reading the marts from its manifest. SQL itself lives in dbt_project/."""
