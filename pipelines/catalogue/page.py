"""`catalogue.html`: each table of an edition with preview, dictionary, downloads, licence and citation. One file."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.catalogue.tables import Table, sample_rows, span, tables
from pipelines.release.files import BI, DATABASE, PACKAGE
from pipelines.release.released import Release

_PREVIEW = 5
_LONGEST = 60


def draw(release: Release) -> bytes:
    """The page of one edition."""
    from jinja2 import Environment, FileSystemLoader

    package = release.package
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    templates.filters |= {"count": _count, "size": _size}
    is_open = package.get("edition") == "open"
    bi = _for_bi_tools(release)
    lists = {column: name for name, files in bi for column in files[0].get("codes_of", ())}
    shown = templates.get_template("catalogue.html").render(
        package=package,
        is_open=is_open,
        database=None if is_open else DATABASE,
        tables=[_shown(release, table) for table in tables(release)],
        bi=bi,
        lists=lists,
    )
    return shown.encode()


def _for_bi_tools(release: Release) -> list[tuple[str, list[dict[str, Any]]]]:
    """By table, the files that the folder for BI tools has, which is drawn before; none where it could not be."""
    described = release.path / BI / PACKAGE
    if not described.exists():
        return []
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in json.loads(described.read_bytes())["resources"]:
        name = resource["name"].removesuffix(".csv").removesuffix(".geojson")
        found.setdefault(name, []).append(resource | {"path": f"{BI}/{resource['path']}"})
    return list(found.items())


def _shown(release: Release, table: Table) -> dict[str, Any]:
    rows = sample_rows(release, table, _PREVIEW)
    columns = [field["name"] for field in table.fields]
    return {
        "name": table.name,
        "resource": table.resource,
        "fields": table.fields,
        "span": span(release, table),
        "rows": table.resource["rows"],
        "preview": [[_text(row[column]) for column in columns] for row in rows],
        "files": table.files,
    }


def _text(value: Any) -> str | None:
    """A value as the preview shows it; None stays None, which is shown as missing."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _count(number: int) -> str:
    """A number with a narrow space between thousands, which Vietnamese and English read alike."""
    return f"{number:,}".replace(",", "\u202f")


def _size(count: int) -> str:
    return f"{_count(max(1, round(count / 1000)))} kB"
