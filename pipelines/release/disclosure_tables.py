"""The tables of dossiers in the open edition: which cells make the rows of each, and what every column is.

No table holds a total and its details, but for periods: filter `period_type` before summing. A figure that is hidden is
null beside the status `suppressed`; a percentage is there where both its numbers are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.release.disclosure_cells import (
    ALL_FIELDS,
    PROVINCE,
    RECEIVED,
    Block,
    Cell,
    Pattern,
    Splits,
    quarter_of,
)
from pipelines.transform.marts import Column, Mart

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.release.disclosure_vault import Leaf

TARGET = "dossiers"
OBSERVED, SUPPRESSED = "observed", "suppressed"
TIMED, DAYS = "timed", "days_sum"
MERGER = date(2025, 7, 1)
LEAST_FOR_A_MEAN = 10
LARGE = 1000
"""Dossiers from which a mean with one decimal does not lead back to their number."""


@dataclass(frozen=True)
class OpenTable:
    """One table: the cells that are its rows, and the columns that name them."""

    name: str
    title_vi: str
    title_en: str
    key: tuple[str, ...]
    """Columns that name a row within a period."""
    titles: tuple[str, ...]
    has_parts: bool
    holds: Callable[[str, Cell], bool]
    """Whether a cell, with the type of its period, is a row."""

    @property
    def units(self) -> tuple[str, ...]:
        return (*self.key, *self.titles)


def _area(cell: Cell, kind: str) -> bool:
    return cell.area.startswith(kind) and cell.field == ALL_FIELDS


TABLES = (
    OpenTable(
        "dossiers_by_agency",
        "Hồ sơ thủ tục hành chính theo cơ quan, quý và năm",
        "Administrative dossiers by agency, quarter and year",
        ("agency_code",),
        ("agency_name", "agency_level", "area_code"),
        True,
        lambda kind, cell: kind != "month" and _area(cell, "A:"),
    ),
    OpenTable(
        "dossiers_by_area",
        "Hồ sơ thủ tục hành chính theo xã, phường hiện nay và sở, ngành, quý và năm",
        "Administrative dossiers by current commune or department, quarter and year",
        ("area_code",),
        ("area_name", "area_kind"),
        True,
        lambda kind, cell: kind != "month" and _area(cell, "U:"),
    ),
    OpenTable(
        "dossiers_by_level",
        "Hồ sơ thủ tục hành chính theo cấp, quý và năm",
        "Administrative dossiers by level of the agency, quarter and year",
        ("agency_level",),
        (),
        True,
        lambda kind, cell: kind != "month" and _area(cell, "L:"),
    ),
    OpenTable(
        "dossiers_by_field",
        "Hồ sơ thủ tục hành chính theo lĩnh vực, tháng, quý và năm",
        "Administrative dossiers by field, month, quarter and year",
        ("procedure_field_code",),
        ("procedure_field_name",),
        True,
        lambda _, cell: cell.area == PROVINCE and cell.field != ALL_FIELDS,
    ),
    OpenTable(
        "dossiers_of_province",
        "Hồ sơ thủ tục hành chính toàn tỉnh, tháng, quý và năm",
        "Administrative dossiers of the province, month, quarter and year",
        (),
        (),
        True,
        lambda _, cell: _area(cell, PROVINCE),
    ),
    OpenTable(
        "received_by_area_month",
        "Hồ sơ tiếp nhận theo xã, phường hiện nay và sở, ngành, tháng",
        "Dossiers received by current commune or department, month",
        ("area_code",),
        ("area_name", "area_kind"),
        False,
        lambda kind, cell: kind == "month" and _area(cell, "U:"),
    ),
    OpenTable(
        "received_by_area_field",
        "Hồ sơ tiếp nhận theo xã, phường hiện nay hoặc sở, ngành và lĩnh vực, năm",
        "Dossiers received by current commune or department, and field, year",
        ("area_code", "procedure_field_code"),
        ("area_name", "area_kind", "procedure_field_name"),
        False,
        lambda kind, cell: kind == "year" and cell.area.startswith("U:") and cell.field != ALL_FIELDS,
    ),
)

_UNITS = {
    "period_type": Column("period_type", "varchar", "Loại kỳ", "Kind of period", None, "month, quarter or year."),
    "period_start": Column("period_start", "date", "Ngày đầu kỳ", "First day of the period", None, "Of the receipt."),
    "agency_code": Column("agency_code", "varchar", "Mã cơ quan", "Agency code", None, "Agency that handles them."),
    "agency_name": Column("agency_name", "varchar", "Tên cơ quan", "Agency", None, "Empty where it is not registered."),
    "agency_level": Column(
        "agency_level",
        "varchar",
        "Cấp cơ quan",
        "Level of the agency",
        None,
        "province (agencies that are not registered among them), district, commune.",
    ),
    "area_code": Column(
        "area_code",
        "varchar",
        "Mã đơn vị",
        "Code of the unit",
        None,
        "Code of the current commune, or of the department or district agency; split, unknown: see area_kind.",
    ),
    "area_name": Column("area_name", "varchar", "Tên đơn vị", "Unit", None, "Empty for split and unknown."),
    "area_kind": Column(
        "area_kind",
        "varchar",
        "Loại đơn vị",
        "Kind of unit",
        None,
        "commune; department; district; split: old communes that went to several; unknown: not registered.",
    ),
    "procedure_field_code": Column(
        "procedure_field_code", "varchar", "Mã lĩnh vực", "Procedure field code", None, "Field of procedures."
    ),
    "procedure_field_name": Column(
        "procedure_field_name", "varchar", "Lĩnh vực", "Procedure field", None, "Empty where it is not registered."
    ),
}
_AFTER = Column(
    "is_after_merger",
    "boolean",
    "Sau sắp xếp 01/7/2025",
    "After the merger of 1 July 2025",
    None,
    "Break of the series: the period begins on 1 July 2025 or later. No growth is computed over it.",
)
_OWN = {
    RECEIVED: ("Số hồ sơ tiếp nhận", "Dossiers received", "Dossiers received in the period."),
    "late_or_overdue": ("Quá hạn", "Late or overdue", "Resolved late, or open and overdue."),
    TIMED: ("Có thời gian giải quyết", "With a time to resolve", "Resolved dossiers whose times are known."),
}
_STATUS_NOTE = "observed; suppressed: the figure is not shown so that nobody is recognised"


def open_marts(marts: Sequence[Mart], parts: Splits) -> tuple[Mart, ...]:
    """The open tables in the terms of the release, with titles of measures from the marts that they come from."""
    sources = sorted({source for mart in marts if mart.disclosure.open for source in mart.sources})
    known = {column.name: column for mart in marts if mart.disclosure.open for column in mart.columns}
    return tuple(
        Mart(
            name=table.name,
            relation=table.name,
            target=TARGET,
            title_vi=table.title_vi,
            title_en=table.title_en,
            description=f"{table.title_en}. Closed quarters only; small figures are suppressed, with those that lead to"
            " them. Filter period_type before summing.",
            columns=(
                _UNITS["period_type"],
                _UNITS["period_start"],
                *(_UNITS[name] for name in table.units),
                _AFTER,
                *_measures(table, parts, known),
            ),
            key=("period_type", "period_start", *table.key),
            sources=tuple(sources),
        )
        for table in TABLES
    )


def _measures(table: OpenTable, parts: Splits, known: Mapping[str, Column]) -> Iterable[Column]:
    for measure in (RECEIVED, *(parts if table.has_parts else ())):
        column = known.get(measure)
        title_vi, title_en, text = _OWN.get(measure) or (
            (column.title_vi, column.title_en, column.description) if column else (measure, measure, measure)
        )
        yield Column(measure, "bigint", title_vi, title_en, "hồ sơ", text)
        yield Column(
            f"{measure}_status", "varchar", f"Tình trạng: {title_vi}", f"Status: {title_en}", None, f"{_STATUS_NOTE}."
        )
        if measure in parts and measure != TIMED:
            total = parts[measure]
            yield Column(
                f"{measure}_pct",
                "double",
                f"Tỷ lệ: {title_vi}",
                f"Share: {title_en}",
                "%",
                f"100 × {measure} / {total}, one decimal; empty where one of them is suppressed, or {total} is 0.",
            )
    if table.has_parts and TIMED in parts:
        yield Column(
            DAYS,
            "double",
            "Tổng thời gian giải quyết",
            "Sum of times to resolve",
            "ngày",
            "Sum over the timed dossiers, in calendar days; empty where timed is suppressed. Mean = days_sum / timed.",
        )
        yield Column(
            "mean_days",
            "double",
            "Thời gian giải quyết trung bình",
            "Mean time to resolve",
            "ngày",
            f"One decimal; from {LEAST_FOR_A_MEAN} dossiers on, where timed is shown, and for a level or the province"
            f" from {LARGE} on.",
        )
    yield Column(
        "obs_status",
        "varchar",
        "Tình trạng số liệu",
        "Status of the observation",
        None,
        f"{_STATUS_NOTE}, for one of the figures of the row at least.",
    )


def rows_of(
    block: Block, pattern: Pattern, leaves: Sequence[Leaf], parts: Splits, periods: set[str]
) -> dict[str, pa.Table]:
    """The rows of `periods` of every table. `period_name` is for the vault alone."""
    import pyarrow as pa

    titles, days = _titles(leaves), _days(block, leaves)
    rows: dict[str, list[dict[str, Any]]] = {table.name: [] for table in TABLES}
    for number, cell in enumerate(block.cells):
        if cell.period in periods:
            kind, start = period_of(cell.period)
            for table in TABLES:
                if table.holds(kind, cell):
                    row: dict[str, Any] = {"period_name": cell.period, "period_type": kind, "period_start": start}
                    row |= {name: titles[name, cell.area if name[0] == "a" else cell.field] for name in table.units}
                    row["is_after_merger"] = start >= MERGER
                    row |= _figures(block, pattern, number, parts if table.has_parts else {}, days[cell])
                    rows[table.name].append(row)
    return {name: pa.Table.from_pylist(found, schema=_schema(found[0])) for name, found in rows.items() if found}


def _schema(row: Mapping[str, Any]) -> pa.Schema:
    """Types by the names of columns: a column that is suppressed throughout has no values to infer its type from."""
    import pyarrow as pa

    def kind(name: str) -> pa.DataType:
        if name == "period_start":
            return pa.date32()
        if name == "is_after_merger":
            return pa.bool_()
        if name == DAYS or name.endswith("_pct") or name == "mean_days":
            return pa.float64()
        return pa.int64() if f"{name}_status" in row else pa.string()

    return pa.schema([pa.field(name, kind(name)) for name in row])


def _figures(block: Block, pattern: Pattern, number: int, parts: Splits, days: float) -> dict[str, Any]:
    cell = block.cells[number]
    shown = {
        measure: None if pattern[measure, cell] else block.value(measure, number, parts)
        for measure in (RECEIVED, *parts)
    }
    row: dict[str, Any] = {}
    for measure, value in shown.items():
        row[measure] = value
        row[f"{measure}_status"] = SUPPRESSED if value is None else OBSERVED
        if measure in parts and measure != TIMED:
            total = shown[parts[measure]]
            row[f"{measure}_pct"] = round(100 * value / total, 1) if value is not None and total else None
    if TIMED in parts:
        timed = block.value(TIMED, number, parts)
        is_shown = shown[TIMED] is not None
        is_large = timed >= LARGE and cell.field == ALL_FIELDS and cell.area[:2] not in ("A:", "U:")
        row[DAYS] = round(days, 1) if is_shown else None
        row["mean_days"] = round(days / timed, 1) if timed >= LEAST_FOR_A_MEAN and (is_shown or is_large) else None
    row["obs_status"] = SUPPRESSED if None in shown.values() else OBSERVED
    return row


def period_of(name: str) -> tuple[str, date]:
    """Type and first day of `2026-02`, `2026-Q1` or `2026`."""
    if len(name) == 4:
        return "year", date(int(name), 1, 1)
    if "Q" in name:
        return "quarter", date(int(name[:4]), 3 * int(name[-1]) - 2, 1)
    return "month", date(int(name[:4]), int(name[5:]), 1)


def _titles(leaves: Sequence[Leaf]) -> dict[tuple[str, str], str]:
    """By (column, area or field): the title. The latest month counts."""
    titles: dict[tuple[str, str], str] = {}
    for leaf in leaves:
        row = leaf.row
        agency, unit, field = f"A:{row.agency}", f"U:{row.unit}", f"F:{row.field}"
        titles |= {
            ("agency_code", agency): row.agency,
            ("agency_name", agency): leaf.agency_name,
            ("agency_level", agency): row.level,
            ("agency_level", f"L:{row.level}"): row.level,
            ("area_code", agency): row.unit,
            ("area_code", unit): row.unit,
            ("area_name", unit): leaf.unit_name,
            ("area_kind", unit): leaf.unit_kind,
            ("procedure_field_code", field): row.field,
            ("procedure_field_name", field): leaf.field_name,
        }
    return titles


def _days(block: Block, leaves: Sequence[Leaf]) -> dict[Cell, float]:
    """Sums of days of the cells: the finest ones from the leaves, over the same sums as the counts."""
    days = dict.fromkeys(block.cells, 0.0)
    for leaf in leaves:
        row = leaf.row
        for period in (row.month, quarter_of(row.month), row.month[:4]):
            for area in (f"A:{row.agency}", f"U:{row.unit}", f"L:{row.level}", PROVINCE):
                for field in (f"F:{row.field}", ALL_FIELDS):
                    cell = Cell(period, area, field)
                    if cell in days:
                        days[cell] += leaf.days_sum
    return days
