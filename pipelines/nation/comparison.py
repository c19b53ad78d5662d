"""Which figures of the provinces are compared, by the description of each column, and the table that compares them.

Compared are figures that do not depend on the size of a province: shares, rates, speeds, points. A figure is that of
the province as a whole: the row of the province where the table has one; where its rows divide all dossiers
(`DIVIDED`), the share of the sums, by the formula that the column states. Shares are never added or averaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.nation.provinces import Province
from pipelines.nation.tables import PROVINCE, STALE, United
from pipelines.release.sql import identifier, literal, relation
from pipelines.transform.marts import Column, Mart

if TYPE_CHECKING:
    import duckdb

TABLE, TARGET = "province_comparison", "nation"

RELATIVE = r"^(%|điểm|Mbps|ms|ngày)|/"
"""Units of figures that do not depend on the size of a province."""

DIVIDED = frozenset(
    {"digitisation", "dossier_timeliness", "dossiers_by_commune", "online_payment", "online_submission"}
)
"""Tables whose rows divide all dossiers of the province, none of them a total of others."""

NOT_COMPARED = frozenset(
    ["area_figures", "commune_boundaries", "qd766_points_lost", "reported_indicators", "revisions", "statistics_review"]
)
"""Tables about registries, and about values that `indicator_values`, `statistics` and `qd766_scores` have."""

_NO_MEASURE = re.compile(r"difference|delta|tolerance|max_|min_|pace|sum")
"""Columns in such a unit that measure no province: limits, and differences between two sources or days."""

_FORMULA = re.compile(r"100 × \(?(\w+(?: \+ \w+)*)\)? / (\w+)\b")
_SUBJECTS = ("indicator", "target_id")
"""Columns of a key that name the measure in the row, its unit and title beside it."""
_ABOUT_THE_ROW = ("period_type", "period_start", "month", "area_code", "agency_code", *_SUBJECTS)
_CHOSEN: Mapping[str, tuple[str, ...]] = {"is_chosen": ("basis", "source", "document"), "is_latest": ("vintage_on",)}
"""Marks of the row that counts for its period, with the columns of the key among whose values it was chosen."""

_COLUMNS = (
    Column("table_name", "VARCHAR", "Bảng", "Table", None, "Table of this release that the figure is from."),
    Column("measure", "VARCHAR", "Chỉ số", "Measure", None, "Column of that table, or its indicator or target."),
    Column("period_type", "VARCHAR", "Loại kỳ", "Kind of period", None, "month, quarter, year, ...; empty where none."),
    Column("period_start", "DATE", "Ngày đầu kỳ", "First day of the period", None, "Empty where the table has none."),
    Column("breakdown", "VARCHAR", "Phân tổ", "Breakdown", None, "JSON object of the other columns of the key."),
    Column("title_vi", "VARCHAR", "Tên chỉ số", "Title in Vietnamese", None, "Of the measure."),
    Column("title_en", "VARCHAR", "Tên tiếng Anh", "Title in English", None, "Of the measure."),
    Column("unit", "VARCHAR", "Đơn vị tính", "Unit", None, "Of value, median and difference."),
    Column(
        "direction", "VARCHAR", "Chiều tốt", "Direction", None, "more or less is better, or none; empty: not known."
    ),
    Column("value", "DOUBLE", "Giá trị", "Value", None, "Of the province as a whole, in the unit of the row."),
    Column("provinces", "INTEGER", "Số tỉnh so sánh", "Provinces compared", "tỉnh", "Provinces that have the figure."),
    Column(
        "rank",
        "INTEGER",
        "Thứ hạng",
        "Rank",
        "hạng",
        "1 is the lowest value where less is better, the highest where more is; equal values share a rank. Empty where"
        " no direction is better, or none is known.",
    ),
    Column("median", "DOUBLE", "Trung vị các tỉnh", "Median of the provinces", None, "Each province counts once."),
    Column("difference_to_median", "DOUBLE", "Chênh lệch", "Difference to the median", None, "Value minus median."),
    Column("obs_status", "VARCHAR", "Tình trạng số liệu", "Status", None, "As the province states it."),
    Column("has_samples", "BOOLEAN", "Có dữ liệu mẫu", "Has made-up samples", None, "Whether made-up data are in it."),
)


def mart(schema: str, provinces: Iterable[Province]) -> Mart:
    """The table of comparison in a schema."""
    return Mart(
        name=TABLE,
        relation=f"{schema}.{TABLE}",
        target=TARGET,
        title_vi="So sánh các tỉnh",
        title_en="Comparison of provinces",
        description="Shares, rates, speeds and points of each province as a whole, with rank and difference to the"
        " median of the provinces that have the figure. Figures with made-up data are compared too: see has_samples.",
        columns=(PROVINCE, *_COLUMNS, STALE),
        key=(PROVINCE.name, "table_name", "measure", "period_type", "period_start", "breakdown", "unit"),
        sources=tuple(province.code for province in provinces if province.release),
    )


def create(
    conn: duckdb.DuckDBPyConnection,
    united: Iterable[United],
    provinces: Iterable[Province],
    directions: Mapping[str, str],
    schema: str,
) -> None:
    """Make the table of comparison of the tables in a schema.

    Args:
        directions: by indicator, whether more or less is better.
    """
    conn.execute("CREATE OR REPLACE TEMP TABLE whole (province_code VARCHAR, code VARCHAR)")
    conn.execute("CREATE OR REPLACE TEMP TABLE good (measure VARCHAR, direction VARCHAR)")
    codes = [(p.code, code) for p in provinces if p.release for code in (p.code, p.portal_code)]
    for table, rows in (("whole", codes), ("good", list(directions.items()))):
        if rows:
            conn.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
    parts = [part for table in united for part in _measures(table)]
    nothing = ", ".join(f"CAST(NULL AS {column.type}) AS {column.name}" for column in (PROVINCE, *_COLUMNS, STALE))
    measured = " UNION ALL BY NAME ".join([f"SELECT {nothing} WHERE false", *parts])
    query = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    conn.execute(
        f"CREATE TABLE {schema}.{TABLE} AS WITH part AS ({measured}), measured AS (SELECT * REPLACE"
        " (coalesce(part.direction, good.direction) AS direction) FROM part LEFT JOIN good USING (measure)"
        f" WHERE value IS NOT NULL) {query}"
    )


def repeated(conn: duckdb.DuckDBPyConnection, schema: str) -> int:
    """Rows that share a key with another: a table has more figures of a province than its key names."""
    key = ", ".join(mart(schema, ()).key)
    found = conn.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {schema}.{TABLE} GROUP BY {key} HAVING count(*) > 1)"
    ).fetchone()
    return int(found[0]) if found else 0


def _measures(table: United) -> Iterator[str]:
    """The queries that give what is compared of one table."""
    columns = {column.name: column for column in table.mart.columns}
    key = table.mart.key
    if table.mart.name in NOT_COMPARED:
        return
    place = next((name for name in ("area_code", "agency_code") if name in key), None)
    subject = next((name for name in _SUBJECTS if name in key), None)
    if subject and place and {"value", "unit"} <= columns.keys():
        yield _of_subjects(table, columns, subject, place)
        return
    for column in measures_of(table.mart):
        if table.mart.name in DIVIDED:
            if formula := formula_of(column, columns):
                yield _divided(table, column, *formula)
        else:  # a table without places is about the province as a whole
            yield _of_column(table, columns, column, place)


def measures_of(mart: Mart) -> list[Column]:
    """The columns of a table that could be compared."""
    numbers = ("DOUBLE", "FLOAT", "BIGINT", "INTEGER", "DECIMAL")
    return [
        column
        for column in mart.columns
        if column.type.upper().startswith(numbers) and column.unit and re.search(RELATIVE, column.unit)
        if not _NO_MEASURE.search(column.name)
    ]


def formula_of(column: Column, columns: Mapping[str, Column]) -> tuple[list[str], str] | None:
    """The columns whose sums make a share: of its numerator, and its denominator; None where others are in it."""
    found = _FORMULA.search(column.description)
    if found is None:
        return None
    parts, total = found[1].split(" + "), found[2]
    return (parts, total) if {*parts, total} <= columns.keys() else None


def _of_subjects(table: United, columns: Mapping[str, Column], subject: str, place: str) -> str:
    """Each row names what it measures: the row of the period that counts, where the table marks one."""
    mark = next((name for name in _CHOSEN if name in columns), None)
    return _query(
        table,
        columns,
        {
            "measure": identifier(subject),
            "title_vi": "title_vi" if "title_vi" in columns else "NULL",
            "title_en": "title_en" if "title_en" in columns else "NULL",
            "unit": "unit",
            "direction": "direction" if "direction" in columns else "NULL",
            "value": "value",
        },
        [f"regexp_matches(unit, {literal(RELATIVE)})", _is_whole(place), *([mark] if mark else [])],
        _CHOSEN[mark] if mark else (),
    )


def _of_column(table: United, columns: Mapping[str, Column], column: Column, place: str | None) -> str:
    return _query(
        table, columns, {**_named(column), "value": identifier(column.name)}, [_is_whole(place)] if place else [], ()
    )


def _divided(table: United, column: Column, parts: Sequence[str], total: str) -> str:
    """A share of the sums over all rows of a month."""
    numerator = " + ".join(f"sum({identifier(part)})" for part in parts)
    value = f"round(100.0 * ({numerator}) / nullif(sum({identifier(total)}), 0), 2)"
    return f"""
        SELECT province_code, {literal(table.mart.name)} AS table_name, {_list(_named(column))}, {value} AS value,
            'month' AS period_type, month AS period_start, '{{}}' AS breakdown, NULL AS obs_status,
            bool_or(has_samples) AS has_samples, bool_or(is_stale) AS is_stale
        FROM {relation(table.mart.relation)} GROUP BY province_code, month"""


def _query(
    table: United,
    columns: Mapping[str, Column],
    selected: Mapping[str, str],
    conditions: Sequence[str],
    dropped: Sequence[str],
) -> str:
    others = [name for name in table.mart.key if name not in (PROVINCE.name, *_ABOUT_THE_ROW, *dropped)]
    pairs = ", ".join(f"{literal(name)}, {identifier(name)}" for name in others)
    month = "month" in columns
    own = {
        "table_name": literal(table.mart.name),
        "period_type": "period_type" if "period_type" in columns else literal("month") if month else "NULL",
        "period_start": "month" if month else "period_start" if "period_start" in columns else "NULL",
        "breakdown": f"CAST(json_object({pairs}) AS VARCHAR)",
        "obs_status": "obs_status" if "obs_status" in columns else "NULL",
        "has_samples": "has_samples",
        "is_stale": "is_stale",
    }
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT province_code, {_list({**own, **selected})} FROM {relation(table.mart.relation)}{where}"


def _named(column: Column) -> dict[str, str]:
    return {
        "measure": literal(column.name),
        "title_vi": literal(column.title_vi),
        "title_en": literal(column.title_en),
        "unit": literal(str(column.unit)),
        "direction": "NULL",
    }


def _list(selected: Mapping[str, str]) -> str:
    return ", ".join(f"{value} AS {name}" for name, value in selected.items())


def _is_whole(place: str) -> str:
    """Whether the row is of the province as a whole: under its code, among agencies under that of the portal."""
    return f"(province_code, {identifier(place)}) IN (SELECT (province_code, code) FROM whole)"
