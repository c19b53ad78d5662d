"""Petitions: a table without text and persons becomes times, kinds and satisfaction."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, KEY, loaded, loaded_each

from pipelines.sources.petitions import SOURCE
from pipelines.warehouse.pseudonyms import pseudonym

HEADINGS = "Mã phản ánh,Mã đơn vị,Ngày tiếp nhận,Hạn trả lời,Ngày trả lời,Phân loại,Hài lòng"


def table(*lines: str) -> bytes:
    return "\n".join(["PHẢN ÁNH KIẾN NGHỊ QUÝ III", HEADINGS, *lines]).encode("utf-8-sig")


def test_a_table_becomes_rows() -> None:
    found = loaded(
        SOURCE,
        table(
            "PA-1,H27.101,02/03/2026 08:00:00,20/03/2026,2026-03-19 16:00:00,TTHC,1",
            "PA-2,H27.101,02/03/2026,,,staff,",
        ),
    )
    assert found.reasons == []
    first, second = found.rows
    assert first["petition_id"] == UUID(pseudonym(KEY, "petition", "PA-1"))
    assert [first[name] for name in ("received_at", "due_at", "answered_at")] == [
        datetime(2026, 3, 2, 8),
        datetime(2026, 3, 20, 23, 59, 59),  # a day without a time ends when it ends
        datetime(2026, 3, 19, 16),
    ]
    assert (first["kind"], first["is_satisfied"]) == ("TTHC", True)
    assert [second[name] for name in ("due_at", "answered_at", "kind", "is_satisfied")] == [None, None, "STAFF", None]


def test_json_is_taken_with_the_names_of_the_fields() -> None:
    record = {"petition_id": "PA-1", "agency_code": "H27.101", "received_at": "20260302080000", "satisfied": False}
    (row,) = loaded(SOURCE, json.dumps([record]).encode()).rows
    assert (row["received_at"], row["is_satisfied"]) == (datetime(2026, 3, 2, 8), False)


WRONG = [
    (",H27.101,02/03/2026,,,,", "missing_field", "petition_id"),
    ("PA-1,,02/03/2026,,,,", "missing_field", "agency_code"),
    ("PA-1,H27.101,,,,,", "missing_field", "received_at"),
    ("PA-1,phường Thành Sen,02/03/2026,,,,", "bad_code", "agency_code"),
    ("PA-1,H27.101,30/02/2026,,,,", "bad_date", "received_at"),
    ("PA-1,H27.101,02/03/2026,mai,,,", "bad_date", "due_at"),
    ("PA-1,H27.101,02/03/2027,,,,", "date_out_of_range", "received_at"),
    ("PA-1,H27.101,02/03/2026,,01/03/2026,,", "answered_before_received", "answered_at"),
    ("PA-1,H27.101,02/03/2026,,,THÁI ĐỘ,", "unknown_code", "kind"),
    ("PA-1,H27.101,02/03/2026,,,,rất", "unknown_code", "satisfied"),
    ("PA-1,H27.101,02/03/2026", "wrong_width", None),
]


def test_what_is_wrong_is_quarantined() -> None:
    found = loaded(SOURCE, table(*(line for line, _, _ in WRONG)))
    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 3)
    ]


cell = st.text(st.sampled_from('H27.1/0-:áđ "\n,TC'), max_size=12) | st.sampled_from(["02/03/2026", "PA-1", "H27.101"])


@given(st.lists(st.lists(st.lists(cell, min_size=7, max_size=7), max_size=8), **FILES))
@settings(max_examples=2, deadline=None)
def test_rows_in_are_rows_loaded_and_quarantined(tables: list[list[list[str]]]) -> None:
    files = []
    for rows in tables:
        text = io.StringIO()
        csv.writer(text).writerows([HEADINGS.split(","), *rows])
        files.append(text.getvalue().encode())
    for found, rows in zip(loaded_each(SOURCE, *files), tables, strict=True):  # checks the sum itself
        assert len(found.rows) + len(found.reasons) == max(1, sum(any(c.strip() for c in row) for row in rows))
