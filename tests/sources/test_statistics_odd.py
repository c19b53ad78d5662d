"""Odd values in the own forms of the sources of statistics: each is read as what it means, a mark, or rejected."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from loads import Loaded, loaded, loaded_each
from openpyxl import Workbook

from pipelines.sources import all_sources

GOOD = 7
READ: dict[Any, float] = {
    7: 7,
    12.7: 12.7,
    "12.7": 12.7,
    "12,7": 12.7,
    "-5": -5,
    "8 339.9": 8339.9,
    "97.250,00": 97250,
    "1.067.817,12": 1067817.12,
    "1,234,567": 1234567,
    "519.4sb": 519.4,
    1e5: 100_000,
}
"""What has one meaning."""
MISSING: tuple[Any, ...] = (None, "..", "...", "-", "…", "na")
NONE: tuple[Any, ...] = (
    *("1336167. 72", "NaN", "Infinity", "-inf", "1e400", "#REF!", "#N/A", "0x1F", "1_000", "٣٤", "１２", "(5)", "½"),
    *("5 %", "5'000", "1.2.3", "12 34", "1,23,4", "5.", ".5", "c", "Tổng cộng", "a\u200bb", "\x00", "1" * 400),
)
"""What has none: each is rejected."""
AMBIGUOUS = ("1.234", "1,234")
OBJECTS: tuple[Any, ...] = (True, False, {"a": 1}, [1])


def worldbank(value: Any) -> bytes:
    row = {"indicator": {"id": "A", "value": "A"}, "country": {"id": "VN", "value": "V"}, "countryiso3code": "VNM"}
    rows = [{**row, "date": "2023", "value": GOOD}, {**row, "date": "2024", "value": value}]
    return json.dumps([{"page": 1, "pages": 1, "lastupdated": "2026-01-01"}, rows]).encode()


def itu(value: Any) -> bytes:
    rows = [("2023", GOOD), ("2024", value)]
    return json.dumps(
        [{"codeID": 178, "code": "A", "dataYear": year, "answer": [{"value": cell}]} for year, cell in rows]
    ).encode()


def ckan(value: Any) -> bytes:
    fields = [{"id": "nam", "type": "int4"}, {"id": "gia_tri", "type": "text"}]
    records = [{"nam": 2023, "gia_tri": GOOD}, {"nam": 2024, "gia_tri": value}]
    result = {"resource_id": "r", "fields": fields, "records": records, "total": 2}
    return json.dumps({"success": True, "result": result}).encode()


def pxweb(value: Any) -> bytes:
    years = {"category": {"index": {"2023": 0, "2024": 1}, "label": {"2023": "2023", "2024": "2024"}}}
    places = {"category": {"index": {"42": 0}, "label": {"42": "Hà Tĩnh"}}}
    dimension, role = {"place": places, "year": years}, {"time": ["year"], "geo": ["place"]}
    cube = {"class": "dataset", "id": ["place", "year"], "size": [1, 2], "dimension": dimension, "role": role}
    return json.dumps({**cube, "value": [GOOD, value]}).encode()


def sdmx(value: Any) -> bytes:
    cells = "" if value is None else f'"{value}"'
    head = "DATAFLOW,REF_AREA,TIME_PERIOD,OBS_VALUE"
    return f"{head}\nX:Y(1.0),VNM,2023,{GOOD}\nX:Y(1.0),VNM,2024,{cells}\n".encode()


def monthly(value: Any) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    rows = [["1. Chỉ số giá tiêu dùng"], ["", "Tháng 8 năm 2026", "Tháng 9 năm 2026"], ["Lương thực", GOOD, value]]
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMS: dict[str, tuple[Callable[[Any], bytes], str]] = {
    "worldbank": (worldbank, "a-page-0001.json"),
    "itu": (itu, "178-VNM.json"),
    "ckan": (ckan, "r-row-000000000.json"),
    "nso_pxweb": (pxweb, "V02.01.json"),
    "sdmx": (sdmx, "a.csv"),
    "nso_monthly": (monthly, "bieu-so-lieu-T9-2026.xlsx"),
}
WRITTEN_AS_CELLS = {"sdmx", "nso_monthly"}
"""Their cells hold no object, and their format knows no control character."""


def read(name: str, values: Iterable[Any]) -> Iterator[tuple[Any, Loaded]]:
    """What became of each value: all are loaded at once, each in a file of its own, beside a good figure."""
    write, file = FORMS[name]
    writable = [value for value in values if is_writable(name, value)]
    each = loaded_each(all_sources()[name], *map(write, writable), name=file)
    for value, found in zip(writable, each, strict=True):
        assert GOOD in [row["value"] for row in found.rows], "the figure beside it is loaded"
        yield value, found


OF_THE_FORMAT = {"sdmx": ("5.", ".5")}
"""Numbers of the format itself."""


def is_writable(name: str, value: Any) -> bool:
    return name not in WRITTEN_AS_CELLS or not (
        value is None or isinstance(value, bool | dict | list) or value == "\x00"
    )


@pytest.mark.parametrize("name", FORMS)
def test_what_has_one_meaning_is_read(name: str) -> None:
    for value, found in read(name, READ):
        assert found.rows[-1]["value"] == pytest.approx(READ[value]), value


@pytest.mark.parametrize("name", FORMS)
def test_a_mark_is_a_missing_value_and_no_zero(name: str) -> None:
    for value, found in read(name, MISSING):
        assert (found.reasons, [row["value"] for row in found.rows]) == ([], [GOOD, None]), value


@pytest.mark.parametrize("name", FORMS)
def test_what_has_no_meaning_is_rejected(name: str) -> None:
    allowed = OF_THE_FORMAT.get(name, ())
    for value, found in read(name, (value for value in (*NONE, *OBJECTS) if value not in allowed)):
        assert (len(found.rows), len(found.reasons)) == (1, 1), (value, found)


@pytest.mark.parametrize("name", FORMS)
def test_one_mark_before_three_digits_is_no_figure_by_chance(name: str) -> None:
    """Where the format itself defines numbers, a point is the decimal mark; elsewhere neither reading is taken."""
    for value, found in read(name, AMBIGUOUS):
        if len(found.rows) == 2:
            assert (name in ("itu", "sdmx"), found.rows[1]["value"], value) == (True, 1.234, "1.234")
        else:
            assert [reason for _, reason, *_ in found.reasons] == ["ambiguous_number"], value


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e400", "-Infinity"])
def test_what_json_cannot_hold_is_no_figure(name: str, literal: str) -> None:
    write, file = FORMS[name]
    content = write("@@")
    if name in WRITTEN_AS_CELLS:
        pytest.skip("no JSON")
    found = loaded(all_sources()[name], content.replace(b'"@@"', literal.encode()), name=file)
    assert GOOD in [row["value"] for row in found.rows] or found.refusals
    assert len(found.rows) < 2
    assert found.reasons
