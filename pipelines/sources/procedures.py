"""The catalogue of administrative procedures: statutory time, fees, level of online service, who may apply.

Three forms of one catalogue are taken, each as received:
- the national catalogue's record with upper-case keys (services LayDanhSachTTHC and LayThuTuc): MATTHC, TENTTHC,
  LINHVUCTHUCHIEN, CACHTHUCTHUCHIEN with times and fees by channel, KETQUATHUCHIEN, DOITUONGTHUCHIEN, TRANGTHAI;
- LayDanhSachTTHC's list, which has code and name only;
- the public list of the National Public Service Portal (`POST /api/v1/reporting/formalities`): code, name, state.

Names and shapes of the keys were read in github.com/VietOpenCPS/opencps-v2 and
github.com/HuanVu201/DichVuCong_KhoaLuan_PASETO, those of the public list in github.com/ChippedTopaz/qd766. What a form
does not hold is null: not known, not "no".
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.json_text import parse_json
from pipelines.language import tr
from pipelines.sources import framing
from pipelines.sources.base import Ask, Column, Fetched, Rule, Source, Table
from pipelines.sources.client import Manner
from pipelines.sources.fields import BAD_TEXT, clean, holds_no_object, whole
from pipelines.sources.interface import AGAIN, Interface, Page, records_of, walk
from pipelines.sources.ngsp import SHARE, Ngsp

NAME = "procedures"
PUBLIC_LIST = "/api/v1/reporting/formalities"
PAGE_SIZE = 200
BATCH = 100
SECONDS_BETWEEN = 1.0
LARGEST_PAGE = 32 << 20
"""Bytes of an answer that is unwrapped in memory; a longer file is a feed of records."""


# ----------------------------------------------------------------------------------------------------------- asking
def fetch(ask: Ask) -> Iterator[Fetched]:
    """The national catalogue where the adapter of NGSP is configured (`dstcode` among the credentials), else the
    public list. What landed today is not asked again.

    Raises:
        PullError: an answer is none; the message names the page.
    """
    interface = Interface(ask, NAME)
    return _national(interface) if "dstcode" in ask.credentials else _public(interface)


def _national(interface: Interface) -> Iterator[Fetched]:
    """The list as it is answered, then a hundred procedures per file, each with the full record of LayThuTuc."""
    ngsp = Ngsp(interface)
    answer = ngsp.call("list", "LayDanhSachTTHC", endpoint=SHARE)
    listed = records_of(interface, "list", answer, "result")
    named = (record.get("MATTHC") or record.get("MaTTHC") for record in listed if isinstance(record, dict))
    codes = sorted({str(code) for code in named if code})
    if not codes:
        raise interface.failed("list", tr("the list names no procedure: the interface has changed, or is another one."))
    if not interface.ask.has_landed(interface.name("tthc-list", 1)):
        yield interface.fetched(
            interface.name("tthc-list", 1), answer.response.content, interface.option(SHARE), answer.response
        )
    stem = f"tthc-of-{hashlib.sha256(chr(10).join(codes).encode()).hexdigest()[:8]}"  # another list has other pages
    for page, start in enumerate(range(0, len(codes), BATCH), 1):
        name, what = interface.name(stem, page), f"page {page}"
        if interface.ask.has_landed(name):
            continue
        results = [
            ngsp.call(what, "LayThuTuc", {"maTTHC": code}, endpoint=SHARE).body.get("result")
            for code in codes[start : start + BATCH]
        ]
        records = [record for result in results for record in (result if isinstance(result, list) else [result])]
        content = json.dumps({"result": [record for record in records if record]}, ensure_ascii=False).encode()
        yield interface.fetched(name, content, interface.option(SHARE))


def _public(interface: Interface) -> Iterator[Fetched]:
    from pipelines.sources.qd766_published import PAGE  # the firewall accepts requests only from the public page

    headers = {"origin": PAGE[: PAGE.index("/", len("https://"))], "referer": PAGE}

    def turn(what: str, number: int) -> Page:
        body = {"q": "", "currentPage": number, "pageSize": PAGE_SIZE}
        answer = interface.call(what, "POST", PUBLIC_LIST, headers=headers, json=body)
        data = answer.body.get("data") if answer else None
        items = data.get("items") if isinstance(data, dict) else None
        pages = data.get("totalPages", data.get("pagination")) if isinstance(data, dict) else None
        if isinstance(pages, dict):
            pages = pages.get("totalPages")
        if answer is None or not isinstance(items, list) or not isinstance(pages, int):
            raise interface.failed(
                what, tr("the answer is no page of the list: the portal has changed. {again}", again=tr(AGAIN))
            )
        return Page(answer, items, is_last=number >= pages)

    return walk(interface, "formalities", PUBLIC_LIST, turn, "code")


# ---------------------------------------------------------------------------------------------------------- framing
def frame(stream: BinaryIO, *, max_record_bytes: int) -> Iterator[framing.Frames]:
    """Records as `framing.frame` finds them, and those of a page of the public list or of an answer for one procedure.

    These lie one level deeper (`{"data": {"items": [...]}}`) or alone (`{"result": {...}}`).
    """
    start = stream.read(LARGEST_PAGE + 1)
    stream.seek(0)
    if len(start) <= LARGEST_PAGE and (records := _unwrapped(start)) is not None:
        stream = io.BytesIO(json.dumps(records, ensure_ascii=False).encode())
    return framing.frame(stream, max_record_bytes=max_record_bytes)


def _unwrapped(content: bytes) -> list[Any] | None:
    try:
        answer = parse_json(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    data, result = answer.get("data"), answer.get("result")
    if isinstance(data, dict) and isinstance(data.get("items"), list):
        items: list[Any] = data["items"]
        return items
    return [result] if isinstance(result, dict) else None


# ---------------------------------------------------------------------------------------------------------- loading
LISTS: dict[str, list[dict[str, Any]]] = {
    "LINHVUCTHUCHIEN": [dict.fromkeys(("MALINHVUC", "TENLINHVUC"), "VARCHAR")],
    "CACHTHUCTHUCHIEN": [
        {
            "KENH": "VARCHAR",
            "MUCDO": "VARCHAR",
            "THOIGIAN": [
                {
                    "THOIGIANGIAIQUYET": "VARCHAR",
                    "DONVITINH": "VARCHAR",
                    "PHILEPHI": [dict.fromkeys(("MAPHILEPHI", "SOTIEN"), "VARCHAR")],
                }
            ],
        }
    ],
    "KETQUATHUCHIEN": [{"MAKETQUA": "VARCHAR"}],
    "DOITUONGTHUCHIEN": [{"TENDOITUONG": "VARCHAR"}],
    "CAPTHUCHIEN": [dict.fromkeys(("CAPTHUCHIEN", "TENCAPTHUCHIEN"), "VARCHAR")],
}
# One field has several names, and some differ in case only, which the names in a struct must not.
NAMES = {
    "procedure_code": ("MATTHC", "MaTTHC", "maTTHC", "code"),
    "procedure_name": ("TENTTHC", "TenTTHC", "tenTTHC", "name"),
    "state": ("TRANGTHAI", "TrangThai", "state"),
    "level": ("MUCDO", "MucDo", "mucDo"),
    "publisher_code": ("MACOQUANCONGBO", "departmentId"),
}
_UNUSED = """
ID id LOAITTHC MOTADOITUONGTHUCHIEN DIACHITIEPNHAN QUYETDINH YEUCAU TUKHOA IDQUYETDINHCONGBO MOTACOQUANTHUCHIEN
MOTACOQUANTHAMQUYEN MOTA TRINHTUTHUCHIEN THANHPHANHOSO CANCUPHAPLY TTHCLIENQUAN TTHCLIENTHONG COQUANTHUCHIEN
COQUANCOTHAMQUYEN COQUANDUOCUYQUYEN COQUANPHOIHOP publishingDepartmentIds appliedDepartmentIds
"""

# Units of statutory times, as they are printed (lower case), and what one of them is about, in days. Working hours make
# an eighth of a working day; times are compared by it only where channels differ in unit.
UNITS = {
    "working_day": (("ngày làm việc", "ngày làm viêc", "working_day"), 1.4),
    "day": (("ngày", "day"), 1.0),
    "hour": (("giờ", "giờ làm việc", "hour"), 0.175),
}
MONTH = ("tháng",)  # thirty days


def _text(name: str) -> str:
    """SQL of the first of a field's names that holds something."""
    values = ", ".join(f"nullif(trim(json_extract_string(text, '$.{key}')), '')" for key in NAMES[name])
    return f"case when is_json then {clean(f'coalesce({values})')} end"


