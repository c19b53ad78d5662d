"""Loading in several runs gives the marts that loading everything at once gives: all columns, all rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipelines.transform.marts import marts_of

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
        # one of February was never received after all; March goes on: what is open there is judged at a later day
        {"hoso-2026-03-25.ndjson": [dossier(12, "", TrangThaiHoSo="7")]},
        # an older day lands late: it is new to 20, stale to 10; March is not touched again
        {"hoso-2026-01-31.ndjson": [ended(20, january, "2026-01-13 08:00:00"), dossier(10, january)]},
    ]


FED = "source:raw.dossiers+"
"""What dossiers can change, as dbt selects it. The other models stand still in each of the runs."""


def tables(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every mart that dossiers can change."""
    marts = [mart for mart in marts_of(world.dbt.manifest()) if "dossiers" in mart.sources]
    assert {mart.name for mart in marts} >= {"dossier_timeliness", "online_submission", "dossier_ageing"}
    return {mart.name: world.rows(f"from {mart.relation} order by all") for mart in marts}


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
        world.build(select=FED if number else f"@{FED.removesuffix('+')}")  # at first with all that they rest on
        seen.append(tables(world))
    assert seen[1] != seen[0]
    assert seen[2] != seen[1]
    assert seen[3] != seen[2]
    assert [[row[0].month for row in marts["online_submission"]] for marts in seen] == [[12, 1, 2], *[[1, 2, 3]] * 3]

    at_once = fresh_world()
    for run in runs:
        land(at_once, run)
    at_once.load()
    at_once.build(select=f"@{FED.removesuffix('+')}")
    assert seen[-1] == tables(at_once)
