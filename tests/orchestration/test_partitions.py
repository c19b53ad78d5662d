"""Dagster's partitions are the periods that a source declares, whatever its cycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from pipelines.orchestration.keys import partition_key, partitions_of
from pipelines.sources.dossiers import SOURCE

NOW = datetime(2026, 11, 23, 12)


@pytest.mark.parametrize(
    ("cycle", "first_period", "running", "count"),
    [("month", "2025-01", "2026-11", 23), ("quarter", "2025-Q2", "2026-Q4", 7), ("year", "2024", "2026", 3)],
)
def test_every_period_has_one_key_and_every_key_its_period(
    cycle: str, first_period: str, running: str, count: int
) -> None:
    source = replace(SOURCE, cycle=cycle, first_period=first_period)
    partitions = partitions_of(source)
    keys = partitions.get_partition_keys(current_time=NOW)
    periods = [source.partition_of(partitions.time_window_for_partition_key(key).start.date()) for key in keys]
    assert (periods[0], periods[-1], len(periods)) == (first_period, running, count)
    assert [partition_key(source, period) for period in periods] == keys
