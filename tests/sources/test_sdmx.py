"""SDMX files: generic and structure-specific XML and CSV of the same data give the same rows; bad ones are reported."""

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
from loads import FILES, loaded, loaded_each

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
    stated = ("dataset", "series", "area_label", "period_type", "value", "unit_label", "obs_flag")
    assert [tuple(row[name] for name in stated) for row in got.rows] == [
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


def test_a_file_that_names_another_opens_nothing(server: Sdmx, tmp_path: Path) -> None:
    other = tmp_path / "other.xml"
    other.write_bytes(SPECIFIC)
    for content in (f"{other}", f"{server.address}/GSO/CPIVNM.xml"):
        got = loaded(SOURCE, content.encode())
        assert [reason for _, reason, _, _ in got.reasons] == ["no_answer"]
    assert server.asked == []


def mangled(start: int, length: int, instead: bytes, content: bytes) -> bytes:
    at = start % (len(content) + 1)
    return content[:at] + instead + content[at + length :]


MANGLED = st.builds(
    mangled,
    start=st.integers(0, len(SPECIFIC)),
    length=st.integers(0, 200),
    instead=st.binary(max_size=4) | st.sampled_from([b"<", b'"', b"&", b"x", b"</Series>"]),
    content=st.sampled_from([GENERIC, SPECIFIC, CSV]),
)


@given(st.lists(MANGLED, **FILES))
@settings(max_examples=3, deadline=None)
def test_mangled_files_are_rows_or_rejects(files: list[bytes]) -> None:
    assert all(got.rows or got.reasons for got in loaded_each(SOURCE, *files))


def test_a_value_that_is_no_number_and_a_time_that_is_none_are_held() -> None:
    content = SPECIFIC.replace(b'"112.5"', b'"about"').replace(b'"2026-09"', b'"latest"')
    assert [reason for _, reason, _, _ in loaded(SOURCE, content).reasons] == ["bad_value", "bad_period"]


def test_attributes_are_no_dimensions() -> None:
    """Names as services of ILO, OECD and Eurostat have them; what is left is the key of the series."""
    attributes = "UPPER_BOUND,LOWER_BOUND,UNIT_MEASURE_TYPE,UNIT_MEASURE,NOTE_SOURCE,OBS_FLAG,CONF_STATUS,DECIMALS"
    lines = [f"DATAFLOW,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,{attributes}"]
    lines += [f"ILO:DF_X(1.0),VNM,SEX_T,{2020 + n},6{n}.1,7{n},5{n},RT{n},PT,R{n},f{n},F,1" for n in range(3)]
    got = loaded(SOURCE, "\n".join(lines).encode())
    assert (got.reasons, {row["series"] for row in got.rows}) == ([], {"REF_AREA=VNM;SEX=SEX_T"})
    assert {row["unit_label"] for row in got.rows} == {"PT"}


def test_a_dimension_named_like_an_attribute_publishes_nothing() -> None:
    lines = ["DATAFLOW,REF_AREA,SOURCE,TIME_PERIOD,OBS_VALUE", "A:B(1.0),VNM,S1,2024,5", "A:B(1.0),VNM,S2,2024,6"]
    got = loaded(SOURCE, "\n".join(lines).encode())
    assert (got.rows, [reason for _, reason, _, _ in got.reasons]) == ([], ["conflicting_figures"] * 2)


def test_in_a_file_with_decimal_commas_a_point_may_be_thousands() -> None:
    content = SPECIFIC.replace(b'"112.5"', b'"97.250,00"').replace(b'"2026-09"', b'"2026-09" OBS_VALUE="1.234"')
    got = loaded(SOURCE, content)
    assert [row["value"] for row in got.rows] == [97250.0]
    assert [reason for _, reason, _, _ in got.reasons] == ["ambiguous_number"]


def test_na_is_a_missing_value_and_sb_a_preliminary_one() -> None:
    content = SPECIFIC.replace(b'"112.5"', b'"na"').replace(b'"2026-09"', b'"2026-09" OBS_VALUE="519.4sb"')
    assert [(row["value"], row["missing_mark"], row["obs_flag"]) for row in loaded(SOURCE, content).rows] == [
        (None, "na", "P"),
        (519.4, None, "P"),
    ]