def _any_of(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _unit(printed: str) -> str:
    printed = f"lower(nfc_normalize(trim({printed})))"
    cases = " ".join(f"when {printed} in ({_any_of(names)}) then '{unit}'" for unit, (names, _) in UNITS.items())
    return f"case {cases} when {printed} in ({_any_of(MONTH)}) then 'day' end"


_CHANNELS = "flatten(list_transform(j.CACHTHUCTHUCHIEN, lambda c: coalesce(c.THOIGIAN, [])))"
_FEES = f"flatten(list_transform({_CHANNELS}, lambda t: coalesce(t.PHILEPHI, [])))"
_VALUE = "try_cast(replace(trim(t.THOIGIANGIAIQUYET), ',', '.') as double)"
_IN_DAYS = f"case when lower(nfc_normalize(trim(t.DONVITINH))) in ({_any_of(MONTH)}) then 30 else 1 end"
_TIMES = (
    f"list_transform(list_filter({_CHANNELS}, lambda t: {_VALUE} > 0), lambda t: {{"
    f"n: try_cast(ceil({_VALUE} * {_IN_DAYS}) as integer), unit: {_unit('t.DONVITINH')}}})"
)
_DAYS = "case t.unit " + " ".join(f"when '{unit}' then {days}" for unit, (_, days) in UNITS.items()) + " end"
# the longest: a struct is ordered by its first field
_LONGEST = f"list_max(list_transform({_TIMES}, lambda t: {{days: t.n * {_DAYS}, n: t.n, unit: t.unit}}))"
_AMOUNT = whole("f.SOTIEN")
_SUBJECTS = "lower(nfc_normalize(array_to_string(list_transform(j.DOITUONGTHUCHIEN, lambda d: d.TENDOITUONG), ';')))"
_IS_CITIZEN = f"regexp_matches({_SUBJECTS}, 'công dân|cá nhân|người|hộ gia đình')"
_IS_BUSINESS = f"regexp_matches({_SUBJECTS}, 'doanh nghiệp|tổ chức|hợp tác xã|hộ kinh doanh|cơ quan')"
_LEVEL_TEXT = (
    f"lower(concat_ws(';', {_text('level')}, "
    "nfc_normalize(array_to_string(list_transform(j.CACHTHUCTHUCHIEN, lambda c: c.MUCDO), ';'))))"
)
_LEVEL_CODES = f"replace(replace({_LEVEL_TEXT}, 'toàn trình', '4'), 'một phần', '3')"

COLUMNS = (
    Column("procedure_code", "varchar", f"upper({_text('procedure_code')})"),
    Column("procedure_name", "varchar", _text("procedure_name")),
    Column("field_code", "varchar", "nullif(upper(trim(j.LINHVUCTHUCHIEN[1].MALINHVUC)), '')"),
    Column("field_name", "varchar", clean("j.LINHVUCTHUCHIEN[1].TENLINHVUC")),
    Column(
        "levels",
        "varchar[]",
        "list_transform(j.CAPTHUCHIEN, lambda c: nfc_normalize(coalesce(c.TENCAPTHUCHIEN, c.CAPTHUCHIEN)))",
    ),
    Column(
        "service_level",
        "varchar",
        f"list_max(regexp_extract_all({_LEVEL_CODES}, '[234]'))",
    ),
    Column("statutory_time", "integer", f"({_LONGEST}).n"),
    Column("statutory_unit", "varchar", f"({_LONGEST}).unit"),
    Column(
        "fees",
        "struct(fee_code varchar, amount_vnd bigint)[]",
        f"list_transform({_FEES}, lambda f: {{fee_code: nullif(trim(f.MAPHILEPHI), ''), amount_vnd: {_AMOUNT}}})",
    ),
    Column(
        "has_fee",
        "boolean",
        f"case when j.CACHTHUCTHUCHIEN is not null then len(list_filter({_FEES}, lambda f: {_AMOUNT} > 0)) > 0 end",
    ),
    Column("requires_paper_result", "boolean", "len(j.KETQUATHUCHIEN) > 0"),
    Column(
        "subject",
        "varchar",
        f"case when {_IS_CITIZEN} and {_IS_BUSINESS} then 'both' when {_IS_CITIZEN} then 'citizen' "
        f"when {_IS_BUSINESS} then 'business' end",
    ),
    Column("state", "varchar", _text("state")),
    Column("publisher_code", "varchar", _text("publisher_code")),
)

RULES = (
    *(
        Rule("wrong_shape", field, f"j.{field} is null and coalesce(json_type(text, '$.{field}'), 'NULL') <> 'NULL'")
        for field in LISTS
    ),
    *(Rule("wrong_shape", field, holds_no_object(field, form[0])) for field, form in LISTS.items()),
    Rule("missing_field", "MATTHC", "procedure_code is null"),
    Rule("bad_code", "MATTHC", "not regexp_matches(procedure_code, '^[0-9A-Za-z._-]{3,50}$')", "procedure_code"),
    Rule("missing_field", "TENTTHC", "procedure_name is null"),
    Rule("bad_text", "TENTTHC", f"regexp_matches(procedure_name, '{BAD_TEXT}')"),
    Rule(
        "unknown_code",
        "DONVITINH",
        f"len(list_filter({_TIMES}, lambda t: t.unit is null)) > 0",
        f"list_filter({_CHANNELS}, lambda t: {_VALUE} > 0 and {_unit('t.DONVITINH')} is null)[1].DONVITINH",
    ),
    Rule(
        "bad_time",
        "THOIGIANGIAIQUYET",
        f"len(list_filter({_CHANNELS}, lambda t: coalesce(trim(t.THOIGIANGIAIQUYET), '') <> '' "
        f"and ({_VALUE} is null or {_VALUE} < 0 or {_VALUE} > 10000))) > 0",
    ),
    Rule(
        "bad_amount",
        "SOTIEN",
        f"len(list_filter({_FEES}, lambda f: coalesce(trim(f.SOTIEN), '') <> '' and {_AMOUNT} is null)) > 0",
    ),
)

SOURCE = Source(
    name=NAME,
    title_vi="Danh mục thủ tục hành chính",
    title_en="Catalogue of administrative procedures",
    publisher="Cổng Dịch vụ công quốc gia",
    licence="Public reference data; terms of reuse to be confirmed with the publisher",
    cadence="monthly",
    cycle="month",
    first_period="2025-01",
    frame=frame,
    fetch=fetch,
    manner=Manner(min_delay_seconds=SECONDS_BETWEEN),
    table=Table(
        structure=LISTS,
        columns=COLUMNS,
        rules=RULES,
        identity="procedure_code",
        dropped=frozenset(_UNUSED.split()) | {key for keys in NAMES.values() for key in keys},
        texts=("procedure_name", "field_name"),
    ),
)
