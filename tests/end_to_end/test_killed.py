"""kill -9 in the middle of a run: what readers have stays whole, and the next run is right."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from conftest import LAST, Province

from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.xdist_group("dbt")

# The run tells a line at each stage; at the first that holds the given words, the process kills itself.
KILLED_AT = """
import os, signal, sys
from pipelines.orchestration.execute import execute
from pipelines.orchestration.platform import Platform
from pipelines.settings import load_settings

def tell(line):
    if sys.argv[1] in line:
        os.kill(os.getpid(), signal.SIGKILL)

execute(Platform(load_settings(), tell=tell))
"""


@pytest.mark.parametrize(
    "stage",
    [
        " rows = ",
        pytest.param("landed dossiers", marks=pytest.mark.slow),
        pytest.param("every model is built", marks=pytest.mark.slow),
        pytest.param("gate: online_submission", marks=pytest.mark.slow),
        pytest.param("release ", marks=pytest.mark.slow),
    ],
)
def test_a_killed_run_leaves_readers_alone_and_the_next_one_is_right(
    stage: str, new_province: Callable[[], Province]
) -> None:
    province = new_province()
    province.sample(600)
    assert province.walk().success
    before = province.platform.releases.current()
    assert before is not None
    province.drop(f"hoso-{LAST}.ndjson", _one_more_dossier())
    if stage == "every model is built":
        (province.settings.warehouse).unlink()  # a build from the ground
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT, stage],
        cwd=PROJECT_ROOT,
        env={"PATH": "/usr/bin:/bin", **province.environment},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
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
    assert right.package["resources"][0]["rows"] == 1
    statuses = [run["status"] for run in _runs(province)]
    assert statuses[1] == "died"


def _runs(province: Province) -> list[dict[str, str]]:
    from pipelines.release.runs import RunLog

    return RunLog(province.settings.marts).runs()


def _one_more_dossier() -> bytes:
    return (
        b'{"MaHoSo":"H27.1-20260805-0000001","MaTTHC":"9.000001","MaLinhVuc":"HT","KenhThucHien":"2",'
        b'"TrangThaiHoSo":"10","NgayNopHoSo":"20260805080000","NgayTiepNhan":"20260805080000",'
        b'"NgayHenTra":"20260810170000","NgayTra":"20260807100000"}\n'
    )
