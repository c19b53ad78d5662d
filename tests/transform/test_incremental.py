"""Loading in several runs gives the marts that loading everything at once gives: all columns, all rows.

The second half does so for tables that are not built again, since no feed that they rest on changed
(pipelines/transform/lineage.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pipelines import walk
from pipelines.settings import PROJECT_ROOT
from pipelines.sources import all_sources

if TYPE_CHECKING:
    from conftest import World

Record = Callable[..., dict[str, Any]]
Run = dict[str, list[dict[str, Any]]]
"""Files that land before one run: name and records."""


def runs_of(record: Record) -> list[Run]:
    """A history and what came after it. Comments say what each run asks of the increment."""

    def dossier(sequence: int, received: str, **changes: Any) -> dict[str, Any]:
        times = {"NgayNopHoSo": received, "NgayTiepNhan": received, "NgayKetThucXuLy": "", "TrangThaiHoSo": "4"}
        return record(sequence, **{**times, "NgayHenTra": "2026-03-20 17:00:00", **changes})

    def ended(sequence: int, received: str, end: str, **changes: Any) -> dict[str, Any]:
        return dossier(sequence, received, NgayKetThucXuLy=end, TrangThaiHoSo="9", **changes)

    december, january, february, march = (
        f"{month}-09 08:00:00" for month in ("2025-12", "2026-01", "2026-02", "2026-03")
    )
    return [
        {
            "hoso-2026-02-28.ndjson": [
                *(ended(n, january, f"2026-01-2{n} 08:00:00") for n in range(1, 7)),
                dossier(10, january),
                dossier(11, december),
                dossier(12, february),
                dossier(13, "2026-02-27 08:00:00", NgayHenTra="2026-03-02 17:00:00"),
                dossier(14, "", TrangThaiHoSo="1"),
            ]
        },
        {
            "hoso-2026-03-10.ndjson": [
                ended(10, january, "2026-03-09 08:00:00"),  # an old month changes
                dossier(11, march),  # leaves a month empty
                dossier(15, march, NgayHenTra="2026-03-12 17:00:00"),  # in term now, overdue in the next run
                dossier(14, march, MaTTHC="9.000007", KenhThucHien=None),  # received at last
            ]
        },
        {
            # one of February was never received; March has not ended: its open dossiers are judged at a later day
            "hoso-2026-03-25.ndjson": [dossier(12, "", TrangThaiHoSo="7")],
            # an older day lands late: it is new to 20, stale to 10
            "hoso-2026-01-31.ndjson": [ended(20, january, "2026-01-13 08:00:00"), dossier(10, january)],
        },
    ]


KEPT = "config.materialized:incremental"
"""The models that keep rows from run to run, as dbt selects them. All others are rebuilt, or unchanged."""


def tables(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every model that keeps rows; not in which load it came, which is what differs."""
    nodes = world.dbt.manifest()["nodes"].values()
    kept = {node["name"]: node for node in nodes if node["config"].get("materialized") == "incremental"}
    assert kept.keys() >= {"int_dossiers", "int_qd766_counts", "dossier_timeliness", "online_submission"}
    anything = "columns(c -> c <> 'load_no')"
    return {
        name: world.rows(f"select {anything} from {node['schema']}.{name} order by all") for name, node in kept.items()
    }


def land(world: World, run: Run) -> None:
    for name, records in run.items():
        world.land(name, "".join(json.dumps(record) + "\n" for record in records).encode())


def test_increments_give_what_one_full_build_gives(fresh_world: Callable[[], World], record: Record) -> None:
    runs = runs_of(record)
    world = fresh_world()
    seen = []
    for number, run in enumerate(runs):
        land(world, run)
        assert world.load().rows_quarantined == 0
        world.build(select=f"source:raw.dossiers+,+{KEPT}" if number else f"+{KEPT}")
        seen.append(tables(world))
    assert seen[1] != seen[0]
    assert seen[2] != seen[1]
    assert [[row[0].month for row in marts["online_submission"]] for marts in seen] == [[12, 1, 2], *[[1, 2, 3]] * 2]

    at_once = fresh_world()
    for run in runs:
        land(at_once, run)
    at_once.load()
    at_once.build(select=f"+{KEPT}")
    assert seen[-1] == tables(at_once)


