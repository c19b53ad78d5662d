"""A small province of dossiers for the tests of disclosure control: its marts, its policy, its open tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from disclosure_attack import Key, Rows

from pipelines.release.disclosure import Policy
from pipelines.release.disclosure_cells import Block, Pattern, Thresholds
from pipelines.release.disclosure_tables import TABLES

PARTS = {
    "digitisation": dict.fromkeys(("digitised", "e_result", "population_data", "reused"), "received"),
    "dossier_timeliness": dict.fromkeys(("early", "late_or_overdue", "timed"), "received"),
    "online_payment": {"paid_online": "with_obligation", "with_obligation": "received"},
    "online_submission": dict.fromkeys(("full_service", "online"), "received"),
}
LIMITS = {"received": 10, **{part: 5 for parts in PARTS.values() for part in parts}}
POLICY = Policy(PARTS, Thresholds(LIMITS))
COLUMNS = ("late", "overdue", "early", "timed", "online", "full_service", "with_obligation", "paid_online")
MORE = ("e_result", "digitised", "reused", "population_data")
Leaf = dict[str, Any]


def leaf(month: str, agency: str, field: str, received: int, **parts: int) -> Leaf:
    """What an agency received of a field in a month. `c…` agencies are offices of communes, `s…` of old communes that
    went to several, others departments."""
    counts = dict.fromkeys((*COLUMNS, *MORE), 0) | parts
    return {"month": f"{month}-01", "agency_code": agency, "procedure_field_code": field, "received": received} | counts


def warehouse(leaves: Iterable[Leaf], last_day: str = "2026-12-31") -> duckdb.DuckDBPyConnection:
    """The relations that the open edition reads, of these leaves."""
    conn = duckdb.connect(config={"threads": 1})
    conn.execute("create schema marts; create schema intermediate")
    columns = ", ".join(f"{name} bigint" for name in ("received", *COLUMNS, *MORE))
    conn.execute(f"create table leaves (month date, agency_code varchar, procedure_field_code varchar, {columns})")
    if rows := [*leaves]:
        conn.register("given", pa.Table.from_pylist(rows))
        conn.execute("insert into leaves by name from given")
    conn.execute("""
        create table marts.dossier_timeliness as
        select *, agency_code as agency_name, if(agency_code[1] in ('c', 's'), 'commune', 'province') as agency_level,
            if(starts_with(agency_code, 'c'), agency_code[:2], null) as commune_code_today,
            if(starts_with(agency_code, 'c'), agency_code[:2], null) as commune_name_today,
            case agency_code[1] when 'c' then 'exact' when 's' then 'split' else 'not_commune' end as area_match,
            'field ' || procedure_field_code as procedure_field_name
        from leaves
    """)
    for mart in ("online_submission", "online_payment", "digitisation"):
        conn.execute(f"create table marts.{mart} as select * from leaves")
    conn.execute(f"""
        create table intermediate.int_dossiers as
        select month as received_month, agency_code, procedure_field_code,
            cast('{last_day}' as timestamp) as received_at, 86400 * 2 as processing_seconds
        from leaves, unnest(range(timed))
        union all by name select cast('{last_day}' as timestamp) as received_at
    """)
    return conn


def published(conn: duckdb.DuckDBPyConnection) -> Rows:
    """Rows of the open tables in a vault, without what only the vault knows."""
    there = {name for (name,) in conn.execute("select table_name from duckdb_tables()").fetchall()}
    return {t.name: as_published(conn.execute(f"from {t.name}").to_arrow_table()) for t in TABLES if t.name in there}


def as_published(table: Any) -> list[Mapping[str, Any]]:
    return [{name: value for name, value in row.items() if name != "period_name"} for row in table.to_pylist()]


def truth_of(block: Block, pattern: Pattern) -> dict[Key, int]:
    place = {cell: number for number, cell in enumerate(block.cells)}
    return {(measure, *cell): block.value(measure, place[cell], POLICY.parts) for measure, cell in pattern}


def truth_in(vault: Path) -> dict[Key, int]:
    """The true figures, as the vault keeps them."""
    with duckdb.connect(vault, read_only=True) as conn:
        rows = conn.execute("select measure, period, area, field, value from cells where not is_replaced").fetchall()
    return {(measure, period, area, of): value for measure, period, area, of, value in rows}
