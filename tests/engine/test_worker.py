"""What one process of the engine does at a time; no engine is needed."""

from __future__ import annotations

import os
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest

from pipelines.engine import load


def test_a_process_that_gets_all_tasks_at_once_loads_no_more_files_than_it_has_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sail gives a thread to each task: ten million dossiers in 22 files took all memory of the machine."""
    loading, most, counting = [0], [0], threading.Lock()

    def load_file(task: Any) -> dict[str, Any]:
        with counting:
            loading[0] += 1
            most[0] = max(most[0], loading[0])
        time.sleep(0.02)
        with counting:
            loading[0] -= 1
        return {"loaded": task}

    monkeypatch.setattr(load, "load_file", load_file)
    cores = os.cpu_count() or 1
    tasks = [pa.record_batch([pa.array([pickle.dumps(n)], pa.binary())], names=["task"]) for n in range(4 * cores)]
    with ThreadPoolExecutor(len(tasks)) as pool:
        reports = list(pool.map(lambda task: list(load._on_worker(iter([task]))), tasks))
    assert len(reports) == len(tasks)
    assert 0 < most[0] <= cores
