"""Vietnamese that was decoded wrongly is read rightly, and other languages are left as they are."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.vietnamese_text import is_misread, is_plausible, reading_of

NAMES = (
    "Phường Thành Sen",
    "Xã Cẩm Lạc",
    "Tổ dân phố 9",
    "Đường Nguyễn Huệ",
    "Kỳ Anh, Vũ Quang, Hương Khê, Đức Thọ",
    "thuở ấy khuỷu tay nguệch ngoạc",
)
TCVN3 = {
    "Tổ dân phố 9": b"T\xe6 d\xa9n ph\xe8 9",
    "Xã Cẩm Lạc": b"X\xb7 C\xc8m L\xb9c",
    "Hà Tĩnh": b"H\xb5 T\xdcnh",
    "Đường Nguyễn Huệ": b"\xa7\xad\xeang Nguy\xd4n Hu\xd6",
}
SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"


def twice(text: str) -> str:
    """UTF-8 taken for Windows text, where bytes without a letter there stay as they are."""
    return "".join(
        char if (char := bytes([byte]).decode("cp1252", "replace")) != "\ufffd" else chr(byte) for byte in text.encode()
    )


@pytest.mark.parametrize("decoded", ["cp1252", "cp1258"])
@pytest.mark.parametrize("name", TCVN3)
def test_tcvn3_is_read(name: str, decoded: str) -> None:
    wrong = TCVN3[name].decode(decoded)
    reading = reading_of([wrong])
    assert reading is not None
    assert reading(wrong) == name
    assert is_misread(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_utf8_decoded_twice_is_read(name: str) -> None:
    reading = reading_of([twice(name)])
    assert reading is not None
    assert reading(twice(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        *NAMES,
        "München, Citroën, Café Hôtel",
        "5 µm, 3 m², 30°C, ½ ngày, 5º",
        "«Hà Tĩnh» – “Viettel®” © 2026…",
        "max·10, n·5",
        "Hà\xa0Tĩnh",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert reading_of([text]) is None
    assert not is_misread(text)


def test_names_of_the_registries_are_plausible() -> None:
    for registry in ("areas", "agencies", "area_aliases", "former_areas"):
        path = SEEDS / f"{registry}.csv"
        if path.exists():
            with path.open(encoding="utf-8") as file:
                for cell in (cell for row in csv.reader(file) for cell in row):
                    assert not is_misread(cell), cell


@given(st.sampled_from(["a", "ờ", "uyê", "oa", "iê", "u"]), st.sampled_from(["", "ng", "th", "đ"]))
def test_a_syllable_has_one_tone_at_most(nucleus: str, onset: str) -> None:
    assert is_plausible(onset + nucleus)
    assert not is_plausible(onset + nucleus + "\u0301\u0300")
    assert not is_plausible(onset + "x" + nucleus + "zz")
