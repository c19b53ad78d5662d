"""The catalogue of procedures: three forms of it become one row a procedure; the public list is asked page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import FILES, loaded, loaded_each

from pipelines.landing.pull import PullError, pull
from pipelines.landing.store import Landing
from pipelines.sources.agencies import SOURCE as AGENCIES
from pipelines.sources.base import Source
from pipelines.sources.procedures import SOURCE

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def channel(code: int, time: Any, unit: str = "Ngày làm việc", *fees: Any, **more: Any) -> dict[str, Any]:
    charges = [{"MAPHILEPHI": "P1", "SOTIEN": fee, "DONVI": "Đồng", "MOTA": ""} for fee in fees]
    times = [{"THOIGIANGIAIQUYET": time, "DONVITINH": unit, "MOTA": "", "PHILEPHI": charges}]
    return {"KENH": code, "THOIGIAN": times, **more}


def procedure(**changes: Any) -> dict[str, Any]:
    record = {
        "MATTHC": "1.001193",
        "TENTTHC": "Đăng ký khai sinh",
        "LINHVUCTHUCHIEN": [{"MALINHVUC": "HT", "TENLINHVUC": "Hộ tịch"}],
        "CACHTHUCTHUCHIEN": [channel(1, 3, "Ngày làm việc", 8000.0), channel(2, 2), channel(3, 4, "Ngày")],
        "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": []}],
        "KETQUATHUCHIEN": [{"MAKETQUA": "KQ1", "TENKETQUA": "Giấy khai sinh"}],
        "DOITUONGTHUCHIEN": [{"TENDOITUONG": "Công dân Việt Nam"}, {"TENDOITUONG": "Doanh nghiệp"}],
        "CAPTHUCHIEN": [{"CAPTHUCHIEN": "Cấp Xã"}],
        "MucDo": "4",
        "TRANGTHAI": 1,
        "MACOQUANCONGBO": "G15",
    }
    return {field: value for field, value in {**record, **changes}.items() if value is not None}


def answer(*records: Any) -> bytes:
    return json.dumps({"error_code": 0, "result": list(records)}, ensure_ascii=False).encode()


def test_a_record_of_the_national_catalogue() -> None:
    found = loaded(SOURCE, answer(procedure()))

    (row,) = found.rows
    assert {
        name: value for name, value in row.items() if name not in ("version", "file_no", "load_no", "extracted_on")
    } == {
        "procedure_code": "1.001193",
        "procedure_name": "Đăng ký khai sinh",
        "field_code": "HT",
        "field_name": "Hộ tịch",
        "levels": ["Cấp Xã"],
        "service_level": "4",
        "statutory_time": 3,  # working days: longer than four days
        "statutory_unit": "working_day",
        "fees": [{"fee_code": "P1", "amount_vnd": 8000}],
        "has_fee": True,
        "requires_paper_result": True,
        "subject": "both",
        "state": "1",
        "publisher_code": "G15",
    }
    assert (found.reasons, found.unexpected) == ([], ())


def test_one_procedure_alone_and_the_public_list_are_unwrapped() -> None:
    alone = json.dumps({"error_code": "00", "result": procedure()}).encode()
    assert loaded(SOURCE, alone).rows[0]["procedure_code"] == "1.001193"

    items = [
        {"id": "u1", "code": "2.000815", "name": "Chứng thực bản sao", "state": "PUBLIC", "appliedDepartmentIds": []}
    ]
    public = json.dumps({"code": "OK", "data": {"items": items, "totalPages": 1}, "message": ""}).encode()
    found = loaded(SOURCE, public)
    (row,) = found.rows
    assert (row["procedure_code"], row["procedure_name"], row["state"]) == ("2.000815", "Chứng thực bản sao", "PUBLIC")
    unknown = (
        "has_fee",
        "service_level",
        "statutory_time",
        "statutory_unit",
        "subject",
        "requires_paper_result",
        "fees",
    )
    assert [row[name] for name in unknown] == [None] * 7  # not known is not "no"
    assert (found.reasons, found.unexpected) == ([], ())


def test_times_fees_levels_and_subjects() -> None:
    variants: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"CACHTHUCTHUCHIEN": [channel(1, "8", "Giờ làm việc")]}, {"statutory_time": 8, "statutory_unit": "hour"}),
        ({"CACHTHUCTHUCHIEN": [channel(1, "0.5"), channel(2, "0,5")]}, {"statutory_time": 1}),
        ({"CACHTHUCTHUCHIEN": [channel(1, 2, "Tháng")]}, {"statutory_time": 60, "statutory_unit": "day"}),
        ({"CACHTHUCTHUCHIEN": [channel(1, 0, ""), channel(2, "", "")]}, {"statutory_time": None, "has_fee": False}),
        ({"CACHTHUCTHUCHIEN": [{"KENH": 1}]}, {"statutory_time": None, "has_fee": False}),
        ({"CACHTHUCTHUCHIEN": []}, {"statutory_time": None, "has_fee": False}),
        ({"CACHTHUCTHUCHIEN": None}, {"statutory_time": None, "has_fee": None}),
        ({"CACHTHUCTHUCHIEN": [channel(1, 3, "Ngày", 0), channel(2, 3, "Ngày", "5000")]}, {"has_fee": True}),
        ({"CACHTHUCTHUCHIEN": [channel(1, 3, "Ngày", 0.0, "")]}, {"has_fee": False}),
        ({"MucDo": None}, {"service_level": None}),
        ({"MucDo": "2,3"}, {"service_level": "3"}),
        ({"MucDo": "Dịch vụ công trực tuyến Toàn trình"}, {"service_level": "4"}),
        ({"MucDo": None, "CACHTHUCTHUCHIEN": [channel(1, 3, MUCDO=2), channel(2, 3, MUCDO=3)]}, {"service_level": "3"}),
        ({"DOITUONGTHUCHIEN": [{"TENDOITUONG": "Doanh nghiệp có vốn đầu tư nước ngoài"}]}, {"subject": "business"}),
        ({"DOITUONGTHUCHIEN": [{"TENDOITUONG": "Người Việt Nam định cư ở nước ngoài"}]}, {"subject": "citizen"}),
        ({"DOITUONGTHUCHIEN": [{"MADOITUONG": "1"}]}, {"subject": None}),
        ({"KETQUATHUCHIEN": []}, {"requires_paper_result": False}),
        ({"MATTHC": None, "MaTTHC": "1.001194"}, {"procedure_code": "1.001194"}),
        ({"LINHVUCTHUCHIEN": []}, {"field_code": None}),
    ]
    found = loaded(SOURCE, answer(*(procedure(**changes) for changes, _ in variants)))

    assert found.reasons == []
    for (changes, expected), row in zip(variants, found.rows, strict=True):
        assert {name: row[name] for name in expected} == expected, changes


def test_what_is_wrong_is_quarantined() -> None:
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"MATTHC": None}, "missing_field", "MATTHC"),
        ({"MATTHC": "Đăng ký"}, "bad_code", "MATTHC"),
        ({"TENTTHC": " "}, "missing_field", "TENTTHC"),
        ({"CACHTHUCTHUCHIEN": "Trực tiếp"}, "wrong_shape", "CACHTHUCTHUCHIEN"),
        ({"CACHTHUCTHUCHIEN": [channel(1, 3, "Tuần trăng")]}, "unknown_code", "DONVITINH"),
        ({"CACHTHUCTHUCHIEN": [channel(1, "ngay")]}, "bad_time", "THOIGIANGIAIQUYET"),
        ({"CACHTHUCTHUCHIEN": [channel(1, "1e300")]}, "bad_time", "THOIGIANGIAIQUYET"),
        ({"CACHTHUCTHUCHIEN": [channel(1, 3, "Ngày", "theo quy định")]}, "bad_amount", "SOTIEN"),
        ({"CACHTHUCTHUCHIEN": [channel(1, 3, "Ngày", "1e300")]}, "bad_amount", "SOTIEN"),
    ]
    found = loaded(SOURCE, answer(*(procedure(**changes) for changes, _, _ in wrong)))

    assert [(row, why, what) for row, why, what, _ in found.reasons] == [
        (row, why, what) for row, (_, why, what) in enumerate(wrong, 1)
    ]


def test_lines_that_are_no_json_do_not_stop_the_others() -> None:
    found = loaded(SOURCE, json.dumps(procedure()).encode() + b'\n{bad\n"text"\n[]\n')
    assert [reason for _, reason, _, _ in found.reasons] == ["invalid_json", "not_an_object", "not_an_object"]
    assert len(found.rows) == 1


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["THOIGIAN", "PHILEPHI", "SOTIEN", "THOIGIANGIAIQUYET", "DONVITINH"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


CHANGES = st.lists(st.dictionaries(st.sampled_from(list(procedure())), wild, max_size=4), min_size=1, max_size=10)


@given(st.lists(CHANGES, **FILES))
@settings(max_examples=2, deadline=None)
def test_rows_in_are_rows_loaded_and_quarantined_whatever_a_record_holds(files: list[list[dict[str, Any]]]) -> None:
    each = loaded_each(SOURCE, *(answer(*({**procedure(), **change} for change in changes)) for changes in files))
    assert [len(found.rows) + len(found.reasons) for found in each] == [len(changes) for changes in files]


class Server:
    """Answers requests by a function of path and body; `asked` are the bodies."""

    def __init__(self, answer_to: Callable[[str, dict[str, Any]], bytes]) -> None:
        self.answer_to = answer_to
        self.asked: list[dict[str, Any]] = []

    def request(self, method: str, url: str, *, json: Any, headers: Any) -> SimpleNamespace:
        assert method == "POST"
        self.asked.append(json)
        content = self.answer_to(url.removeprefix("https://server.test"), json)
        return SimpleNamespace(status=201, headers={"content-type": "application/json; charset=utf-8"}, content=content)


def page(number: int, total: int) -> bytes:
    items = [{"code": f"1.{number:03d}{n}", "name": "Thủ tục"} for n in range(3)]
    return json.dumps({"code": "OK", "data": {"items": items, "totalPages": total}}).encode()


def portal(total: int, replaced: dict[int, bytes] | None = None) -> Server:
    """The public list with so many pages, some of them replaced."""

    def answer_to(path: str, body: dict[str, Any]) -> bytes:
        assert path == "/api/v1/reporting/formalities"
        number = body["currentPage"]
        return (replaced or {}).get(number, page(number, total))

    return Server(answer_to)


Pulled = Callable[..., list[str]]


@pytest.fixture
def pulled(tmp_path: Path) -> Pulled:
    """Pulls from a server and gives the names of what is new."""

    @contextmanager
    def client(server: Server) -> Iterator[Server]:
        yield server

    def names(server: Server, source: Source = SOURCE, **credentials: str) -> list[str]:
        results = pull(
            Landing(tmp_path),
            source,
            "2026-11",
            "https://server.test/",
            now=lambda: NOW,
            credentials=credentials,
            client=lambda: client(server),  # type: ignore[arg-type, return-value]
        )
        return [receipt.name for receipt, is_new in results if is_new]

    return names


def landed(folder: Path, pattern: str) -> list[bytes]:
    paths = sorted(path for path in folder.glob(f"procedures/*/{pattern}") if not path.name.endswith(".receipt.json"))
    return [path.read_bytes() for path in paths]


def test_the_public_list_is_asked_page_by_page_and_a_broken_pull_goes_on(pulled: Pulled, tmp_path: Path) -> None:
    broken = portal(3, {3: b"<html>error</html>"})
    with pytest.raises(PullError, match=r"page 3: .*an HTML page"):
        pulled(broken)
    resumed = portal(3)

    assert pulled(resumed) == ["formalities-2026-11-asof-2026-11-20-page-0003.json"]
    assert [body["currentPage"] for body in broken.asked] == [1, 2, 3]
    assert 1 not in [body["currentPage"] for body in resumed.asked]

    assert len(loaded(SOURCE, *landed(tmp_path, "formalities-*")).rows) == 9


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        (portal(3, {2: page(1, 3)}), "page 2: .*same records"),
        (portal(3, {2: b'{"data": {"items": [], "totalPages": 3}}'}), "page 2: .*empty"),
        (portal(1, {1: b'{"data": {"items": [{"co'}), "page 1: .*no complete JSON"),
        (portal(1, {1: b'{"data": []}'}), "page 1: the answer is no page"),
        (portal(1, {1: b'{"data": {"items": {}, "totalPages": 1}}'}), "page 1: the answer is no page"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(pulled: Pulled, server: Server, problem: str) -> None:
    with pytest.raises(PullError, match=problem):
        pulled(server)
    assert len(server.asked) <= 2


ADAPTER = {
    "dstcode": "VN:COM:DVCQG",
    "username": "u",
    "password": "p",
    "madonvi": "000.00.00.H27",
    "auth_endpoint": "/auth",
    "share_endpoint": "/share",
}


def test_the_national_catalogue_is_listed_and_then_asked_one_by_one(pulled: Pulled, tmp_path: Path) -> None:
    def answer_to(path: str, body: dict[str, Any]) -> bytes:
        if path == "/auth":
            return b'{"session": "s", "error_code": "00"}'
        if body["service"] == "LayDanhSachTTHC":
            return answer({"MATTHC": "1.001193", "TENTTHC": "A"}, {"MATTHC": "1.001194", "TENTTHC": "B"})
        assert body["service"] == "LayMotThuTuc"  # as the adapter calls it
        found = procedure(MATTHC=body["maTTHC"])
        return json.dumps({"error_code": 0, "result": found if body["maTTHC"] == "1.001193" else [found]}).encode()

    server = Server(answer_to)
    first, second = pulled(server, **ADAPTER, service_LayThuTuc="LayMotThuTuc")

    assert first == "tthc-list-2026-11-asof-2026-11-20-page-0001.json"
    assert second.startswith("tthc-of-")
    (content,) = landed(tmp_path, "tthc-of-*")
    assert [row["procedure_code"] for row in loaded(SOURCE, content).rows] == ["1.001193", "1.001194"]
    assert pulled(server, **ADAPTER) == []  # the details have landed today

    empty = Server(lambda path, body: b'{"session": "s", "error_code": 0, "result": []}')
    with pytest.raises(PullError, match="names no procedure"):
        pulled(empty, **ADAPTER)


def test_agencies_are_asked_once_a_day(pulled: Pulled) -> None:
    server = Server(lambda path, body: b'{"session": "s", "error_code": 0, "result": [{"MADONVI": "H27.1"}]}')

    assert pulled(server, AGENCIES, **ADAPTER) == ["coquan-2026-11-asof-2026-11-20-page-0001.json"]
    assert server.asked[-1]["service"] == "LayDanhMucCoQuan"
    assert pulled(server, AGENCIES, **ADAPTER) == []


def test_without_an_account_the_error_names_the_setting(pulled: Pulled) -> None:
    with pytest.raises(PullError, match=r'set "username" of "agencies" in HATINH_CREDENTIALS_FILE'):
        pulled(Server(lambda path, body: b"{}"), AGENCIES)
