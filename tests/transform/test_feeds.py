"""Feeds of dossiers become one: who tells last counts, and what a feed cannot tell stays as another one told it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.sources.onestop_dossiers import SOURCE as ONESTOP

if TYPE_CHECKING:
    from conftest import World

pytestmark = [pytest.mark.xdist_group("dbt"), pytest.mark.slow]


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
    told = "select status, version_count, payment_code, paper_reused_count, fee_total_vnd, fee_count, waiting_seconds"
    found = world.rows(f"{told} from intermediate.int_dossiers order by version_count desc")
    assert found == [("9", 2, "1", 1, 8000, 1, 0), ("9", 1, None, None, 0, None, 0)]
    assert world.rows("select sum(received), sum(resolved), sum(early) from marts.dossier_timeliness") == [(2, 2, 2)]
    # the last day of data is that of the feed that came last
    assert world.rows("select distinct extracted_on::varchar from meta.processed") == [("2026-03-12",)]
