"""kill -9 in the middle of a run: what readers have stays complete, and the next run is correct."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from walk_world import LAST, ONE_DOSSIER, Province

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "stage", ["landed dossiers", " rows = ", "full rebuild", "gate: online_submission", "release "]
)
def test_a_killed_run_leaves_readers_alone_and_the_next_one_is_right(
    stage: str, new_province: Callable[[], Province]
) -> None:
    province = new_province()
    province.sample(600)
    assert province.walk().success
    before = province.platform.releases.current()
    assert before is not None
    province.drop(f"hoso-{LAST}.ndjson", ONE_DOSSIER)
    if stage == "full rebuild":
        province.settings.warehouse.unlink()  # a full rebuild
    province.killed_at(stage)
    after = province.platform.releases.current()
    assert after is not None
    province.platform.releases.verify(after.id)
    assert after.id == before.id or stage == "release "

    result = province.walk()
    assert result.success, (result.step, result.error_class, result.error_message)
    right = province.platform.releases.current()
    assert right is not None
    province.platform.releases.verify(right.id)
    # the real file put the samples aside: one dossier is all there is
    rows = {resource["name"]: resource["rows"] for resource in right.package["resources"]}
    assert rows["dossier_timeliness"] == 1
    assert province.runs()[1]["status"] == "died"
