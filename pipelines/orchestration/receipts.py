"""The partitions of the landing in Dagster follow the receipts: what is active is there, pulled or dropped.

Files also land outside of Dagster's runs (`hatinh pull`, a data folder restored from a backup), and `hatinh withdraw`
takes them away. Each run compares once per source and reports what Dagster does not know, with the time of landing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster._core.events import StepMaterializationData
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID

from pipelines.landing.receipts import Receipt
from pipelines.landing.store import Landing
from pipelines.orchestration.keys import landing_key, partition_key
from pipelines.sources import all_sources
from pipelines.sources.base import Source


def report_receipts(context: dg.AssetExecutionContext, landing: Landing, landed: Sequence[Receipt]) -> None:
    """Report the partitions of every source; `landed` are the files of this very run."""
    instance = context.instance
    new = {receipt.path for receipt in landed}
    records = {record.asset_entry.asset_key: record for record in instance.get_asset_records(_keys())}
    for source in all_sources().values():
        key = landing_key(source.name)
        every = landing.receipts(source.name)
        if not every and key not in records:
            continue
        active = _by_partition(source, landing.active(source.name))
        known = instance.get_materialized_partitions(key)
        gone = (_by_partition(source, every).keys() & known) - active.keys()
        if gone:  # superseded or withdrawn: Dagster can only forget an asset as one, and all that is older than now
            instance.wipe_assets([key])
            known = set()
        record = records.get(key)
        last = record.asset_entry.last_materialization if record and not gone else None
        since = last.timestamp if last else 0.0
        for partition, receipts in sorted(active.items(), key=lambda item: item[1][-1].landed_at):
            if partition in known and max(r.landed_at.timestamp() for r in receipts) <= since:
                continue
            event = dg.AssetMaterialization(
                key,
                partition=partition,
                metadata={
                    "files": len(receipts),
                    "bytes": sum(receipt.bytes for receipt in receipts),
                    "newest_file": receipts[-1].path,
                    "sha256": receipts[-1].sha256,
                },
            )
            if gone or any(receipt.path in new for receipt in receipts):
                context.log_event(event)
            else:
                _report(instance, event, receipts[-1].landed_at)


def _keys() -> list[dg.AssetKey]:
    return [landing_key(name) for name in all_sources()]


def _by_partition(source: Source, receipts: Sequence[Receipt]) -> dict[str, list[Receipt]]:
    found: dict[str, list[Receipt]] = {}
    for receipt in sorted(receipts, key=lambda receipt: receipt.landed_at):
        found.setdefault(partition_key(source, receipt.partition), []).append(receipt)
    return found


def _report(instance: dg.DagsterInstance, event: dg.AssetMaterialization, at: datetime) -> None:
    """A materialization outside of a run, at the time at which the file landed: freshness is judged by it."""
    data = StepMaterializationData(event)
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION.value
    instance.report_dagster_event(
        dg.DagsterEvent(kind, RUNLESS_JOB_NAME, event_specific_data=data), RUNLESS_RUN_ID, timestamp=at.timestamp()
    )
