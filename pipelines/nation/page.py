"""`nation.html`: the provinces side by side on the indicators of the scheme, in one language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines import language
from pipelines.release.pages import Page, digest
from pipelines.release.reader import ReleaseReader
from pipelines.release.released import Release
from pipelines.scoreboard import words

_HERE = Path(__file__).parent


def page(speaks: language.Language) -> Page:
    """The page, as the release wants it described."""
    parts = [path.read_bytes() for path in (Path(__file__), *sorted(_HERE.glob("page.*")))]
    catalogues = [path.read_bytes() for path in sorted(language.CATALOGUES.rglob("*.mo"))]
    design = digest([speaks.encode(), *parts, *catalogues])
    return Page(
        "nation.html", "So sánh các tỉnh", "Comparison of provinces", "text/html", design, partial(_draw, speaks)
    )


def _draw(speaks: language.Language, release: Release) -> bytes:
    import jinja2

    reader = ReleaseReader(release.path)
    provinces = reader.query("from provinces order by province_code")
    compared = reader.query((_HERE / "page.sql").read_text(encoding="utf-8"))
    united = [province for province in provinces if province["status"] == "united"]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined,
        finalize=lambda value: str(value) if isinstance(value, words.Text) else value,
    )  # fmt: skip
    environment.globals.update(
        left_out=partial(_left_out, [resource["name"] for resource in release.package["resources"]]),
        tr=language.tr,
        recorded=language.recorded,
        quantity=words.quantity,
        day=words.day,
        moment=words.moment,
    )
    with language.speaking(speaks):
        return (
            environment.get_template("page.html")
            .render(
                language=speaks,
                release=release,
                created=release.created_at.date(),
                provinces=provinces,
                united=united,
                rows=list(_rows(compared, [province["province_code"] for province in united])),
            )
            .encode()
        )


def _left_out(tables: list[str], stated: str) -> str:
    """A cell of `tables_left_out`, "table: reason; table: reason", with its reasons in the current language."""
    known = "|".join(map(re.escape, tables))
    items = [item.partition(": ") for item in re.split(rf"; (?=(?:{known}): )", stated)]
    return "; ".join(f"{table}: {language.recorded(reason)}" for table, _, reason in items)


def _rows(compared: list[dict[str, Any]], codes: list[str]) -> Iterator[dict[str, Any]]:
    """One row per indicator, with a cell per province; None where it has no value."""
    for _, group in groupby(compared, key=lambda row: row["measure"]):
        cells = {row["province_code"]: row for row in group}
        first = next(iter(cells.values()))
        yield {
            "title": words.Text(first["title_vi"] or first["measure"], first["title_en"] or first["measure"]),
            "period": words.period(first["period_type"], first["period_start"]),
            "cells": [cells.get(code) for code in codes],
            "median": first["median"],
            "unit": first["unit"],
            "is_compared": first["provinces"] > 1,
        }
