"""Expressions on which DuckDB and the engine are compared, each with the rule of the translator that it needs.

Each is a query on `cases.t`, a table of awkward values: nulls, halves, empty lists, ends of months, the year 9999.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipelines.engine.files import RowFiles
from pipelines.engine.relations import write_parquet

TABLE = """
create schema if not exists cases;
create or replace table cases.t as
select * replace (id::integer as id, n::bigint as n, m::bigint as m, d::double as d)
from (values
    (1, 7, 3, 2.5, 'Kỳ Anh', date '2026-01-31', timestamp '2026-03-02 08:00:00.9', timestamp '2026-03-02 08:00:02.1',
        ['7', null], [{amount: 10, asked: timestamp '2026-01-01 00:00:00'}, {amount: null, asked: null}]),
    (2, -7, 2, 0.125, 'Ky\u0300 Anh', date '9999-12-31', timestamp '9999-12-31 00:00:00',
        timestamp '9999-12-31 23:59:59', [null], []),
    (3, 0, 0, 1.005, '  A (b)-c ', date '2024-02-29', timestamp '2024-02-29 23:59:59', timestamp '2024-03-01 00:00:00',
        ['1'], [{amount: null, asked: timestamp '2025-05-05 05:05:05'}]),
    (4, null, 1, null, null, null, null, null, null, null),
    (5, 9007199254740993, 2, -2.675, '', date '2000-03-31', timestamp '2000-03-31 12:00:00',
        timestamp '2000-03-30 11:59:59.5', [], [{amount: 5, asked: timestamp '2024-01-01 00:00:00'}])
) as rows (id, n, m, d, txt, day, begun, later, codes, fees)
"""

CASES: dict[str, tuple[str, str]] = {
    # rule: name of the case, query
    "length of a list": ("spell_functions", "select id, len(codes) as x from cases.t"),
    "sum of a list": (
        "spell_functions",
        "select id, list_sum(list_transform(fees, lambda f: f.amount)) as x from cases.t",
    ),
    "hours later": (
        "spell_functions",
        "select id, begun + to_hours(cast(m as integer)) as x from cases.t where id <> 2",
    ),
    "seconds later": ("spell_functions", "select id, begun + to_seconds(m) as x from cases.t where id <> 2"),
    "days later": (
        "spell_functions",
        "select id, date_trunc('day', begun) + to_days(cast(m as integer)) + interval '23:59:59' as x "
        "from cases.t where id <> 2",
    ),
    "end of a day": ("times_as_seconds", "select id, cast(day as timestamp) + interval '23:59:59' as x from cases.t"),
    "end of a date": ("times_as_seconds", "select id, day + interval '23:59:59' as x from cases.t"),
    "two digits": ("round_as_duckdb", "select id, round(d, 2) as x, round(d * 100, 1) as y from cases.t"),
    "in common": ("overlaps_without_nulls", "select id, list_has_any(codes, ['7']) as x from cases.t"),
    "seconds between": ("seconds_between", "select id, date_diff('second', begun, later) as x from cases.t"),
    "days between": ("seconds_between", "select id, date_diff('day', begun, later) as x from cases.t"),
    "any value": ("", "select m, any_value(txt) as x from cases.t where id in (1, 4) group by m"),
    "any value of nulls": (
        "",
        "select 1 as m, any_value(txt) as x from (select * from cases.t where id = 4 union all "
        "select * from cases.t where id = 1) as u",
    ),
    "found in": (
        "found_in",
        "select id, coalesce(n in (select t.m from cases.t as t where t.id <> 4), false) as x from cases.t",
    ),
    "shares": ("divide_doubles", "select id, n / nullif(m, 0) * 100 as x, d / nullif(n, 0) as y from cases.t"),
    "shares of decimals": ("divide_doubles", "select id, n * 100.0 / nullif(m, 0) as x from cases.t"),
    "truncated by a column": (
        "truncate_times",
        "select t.id, p.unit, cast(date_trunc(p.unit, t.day) as date) as x "
        "from cases.t as t cross join (values ('month'), ('quarter'), ('year')) as p (unit) where t.id <> 2",
    ),
    "with each of some texts": (
        "join_listed_texts",
        "select distinct t.id, unnest(['month', 'year']) as p, cast(date_trunc(p, t.day) as date) as x "
        "from cases.t as t where t.id <> 2",
    ),
    "grouped by all": ("keys_by_place", "select m, count(*) as x from cases.t group by all"),
    # meant alike by both, without a rule
    "end of the month": ("", "select id, last_day(day) as x from cases.t"),
    "first of an open list": (
        "",
        "select id, list_min(list_transform(list_filter(fees, lambda f: f.amount is null), lambda f: f.asked)) as x "
        "from cases.t",
    ),
    "median": ("", "select median(d) as x, median(m) as y from cases.t"),
    "greatest and least": (
        "",
        "select id, greatest(n, m) as x, least(n, m) as y, greatest(0, n - m) as z from cases.t",
    ),
    "texts": (
        "",
        "select id, trim(regexp_replace(lower(nfc_normalize(txt)), '[() -]+', ' ', 'g')) as x, "
        "replace(txt, 'A', 'B') as y from cases.t",
    ),
    "bits": ("", "select id, (n >> 28) & 15 as x from cases.t where n >= 0"),
    "counted": (
        "",
        "select count(distinct m) as a, count(*) filter (where d > 1) as b, sum(m) as c, bool_or(d > 2) as e, "
        "max(begun) as f, min(txt) as g from cases.t",
    ),
    "conditions": (
        "",
        "select id, -m as x from cases.t where not (n < 0 or m <= 1) and m is not null",
    ),
    "choices": (
        "",
        "select id, case when n > 0 then 'a' when m > 2 then 'b' end as x, if(d > 1, 1, 2) as y from cases.t",
    ),
    "groups": ("", "select m, count(*) as x from cases.t group by m having count(*) > 1"),
    "whole numbers": ("", "select id, cast(n + m as bigint) as x, cast(n as double) as y from cases.t"),
    "truncated": (
        "",
        "select id, date_trunc('month', begun) as x, cast(date_trunc('quarter', day) as date) as y "
        "from cases.t where id <> 2",
    ),
    "without one": (
        "",
        "select t.* exclude (codes, fees) replace (coalesce(t.n, 0) as n), t.m between 1 and 2 as z from cases.t as t",
    ),
    "columns of a list": (
        "",
        "with c as (select * from cases.t) "
        "select t.id, cast(sum(columns(['n', 'm'])) as bigint), count(*) as x from c as t group by t.id",
    ),
    "by name": (
        "",
        "select id, m, true as z from cases.t union all by name select id, txt from cases.t",
    ),
}

ONLY_ON_SPARK = {"round_as_duckdb"}
"""Rules that Sail does not need: it multiplies and rounds as DuckDB does."""

REFUSED = {
    "a function outside the list": "select strftime(begun, '%Y') as x from cases.t",
    "a function that sqlglot does not know": "select json_valid(txt) as x from cases.t",
    "a mean": "select avg(d) as x from cases.t",
    "a window": "select row_number() over (order by id) as x from cases.t",
    "columns under another name": "select sum(columns(['n', 'm'])) as x from cases.t",
    "columns twice": "select columns(['n', 'm']) + columns(['n', 'm']) from cases.t",
    "grouped rows of found in": ("select coalesce(n in (select m from cases.t group by m), false) as x from cases.t"),
    "columns in another case": "select columns(['N']) from cases.t",
    "columns by a pattern": "select sum(columns('n|m')) from cases.t",
    "a list of rows": "select unnest(codes) as code from cases.t",
    "a column called as a unit": "select date_trunc(month, day) from (select 'year' as month, day from cases.t) as t",
    "a rounded cast": "select cast(d as integer) as x from cases.t",
    "a cast of a text": "select cast(txt as bigint) as x from cases.t",
    "a sum of doubles": "select sum(d) as x from cases.t",
    "the first match": "select regexp_replace(txt, 'a', 'b') as x from cases.t",
    "months between": "select date_diff('month', begun, later) as x from cases.t",
    "a null of found in": "select n in (select m from cases.t) as x from cases.t",
    "a cast to decimal": "select cast(d as decimal(9, 2)) as x from cases.t",
}


def give_cases(connection: duckdb.DuckDBPyConnection, session: Any, file: Path) -> None:
    """Make the table in DuckDB, and the same rows a view of the engine's session."""
    connection.execute(TABLE)
    write_parquet(connection, "select * from cases.t", str(file), RowFiles(file))
    session.read.parquet(str(file)).createOrReplaceTempView("cases__t")


def on_engine(session: Any, sql: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in session.sql(sql).toArrow().to_pylist()), key=repr)


def in_duckdb(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(sql).fetchall(), key=repr)
