"""A nation's release from the releases of its provinces, by the same publication as theirs: staged, protected, compared
with the one before, verified, then switched to.

Each province counts as one received file: `sources` of the data package states its release, or why it was refused.
A province that is missing, a table of it that is left out and a target that it holds back are warnings of the targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.language import speaking, tr
from pipelines.nation import comparison
from pipelines.nation.edition import UnitedEdition
from pipelines.nation.provinces import Place, Province, WrongProvinces, read, stale
from pipelines.nation.tables import PROVINCE, United, members_of, resource_of, unite
from pipelines.quality.verdict import Evidence, Verdict
from pipelines.release.about import About
from pipelines.release.files import PACKAGE, sha256
from pipelines.release.pages import Page
from pipelines.release.publish import Outcome, publish
from pipelines.release.runs import RunInfo
from pipelines.release.store import ReleaseStore
from pipelines.transform.marts import Column, Mart

if TYPE_CHECKING:
    import duckdb

SCHEMA = "nation"
PROVINCES = "provinces"
_LIST = Mart(
    name=PROVINCES,
    relation=f"{SCHEMA}.{PROVINCES}",
    target=comparison.TARGET,
    title_vi="Các tỉnh trong bản công bố",
    title_en="Provinces of the release",
    description="Every province that was asked for: which release of it is here, or why it is not.",
    columns=(
        PROVINCE,
        Column("province_name", "VARCHAR", "Tên tỉnh", "Province", None, "Empty where its release cannot be read."),
        Column("status", "VARCHAR", "Tình trạng", "Status", None, "united, or refused."),
        Column("reason", "VARCHAR", "Lý do", "Reason", None, "Why it is refused."),
        Column("release_id", "VARCHAR", "Bản của tỉnh", "Release", None, "Of the province."),
        Column("released_at", "TIMESTAMP WITH TIME ZONE", "Thời điểm", "Released at", None, "Of that release."),
        Column("is_stale", "BOOLEAN", "Số liệu cũ", "Is stale", None, "Whether the release is older than the others."),
        Column("tables", "BIGINT", "Số bảng", "Tables", "bảng", "Tables of it that are united."),
        Column("rows", "BIGINT", "Số dòng", "Rows", "dòng", "Rows of those tables."),
        Column("tables_left_out", "VARCHAR", "Bảng bị loại", "Tables left out", None, "With the reason of each."),
        Column("targets_held_back", "VARCHAR", "Mục tiêu bị giữ", "Targets held back", None, "By the province itself."),
        Column(
            "has_samples", "BOOLEAN", "Có dữ liệu mẫu", "Has made-up samples", None, "Whether made-up data are in it."
        ),
    ),
    key=(PROVINCE.name,),
    sources=(),
)


@dataclass(frozen=True)
class NationRelease:
    """What a nation's release came to, with the provinces as they were found."""

    outcome: Outcome
    provinces: tuple[Province, ...]
    left_out: Mapping[str, Mapping[str, str]]
    """By table, then by code of the province, why it is not united."""

    @property
    def refused(self) -> dict[str, str]:
        return {p.code: str(p.reason) for p in self.provinces if p.release is None}


def release(
    conn: duckdb.DuckDBPyConnection,
    root: Path,
    places: Sequence[Place],
    run: RunInfo,
    now: datetime,
    *,
    about: About,
    max_age_hours: float,
    directions: Mapping[str, str],
    pages: Sequence[Page] = (),
    open_pages: Sequence[Page] = (),
) -> NationRelease:
    """Unite the current releases of the provinces and publish them under `root`. The caller holds its lock.

    Args:
        conn: a database in memory, with its limits.
        directions: by indicator, whether more or less is better.

    Raises:
        WrongProvinces: `root` is the folder of a province.
        ReleaseError: as `publish`.
    """
    _refuse_a_province(root, places)
    with speaking("en"):  # reasons are kept in the release: the same in every language
        provinces = tuple(read(place) for place in places)
    old = stale(provinces, max_age_hours)
    united = unite(members_of(provinces, old), SCHEMA)
    left_out = {table.mart.name: table.left_out for table in united if table.left_out}
    if ReleaseStore(root).pinned():
        return NationRelease(Outcome("pinned", None), provinces, left_out)
    if not united:
        return NationRelease(Outcome("nothing", None), provinces, left_out)
    conn.execute(f"CREATE SCHEMA {SCHEMA}")
    for table in united:
        table.create(conn)
    comparison.create(conn, united, provinces, directions, SCHEMA)
    _write_list(conn, provinces, united, old)
    compared = comparison.mart(SCHEMA, provinces)
    marts = [*(table.mart for table in united), compared, replace(_LIST, sources=compared.sources)]
    outcome = publish(
        conn,
        root,
        marts,
        _verdicts(marts, united, provinces, comparison.repeated(conn, SCHEMA)),
        [_receipt(province) for province in provinces],
        run,
        now,
        about=about,
        pages=pages,
        resource_of=resource_of(united),
        edition=UnitedEdition(provinces, old, directions, open_pages),
    )
    return NationRelease(outcome, provinces, left_out)


