"""What the last guard takes for personal data, and what it must let through."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.personal import redacted
from pipelines.release.protect import personal_data
from pipelines.transform.marts import Column, Mart

PERSONAL = [
    ("042099001234", "identity numbers"),
    ("CCCD: 042099001234.", "identity numbers"),
    ("184012345", "identity numbers"),
    ("0912345678", "telephone numbers"),
    ("gọi 0912 345 678 nhé", "telephone numbers"),
    ("0912.345.678", "telephone numbers"),
    ("091-234-5678", "telephone numbers"),
    ("0912 34 56 78", "telephone numbers"),
    ("+84912345678", "telephone numbers"),
    ("+84 912 345 678", "telephone numbers"),
    ("0239 3855 123", "telephone numbers"),
    ("nguyen.a+b@hatinh.gov.vn", "e-mail addresses"),
    ("H27.14-251105-0001", "codes of single dossiers"),
    ("G09.20-20260609-0092637", "codes of single dossiers"),
]
HARMLESS = [
    "1.001193",
    "2.000889.000.00.00.H27",
    "000.00.01.H27",
    "18073",
    "2026-11-23 02:00:00",
    "20261123020000",
    "766/QĐ-TTg",
    "1.234.567.890 đồng",
    "Xã Đức Thọ",
    "10 000 000",
    "@hatinh",
    "",
]


def mart(*columns: str) -> Mart:
    return Mart("m", "m", "t", "", "", "", tuple(Column(c, "text", "", "", None, "") for c in columns), (), ())


def findings(column: str, *values: str | None) -> list[str]:
    with duckdb.connect(config={"threads": 1}) as conn:
        conn.execute(f'CREATE TABLE m AS SELECT unnest($1::VARCHAR[]) AS "{column}"', [list(values)])
        return personal_data(conn, mart(column), ["VARCHAR"])


@pytest.mark.parametrize(("value", "kind"), PERSONAL)
def test_personal_values_are_found_and_not_repeated(value: str, kind: str) -> None:
    found = findings("note", value, None, "Hà Tĩnh", value)
    assert f"column note has 2 values that look like {kind}" in found
    assert value not in " ".join(found)
    assert value not in redacted(f"cannot read {value} in line 3")


def test_codes_names_and_figures_pass() -> None:
    assert findings("note", *HARMLESS) == []


@pytest.mark.parametrize(
    "name",
    ["SoGiayToChuHoSo", "so_giay_to_chu_ho_so", "ChuHoSo", "citizen_id", "Full Name", "phone", "email", "MaHoSo"],
)
def test_personal_names_of_columns_are_found(name: str) -> None:
    assert findings(name, "x") == [f"column {name} has the name of personal data (1 rows)"]
    assert len(findings(name)) == 1  # an empty table may be filled in the next release


@pytest.mark.parametrize("name", ["commune_name", "address_coverage_pct", "phones_per_100", "agency_code", "đơn.vị"])
def test_names_of_statistics_pass(name: str) -> None:
    assert findings(name, "x") == []


def test_an_error_text_is_reduced_to_what_may_be_shown() -> None:
    error = "Could not convert string 'Nguyễn Văn A' to INT64 in m.\"note\"\nvalue: 042099001234"
    assert redacted(error) == "Could not convert string '…' to INT64 in m.\"note\""
    assert len(redacted("ă" * 1000)) == 300