def land_others(world: World) -> None:
    """Something of every kind of source but dossiers; of two inventories of the quarter, the first."""
    sources = all_sources()
    for name in ("village_coverage", "opencellid_cells", "ispeed", "ookla_tiles", "reported_indicators"):
        land_samples(world, name, "*")
    land_samples(world, "bts_inventory", "*viettel*")
    petitions = "Mã phản ánh,Mã đơn vị,Ngày tiếp nhận,Hạn trả lời,Ngày trả lời,Phân loại,Hài lòng\n"
    petitions += (
        "PA-1,H27.101,02/02/2026 08:00:00,20/02/2026,2026-02-19 16:00:00,TTHC,1\nPA-2,H27.101,02/02/2026,,,staff,\n"
    )
    world.land("pakn-2026-02-28.csv", petitions.encode(), sources["petitions"])
    procedures = [{"MATTHC": "9.000001", "TENTTHC": "Cấp lại bản sao", "LINHVUCTHUCHIEN": [{"MALINHVUC": "HT"}]}]
    world.land("tthc-2026-02-26.json", json.dumps(procedures).encode(), sources["procedures"])
    figure = {"country": {"id": "VN", "value": "Viet Nam"}, "countryiso3code": "VNM", "date": "2023", "value": 78.0}
    figure |= {
        "indicator": {"id": "IT.NET.USER.ZS", "value": "Individuals using the Internet"},
        "unit": "",
        "obs_status": "",
    }
    answer = json.dumps([{"page": 1, "pages": 1, "lastupdated": "2026-07-01"}, [figure]]).encode()
    world.land("IT.NET.USER.ZS-page-0001.json", answer, sources["worldbank"])


def land_samples(world: World, source: str, which: str) -> None:
    """The shipped samples of a source, under the names that the drop folder would have had."""
    for path in sorted((PROJECT_ROOT / "data" / "raw" / source).glob(f"*/{which}")):
        if path.is_file() and not path.name.endswith(".receipt.json"):
            stem, _, ending = path.name.removeprefix("sample-").partition(".")
            world.land(f"{stem}.{ending.partition('.')[2]}", path.read_bytes(), all_sources()[source])


EMPTY = {"int_boundaries", "int_commune_reach"}
"""Tables that need boundaries of communes, which do not ship with the project."""


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every model that is a table."""
    return {
        node["name"]: world.rows(f"select * from {node['schema']}.{node['name']} order by all")
        for node in world.dbt.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] in ("table", "incremental")
    }


def build(world: World) -> set[str]:
    """A build as a run does it. The tables that it left standing."""
    world.load()
    built = walk.build(world.platform)
    assert built.is_complete
    views = {n["name"] for n in world.dbt.manifest()["nodes"].values() if n["config"].get("materialized") == "view"}
    return {r.name for r in built.results if r.status == "unchanged" and r.resource_type == "model"} - views


def assert_as_in_a_full_build(world: World) -> None:
    left = everything(world)
    world.build(full_refresh=True)
    full = everything(world)
    assert {name for name, rows in left.items() if rows != full[name]} == set()


@pytest.mark.slow
def test_what_an_increment_leaves_standing_is_as_in_a_full_build(
    fresh_world: Callable[[], World], record: Record
) -> None:
    world = fresh_world()
    land(world, runs_of(record)[0])
    land_others(world)
    assert build(world) == set()
    empty = {name for name, rows in everything(world).items() if not rows}
    assert empty == EMPTY, "without rows nothing is compared"

    # dossiers alone; their day is in the next year, so that reports fall due and the year of the targets changes
    world.landed_at = datetime(2027, 2, 11, 8, tzinfo=UTC)  # a day after that of landing would be a slip of the name
    land(world, {"hoso-2027-02-10.ndjson": [record(n, NgayKetThucXuLy="2027-02-09 08:00:00") for n in (12, 30)]})
    standing = build(world)
    assert standing >= {"telecom_coverage", "coverage_gaps", "broadband_speed", "statistics", "rank_history"}
    assert not standing & {"dossier_timeliness", "reported_indicators", "indicator_values", "target_progress"}
    assert_as_in_a_full_build(world)

    # another inventory of base stations alone
    land_samples(world, "bts_inventory", "*vinaphone*")
    standing = build(world)
    assert standing >= {"dossier_timeliness", "online_submission", "statistics", "rank_history", "coverage_gaps"}
    assert not standing & {"telecom_coverage", "grassroots_connection", "indicator_values", "target_progress"}
    assert_as_in_a_full_build(world)
