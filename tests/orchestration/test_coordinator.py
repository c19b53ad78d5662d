"""The queue of runs as `dagster.yaml` ships it: one holds the warehouse, pulls go beside it, one per source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.run_coordinator import SubmitRunContext
from dagster._utils.tags import TagConcurrencyLimitsCounter

from pipelines.orchestration.coordinator import LIMITS, OneWriter
from pipelines.orchestration.held_run import job_origin
from pipelines.orchestration.triggers import jobs
from pipelines.settings import PROJECT_ROOT, WAITS_FOR

SHIPPED = (PROJECT_ROOT / ".dagster" / "dagster.yaml", PROJECT_ROOT / "deploy" / "container" / "dagster.yaml")
LANDING, DOSSIERS = dg.AssetKey(["landing", "itu"]), dg.AssetKey(["landing", "dossiers"])
DROP, RAW = dg.AssetKey(["landing", "drop_folder"]), dg.AssetKey(["raw", "itu"])


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OneWriter, dg.DagsterInstance]]:
    """With the runs of all tests: each looks at its own two."""
    given = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8"))["run_coordinator"]
    with dg.instance_for_test(
        temp_dir=str(tmp_path_factory.mktemp("queue")), overrides={"run_coordinator": given}
    ) as instance:
        assert isinstance(instance.run_coordinator, OneWriter)
        yield instance.run_coordinator, instance


def submitted(queue: tuple[OneWriter, dg.DagsterInstance], *keys: dg.AssetKey) -> dg.DagsterRun:
    """A run that a person asked for on the page of some assets."""
    coordinator, instance = queue
    run = instance.add_run(
        dg.DagsterRun("__ASSET_JOB", asset_selection=frozenset(keys) or None, remote_job_origin=job_origin())
    )
    return coordinator.submit_run(SubmitRunContext(run, workspace=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        ([RAW], [RAW], True),
        ([DROP], [RAW], True),
        ([RAW], [LANDING], False),
        ([LANDING], [RAW], False),
        ([LANDING], [DOSSIERS], False),
        ([LANDING], [LANDING], True),
        ([LANDING, RAW], [RAW], True),
        ([], [RAW], True),
    ],
)
def test_runs_wait_for_the_warehouse_and_pulls_for_their_source(
    queue: tuple[OneWriter, dg.DagsterInstance], first: list[dg.AssetKey], second: list[dg.AssetKey], waits: bool
) -> None:
    _, instance = queue
    running, asked = submitted(queue, *first), submitted(queue, *second)
    config = instance.get_concurrency_config().run_queue_config
    assert config is not None
    records = instance.get_run_records(dg.RunsFilter(run_ids=[running.run_id]))
    counter = TagConcurrencyLimitsCounter(config.tag_concurrency_limits, [record.dagster_run for record in records])
    assert counter.is_blocked(asked) is waits


def test_every_job_has_the_tag_that_its_runs_wait_by() -> None:
    tags = {job.name: job.tags[WAITS_FOR] for job in jobs()}
    assert tags.pop("run") == "warehouse", "a run of the command line holds it too"
    assert tags
    assert all(tag == f"pull of {name.removeprefix('pull_')}" for name, tag in tags.items())


@pytest.mark.parametrize("path", SHIPPED)
def test_what_ships_names_the_queue_and_its_limits(path: Path) -> None:
    given = yaml.safe_load(path.read_text(encoding="utf-8"))["run_coordinator"]
    assert (given["module"], given["class"]) == (OneWriter.__module__, OneWriter.__name__)
    assert given["config"]["tag_concurrency_limits"] == LIMITS
    assert given["config"]["max_concurrent_runs"] > 1
