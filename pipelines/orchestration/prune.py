"""Forget Dagster's records of old runs: events, logs and, with SQLite, the room that they took in its files."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

import dagster as dg

from pipelines.orchestration.instance import use_instance
from pipelines.settings import Settings

_BATCH = 200


def prune_runs(settings: Settings, before: datetime) -> int:
    """Delete the records of runs that ended before a day. Runs that wait or are in progress stay.

    What a deleted run reported of the landing is reported again by the next run, from the receipts.
    """
    use_instance(settings)
    ended = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
        updated_before=before,
    )
    gone = 0
    with dg.DagsterInstance.get() as instance:
        while records := instance.get_run_records(ended, limit=_BATCH):
            for record in records:
                run_id = record.dagster_run.run_id
                instance.delete_run(run_id)
                shutil.rmtree(settings.dagster_home / "storage" / run_id, ignore_errors=True)
                for path in (settings.dagster_home / "history" / "runs").glob(f"{run_id}.db*"):
                    path.unlink(missing_ok=True)
            gone += len(records)
    if gone:
        for database in (settings.dagster_home / "history").rglob("*.db"):
            _compact(database)
    return gone


def _compact(database: Path) -> None:
    """Give the room of deleted rows back to the disk; a database in use is left as it is."""
    connection = sqlite3.connect(database, timeout=5)
    try:
        connection.execute("vacuum")
    except sqlite3.OperationalError:
        return
    finally:
        connection.close()
