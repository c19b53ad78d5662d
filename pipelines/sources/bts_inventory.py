"""Base stations as operators list them: where, which generations, on air since when.

One row a site, or one a site and technology; both give the same. Our own headings stand below (`Mã trạm`, `Công nghệ`,
`Kinh độ`, `Vĩ độ`, ...), those of operators in the registry `operator_headings`: known are the table of a VNPT
operations centre and a Vinaphone model with a block a generation, of which the first place that is told counts.

Coordinates are WGS84 with point or comma. A file counts as of the day in its name; one that comes again under its name
replaces the first. Addresses are not loaded, and no mart shows a single site.
"""

from __future__ import annotations

from pipelines.sources.base import Column, Rule, Source, Table
from pipelines.sources.operators import (
    COMMUNE,
    FramedWithName,
    coded,
    commune,
    headings,
    is_blank,
    number,
    operator,
    place_rules,
    text,
    yes_no,
)
from pipelines.sources.tables import TableForm, printed_timestamp

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
OURS = {
    **COMMUNE,
    "Nhà mạng": "operator",
    "Doanh nghiệp": "operator",
    "Mã trạm": "site_code",
    "Công nghệ": "technology",
    "Loại trạm": "technology",
    "Kinh độ": "lon",
    "Vĩ độ": "lat",
    "Ngày phát sóng": "on_air",
    "Trạng thái": "status",
}
BLOCKS = tuple(f"{field}_{name.lower()}" for field in ("active", "lon", "lat") for name in GENERATIONS)
"""Fields of a block a generation, which only operators' own forms have."""
THEIRS, DROPPED = headings("bts_inventory", OURS, BLOCKS)
FORM = TableForm(fields={**OURS, **THEIRS}, needed=frozenset({"site_code", "lon", "lat"}))


def _place(name: str, other: str) -> str:
    """SQL of a coordinate: of the first block in which both are told, else as it stands."""
    blocks = ("", *(f"_{generation.lower()}" for generation in GENERATIONS))
    told = (f"case when {number(other + block)} is not null then {number(name + block)} end" for block in blocks)
    return f"coalesce({', '.join(told)}, {number(name)})"


_OPERATOR, _OPERATOR_RULES = operator()
_COMMUNE, _COMMUNE_RULES = commune()

_TOLD = "list_filter(regexp_split_to_array(lower(coalesce(j.technology, '')), '[^a-z0-9]+'), lambda t: t <> '')"
_FLAGS = ", ".join(f"case when {yes_no(f'active_{name.lower()}')} then '{name.lower()}' end" for name in GENERATIONS)
_ALL = f"list_filter(list_concat({_TOLD}, [{_FLAGS}]), lambda t: t is not null)"
_NAMES = ", ".join(f"'{name}': '{code}'" for name, code in TECHNOLOGIES.items())

SOURCE = Source(
    name="bts_inventory",
    title_vi="Danh sách trạm thu phát sóng di động",
    title_en="Inventory of base stations",
    publisher="Telecom operators of the province, through Sở Khoa học và Công nghệ",
    licence="Internal; counts by commune may be published",
    cadence="quarterly",
    cycle="quarter",
    first_period="2025-Q3",
    frame=FramedWithName(FORM),
    frames_by_name=True,
    subject=str,  # the name itself
    dated_by_name=True,
    registries=("operator_headings",),
    table=Table(
        structure=dict.fromkeys(("file_name", *OURS.values(), *BLOCKS), "VARCHAR"),
        columns=(
            _OPERATOR,
            Column("site_code", "varchar", f"left({text('site_code')}, 100)"),
            *_COMMUNE,
            Column("lon", "double", _place("lon", "lat")),
            Column("lat", "double", _place("lat", "lon")),
            Column(
                "technologies",
                "varchar[]",
                f"list_sort(list_distinct(list_transform({_ALL}, lambda t: map {{{_NAMES}}}[t])))",
            ),
            Column("on_air_date", "date", f"cast({printed_timestamp('j.on_air')} as date)"),
            Column("is_active", "boolean", f"coalesce({coded(text('status'), STATUSES)}, 'on') = 'on'"),
        ),
        rules=(
            *_OPERATOR_RULES,
            Rule("missing_field", "site_code", "site_code is null"),
            *_COMMUNE_RULES,
            Rule("missing_field", "technology", f"len({_ALL}) = 0"),
            Rule(
                "unknown_code",
                "technology",
                f"len(list_filter({_TOLD}, lambda t: t not in {tuple(TECHNOLOGIES)})) > 0",
                "j.technology",
            ),
            *(
                Rule("bad_number", field, f"{number(field)} is null and not {is_blank(field)}", f"j.{field}")
                for field in ("lon", "lat", *(field for field in BLOCKS if not field.startswith("active")))
            ),
            Rule(
                "missing_field", "lon", "(lon is null or lat is null) and commune_code is null and commune_name is null"
            ),
            *place_rules(),
            Rule("bad_date", "on_air", f"on_air_date is null and not {is_blank('on_air')}", "j.on_air"),
            Rule(
                "date_out_of_range",
                "on_air",
                # a site that is planned, or stands idle, may be on air on a day to come
                "on_air_date < date '1993-01-01' or (is_active and on_air_date > extracted_on + 1)",
                "j.on_air",
            ),
            Rule(
                "unknown_code",
                "status",
                f"not {is_blank('status')} and {coded(text('status'), STATUSES)} is null",
                "j.status",
            ),
        ),
        identity="site_code",
        free_texts=("commune_name",),
        dropped=DROPPED | {"STT", "TT"},
    ),
)
