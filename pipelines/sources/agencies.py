"""The national catalogue of agencies (service LayDanhMucCoQuan): who has which code, under which name, at which level.

Records are `{MADONVI, TENDONVI, CAPDONVI}`, in JSON as the service answers (`{"result": [...]}`) or in a table that
someone keeps. A file is the complete catalogue of its day; earlier names of a code come from earlier files.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.sources.base import Ask, Fetched, Source, Table
from pipelines.sources.fields import Code, Text, headings
from pipelines.sources.interface import Interface, records_of
from pipelines.sources.ngsp import SHARE, Ngsp
from pipelines.sources.tables import TableForm

NAME = "agencies"
AGENCY_CODE = "[0-9A-Za-z.]{2,50}"
FIELDS = (
    Code("MADONVI", "agency_code", pattern=AGENCY_CODE, required=True, headings=("Mã đơn vị",)),
    Text("TENDONVI", "agency_name", longest=300, is_member=True, required=True, headings=("Tên đơn vị",)),
    Text("CAPDONVI", "level_code", longest=50, headings=("Cấp đơn vị",)),
)
FORM = TableForm(fields=headings(FIELDS), needed=frozenset({"MADONVI", "TENDONVI"}))


def fetch(ask: Ask) -> Iterator[Fetched]:
    """The complete catalogue in one answer, through the adapter of NGSP; once a day.

    Raises:
        PullError: the answer is none.
    """
    interface = Interface(ask, NAME)
    name = interface.name("coquan", 1)
    if not ask.has_landed(name):
        answer = Ngsp(interface).call("list", "LayDanhMucCoQuan", endpoint=SHARE)
        records_of(interface, "list", answer, "result")
        yield interface.fetched(name, answer.response.content, interface.option(SHARE), answer.response)


SOURCE = Source(
    name=NAME,
    title_vi="Danh mục cơ quan, đơn vị",
    title_en="Catalogue of agencies",
    publisher="Cổng Dịch vụ công quốc gia; Trung tâm phục vụ hành chính công tỉnh {province}",
    licence="Public reference data; terms of reuse to be confirmed with the publisher",
    cadence="monthly",
    cycle="month",
    first_period="2025-01",
    frame=FORM.frame,
    fetch=fetch,
    table=Table.of(*FIELDS, identity="agency_code", dropped=("STT",)),
)
