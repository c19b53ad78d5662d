"""Base stations as operators list them: where, which generations, on air since when.

One row per site, or one per site and technology; both give the same. Our own headings are below (`Mã trạm`, `Công
nghệ`, `Kinh độ`, `Vĩ độ`, ...), those of operators in the registry `operator_headings`: known are the table of a VNPT
operations centre and a Vinaphone model with one block per generation, of which the first place that is given counts.

Coordinates are WGS84 with point or comma. A file counts as of the day in its name; one that comes again under its name
replaces the first. Addresses are not loaded, and no mart shows a single site.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pipelines.sources.base import Rule, Source, Table
from pipelines.sources.fields import (
    Choice,
    Computed,
    Day,
    Field,
    Text,
    blank,
    coordinate,
    headings,
)
from pipelines.sources.operators import (
    COMMUNE_CODE,
    COMMUNE_NAME,
    Operator,
    OperatorForm,
    not_stated,
    place_rules,
    yes_no,
)

GENERATIONS = ("2G", "3G", "4G", "5G")
TECHNOLOGIES = {
    **{name.lower(): name for name in GENERATIONS},
    "gsm": "2G",
    "umts": "3G",
    "wcdma": "3G",
    "lte": "4G",
    "nr": "5G",
}
STATUSES = {
    **dict.fromkeys(("đang hoạt động", "hoạt động", "đang phát sóng", "phát sóng", "active", "on", "1", "true"), "on"),
    **dict.fromkeys(
        ("ngừng", "ngừng hoạt động", "ngừng phát sóng", "tháo dỡ", "chưa phát sóng", "inactive", "off", "0", "false"),
        "off",
    ),
}
COORDINATES = ("lon", "lat")
BLOCKS = tuple(f"{field}_{name.lower()}" for field in ("active", *COORDINATES) for name in GENERATIONS)
"""Fields of a block per generation, which only operators' own forms have."""

_STATED = "list_filter(regexp_split_to_array(lower(coalesce(j.technology, '')), '[^a-z0-9]+'), lambda t: t <> '')"
_FLAGS = ", ".join(f"case when {yes_no(f'active_{name.lower()}')} then '{name.lower()}' end" for name in GENERATIONS)
_ALL = f"list_concat({_STATED}, [{_FLAGS}])"
_NAMES = ", ".join(f"'{name}': '{code}'" for name, code in TECHNOLOGIES.items())


def _place(name: str, other: str) -> str:
    """SQL of a coordinate: of the first block that has both, else as it is."""
    blocks = ("", *(f"_{generation.lower()}" for generation in GENERATIONS))
    places = (
        f"case when {coordinate(other + block)} is not null then {coordinate(name + block)} end" for block in blocks
    )
    return f"coalesce({', '.join(places)}, {coordinate(name)})"


def _degrees(name: str, column: str = "", by: str = "", headings: tuple[str, ...] = ()) -> Field:
    wrong = Rule("bad_number", name, f"{coordinate(name)} is null and not {blank(name)}", f"j.{name}")
    return Computed(name, column, by=by, type="double", more=(wrong,), headings=headings)


@dataclass(frozen=True)
class _IsActive(Choice):
    """Whether the site is on air; a site whose status is not given is."""

    sql_type: ClassVar[str] = "boolean"

    @property
    def sql(self) -> str:
        return f"coalesce({super().sql}, 'on') = 'on'"


FIELDS = (
    Computed("file_name"),
    Operator("operator", headings=("Nhà mạng", "Doanh nghiệp")),
    Text("site_code", longest=100, in_capitals=True, is_member=True, required=True, headings=("Mã trạm",)),
    COMMUNE_CODE,
    COMMUNE_NAME,
    _degrees("lon", by=_place("lon", "lat"), headings=("Kinh độ",)),
    _degrees("lat", by=_place("lat", "lon"), headings=("Vĩ độ",)),
    Computed(
        "technology",
        "technologies",
        type="varchar[]",
        by=f"list_sort(list_distinct(list_transform({_ALL}, lambda t: map {{{_NAMES}}}[t])))",
        more=(
            Rule(
                "unknown_code",
                "technology",
                f"len(list_filter({_STATED}, lambda t: t not in {tuple(TECHNOLOGIES)})) > 0",
                "j.technology",
            ),
            Rule("missing_field", "technology", "len(technologies) = 0"),
        ),
        headings=("Công nghệ", "Loại trạm"),
    ),
    Day(
        "on_air",
        "on_air_date",
        earliest="1993-01-01",
        # a site that is planned, or idle, may be on air on a day to come
        latest="if(is_active, extracted_on + 1, date '2100-12-31')",
        headings=("Ngày phát sóng",),
    ),
    _IsActive("status", "is_active", meanings=STATUSES, headings=("Trạng thái",)),
    *(_degrees(name) if name.startswith(COORDINATES) else Computed(name, more=(not_stated(name),)) for name in BLOCKS),
)
FORM = OperatorForm("bts_inventory", headings(FIELDS), needed=frozenset({"site_code", "lon", "lat"}), others=BLOCKS)

SOURCE = Source(
    name="bts_inventory",
    title_vi="Danh sách trạm thu phát sóng di động",
    title_en="Inventory of base stations",
    publisher="Telecom operators of the province, through Sở Khoa học và Công nghệ",
    licence="Internal; counts by commune may be published",
    cadence="quarterly",
    cycle="quarter",
    first_period="2025-Q3",
    frame=FORM.frame,
    frames_by_name=True,
    frames_by_province=True,
    subject=str,  # the name itself
    dated_by_name=True,
    registries=("operator_headings",),
    known_headings=FORM.dropped,
    table=Table.of(
        *FIELDS,
        identity="site_code",
        dropped=("STT", "TT"),
        rules=(
            Rule(
                "missing_field", "lon", "(lon is null or lat is null) and commune_code is null and commune_name is null"
            ),
            *place_rules(),
        ),
    ),
)
