"""A small province whose releases carry page and workbook: targets in every status, two communes, groups of QĐ 766."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.pages import Page
from pipelines.release.publish import Outcome, publish
from pipelines.release.runs import RunInfo
from pipelines.scoreboard.pages import pages
from pipelines.scoreboard.rows import TABLES, Place
from pipelines.settings import PROJECT_ROOT
from pipelines.transform.marts import Column, Mart

PLACE = Place("42", "H27", "Hà Tĩnh", PROJECT_ROOT / "dbt_project" / "seeds")
DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PAGE_ONLY, BOOK_ONLY, BRIEF_ONLY = ([page] for page in pages(PLACE))
"""For tests that look at one of them: the others need not be drawn."""
HOSTILE = "Cổng </script><script>alert('x')</script> & \"dấu nháy\" <b>đậm</b>"

Rows = Sequence[Mapping[str, Any]]


def target(target_id: str, **fields: Any) -> dict[str, Any]:
    """A row of target_progress: a share of 81.82 % in 2026 on its way to 100 % in 2030, but for what is said."""
    return {
        "target_id": target_id,
        "pillar": "digital_government",
        "title_vi": f"Chỉ tiêu {target_id}",
        "title_en": f"Target {target_id}",
        "indicator": "dossiers_on_time_pct",
        "direction": "more",
        "unit": "%",
        "area_code": "42",
        "period_type": "year",
        "period_start": date(2026, 1, 1),
        "year": 2026,
        "last_month": date(2026, 10, 1),
        "value": 81.82,
        "obs_status": "observed",
        "basis": "published",
        "target_value": 100.0,
        "target_year": 2030,
        "distance": -18.18,
        "status": "moderate",
        "is_latest": True,
        "document": "QĐ 766/QĐ-TTg",
        "grade": "A",
        **fields,
    }


def without_data(target_id: str, **fields: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("period_type", "period_start", "year", "last_month", "value", "distance", "basis"))
    return target(target_id, **{**empty, "obs_status": "missing", "status": "no_data", **fields})


TARGETS: Rows = [
    target("on_time", year=2025, period_start=date(2025, 1, 1), last_month=date(2025, 12, 1), value=91.58,
           is_latest=False, path_value=91.58),
    target("on_time", baseline_value=91.58, baseline_year=2025, path_value=93.26, status="away", expected_year=None),
    target("online", value=97.44, target_value=80.0, distance=17.44, status="met", level="national",
           baseline_value=97.44, baseline_year=2025, path_value=80.0, document="NQ 57-NQ/TW (22/12/2024), mục II.1"),
    target("signed", status="on_track", is_strict=True, target_value=70.0, expected_year=2029,
           expected_year_low=2028, expected_year_high=2031),
    target("papers", status="moderate"),
    target("reuse", status="insufficient", base_year_note="2021 insufficient, 2023 moderate"),
    target("new", status="not_assessed", target_value=None, distance=None),
    target("hostile", title_vi=HOSTILE, title_en=HOSTILE, document=HOSTILE, note="=1+1"),
    target("rank", pillar="provincial_ranks", unit="hạng", direction="rank", value=32.0, target_value=15.0,
           distance=17.0, status="insufficient"),
    target("nation", area_code="VN", pillar="digital_economy", value=13.17, distance=-16.83),
    without_data("coverage", pillar="digital_infrastructure", indicator="coverage_5g_pct"),
    without_data("villages", pillar="new_rural", title_vi="Thôn thông minh ở Đức Thọ, Kỳ Xuân"),
]  # fmt: skip
TIMELINESS: Rows = [
    {"commune_code_today": "18073", "commune_name_today": "phường Thành Sen", "month": date(2026, 10, 1),
     "received": 200, "early": 150, "on_time": 20, "in_process": 10},
    {"commune_code_today": "18100", "commune_name_today": "phường Trần Phú", "month": date(2026, 10, 1),
     "received": 10, "early": 5, "on_time": 1, "in_process": 0},
]  # fmt: skip
ONLINE: Rows = [
    {"commune_code_today": "18073", "commune_name_today": "phường Thành Sen", "month": date(2026, 10, 1),
     "received": 200, "online": 190},
]  # fmt: skip
BOUNDARIES: Rows = [
    {"commune_code": "18073", "commune_name": "phường Thành Sen", "is_schematic": True, "source": "sơ đồ",
     "geometry_wkt": "POLYGON ((105.9 18.3, 105.95 18.3, 105.95 18.36, 105.9 18.3))"},
    {"commune_code": "99999", "commune_name": "phường <b>lạ</b>", "is_schematic": False, "source": "sơ đồ",
     "geometry_wkt": "MULTIPOLYGON (((105.5 18.5, 105.6 18.5, 105.6 18.6, 105.5 18.5)))"},
]  # fmt: skip
COVERAGE: Rows = [
    {"area_code": "18073", "period_type": "quarter", "period_start": date(2026, 7, 1), "technology": "5G",
     "operator": operator, "villages_covered_least_pct": share}
    for operator, share in (("all", 75.0), ("Viettel", 50.0))
] + [
    {"area_code": "18073", "period_type": "quarter", "period_start": date(2026, 4, 1), "technology": "5G",
     "operator": "all", "villages_covered_least_pct": 10.0},
]  # fmt: skip
GAPS: Rows = [
    {"level": "commune", "area_code": code, "area_name": name, "technology": "5G", "coverage_status": "not_covered",
     "since_quarter": date(2025, 10, 1), "reported_on": date(2026, 9, 30), "villages_covered": covered,
     "villages_not_covered": missing, "villages_unknown": 2}
    for code, name, covered, missing in (("18073", "phường Thành Sen", 3, 1), ("18100", "phường Trần Phú", 4, 0))
] + [
    {"level": "village", "area_code": "18073", "area_name": "phường Thành Sen", "village_name": name,
     "technology": "5G", "coverage_status": status, "since_quarter": date(2025, 10, 1),
     "reported_on": date(2026, 9, 30)}
    for name, status in (("Tổ dân phố <5>", "not_covered"), ("Tổ dân phố 6", "covered"), ("Tổ dân phố 7", "unknown"))
]  # fmt: skip
REPORTS: Rows = [
    {"indicator": "work_files_online_pct", "area_code": "42", "agency_code": f"H27.10{number}",
     "agency_name": f"UBND xã {number}", "period_type": "quarter", "period_start": start, "report_status": status,
     "due_on": date(2026, start.month + 3, 15), "reported_on": None if status == "missing" else date(2026, 10, 16)}
    for number, start, status in (
        (1, date(2026, 7, 1), "received"), (2, date(2026, 7, 1), "late"), (3, date(2026, 7, 1), "missing"),
        (4, date(2026, 4, 1), "missing"),
    )
]  # fmt: skip
QD766: Rows = [
    {"period_type": "year", "period_start": date(2026, 1, 1), "agency_code": "H27", "item_code": "MDSH",
     "item_type": "group", "item_vi": "Số hóa hồ sơ", "item_en": "Digitisation", "published_points": 8.79,
     "recomputed_points": 6.0, "max_points": 22.0, "published_on": date(2026, 10, 10), "grade": "A"},
    {"period_type": "year", "period_start": date(2025, 1, 1), "agency_code": "H27", "item_code": "MDSH",
     "item_type": "group", "item_vi": "Năm cũ", "item_en": "Last year", "published_points": 1.0, "max_points": 22.0},
]  # fmt: skip
RANKS: Rows = [
    {"period_type": "year", "period_start": date(2026, 1, 1), "published_on": day, "agency_code": code,
     "agency_name": f"UBND tỉnh {name}", "is_own_province": code == "H27", "total_points": points, "rank": rank,
     "ranked_units": 4, "grade": "A", "obs_status": "observed", "has_samples": False}
    for day, standings in (
        (date(2026, 9, 17), (("H27", "Hà Tĩnh", 56.94, 4),)),
        (date(2026, 10, 10), (("H20", "Đồng Tháp", 68.8, 1), ("H41", "Nghệ An", 61.82, 2), ("H27", "Hà Tĩnh", 57.2, 3),
                              ("H26", "Hà Nội", 55.23, 4))),
    )
    for code, name, points, rank in standings
]  # fmt: skip
LOST: Rows = [
    {"period_type": "year", "period_start": date(2026, 1, 1), "agency_code": code, "agency_name": name,
     "agency_level": level, "component_code": component, "component_vi": f"Phần {component}",
     "component_en": f"Part {component}", "points_lost": points, "max_points": 10.0, "short": 3, "counted": 9}
    for code, name, level, component, points in (
        ("H27", None, "total", "A", 3.0), ("H27.9", "Sở Tư pháp", "province", "A", 1.5),
        ("H27.9", "Sở Tư pháp", "province", "B", 4.25), ("H27.101", "UBND xã 1", "commune", "A", 2.0),
    )
]  # fmt: skip
FULL: Mapping[str, Rows] = {
    "target_progress": TARGETS,
    "dossier_timeliness": TIMELINESS,
    "online_submission": ONLINE,
    "commune_boundaries": BOUNDARIES,
    "telecom_coverage": COVERAGE,
    "coverage_gaps": GAPS,
    "reported_indicators": REPORTS,
    "qd766_scores": QD766,
    "rank_history": RANKS,
    "qd766_points_lost": LOST,
}


COLUMNS: Mapping[str, Mapping[str, str]] = {
    **TABLES,
    "publication_calendar": {"publisher": "VARCHAR", "indicator": "VARCHAR", "expected_on": "DATE"},
}
"""Of the tables that the page reads, and of one that it asks for by SQL alone."""


def mart(name: str) -> Mart:
    columns = tuple(Column(column, kind, column, column, None, "") for column, kind in COLUMNS[name].items())
    return Mart(
        name, f"marts.{name}", name, f"Bảng {name}", f"Table {name}", "", columns, (columns[0].name,), ("portal",)
    )


def release(
    root: Path,
    tables: Mapping[str, Rows] = FULL,
    *,
    day: int = 0,
    synthetic: bool = True,
    held: Sequence[str] = (),
    with_pages: Sequence[Page] | None = None,
) -> Outcome:
    """Publish `tables` under `root`; those of `held` fail their audit."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("create schema marts")
    for name, rows in tables.items():
        columns = COLUMNS[name]
        connection.execute(f"create table marts.{name} ({', '.join(f'{c} {kind}' for c, kind in columns.items())})")
        if rows:  # in one statement: one for each row takes four times as long
            marks = ", ".join([f"({', '.join('?' for _ in columns)})"] * len(rows))
            values = [row.get(column) for row in rows for column in columns]
            connection.execute(f"insert into marts.{name} values {marks}", values)
    warning = Evidence("a warning", "dbt_test", "stg_boundaries", "warn", passed=False, detail="Previous codes.")
    verdicts = {
        name: Verdict(
            name, (Evidence("a check", "dbt_test", name, "block", name not in held, "three rows too many"), warning)
        )
        for name in tables
    }
    receipt = {"source": "portal", "name": "ho_so.json", "sha256": "ab" * 32, "landed_at": "2026-11-22T20:00:00+00:00",
               "licence": "CC-BY-4.0", "address": "drop", "synthetic": synthetic, "bytes": 10,
               "status": "loaded"}  # fmt: skip
    return publish(
        connection,
        root,
        [mart(name) for name in tables],
        verdicts,
        [receipt],
        RunInfo("run-1", DAY, "abc1234"),
        DAY + timedelta(days=day),
        pages=pages(PLACE) if with_pages is None else with_pages,
    )
