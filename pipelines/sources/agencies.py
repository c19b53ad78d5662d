"""The national catalogue of agencies (service LayDanhMucCoQuan): who has which code, under which name, at which level.

Records are `{MADONVI, TENDONVI, CAPDONVI}`, in JSON as the service answers (`{"result": [...]}`) or in a table that
someone keeps. A file is the whole catalogue of its day; names that a code had before are told from earlier files.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.sources import province
from pipelines.sources.base import Ask, Column, Fetched, Rule, Source, Table
from pipelines.sources.interface import Interface, records_of
from pipelines.sources.ngsp import SHARE, Ngsp
from pipelines.sources.tables import TableForm

NAME = "agencies"
FORM = TableForm(
    fields={"Mã đơn vị": "MADONVI", "Tên đơn vị": "TENDONVI", "Cấp đơn vị": "CAPDONVI"},
    needed=frozenset({"MADONVI", "TENDONVI"}),
)


def fetch(ask: Ask) -> Iterator[Fetched]:
    """The whole catalogue in one answer, through the adapter of NGSP; once a day.

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
    publisher=f"Cổng Dịch vụ công quốc gia; Trung tâm phục vụ hành chính công tỉnh {province.NAME}",
    licence="Public reference data; terms of reuse to be confirmed with the publisher",
    cadence="monthly",
    cycle="month",
    first_period="2025-01",
    frame=FORM.frame,
    fetch=fetch,
    table=Table(
        structure=dict.fromkeys(("MADONVI", "TENDONVI", "CAPDONVI"), "VARCHAR"),
        columns=(
            Column("agency_code", "varchar", "trim(j.MADONVI)"),
            Column(
                "agency_name", "varchar", "left(regexp_replace(nfc_normalize(trim(j.TENDONVI)), '\\s+', ' ', 'g'), 300)"
            ),
            Column("level_code", "varchar", "nullif(trim(j.CAPDONVI), '')"),
        ),
        rules=(
            Rule("missing_field", "MADONVI", "coalesce(trim(j.MADONVI), '') = ''"),
            Rule("bad_code", "MADONVI", "not regexp_matches(agency_code, '^[0-9A-Za-z.]{2,50}$')", "j.MADONVI"),
            Rule("missing_field", "TENDONVI", "coalesce(agency_name, '') = ''"),
        ),
        identity="agency_code",
        free_texts=("agency_name",),
        dropped=frozenset({"STT"}),
    ),
)
