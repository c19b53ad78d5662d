"""Feeds of dossiers become one: the newest report counts; what it lacks stays as another feed reported it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.sources.onestop_dossiers import SOURCE as ONESTOP
from pipelines.sources.onestop_exports import SOURCE as EXPORTS
from pipelines.sources.procedures import SOURCE as PROCEDURES

if TYPE_CHECKING:
    from conftest import World

pytestmark = pytest.mark.slow


def test_two_feeds_make_one_dossier(world: World, record: Callable[..., dict[str, Any]]) -> None:
    papers = {"TaiLieuNop": [{"TepDinhKemId": "1", "DuocTaiSuDung": "1"}], "DanhSachLePhi": [{"Gia": "8000"}]}
    exchanged = record(1, TrangThaiHoSo="4", NgayKetThucXuLy="", DuocThanhToanTrucTuyen="1", **papers)
    answered = {
        "maHoSo": exchanged["MaHoSo"],
        "maTTHC": exchanged["MaTTHC"],
        "trangThaiHoSoId": "9",
        "kenhThucHien": "2",
        "ngayTiepNhan": "2026-03-02T08:00:00",
        "ngayHenTra": "2026-03-12T17:00:00",
        "ngayKetThucXuLy": "2026-03-11T08:00:00",
    }
    alone = {**answered, "maHoSo": "H27.101-260302-0002"}
    world.land("hoso-2026-03-10.json", json.dumps(exchanged).encode())
    world.load()
    world.build()
    world.land("hoso-2026-03-12.json", json.dumps({"data": [answered, alone]}).encode(), ONESTOP)
    world.load()
    world.build()
    stated = "select status, version_count, payment_code, paper_reused_count, fee_total_vnd, fee_count, waiting_seconds"
    found = world.rows(f"{stated} from intermediate.int_dossiers order by version_count desc")
    assert found == [("9", 2, "1", 1, 8000, 1, 0), ("9", 1, None, None, 0, None, 0)]
    assert world.rows("select sum(received), sum(resolved), sum(early) from marts.dossier_timeliness") == [(2, 2, 2)]
    # the last day of data is that of the feed that came last
    assert world.rows("select distinct extracted_on::varchar from meta.processed") == [("2026-03-12",)]


def exported(*dossiers: tuple[str, str, str]) -> bytes:
    """A list as the one-stop shop exports it: number, procedure's name and day of its end of each dossier."""
    header = "Mã hồ sơ,Tên thủ tục hành chính,Trạng thái,Ngày nhận,Ngày hẹn trả,Ngày kết thúc xử lý\n"
    lines = (
        f"{number},{procedure},Đã xử lý xong,02/02/2026 08:00:00,12/03/2026 17:00:00,{end} 08:00:00\n"
        for number, procedure, end in dossiers
    )
    return (header + "".join(lines)).encode()


def test_an_export_counts_only_where_no_feed_knows_the_dossier(world: World, record: Callable[..., Any]) -> None:
    known, late = "H27.101-260302-0001", "H27.101-260302-0002"
    only_exported, nameless = "H27.101-260302-0003", "H27.101-260302-0004"
    stated = (
        "select v.agency_code, v.received_month::varchar, v.channel, v.procedure_code, v.procedure_field_code, "
        "v.ended_at::date::varchar, v.version_count from intermediate.int_dossiers as v order by all"
    )
    months = "select month::varchar, sum(received) from marts.online_submission group by all order by all"
    # the catalogue has the name once, though with other blanks and in other case
    name = "thủ tục minh họa 0002 -  Hộ tịch"
    rows = [(known, name, "20/03/2026"), (late, name, "20/03/2026"), (only_exported, name, "11/03/2026")]
    world.land("hoso-2026-03-10.json", json.dumps(record(1)).encode())
    world.land("danhsach-2026-03-25.csv", exported(*rows, (nameless, "Không ai biết", "11/03/2026")), EXPORTS)
    world.load()
    world.build()
    fed = ("H27.101", "2026-03-01", "2", "9.000001", "HT", "2026-03-10", 2)
    alone = ("H27.101", "2026-02-01", "1", "9.000002", "HT", "2026-03-11", 1)
    unknown = (*alone[:3], "", "", *alone[5:])
    assert world.rows(stated) == sorted([fed, alone, unknown, (*alone[:5], "2026-03-20", 1)])
    assert world.rows(months) == [("2026-02-01", 3), ("2026-03-01", 1)]

    # a feed reports one at last: it leaves the month that the export gave it
    world.land("hoso-2026-03-26.json", json.dumps(record(2)).encode())
    world.load()
    world.build()
    assert world.rows(stated) == sorted([fed, fed, alone, unknown])
    assert world.rows(months) == [("2026-02-01", 2), ("2026-03-01", 2)]


def test_a_newer_catalogue_gives_dossiers_their_field_and_exports_their_procedure(
    world: World, record: Callable[..., Any]
) -> None:
    world.land("hoso-2026-03-10.json", json.dumps(record(1, MaTTHC="1.004873", MaLinhVuc=None)).encode())
    export = exported(("H27.101-260302-0002", "Cấp lại bản sao", "20/03/2026"))
    world.land("danhsach-2026-03-25.csv", export, EXPORTS)
    world.load()
    world.build()
    fields = "select procedure_field_code, sum(received) from marts.dossier_timeliness group by all order by all"
    assert world.rows(fields) == [("", 2)]
    catalogue = [{"MATTHC": "1.004873", "TENTTHC": "Cấp lại bản sao", "LINHVUCTHUCHIEN": [{"MALINHVUC": "HT"}]}]
    world.land("tthc-2026-03-26.json", json.dumps(catalogue).encode(), PROCEDURES)
    world.load()
    world.build()
    assert world.rows(fields) == [("HT", 2)]
    # and that once: what a catalogue has touched is not touched again
    pending = "select count(*) from intermediate.int_dossiers where load_no > (select min(load_no) from meta.processed)"
    assert world.rows(pending) == [(0,)]
