"""Inventories of base stations: three known forms give the same site; a wrong place or code is quarantined."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from loads import loaded

from pipelines.settings import SettingsError
from pipelines.sources.bts_inventory import SOURCE
from pipelines.sources.operators import headings

HEADINGS = "Nhà mạng;Mã trạm;Công nghệ;Kinh độ;Vĩ độ;Ngày phát sóng;Trạng thái;Mã xã"


def table(*lines: str) -> bytes:
    return "\n".join([HEADINGS, *lines]).encode()


def test_our_form() -> None:
    found = loaded(SOURCE, table("viettel;HTH001;2G/4G, 5g;105,9012;18,3401;02/03/2019;Đang hoạt động;18073"))
    assert found.reasons == []
    (row,) = found.rows
    assert [
        row[name] for name in ("operator", "site_code", "technologies", "lon", "lat", "on_air_date", "is_active")
    ] == [
        "Viettel",
        "HTH001",
        ["2G", "4G", "5G"],
        105.9012,
        18.3401,
        date(2019, 3, 2),
        True,
    ]


def test_the_form_of_an_operations_centre() -> None:
    columns = "ID_TRAM,MA_TRAM,TEN_TRAM,DIADIEM,NGAY_KTNT,KINH_DO,VI_DO,LOAITRAM,Nhà mạng"
    (row,) = loaded(SOURCE, f"{columns}\n7,T1,x,y,2020-05-01,105.9,18.34,LTE,VNPT".encode()).rows
    assert (row["site_code"], row["technologies"], row["on_air_date"]) == ("T1", ["4G"], date(2020, 5, 1))


def test_the_form_with_a_block_a_generation() -> None:
    columns = "Site_Name_1,phuong_xa,Long_3G,Lat_3G,active_2G,active_3G,active_4G,Nhà mạng"
    (row,) = loaded(SOURCE, f"{columns}\nS1,Thành Sen,105.9,18.34,1,0,true,Vinaphone".encode()).rows
    assert (row["operator"], row["commune_name"], row["technologies"]) == ("VNPT", "Thành Sen", ["2G", "4G"])


@pytest.mark.parametrize("word", ["maybe", "1.234", "2", "#N/A", "Tổng"])
def test_a_word_that_is_neither_yes_nor_no_is_not_taken_for_no(word: str) -> None:
    columns = "Site_Name_1,phuong_xa,Long_3G,Lat_3G,active_2G,active_3G,Nhà mạng"
    found = loaded(SOURCE, f"{columns}\nS1,Thành Sen,105.9,18.34,1,{word},Vinaphone".encode())
    assert found.rows == []
    ((_, reason, field, _),) = found.reasons
    assert field == "active_3g"
    assert reason == ("formula_without_value" if word.startswith("#") else "unknown_code")


def test_the_place_of_a_site_of_4g_alone_stands_in_its_own_block() -> None:
    columns = "Site_Name_1,Long_3G,Lat_3G,Long_4G,Lat_4G,active_3G,active_4G,dia_chi_2G,Nhà mạng"
    (row,) = loaded(SOURCE, f"{columns}\nS1,105.8,,105.9,18.34,0,1,x,Vinaphone".encode()).rows
    assert (row["lon"], row["lat"], row["technologies"]) == (105.9, 18.34, ["4G"])


def test_a_form_is_rows_of_the_registry_and_a_wrong_one_is_reported(
    tmp_path: Path,
) -> None:
    registry = tmp_path / "operator_headings.csv"
    registry.write_text(
        "source,operator,heading,field,basis\nbts_inventory,FPT,Site,site_code,\nbts_inventory,FPT,Note,,\n"
        "village_coverage,FPT,Hamlet,village,\n"
    )
    ours = {"Mã trạm": "site_code", "Kinh độ": "lon"}
    assert headings(tmp_path, "bts_inventory", ours) == ({"Site": "site_code"}, frozenset({"Note"}))
    with pytest.raises(SettingsError, match=r"operator_headings.csv, line 4: 'village' is no field"):
        headings(tmp_path, "village_coverage", {"Cáp quang": "fibre"})
    for row, reported in (
        ("bts_inventry,FPT,A,lon,", "line 5: 'bts_inventry' has no operators' forms; write one of bts_inventory, vill"),
        ("bts_inventory,CMC,SITE:,lon,", r"line 5: 'SITE:' means site_code already \(line 2\)"),
        ("bts_inventory,CMC,note,lon,", "line 5: 'note' means a column that is not loaded already"),
        ("bts_inventory,CMC,kinh độ,,", r"line 5: 'kinh độ' means lon already \(our own form\)"),
    ):
        standing = registry.read_text()
        registry.write_text(f"{standing}{row}\n")
        with pytest.raises(SettingsError, match=reported):
            headings(tmp_path, "bts_inventory", ours)
        registry.write_text(standing)
    registry.unlink()
    with pytest.raises(SettingsError, match="the file is missing"):
        headings(tmp_path, "bts_inventory", ours)


def test_a_coordinate_of_a_block_that_is_no_number_is_set_aside() -> None:
    columns = "Site_Name_1,Long_3G,Lat_3G,Long_4G,Lat_4G,active_4G,Nhà mạng,Mã xã"
    found = loaded(
        SOURCE, f"{columns}\nS1,,,105.9,18.34,1,Vinaphone,18073\nS2,,,1O5.9,18.34,1,Vinaphone,18073".encode()
    )
    assert [row["site_code"] for row in found.rows] == ["S1"]
    assert [reason for _, *reason in found.reasons] == [["bad_number", "lon_4g", "9a9.9"]]


def test_a_site_without_coordinates_needs_a_commune() -> None:
    found = loaded(SOURCE, table("FPT;A;4G;;;;;18073", "FPT;B;4G;;;;;"))
    assert [row["site_code"] for row in found.rows] == ["A"]
    assert [(why, what) for _, why, what, _ in found.reasons] == [("missing_field", "lon")]


def test_a_site_that_is_not_on_air_yet_may_be_on_a_day_to_come() -> None:
    found = loaded(
        SOURCE,
        table(
            "Viettel;A;4G;105,9;18,3;31/12/2026;Chưa phát sóng;",
            "Viettel;B;4G;105,9;18,3;31/12/2026;đang hoạt động;",
            "Viettel;C;4G;105,9;18,3;31/12/2026;;",
            "Viettel;D;4G;105,9;18,3;31/12/1926;chưa phát sóng;",
        ),
    )
    assert [(row["site_code"], row["on_air_date"], row["is_active"]) for row in found.rows] == [
        ("A", date(2026, 12, 31), False)
    ]
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, "date_out_of_range", "on_air") for row in (3, 4, 5)
    ]


WRONG = [
    ("Mạng lạ;A;4G;105,9;18,3;;;", "unknown_code", "operator"),
    ("Viettel;;4G;105,9;18,3;;;", "missing_field", "site_code"),
    ("Viettel;A;;105,9;18,3;;;", "missing_field", "technology"),
    ("Viettel;A;6G;105,9;18,3;;;", "unknown_code", "technology"),
    ("Viettel;A;4G;105°54';18,3;;;", "bad_number", "lon"),
    ("Viettel;A;4G;18,3;105,9;;;", "swapped_coordinates", "lon"),
    ("Viettel;A;4G;108,2;16,1;;;", "outside_province", "lon"),
    ("Viettel;A;4G;105,9;18,3;31/02/2020;;", "bad_date", "on_air"),
    ("Viettel;A;4G;105,9;18,3;01/01/2030;;", "date_out_of_range", "on_air"),
    ("Viettel;A;4G;105,9;18,3;;hỏng;", "unknown_code", "status"),
]


def test_what_is_wrong_is_quarantined() -> None:
    found = loaded(SOURCE, table(*(line for line, _, _ in WRONG)))
    assert found.rows == []
    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, reason, field) for row, (_, reason, field) in enumerate(WRONG, 2)
    ]
