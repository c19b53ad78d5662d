"""Agencies: a catalogue as the service answers it, or as a table, becomes codes and names."""

from __future__ import annotations

import json
import unicodedata

from loads import loaded

from pipelines.sources.agencies import SOURCE


def test_the_answer_of_the_service_and_a_table_give_the_same() -> None:
    records = [
        {"MADONVI": "H27.101", "TENDONVI": " UBND phường  Thành Sen", "CAPDONVI": 4},
        {"MADONVI": "000.00.05.H27", "TENDONVI": unicodedata.normalize("NFD", "Sở Y tế"), "CAPDONVI": "2"},
    ]
    answer = json.dumps({"error_code": 0, "result": records}, ensure_ascii=False).encode()
    table = (
        "STT;Mã đơn vị;Tên đơn vị;Cấp đơn vị\n1;H27.101;UBND phường Thành Sen;4\n2;000.00.05.H27;Sở Y tế;2\n".encode()
    )

    for content in (answer, table):
        found = loaded(SOURCE, content)
        assert [(row["agency_code"], row["agency_name"], row["level_code"]) for row in found.rows] == [
            ("H27.101", "UBND phường Thành Sen", "4"),
            ("000.00.05.H27", "Sở Y tế", "2"),
        ]
        assert (found.reasons, found.unexpected) == ([], ())


def test_what_cannot_be_an_agency_is_quarantined() -> None:
    records = [
        {"TENDONVI": "Sở Y tế"},
        {"MADONVI": "H27 101", "TENDONVI": "Sở Y tế"},
        {"MADONVI": "H27.1", "TENDONVI": " "},
        {"MADONVI": "H27.1", "TENDONVI": "Sở Y tế", "NEWFIELD": 1},
    ]
    found = loaded(SOURCE, json.dumps(records).encode())

    assert found.reasons == [
        (1, "missing_field", "MADONVI", None),
        (2, "bad_code", "MADONVI", "a99 999"),
        (3, "missing_field", "TENDONVI", None),
    ]
    assert found.unexpected == ("NEWFIELD",)
    assert len(found.rows) == 1
