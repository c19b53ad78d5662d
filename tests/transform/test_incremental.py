"""Loading in several runs gives the marts that loading everything at once gives: all columns, all rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
