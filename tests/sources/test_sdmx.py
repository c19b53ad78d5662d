"""SDMX files: generic and structure-specific XML and CSV of the same data give the same rows; bad ones are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from doubles.interfaces import ERROR_PAGE
from doubles.pulling import Pulls, rows
from doubles.statistic_interfaces import Sdmx
from hypothesis import given, settings
from hypothesis import strategies as st
from loads import loaded

from pipelines.landing.pull import PullError
from pipelines.sources.sdmx import SOURCE

SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
HEADER = """<message:Header><message:ID>X</message:ID><message:Test>false</message:Test>
<message:Prepared>2026-10-01T08:00:00</message:Prepared><message:Sender id="GSO"/>
<message:Structure structureID="CPI" {more} dimensionAtObservation="TIME_PERIOD"><common:Structure>
<Ref id="ECOFIN_DSD" agencyID="IMF" version="1.0"/></common:Structure></message:Structure></message:Header>"""
URN = "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=IMF:ECOFIN_DSD(1.0):ObsLevelDim:TIME_PERIOD"
GENERIC = f"""<?xml version="1.0" encoding="utf-8"?>
<message:GenericData xmlns:message="{SCHEMAS}/message" xmlns:generic="{SCHEMAS}/data/generic"
 xmlns:common="{SCHEMAS}/common">{HEADER.format(more="")}
<message:DataSet structureRef="CPI"><generic:Series><generic:SeriesKey><generic:Value id="FREQ" value="M"/>
<generic:Value id="INDICATOR" value="PCPI_IX"/><generic:Value id="REF_AREA" value="VN"/></generic:SeriesKey>
<generic:Attributes><generic:Value id="UNIT_MULT" value="6"/></generic:Attributes>
<generic:Obs><generic:ObsDimension value="2026-08"/><generic:ObsValue value="112.5"/>
<generic:Attributes><generic:Value id="OBS_STATUS" value="P"/></generic:Attributes></generic:Obs>
<generic:Obs><generic:ObsDimension value="2026-09"/></generic:Obs>
</generic:Series></message:DataSet></message:GenericData>""".encode()
SPECIFIC = f"""<?xml version="1.0" encoding="utf-8"?>
<message:StructureSpecificData xmlns:message="{SCHEMAS}/message" xmlns:ss="{SCHEMAS}/data/structurespecific"
 xmlns:ns1="{URN}" xmlns:common="{SCHEMAS}/common" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{HEADER.format(more=f'namespace="{URN}"')}
<message:DataSet ss:dataScope="DataStructure" xsi:type="ns1:DataSetType" ss:structureRef="CPI">
<Series REF_AREA="VN" INDICATOR="PCPI_IX" FREQ="M" UNIT_MULT="6"><Obs TIME_PERIOD="2026-08" OBS_VALUE="112.5"
 OBS_STATUS="P"/><Obs TIME_PERIOD="2026-09"/></Series></message:DataSet></message:StructureSpecificData>""".encode()
CSV = b"""STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,INDICATOR,FREQ,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT
datastructure,IMF:ECOFIN_DSD(1.0),I,VN,PCPI_IX,M,2026-08,112.5,P,6
datastructure,IMF:ECOFIN_DSD(1.0),I,VN,PCPI_IX,M,2026-09,,,6
"""


@pytest.mark.parametrize("content", [GENERIC, SPECIFIC, CSV], ids=["generic", "structure-specific", "CSV"])
def test_the_same_data_in_any_form_are_the_same_rows(content: bytes) -> None:
    got = loaded(SOURCE, content)
    assert got.reasons == []
    told = ("dataset", "series", "area_label", "period_type", "value", "unit_label", "obs_flag")
    assert [tuple(row[name] for name in told) for row in got.rows] == [
        ("IMF:ECOFIN_DSD", "FREQ=M;INDICATOR=PCPI_IX;REF_AREA=VN", "VN", "month", 112.5, "x 10^6", "P"),
        ("IMF:ECOFIN_DSD", "FREQ=M;INDICATOR=PCPI_IX;REF_AREA=VN", "VN", "month", None, "x 10^6", None),
    ]
    assert [f"{row['period_start']}" for row in got.rows] == ["2026-08-01", "2026-09-01"]
    assert {str(row["updated_on"]) for row in got.rows} == ({"None"} if content is CSV else {"2026-10-01"})


@pytest.fixture
def server() -> Iterator[Sdmx]:
    double = Sdmx(files={"/GSO/CPIVNM.xml": SPECIFIC, "/rest/data/ILO,DF_X,1.0/VNM.A": CSV})
    with double.serving():
        yield double


@pytest.fixture
def pulls(server: Sdmx, tmp_path: Path) -> Pulls:
    return Pulls(tmp_path, SOURCE, f"{server.address}/GSO", {})


def test_files_and_queries_land_and_one_that_is_gone_stops_no_other(server: Sdmx, pulls: Pulls) -> None:
    query = f"{server.address}/rest/data/ILO,DF_X,1.0/VNM.A?startPeriod=2015"
    pulls.credentials["queries"] = f"GDPVNM.xml; CPIVNM.xml; {query}"
    with pytest.raises(PullError, match=r"sdmx 2026, GDPVNM\.xml: there is nothing here any more.*`queries`"):
        pulls.pull("2026")
    landed = [receipt.name for receipt in pulls.landing.receipts(SOURCE.name)]
    assert landed == ["CPIVNM.xml", "ILO,DF_X,1.0-VNM.A.csv"]
    assert "csv" in server.asked[-1].headers["accept"]
    with duckdb.connect() as connection:
        pulls.load(connection)
        assert rows(connection, "select count(*), count(value) from raw.sdmx") == [(4, 2)]


@pytest.mark.parametrize("content", [ERROR_PAGE.bytes, b"", SPECIFIC[:-90], b'{"a": 1}', b"a,b\n1,2\n"])
def test_what_is_no_sdmx_is_not_landed(server: Sdmx, pulls: Pulls, content: bytes) -> None:
    server.files = {"/GSO/CPIVNM.xml": content}
    pulls.credentials["queries"] = "CPIVNM.xml"
    with pytest.raises(PullError, match=r"sdmx 2026, CPIVNM\.xml: the answer .* is no SDMX-ML 2\.1 or SDMX-CSV"):
        pulls.pull("2026")
    assert pulls.landing.receipts(SOURCE.name) == []


@given(
    start=st.integers(0, len(SPECIFIC)),
    length=st.integers(0, 200),
    instead=st.binary(max_size=4) | st.sampled_from([b"<", b'"', b"&", b"x", b"</Series>"]),
    content=st.sampled_from([GENERIC, SPECIFIC, CSV]),
)
@settings(max_examples=40, deadline=None)
def test_mangled_files_are_rows_or_rejects(start: int, length: int, instead: bytes, content: bytes) -> None:
    at = start % (len(content) + 1)
    got = loaded(SOURCE, content[:at] + instead + content[at + length :])
    assert got.rows or got.reasons


def test_a_value_that_is_no_number_and_a_time_that_is_none_are_held() -> None:
    content = SPECIFIC.replace(b'"112.5"', b'"about"').replace(b'"2026-09"', b'"latest"')
    assert [reason for _, reason, _, _ in loaded(SOURCE, content).reasons] == ["bad_value", "bad_period"]
