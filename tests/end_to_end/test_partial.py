"""One target alone: it is released, the others stay as they were judged, and the run is recorded as partial."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus
from walk_world import Province

from pipelines.orchestration.execute import execute
from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow


def test_a_run_of_one_target_releases_it_alone_and_the_next_complete_run_the_rest(
    new_province: Callable[[], Province],
) -> None:
    province = new_province()
    province.sample(300)
    assert execute(province.platform, ["dossier_timeliness"]).success
    run = province.last_run()
    assert (run["status"], run["error"]) == ("partial", None)
    passed = {target for target, state in run["targets"].items() if state == "passed"}
    assert passed == {"dossier_timeliness"}, "what was not judged is not released"
    first = province.platform.releases.current()
    assert first is not None
    assert first.targets == ("dossier_timeliness",)
    with DagsterInstance.from_config(str(province.settings.dagster_home)) as instance:
        (record,) = instance.get_runs()
        assert record.tags["hatinh/outcome"] == "partial"
        assert record.status is DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(AssetKey(["marts", "telecom_coverage"])) is None

    assert province.walk().success
    complete = province.platform.releases.current()
    assert complete is not None
    assert complete.held_back == ()
    assert province.last_run()["status"] == "released"

    province.sample(300, seed=11)
    before = {table: (complete.path / f"{table}.parquet").read_bytes() for table in complete.tables}
    assert execute(province.platform, ["dossier_timeliness"]).success
    partial = province.platform.releases.current()
    assert partial is not None
    assert partial.held_back == (), "the others have the verdicts of the last complete run"
    after = {table: (partial.path / f"{table}.parquet").read_bytes() for table in partial.tables}
    changed = {table for table in before if before[table] != after[table]}
    assert changed == {"dossier_timeliness"}
    assert province.walk().success
    last = province.platform.releases.current()
    assert last is not None
    assert last.id != partial.id, "the rest follows with the next complete run"


@pytest.mark.parametrize(
    ("number", "stage"), [(signal.SIGTERM, " rows = "), (signal.SIGINT, "full rebuild"), (signal.SIGTERM, "gate: ")]
)
def test_a_stopped_run_ends_with_code_1_and_is_recorded(
    number: signal.Signals, stage: str, new_province: Callable[[], Province]
) -> None:
    province = new_province()
    province.sample(300)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "run"],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], "HATINH_LANGUAGE": "en", **province.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if stage in line:
            break
    time.sleep(0.2)
    process.send_signal(number)
    rest = process.stderr.read()
    assert process.wait(60) == 1, rest[-2000:]
    assert "core dumped" not in rest
    assert "terminate called" not in rest
    book = json.loads((province.settings.marts / "versions.json").read_text(encoding="utf-8"))
    assert book["runs"][-1]["status"] == "failed"
    assert province.platform.warehouse.holder() is None
