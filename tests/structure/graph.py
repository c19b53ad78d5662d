"""The Dagster graph as lines of text. `python tests/structure/graph.py` writes the snapshot."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipelines.orchestration.build import build_defs
from pipelines.platform import Platform
from pipelines.settings import PROJECT_ROOT, load_settings


def lines(platform: Platform) -> list[str]:
    """Assets with what they are computed from, then checks by asset, jobs, schedules, sensors."""
    definitions = build_defs(platform)
    graph = definitions.resolve_asset_graph()
    found = []
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        found.append(f"asset {key.to_user_string()}" + (f" <- {parents}" if parents else ""))
    found += [f"check {k.asset_key.to_user_string()}:{k.name}" for k in sorted(graph.asset_check_keys)]
    repository = definitions.get_repository_def()
    found += [f"job {name}" for name in sorted(repository.job_names) if not name.startswith("__")]
    found += [f"schedule {schedule.name} {schedule.cron_schedule}" for schedule in repository.schedule_defs]
    found += [f"sensor {sensor.name}" for sensor in repository.sensor_defs if not sensor.name.startswith("default_")]
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        snapshot = PROJECT_ROOT / "tests" / "structure" / "graph.txt"
        text = "\n".join(lines(Platform(load_settings(data_dir=Path(folder))))) + "\n"
        snapshot.write_text(text, encoding="utf-8")
