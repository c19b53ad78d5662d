"""`indicator_values` in SDMX: a structure message (concepts, code lists, data structure, dataflow) and SDMX-CSV 2.0.

Dimensions are the key of the table, attributes its other columns. Names of concepts are the titles of the columns, code
lists are the values that the release has; CL_OBS_STATUS and CL_CONF_STATUS have the codes of SDMX, by the registry of
statuses. A part of the key that is empty is `_Z`, not applicable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.catalogue.tables import Table, query, tables
from pipelines.release.reader import NoTable, Row
from pipelines.release.released import Release
from pipelines.seeds import SeedRow, seed_rows

if TYPE_CHECKING:
    from pysdmx.model import Codelist, Concept
    from pysdmx.model.dataflow import DataStructureDefinition

TABLE, FLOW, VERSION = "indicator_values", "INDICATOR_VALUES", "1.0.0"
NOT_APPLICABLE = "_Z"
STATUSES = "obs_statuses"
"""The registry of statuses."""

_CONCEPTS = {
    "period_type": "FREQ",
    "area_code": "REF_AREA",
    "period_start": "TIME_PERIOD",
    "value": "OBS_VALUE",
    "unit": "UNIT_MEASURE",
}
"""Columns that SDMX has a name for; the others keep theirs, in capitals."""
_IN_CODE_LISTS = ("title_vi", "title_en", "area_name")
_TYPES = {"integer": "LONG", "number": "DOUBLE", "date": "DATE", "datetime": "DATE_TIME"}
_FREQUENCIES = {"year": "A", "half": "S", "quarter": "Q", "month": "M", "day": "D"}
_FREQUENCY_NAMES = {"A": "Annual", "S": "Half-yearly", "Q": "Quarterly", "M": "Monthly", "D": "Daily"}


@dataclass(frozen=True)
class _Values:
    """The table with its description, and the registry of statuses."""

    release: Release
    agency: str
    seeds: Path

    @cached_property
    def table(self) -> Table:
        table = next((t for t in tables(self.release) if t.name == TABLE), None)
        if table is None:
            raise NoTable(f"Release {self.release.id} has no table {TABLE}.")
        return table

    @cached_property
    def fields(self) -> dict[str, Mapping[str, Any]]:
        return {field["name"]: field for field in self.table.fields if field["name"] not in _IN_CODE_LISTS}

    @cached_property
    def key(self) -> list[str]:
        return list(self.table.resource["schema"]["primaryKey"])

    @cached_property
    def statuses(self) -> dict[str, SeedRow]:
        return {row["obs_status"]: row for row in seed_rows(self.seeds, STATUSES)}

    def rows(self, sql: str) -> list[Row]:
        return query(self.release, TABLE, sql)


def structure(release: Release, agency: str, seeds: Path) -> bytes:
    """The structure message, SDMX-ML 3.0."""
    from pysdmx.io import write_sdmx
    from pysdmx.io.format import Format
    from pysdmx.model import ConceptScheme, Dataflow, Organisation
    from pysdmx.model.message import Header

    values = _Values(release, agency, seeds)
    lists = _code_lists(values)
    concepts = [_concept(name, title, text) for name, title, text in _concepts(values)]
    scheme = ConceptScheme(
        id="CONCEPTS", agency=agency, version=VERSION, name="Columns of the tables", items=concepts, is_final=True
    )
    dsd = _data_structure(values, lists)
    flow = Dataflow(id=FLOW, agency=agency, version=VERSION, name="Values of indicators", structure=dsd, is_final=True)
    header = Header(
        id=release.id.replace("-", "_"), prepared=release.created_at, sender=Organisation(id=agency), test=False
    )
    text = write_sdmx(
        [*{made.id: made for made in lists.values()}.values(), scheme, dsd, flow],
        Format.STRUCTURE_SDMX_ML_3_0,
        header=header,
        prettyprint=True,
    )
    assert text is not None  # noqa: S101  (no path was given)
    return text.encode()


def data(release: Release, agency: str, seeds: Path) -> bytes:
    """The values, SDMX-CSV 2.0."""
    import pandas as pd
    from pysdmx.io import write_sdmx
    from pysdmx.io.format import Format
    from pysdmx.io.pd import PandasDataset

    values = _Values(release, agency, seeds)
    observations = [_observation(values, row) for row in values.rows(f"select * from {TABLE}")]
    frame = pd.DataFrame(observations, columns=_columns(values), dtype="string")
    schema = _data_structure(values, _code_lists(values)).to_schema()
    dataset = PandasDataset(structure=schema, data=frame)
    text = write_sdmx([dataset], Format.DATA_SDMX_CSV_2_0_0)
    assert text is not None  # noqa: S101  (no path was given)
    return text.encode()


def _columns(values: _Values) -> list[str]:
    return [*(_name(field) for field in values.fields), "CONF_STATUS"]


def _name(field: str) -> str:
    return _CONCEPTS.get(field, field.upper())


def _observation(values: _Values, row: Row) -> list[str | None]:
    """The row as text, in the order of `_columns`: an empty value stays empty, never zero."""
    status = values.statuses[row["obs_status"]]
    special = {
        "period_type": _FREQUENCIES[row["period_type"]],
        "period_start": _period(row),
        "obs_status": status["sdmx_obs_status"],
    }
    found: list[str | None] = []
    for field in values.fields:
        value = special.get(field, row[field])
        if value is None and field in values.key:
            value = NOT_APPLICABLE
        found.append(None if value is None else str(value).lower() if isinstance(value, bool) else str(value))
    return [*found, status["sdmx_conf_status"]]


def _period(row: Row) -> str:
    """The period as SDMX writes it: 2026, 2026-S1, 2026-Q3, 2026-09, 2026-09-30."""
    day, kind = row["period_start"], row["period_type"]
    parts = {
        "year": "",
        "half": f"-S{(day.month + 5) // 6}",
        "quarter": f"-Q{(day.month + 2) // 3}",
        "month": f"-{day:%m}",
        "day": f"-{day:%m-%d}",
    }
    return f"{day.year}{parts[kind]}"


def _concepts(values: _Values) -> Iterable[tuple[str, str, str]]:
    for name, field in values.fields.items():
        yield _name(name), field["title_en"], field["description"]
    yield "CONF_STATUS", "Confidentiality status", "Whether the value is free for publication."


def _concept(name: str, title: str, text: str) -> Concept:
    from pysdmx.model import Concept

    return Concept(id=name, name=title, description=text)


def _code_lists(values: _Values) -> dict[str, Codelist]:
    """By column. The values of the release, so that the lists hold what the data use."""
    indicators = values.rows(f"select distinct indicator as id, title_en as name from {TABLE} order by id")
    areas = values.rows(
        f"select area_code as id, coalesce(arg_max(area_name, period_start), area_code) as name from {TABLE}"
        " group by area_code order by area_code"
    )
    lists = {
        "indicator": [(row["id"], row["name"]) for row in indicators],
        "area_code": [(row["id"], row["name"]) for row in areas],
        "period_type": list(_FREQUENCY_NAMES.items()),
        "obs_status": sorted({(s["sdmx_obs_status"], s["title_en"]) for s in values.statuses.values()}),
    }
    for column in ("basis", "grade", "qualifier"):
        found = values.rows(f"select distinct {column} as id from {TABLE} where {column} is not null order by id")
        lists[column] = [(row["id"], row["id"].replace("_", " ")) for row in found]
    lists["basis"].append((NOT_APPLICABLE, "Not applicable"))
    truth = _code_list(values, "CL_BOOLEAN", [("true", "Yes"), ("false", "No")])
    flags = {name: truth for name, field in values.fields.items() if field["type"] == "boolean"}
    made = {column: _code_list(values, f"CL_{_name(column)}", codes) for column, codes in lists.items()}
    confidentiality = [("F", "Free for publication"), ("A", "Primary confidentiality due to small counts")]
    return {**made, **flags, "conf_status": _code_list(values, "CL_CONF_STATUS", confidentiality)}


def _code_list(values: _Values, name: str, codes: Iterable[tuple[str, str]]) -> Codelist:
    from pysdmx.model import Code, Codelist

    items = [Code(id=code, name=title) for code, title in codes]
    return Codelist(id=name, agency=values.agency, version=VERSION, name=name, items=items, is_final=True)


def _data_structure(values: _Values, lists: Mapping[str, Codelist]) -> DataStructureDefinition:
    from pysdmx.model import Component, Components, DataStructureDefinition, DataType, ItemReference, Role

    components = []
    for name in sorted([*values.fields, "conf_status"], key=lambda name: name == "period_start"):  # time comes last
        concept = "CONF_STATUS" if name == "conf_status" else _name(name)
        role = Role.DIMENSION if name in values.key else Role.MEASURE if name == "value" else Role.ATTRIBUTE
        codes = lists.get(name)
        kind = values.fields.get(name, {}).get("type")
        dtype = DataType.PERIOD if concept == "TIME_PERIOD" else DataType[_TYPES.get(str(kind), "STRING")]
        components.append(
            Component(
                id=concept,
                required=role is Role.DIMENSION or concept in ("OBS_STATUS", "CONF_STATUS"),
                role=role,
                concept=ItemReference("Concept", values.agency, "CONCEPTS", VERSION, concept),
                local_codes=codes,
                local_dtype=None if codes else dtype,
                attachment_level="O" if role is Role.ATTRIBUTE else None,
            )
        )
    return DataStructureDefinition(
        id=FLOW,
        agency=values.agency,
        version=VERSION,
        name="Values of indicators",
        components=Components(components),
        is_final=True,
    )
