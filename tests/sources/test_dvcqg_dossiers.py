"""The portal's adapter: sessions, codes that mean well, dossiers by number; and the progress that is reported to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE, Adapter, Reply
from doubles.pulling import KEY, Pulls, everything, rows

from pipelines.landing.pull import PullError
from pipelines.landing.store import Landing
from pipelines.sources import dvcqg_dossiers, dvcqg_progress
from pipelines.sources.dvcqg_dossiers import SOURCE
from pipelines.warehouse.connection import SCHEMA
from pipelines.warehouse.load import load, stored_file
from pipelines.warehouse.pseudonyms import pseudonym

NUMBERS = [f"H27.101-{day}-{n:04d}" for n, day in enumerate(["261102", "20261103", "261104", "261105", "261106"], 1)]


def dossier(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "MaHoSo": number,
        "MaTTHC": "9.000001",
        "KenhThucHien": "2",
        "TrangThaiHoSo": "9",
        "NgayTiepNhan": "20261102080000",
        "ChuHoSo": "Nguyễn Thị Người Mẫu",
        "DanhSachLePhi": [{"HinhThucThu": "1", "Gia": "8000"}],
        **changes,
    }


@pytest.fixture
def server() -> Iterator[Adapter]:
    double = Adapter(dossiers={number: dossier(number) for number in NUMBERS})
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulls:
    monkeypatch.setattr(dvcqg_dossiers, "BATCH", 2)
    list_of = tmp_path / "so-ho-so-2026-11.txt"
    list_of.write_text("\ufeff" + "\n".join([*NUMBERS, "H27.101-261001-0001", "", NUMBERS[0]]), encoding="utf-8")
    account = {
        "username": "thong-ke",
        "password": "mat-khau",
        "dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprocess",
        "madonvi": "000.00.00.H27",
        "auth_endpoint": "/auth",
        "integration_endpoint": "/call",
        "numbers_file": str(tmp_path / "so-ho-so-{partition}.txt"),
    }
    return Pulls(tmp_path, SOURCE, server.address, account)


def numbers_in(pulls: Pulls) -> list[str]:
    receipts = pulls.landing.receipts(SOURCE.name)
    answers = [json.loads(pulls.landing.path_of(receipt).read_bytes()) for receipt in receipts]
    return sorted(found["MaHoSo"] for answer in answers for found in answer["result"])


@pytest.mark.parametrize(("well", "as_list"), [(0, False), ("0", True), ("00", False)])
def test_the_dossiers_of_the_period_land_whatever_means_well(
    server: Adapter, pulls: Pulls, well: Any, as_list: bool
) -> None:
    server.well, server.as_list = well, as_list
    assert [name[-14:] for name in pulls.pull()] == ["page-0001.json", "page-0002.json", "page-0003.json"]
    assert numbers_in(pulls) == sorted(NUMBERS)
    body = json.loads(server.asked[1].body)
    assert (body["session"], body["madonvi"], body["service"]) == ("session-1", "000.00.00.H27", "TraCuuHoSo")
    with duckdb.connect() as connection:
        assert pulls.load(connection).rows_loaded == 5
        assert rows(connection, "select distinct status, received_at, fees from raw.dvcqg_dossiers") == [
            ("9", datetime(2026, 11, 2, 8), [{"collected_when": "1", "amount_vnd": 8000}])
        ]
        assert "Người Mẫu" not in everything(connection)


def test_a_session_that_ends_on_the_way_is_begun_again(server: Adapter, pulls: Pulls) -> None:
    server.session_calls = 2
    pulls.pull()
    assert numbers_in(pulls) == sorted(NUMBERS)
    assert server.sessions == 3


def test_a_session_that_never_works_fails_clearly(server: Adapter, pulls: Pulls) -> None:
    server.session_calls = 0
    with pytest.raises(PullError, match=r"^dvcqg_dossiers 2026-11, page 1: TraCuuHoSo answers error_code -5") as caught:
        pulls.pull()
    assert server.sessions == 2
    assert not any(secret in str(caught.value) for secret in ("session-", "mat-khau", "H27.", "phiên"))


def test_a_service_may_have_another_name_and_a_code_for_absent(server: Adapter, pulls: Pulls) -> None:
    del server.dossiers[NUMBERS[2]]
    pulls.pull()
    assert numbers_in(pulls) == sorted(set(NUMBERS) - {NUMBERS[2]})
    server.faults[1] = [Reply({"error_code": "-404"})]
    pulls.credentials |= {"absent_codes": "7, -404", "service_TraCuuHoSo": "TraCuuHoSoV2"}
    server.asked.clear()
    pulls.now = pulls.now.replace(day=24)
    pulls.pull()
    assert server.sessions == 2  # one a pull: the code is no failure
    assert {json.loads(a.body).get("service") for a in server.asked[1:]} == {"TraCuuHoSoV2"}


def test_pages_that_landed_are_not_asked_again(server: Adapter, pulls: Pulls) -> None:
    server.faults[1] = []
    pulls.pull()
    server.asked.clear()
    assert pulls.pull() == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (ERROR_PAGE, "an HTML page"),
        (Reply(b'{"error_code": 0, "result": {"MaHoSo'), "no complete JSON"),
        (Reply({"error_code": 0, "result": "không có"}), '"result" that is no dossier'),
    ],
    ids=["HTML", "truncated", "text"],
)
def test_nonsense_ends_the_pull_and_the_next_goes_on(server: Adapter, pulls: Pulls, reply: Reply, problem: str) -> None:
    server.faults[1] = [reply]
    with pytest.raises(PullError, match=f"^dvcqg_dossiers 2026-11, page 1: .*{problem}"):
        pulls.pull()
    assert len(pulls.pull()) == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"password": "sai"}, "login: refused, error_code 1. Check username, password and dstcode"),
        ({"dstcode": "sai"}, "login: refused, error_code 9"),
        ({"madonvi": ""}, 'set "madonvi"'),
        ({"numbers_file": "khong-co-{partition}.txt"}, "khong-co-2026-11.txt (numbers_file) cannot be read"),
    ],
)
def test_errors_of_wrong_settings_name_the_setting(pulls: Pulls, change: dict[str, str], problem: str) -> None:
    pulls.credentials |= change
    with pytest.raises(PullError) as caught:
        pulls.pull()
    assert problem in str(caught.value)


@pytest.mark.parametrize("line", ["Mã hồ sơ", "H27.101-261399-0001", "H27.101-261102-0001;x"])
def test_a_line_that_is_no_number_stops_before_the_first_request(server: Adapter, pulls: Pulls, line: str) -> None:
    Path(pulls.credentials["numbers_file"].format(partition="2026-11")).write_text(f"{NUMBERS[0]}\n{line}\n")
    with pytest.raises(PullError, match=r"line 2 of .* is no dossier number") as caught:
        pulls.pull()
    assert line not in str(caught.value)
    assert server.asked == []


def test_progress_is_a_table_of_its_own_under_the_same_pseudonym(tmp_path: Path) -> None:
    report = {
        "MaHoSo": NUMBERS[0],
        "NguoiXuLy": "Lê Cán Bộ Mẫu",
        "ChucDanh": "Chuyên viên",
        "ThoiDiemXuLy": "20261103090000",
        "PhongBanXuLy": "Phòng Tư pháp",
        "NoiDungXuLy": "Gọi cho bà Mẫu",
        "TrangThai": "4",
        "NgayBatDau": "20261102080000",
        "NgayKetThucTheoQuyDinh": "",
    }
    body = {
        "session": "bi-mat",
        "service": "CapNhatTienDoHoSoMC",
        "data": [report, {**report, "TrangThai": "99"}, {**report, "ThoiDiemXuLy": ""}],
    }
    landing = Landing(tmp_path)
    landing.put(
        [json.dumps(body).encode()],
        source="dvcqg_progress",
        name="tien-do-2026-11.json",
        partition="2026-11",
        extracted_on=date(2026, 11, 23),
        address="drop:tien-do-2026-11.json",
        landed_at=datetime(2026, 11, 23, 3, 0).astimezone(),
        licence=dvcqg_progress.SOURCE.licence,
    )
    with duckdb.connect() as connection:
        connection.execute(SCHEMA)
        files = landing.active("dvcqg_progress")
        load(connection, dvcqg_progress.SOURCE, files, stored_file(tmp_path), key=KEY, max_record_bytes=1 << 20)
        found = rows(connection, "select dossier_id::varchar, status, handled_at, step_due_at from raw.dvcqg_progress")
        assert found == [(pseudonym(KEY, "dossier", NUMBERS[0]), "4", datetime(2026, 11, 3, 9), None)]
        assert rows(connection, "select reason, field from raw.quarantine order by row_no") == [
            ("unknown_code", "TrangThai"),
            ("missing_field", "ThoiDiemXuLy"),
        ]
        assert "Mẫu" not in everything(connection)
