"""Running dbt, and reading what its manifest says about the marts. SQL itself lives in dbt_project/."""
