"""Dossiers of the provincial one-stop system by its REST interface: `GET HoSo`, page by page.

The interface filters by day of receipt and by due day, not by day of change, and its records carry none. So a pull of
a month asks for two windows: the dossiers received in it, and those due in it. A dossier that changes after its month
of receipt is met again while its due month runs and the ten days after, in which the daily pull still asks for it; one
that ends still later, when its months are pulled again: `hatinh pull onestop_dossiers --partition 2026-08`.

Address: the base URL. Credentials: `token`, or `username`, `password` and `token_path`, where they are posted as JSON
and answered by `{"token": ...}`; `page_size` and `order_by` where the defaults do not fit.
(Names of parameters and fields as in the public source of the system's client, github.com/HuanVu201/
DichVuCong_KhoaLuan_PASETO.)

The list carries no papers, fees, supplements, results or databases: their columns are null, which means that this feed
does not report them. Status and channel have the codes of the exchange format. Personal data: as in `dossiers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipelines.language import tr
from pipelines.sources.base import Ask, Fetched, Source
from pipelines.sources.dossier_rows import CHANNELS, STATUSES, Fields, dossier_table
from pipelines.sources.fields import Choice, instant, same
from pipelines.sources.framing import frame
from pipelines.sources.interface import Bearer, Interface, Page, records_of, walk

NAME = "onestop_dossiers"
PATH = "HoSo"
WINDOWS = {"hoso": "tiepNhan", "hentra": "henTra"}
"""The windows of a period, in the order in which they are asked: stem of the pages' names, and of the parameters."""


def fetch(ask: Ask) -> Iterator[Fetched]:
    """The pages of both windows of a period."""
    interface = Interface(ask, NAME)
    bearer = Bearer(interface, lambda: _log_in(interface))
    for stem, window in WINDOWS.items():
        yield from _window(interface, bearer, stem, window)


def _window(interface: Interface, bearer: Bearer, stem: str, window: str) -> Iterator[Fetched]:
    period = interface.ask.period
    asked: Mapping[str, str | int] = {
        f"{window}From": f"{period.first}T00:00:00",
        f"{window}To": f"{period.last}T23:59:59",
        "pageSize": interface.number("page_size", 100),
        # by receipt, ascending: what comes in meanwhile is added at the end and moves no page
        "orderBy": interface.option("order_by", "ngayTiepNhan"),
    }

    def turn(what: str, number: int) -> Page:
        answer = bearer.get(what, PATH, {**asked, "pageNumber": number})
        records = records_of(interface, what, answer, "data")
        pages = answer.body.get("totalPages")
        if not isinstance(pages, int):
            raise interface.failed(
                what, tr('the answer has no "totalPages": the interface has changed, or is another one.')
            )
        return Page(answer, records, is_last=number >= pages)

    return walk(interface, stem, PATH, turn, "maHoSo")


def _log_in(interface: Interface) -> tuple[str, None]:
    if token := interface.ask.credentials.get("token"):
        return token, None
    path = interface.option("token_path")
    account = {name: interface.option(name) for name in ("username", "password")}
    answer = interface.call("login", "POST", path, json=account)
    token = answer.body.get("token") if answer else None
    if not isinstance(token, str) or not token:
        problem = tr('refused. Check username and password of "{source}" in HATINH_CREDENTIALS_FILE.', source=NAME)
        raise interface.failed("login", problem)
    return token, None  # renewed when it is not accepted


FIELDS = Fields(
    number="maHoSo",
    procedure_code="maTTHC",
    field_code="maLinhVuc",
    agency_name="tenDonVi",
    times={
        "ngayNopHoSo": "submitted_at",
        "ngayTiepNhan": "received_at",
        "ngayHenTra": "due_at",
        "ngayKetThucXuLy": "finished_at",
        "ngayTra": "returned_at",
        "ngayTuChoi": "refused_at",
    },
    status=Choice("trangThaiHoSoId", "status", meanings=same(STATUSES), required=True),
    codes=(
        Choice("kenhThucHien", "channel", meanings=same(CHANNELS)),
        Choice("loaiDoiTuong", "applicant_type", meanings=same("1234")),
    ),
    flags={"hoSoCoThanhPhanSoHoa": "has_digitised_component", "taiKhoanDuocXacThucVoiVNeID": "is_vneid_verified"},
    read=instant,
)

# Known fields that are not kept: personal, free text, or without use for a measure.
DROPPED = frozenset(
    {
        *("id", "tenTTHC", "tenLinhVuc", "donViId", "mucDo", "noiNopHoSo", "trangThai", "xaPhuongDiaBan"),
        *("chuHoSo", "soGiayToChuHoSo", "xaPhuongChuHoSo", "trichYeuHoSo", "ghiChu", "email", "soDienThoai", "diaChi"),
    }
)

SOURCE = Source(
    name=NAME,
    title_vi="Hồ sơ của hệ thống một cửa điện tử",
    title_en="Dossiers of the one-stop system",
    publisher="Trung tâm phục vụ hành chính công tỉnh {province}",
    licence="Internal; personal data until aggregated (Law 91/2025/QH15)",
    cadence="daily",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    table=dossier_table(FIELDS, dropped=DROPPED),
    fetch=fetch,
)
