"""A release whose table `indicator_values` has the columns of the real mart, in both editions, with the catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.catalogue.pages import pages
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.about import About
from pipelines.release.publish import publish
from pipelines.release.released import Release
from pipelines.release.runs import RunInfo
from pipelines.release.store import ReleaseStore
from pipelines.settings import PROJECT_ROOT, load_settings
from pipelines.transform.marts import Column, Disclosure, Mart

MARTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"
DAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ABOUT = About("Số liệu", "Sở X", "so-lieu@example.test", "CC-BY-4.0", "https://example.test/so-lieu/")
HOSTILE = "Cổng </script><script>alert('x')</script> & \"dấu nháy\""

VALUES: list[dict[str, Any]] = [
    {"indicator": "dossiers_on_time_pct", "period_type": "month", "period_start": date(2026, 9, 1), "value": 0.0,
     "numerator": 0, "denominator": 12, "obs_status": "observed", "basis": "published", "source": "Sở A, B"},
    {"indicator": "dossiers_on_time_pct", "period_type": "half", "period_start": date(2026, 7, 1), "value": None,
     "obs_status": "missing", "basis": "reported", "source": None},
    {"indicator": "dossiers_on_time_pct", "period_type": "year", "period_start": date(2026, 1, 1), "value": None,
     "obs_status": "suppressed", "basis": "published", "source": "Sở A", "document": HOSTILE},
    {"indicator": "smart_villages", "area_code": "VN", "period_type": "quarter", "period_start": date(2026, 10, 1),
     "value": 81.82, "obs_status": "preliminary", "basis": "computed", "source": "x", "qualifier": "about"},
]  # fmt: skip
CALENDAR: list[dict[str, Any]] = [
    {"indicator": name, "title_vi": f"Chỉ số, {name}; dài " + "ấ" * 40, "area_code": "42", "area_name": "tỉnh Hà Tĩnh",
     "publisher": "Cục Thống kê", "expected_on": day}
    for name, day in (("a", date(2026, 12, 6)), ("b", date(2026, 12, 6)), ("late", date(2026, 1, 1)), ("once", None))
]  # fmt: skip


@cache  # the yml takes longer to read than a release to publish
def mart(target: str, name: str) -> Mart:
    """The mart as its yml describes it, public."""
    model = yaml.safe_load((MARTS / target / f"{name}.yml").read_text(encoding="utf-8"))["models"][0]
    meta = model["config"]["meta"]
    columns = tuple(
        Column(
            column["name"],
            column["data_type"],
            column["config"]["meta"]["title_vi"],
            column["config"]["meta"]["title_en"],
            column["config"]["meta"].get("unit"),
            column["description"],
        )
        for column in model["columns"]
    )
    return Mart(
        name,
        f"marts.{name}",
        target,
        meta["title_vi"],
        meta["title_en"],
        model["description"],
        columns,
        tuple(meta["key"]),
        ("portal",),
        disclosure=Disclosure("public"),
    )


@dataclass(frozen=True)
class Editions:
    """The release, and its open edition read as a release of its own."""

    internal: Release
    open: Release


def release(root: Path, day: int = 0, **changed: Any) -> Editions:
    """Publish both tables with the catalogue."""
    values = changed.pop("values", VALUES)
    shown = [mart("target_progress", "indicator_values"), mart("publication_calendar", "publication_calendar")]
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("create schema marts")
    for table, rows in zip(shown, (values, CALENDAR), strict=True):
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        connection.execute(f"create table {table.relation} ({columns})")
        for row in rows:
            full = {"area_code": "42", "area_name": "tỉnh Hà Tĩnh", "title_en": row["indicator"], "is_chosen": True,
                    "has_samples": False, "unit": "%", **row}  # fmt: skip
            known = [full.get(column.name) for column in table.columns]
            connection.execute(f"insert into {table.relation} values ({', '.join('?' for _ in known)})", known)
    passed = {t.target: Verdict(t.target, (Evidence("c", "dbt_test", t.name, "block", True),)) for t in shown}
    receipt = {"source": "portal", "name": "a.json", "sha256": "ab" * 32, "landed_at": "2026-11-22T20:00:00+00:00",
               "licence": "CC-BY-4.0", "address": "drop", "synthetic": False, "bytes": 10,
               "status": "loaded"}  # fmt: skip
    drawn = pages(load_settings())
    arguments: dict[str, Any] = {"about": ABOUT, "pages": drawn, "open_pages": drawn, **changed}
    vault = root / "vault.duckdb"
    now = DAY + timedelta(days=day)
    publish(connection, root, shown, passed, [receipt], RunInfo("r", DAY, "abc"), now, vault=vault, **arguments)
    current = ReleaseStore(root).current()
    assert current is not None
    return Editions(current, open_edition(current))


def open_edition(current: Release) -> Release:
    folder = current.path / "open"
    return Release(folder, json.loads((folder / "datapackage.json").read_bytes()))
