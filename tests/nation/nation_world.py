"""Two tiny provinces with releases of their own, and the nation's release of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from pipelines.nation import release as nation
from pipelines.nation.provinces import Place
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.about import About
from pipelines.release.pages import Page
from pipelines.release.publish import Outcome, publish
from pipelines.release.runs import RunInfo
from pipelines.transform.marts import Column, Disclosure, Mart

DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NAMES = {"44": ("Quảng Trị", "H50"), "38": ("Thanh Hóa", "H56")}

_MONTH = Column("month", "date", "Tháng", "Month", None, "First day.")
_AREA = Column("area_code", "varchar", "Mã", "Code", None, "Place.")
_SAMPLES = Column("has_samples", "boolean", "Mẫu", "Made up", None, "By row.")

SUBMISSION = Mart(
    name="online_submission",
    relation="marts.online_submission",
    target="online_submission",
    title_vi="Nộp trực tuyến",
    title_en="Submission",
    description="Dossiers by agency.",
    columns=(
        _MONTH,
        Column("agency_code", "varchar", "Cơ quan", "Agency", None, "Code."),
        Column("received", "bigint", "Tiếp nhận", "Received", "hồ sơ", "Dossiers received."),
        Column("online", "bigint", "Trực tuyến", "Online", "hồ sơ", "Dossiers submitted online."),
        Column("online_pct", "double", "Tỷ lệ", "Share online", "%", "100 × online / received."),
        _SAMPLES,
    ),
    key=("month", "agency_code"),
    sources=("dossiers",),
)
COVERAGE = Mart(
    name="telecom_coverage",
    relation="marts.telecom_coverage",
    target="telecom",
    title_vi="Phủ sóng",
    title_en="Coverage",
    description="Reach by place.",
    columns=(
        _AREA,
        Column("technology", "varchar", "Công nghệ", "Technology", None, "Generation."),
        Column("sites", "bigint", "Trạm", "Sites", "trạm", "How many."),
        Column("sites_reach_pct", "double", "Tỷ lệ phủ", "Reach", "%", "100 × sites_reach_km2 / drawn_area_km2."),
        _SAMPLES,
    ),
    key=("area_code", "technology"),
    sources=("inventory",),
    disclosure=Disclosure("public", rows="technology = '4G'"),
)
VALUES = Mart(
    name="indicator_values",
    relation="marts.indicator_values",
    target="indicators",
    title_vi="Chỉ tiêu",
    title_en="Indicators",
    description="Values.",
    columns=(
        Column("indicator", "varchar", "Chỉ tiêu", "Indicator", None, "Code."),
        Column("title_vi", "varchar", "Tên", "Title", None, "In Vietnamese."),
        Column("title_en", "varchar", "Tên tiếng Anh", "Title in English", None, "In English."),
        _AREA,
        Column("period_type", "varchar", "Kỳ", "Period", None, "Kind."),
        Column("period_start", "date", "Đầu kỳ", "Start", None, "Day."),
        Column("basis", "varchar", "Cơ sở", "Basis", None, "Computed or published."),
        Column("value", "double", "Giá trị", "Value", None, "In its unit."),
        Column("unit", "varchar", "Đơn vị", "Unit", None, "Of value."),
        Column("is_chosen", "boolean", "Được chọn", "Chosen", None, "Counts for the period."),
        _SAMPLES,
    ),
    key=("indicator", "area_code", "period_type", "period_start", "basis"),
    sources=("statistics",),
    disclosure=Disclosure("public"),
    references=(("area_code", "telecom_coverage", "area_code"),),
)
MARTS = (SUBMISSION, COVERAGE, VALUES)

Rows = Mapping[str, Sequence[tuple[Any, ...]]]
OF_44: Rows = {
    "online_submission": [
        ("2026-10-01", "H50.1", 100, 90, 90.0, False),
        ("2026-10-01", "H50.2", 300, 150, 50.0, False),
        ("2026-11-01", "H50.1", 10, 5, 50.0, False),
    ],
    "telecom_coverage": [
        ("44", "4G", 40, 80.0, False),
        ("44", "5G", 4, 12.5, False),
        ("20001", "4G", 1, 99.0, False),
    ],
    "indicator_values": [
        ("poverty_pct", "Hộ nghèo", "Poor households", "44", "year", "2026-01-01", "computed", 3.5, "%", True, False),
        ("poverty_pct", "Hộ nghèo", "Poor households", "44", "year", "2026-01-01", "published", 3.0, "%", False, False),
        ("poverty_pct", "Hộ nghèo", "Poor households", "VN", "year", "2026-01-01", "published", 2.0, "%", True, False),
        ("population", "Dân số", "Population", "44", "year", "2026-01-01", "published", 600000, "người", True, False),
    ],
}
OF_38: Rows = {
    "online_submission": [("2026-10-01", "H56.1", 200, 190, 95.0, True)],
    "telecom_coverage": [("38", "4G", 90, 70.0, False), ("38", "5G", 9, None, False)],
    "indicator_values": [
        ("poverty_pct", "Hộ nghèo", "Poor households", "38", "year", "2026-01-01", "computed", 2.5, "%", True, False),
    ],
}
ROWS = {"44": OF_44, "38": OF_38}


def province(
    root: Path,
    code: str,
    *,
    rows: Rows | None = None,
    day: int = 0,
    marts: Sequence[Mart] = MARTS,
    held: str | None = None,
    is_open: bool = True,
    pages: Sequence[Page] = (),
) -> Outcome:
    """Publish a province into `root/<code>`.

    Args:
        held: the target that its gate holds back.
        is_open: whether the release has an open edition.
    """
    rows = rows or ROWS[code]
    name, portal = NAMES[code]
    run = RunInfo("run-1", DAY, "abc1234", {"province_code": code, "province_name": name, "portal_code": portal})
    verdicts = {
        mart.target: Verdict(mart.target, (Evidence("unique", "dbt_test", mart.name, "block", mart.target != held),))
        for mart in marts
    }
    receipts = [
        {
            "source": source,
            "name": "secret-name.csv",
            "sha256": "ab" * 32,
            "landed_at": "2026-11-22T20:00:00Z",
            "licence": "CC-BY-4.0",
            "synthetic": source == "dossiers" and code == "38",
            "bytes": 1,
            "status": "loaded",
        }
        for source in ("dossiers", "inventory", "statistics")
    ]
    with duckdb.connect(config={"threads": 1}) as conn:
        conn.execute("CREATE SCHEMA marts; CREATE SCHEMA intermediate")
        for mart in marts:
            columns = ", ".join(f"{column.name} {column.type}" for column in mart.columns)
            conn.execute(f"CREATE TABLE {mart.relation} ({columns})")
            for row in rows[mart.name]:
                values = row + (None,) * (len(mart.columns) - len(row))
                conn.execute(f"INSERT INTO {mart.relation} VALUES ({', '.join('?' * len(values))})", values)
        return publish(
            conn,
            root / code,
            marts,
            verdicts,
            receipts,
            run,
            DAY + timedelta(days=day),
            vault=root / f"vault-{code}" / "open.duckdb" if is_open else None,
            pages=pages,
            open_pages=pages,
        )


def places(root: Path, *codes: str) -> list[Place]:
    return [Place(code, root / code) for code in sorted(codes or ("38", "44"))]


def unite(
    root: Path,
    *codes: str,
    day: int = 0,
    to: str = "nation",
    pages: Sequence[Page] = (),
    directions: Mapping[str, str] = MappingProxyType({"poverty_pct": "less"}),
) -> nation.NationRelease:
    """The nation's release of the provinces under `root`, in `root/<to>`."""
    now = DAY + timedelta(days=day, hours=1)
    with duckdb.connect(config={"threads": 1}) as conn:
        return nation.release(
            conn,
            root / to,
            places(root, *codes),
            RunInfo(f"nation-{day}", now, "abc1234", {"provinces": "38, 44"}),
            now,
            about=About(title="Các tỉnh"),
            max_age_hours=48,
            directions=directions,
            pages=pages,
        )


def with_column(mart: Mart, version: int) -> Mart:
    """The table with one more column, as a later version of the code has it."""
    added = Column("note", "varchar", "Ghi chú", "Note", None, "Text.")
    return replace(mart, columns=(*mart.columns, added), schema_version=version)
