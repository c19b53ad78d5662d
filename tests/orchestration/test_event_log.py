"""The event log with kept connections is Dagster's own: others read it meanwhile, whatever the number of runs."""

from __future__ import annotations

from pathlib import Path

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from pipelines.orchestration.event_log import KEPT, KeptEventLog


def entry(run_id: str, message: str) -> EventLogEntry:
    return EventLogEntry(error_info=None, level=20, user_message=message, run_id=run_id, timestamp=1.0)


def test_others_read_what_is_written_while_it_is_kept_open(tmp_path: Path) -> None:
    log = KeptEventLog.from_config_value(None, {"base_dir": str(tmp_path)})
    runs = [f"run-{number}" for number in range(KEPT + 2)]  # more than are kept open
    for message in ("first", "second"):
        for run_id in runs:
            log.store_event(entry(run_id, message))
    others = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    for reader in (others, log):
        for run_id in runs:
            assert [e.user_message for e in reader.get_logs_for_run(run_id)] == ["first", "second"]
    others.store_event(entry(runs[0], "from the page"))
    assert [e.user_message for e in log.get_logs_for_run(runs[0])][-1] == "from the page"
    log.dispose()
    assert not list(tmp_path.rglob("*.db-wal")), "closed, it leaves whole files"
    log.store_event(entry(runs[0], "after"))
    assert [e.user_message for e in log.get_logs_for_run(runs[0])][-1] == "after"
    log.dispose()
