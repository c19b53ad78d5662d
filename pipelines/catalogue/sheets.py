"""A metadata sheet per table, `metadata.json`, by the concepts of SIMS (Single Integrated Metadata Structure).

Every value comes from where it is kept: the description of the table, the rows, the method page. What nobody has stated
is left out. Definitions of columns stay in `datapackage.json`, and are referred to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.catalogue.tables import Table, span, tables
from pipelines.release.files import PACKAGE
from pipelines.release.released import Release

CONCEPTS = {
    "CONTACT": "S.1 Contact",
    "META_UPDATE": "S.2 Metadata update",
    "DATA_DESCR": "S.3.1 Data description",
    "STAT_CONC_DEF": "S.3.4 Statistical concepts and definitions",
    "STAT_UNIT": "S.3.5 Statistical unit: what a row is",
    "REF_AREA": "S.3.7 Reference area",
    "COVERAGE_TIME": "S.3.8 Time coverage",
    "UNIT_MEASURE": "S.4 Unit of measure",
    "CONF_DATA_TR": "S.7.2 Confidentiality – data treatment",
    "REL_CAL_ACCESS": "S.8.2 Release calendar access",
    "DISS_FORMAT": "S.10 Accessibility and clarity",
    "QUALITY_ASSMNT": "S.11.2 Quality assessment",
    "TIMELINESS": "S.14.1 Timeliness",
    "SOURCE_TYPE": "S.18.1 Source data",
    "DATA_COMP": "S.18.5 Data compilation",
    "COMMENT_DSET": "S.19 Comment",
}
"""Identifier in SDMX, and number and title in SIMS 2.0."""

_SUMMARY = re.compile(r"\*\*Tóm tắt\.\*\*\s*(.+?)(?:\n\s*\n|\Z)", re.DOTALL)


def draw(release: Release, methods: Path | None, province: str) -> bytes:
    """`metadata.json` of one edition."""
    found = {
        "release": release.id,
        "concepts": CONCEPTS,
        "sheets": {table.name: sheet(release, table, methods, province) for table in tables(release)},
    }
    return (json.dumps(found, ensure_ascii=False, indent=1) + "\n").encode()


def sheet(release: Release, table: Table, methods: Path | None, province: str) -> dict[str, Any]:
    """What is known of one table, by concept."""
    resource, package = table.resource, release.package
    titles = {field["name"]: field["title_en"] for field in table.fields}
    period = span(release, table)
    landed = max((str(s["landed_at"]) for s in resource["sources"] if s.get("landed_at")), default=None)
    units = {field["name"]: field["unit"] for field in table.fields if field["unit"]}
    stated = {
        "CONTACT": {key: value for key, value in package["contributors"][0].items() if key in ("title", "email")},
        "META_UPDATE": package["created"],
        "DATA_DESCR": resource["description"],
        "STAT_CONC_DEF": f"{PACKAGE}: schema of {table.name}",
        "STAT_UNIT": [titles[name] for name in resource["schema"]["primaryKey"]],
        "REF_AREA": f"Tỉnh {province}, Việt Nam",
        "COVERAGE_TIME": {"first": str(period[0]), "last": str(period[1])} if period else None,
        "UNIT_MEASURE": units,
        "CONF_DATA_TR": _summary(methods, "disclosure"),
        "REL_CAL_ACCESS": "calendar.ics",
        "DISS_FORMAT": [file["mediatype"] for file in table.files],
        "QUALITY_ASSMNT": _checks(package, resource["target"]),
        "TIMELINESS": f"newest file received {landed}" if landed else None,
        "SOURCE_TYPE": [source["title"] for source in resource["sources"] if source.get("files", True)],
        "DATA_COMP": _method(methods, resource["target"]),
        "COMMENT_DSET": "Rests on made-up samples, in whole or in part." if resource["synthetic"] else None,
    }
    return {concept: value for concept, value in stated.items() if value}


def _checks(package: Mapping[str, Any], target: str) -> dict[str, Any] | None:
    """How many checks the target had and how many failed; the open edition does not state it."""
    verdict: dict[str, Any] | None = package.get("verdicts", {}).get(target)
    return verdict


def _method(methods: Path | None, target: str) -> dict[str, str] | None:
    summary = _summary(methods, target)
    return {"page": f"docs/methods/{target}.md", "summary": summary} if summary else None


def _summary(methods: Path | None, page: str) -> str | None:
    """The first paragraph of a method page."""
    path = methods / f"{page}.md" if methods else None
    if path is None or not path.exists():
        return None
    found = _SUMMARY.search(path.read_text(encoding="utf-8"))
    return " ".join(found[1].split()) if found else None