def _refuse_a_province(root: Path, places: Iterable[Place]) -> None:
    current = ReleaseStore(root).current()
    if any(root.resolve() == place.root.resolve() for place in places) or (
        current is not None and "province_code" in current.package["provenance"]["settings"]
    ):
        raise WrongProvinces(
            tr("{root} has the releases of a province. Give the nation settings of its own: HATINH_DATA_DIR", root=root)
        )


def _receipt(province: Province) -> dict[str, Any]:
    """A province as a received file."""
    if province.release is None:
        return {"source": province.code, "name": "", "sha256": "", "status": "refused", "reason": province.reason}
    package = province.release.path / PACKAGE
    return {
        "source": province.code,
        "name": province.release.id,
        "sha256": sha256(package).removeprefix("sha256:"),
        "landed_at": province.release.package["created"],
        "synthetic": province.release.synthetic,
        "bytes": package.stat().st_size,
        "status": "loaded",
    }


def _verdicts(
    marts: Iterable[Mart], united: Iterable[United], provinces: Sequence[Province], repeated: int
) -> dict[str, Verdict]:
    """By target, every province and every table as evidence. What a province lacks is a warning: the others go out."""
    evidence: dict[str, list[Evidence]] = {mart.target: [*_of_provinces(provinces)] for mart in marts}
    for table in united:
        evidence[table.mart.target] += _of_table(table)
    evidence[comparison.TARGET].append(
        Evidence("unique key", "dbt_test", comparison.TABLE, "block", repeated == 0, observed=str(repeated))
    )
    return {target: Verdict(target, tuple(items)) for target, items in evidence.items()}


def _of_provinces(provinces: Iterable[Province]) -> Iterator[Evidence]:
    for province in provinces:
        is_here = province.release is not None
        yield Evidence(
            f"release of province {province.code}", "load", PROVINCES, "warn", is_here, province.reason or ""
        )


def _of_table(table: United) -> Iterator[Evidence]:
    name = table.mart.name
    for code, reason in table.left_out.items():
        yield Evidence(f"schema in province {code}", "load", name, "warn", False, reason)
    for member in table.members:
        held = member.resource.get("held_back")
        detail = f"held back there since {held['since']}" if held else ""
        yield Evidence(f"table of province {member.province.code}", "load", name, "warn", not held, detail)


def _write_list(
    conn: duckdb.DuckDBPyConnection, provinces: Iterable[Province], united: Sequence[United], old: Iterable[str]
) -> None:
    columns = ", ".join(f"{column.name} {column.type}" for column in _LIST.columns)
    conn.execute(f"CREATE TABLE {_LIST.relation} ({columns})")
    for province in provinces:
        own = [m.resource for table in united for m in table.members if m.province.code == province.code]
        out = [f"{t.mart.name}: {t.left_out[province.code]}" for t in united if province.code in t.left_out]
        found = province.release
        row = (
            *(province.code, province.name, "united" if found else "refused", province.reason),
            *((found.id, found.created_at, province.code in old) if found else (None, None, None)),
            *(len(own), sum(resource["rows"] for resource in own), "; ".join(out) or None),
            ", ".join(held.target for held in found.held_back) or None if found else None,
            found.synthetic if found else None,
        )
        conn.execute(f"INSERT INTO {_LIST.relation} VALUES ({', '.join('?' * len(row))})", row)
