"""The partitions of the landing in Dagster are those of the active receipts, whoever brought or took the files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest

from pipelines.landing.receipts import Receipt
from pipelines.landing.store import Landing
from pipelines.orchestration.keys import landing_key
from pipelines.orchestration.receipts import report_receipts

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KEY = landing_key("dossiers")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def land(landing: Landing, name: str, partition: str, at: datetime = NOW) -> Receipt:
    receipt, _ = landing.put(
        [name.encode()],
        source="dossiers",
        name=name,
        partition=partition,
        extracted_on=at.date(),
        address=f"drop:{name}",
        landed_at=at,
        licence="x",
    )
    return receipt


def report(instance: dg.DagsterInstance, landing: Landing, *landed: Receipt) -> set[str]:
    """Report, and return the partitions that Dagster knows afterwards. Events of the run are stored at once."""
    context = SimpleNamespace(instance=instance, log_event=instance.report_runless_asset_event)
    report_receipts(cast(Any, context), landing, landed)
    return set(instance.get_materialized_partitions(KEY))


def count(instance: dg.DagsterInstance) -> int:
    return len(instance.fetch_materializations(KEY, limit=100).records)


def test_files_that_landed_outside_of_a_run_are_there_with_the_time_they_landed(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    landing = Landing(tmp_path)
    land(landing, "a.ndjson", "2026-09")
    land(landing, "b.ndjson", "2026-10", NOW + timedelta(hours=1))
    assert report(instance, landing) == {"2026-09", "2026-10"}
    last = instance.get_latest_materialization_event(KEY)
    assert last is not None
    assert last.timestamp == (NOW + timedelta(hours=1)).timestamp(), "freshness is judged by it"
    before = count(instance)
    assert report(instance, landing) == {"2026-09", "2026-10"}
    assert count(instance) == before, "what is known is not reported again"


def test_a_new_file_of_a_known_partition_is_reported(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    land(landing, "a.ndjson", "2026-09")
    report(instance, landing)
    new = land(landing, "b.ndjson", "2026-09", NOW + timedelta(days=1))
    report(instance, landing, new)
    assert count(instance) == 2


def test_what_is_withdrawn_or_superseded_is_missing_again(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    land(landing, "sample-a.ndjson", "2026-08")
    assert report(instance, landing) == {"2026-08"}
    real = land(landing, "b.ndjson", "2026-09", NOW + timedelta(days=1))
    assert report(instance, landing, real) == {"2026-09"}, "the sample is superseded"
    landing.withdraw("dossiers", real.sha256, "wrong", NOW + timedelta(days=2))
    assert report(instance, landing) == {"2026-08"}
