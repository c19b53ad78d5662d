"""Named faults put into the code one by one, and the tests that must fail of each: `make mutants`.

A list by name and not all mutations of a tool: what counts is that a fault of triggers, durability, exit codes and
checks is seen. Each is applied in a copy of the project; `python tests/mutants.py NAME ...` runs some of them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "data", "target", "__pycache__", "wheelhouse", ".*_cache")


@dataclass(frozen=True)
class Mutant:
    """One fault: in `file` the text `before`, which stands there once, becomes `after`. `tests` must fail of it."""

    name: str
    file: str
    before: str
    after: str
    tests: str


MUTANTS = (
    Mutant(
        "release_without_fsync",
        "pipelines/release/files.py",
        "        os.fsync(descriptor)\n",
        "        pass\n",
        "tests/release/test_release_durable.py",
    ),
    Mutant(
        "landing_without_fsync",
        "pipelines/landing/store.py",
        "        os.fsync(file.fileno())\n",
        "        pass\n",
        "tests/release/test_release_durable.py",
    ),
    Mutant(
        "landing_without_fsync_of_the_folder",
        "pipelines/landing/store.py",
        "        os.fsync(folder)",
        "        pass",
        "tests/release/test_release_durable.py",
    ),
    Mutant(
        "size_instead_of_hash",
        "pipelines/landing/store.py",
        "if sha256 != receipt.sha256:",
        "if size != receipt.bytes:",
        "tests/landing/test_store.py",
    ),
    Mutant(
        "key_of_the_sensor_is_constant",
        "pipelines/orchestration/triggers.py",
        "    return digest.hexdigest()[:16]\n",
        '    return "constant"\n',
        "tests/orchestration/test_triggers.py",
    ),
    Mutant(
        "daily_run_in_utc",
        "pipelines/orchestration/triggers.py",
        """        cron_schedule=settings.schedule_cron,
        execution_timezone="Asia/Ho_Chi_Minh",""",
        """        cron_schedule=settings.schedule_cron,
        execution_timezone="UTC",""",
        "tests/orchestration/test_triggers.py",
    ),
    Mutant(
        "pulls_in_utc",
        "pipelines/orchestration/triggers.py",
        """        cron_schedule=settings.pull_cron,
        execution_timezone="Asia/Ho_Chi_Minh",""",
        """        cron_schedule=settings.pull_cron,
        execution_timezone="UTC",""",
        "tests/orchestration/test_triggers.py",
    ),
    Mutant(
        "tick_not_skipped_while_a_run_waits",
        "pipelines/orchestration/triggers.py",
        "statuses=queued)) > 0",
        "statuses=queued)) > 99",
        "tests/orchestration/test_triggers.py",
    ),
    Mutant(
        "pulls_wait_for_the_warehouse",
        "pipelines/orchestration/coordinator.py",
        "pull_of(pulled.pop()) if is_pull else WAREHOUSE",
        "WAREHOUSE",
        "tests/orchestration/test_coordinator.py",
    ),
    Mutant(
        "page_for_everybody_by_default",
        "pipelines/settings.py",
        '        "127.0.0.1", description="address that the page listens on',
        '        "0.0.0.0", description="address that the page listens on',
        "tests/orchestration/test_web.py",
    ),
    Mutant(
        "page_for_everybody_always",
        "pipelines/orchestration/web.py",
        '"host": settings.ui_bind',
        '"host": "0.0.0.0"',
        "tests/orchestration/test_web.py",
    ),
    Mutant(
        "rebuild_while_a_run_holds_the_warehouse",
        "pipelines/cli/running.py",
        """    settings = read_settings()
    refuse_if_held(settings)
    if not yes:""",
        """    settings = read_settings()
    if not yes:""",
        "tests/cli/test_running.py",
    ),
    Mutant(
        "failed_run_exits_0",
        "pipelines/cli/running.py",
        "    if not result.success:\n",
        "    if False:\n",
        "tests/cli/test_running.py",
    ),
    Mutant(
        "held_back_run_exits_0",
        "pipelines/cli/running.py",
        "        raise typer.Exit(HELD_BACK)\n",
        "        pass\n",
        "tests/cli/test_running.py",
    ),
    Mutant(
        "doctor_accepts_a_readable_key",
        "pipelines/doctor.py",
        "    if status.st_mode & 0o077:\n",
        "    if False:\n",
        "tests/cli/test_doctor.py",
    ),
    Mutant(
        "doctor_accepts_a_full_disk",
        "pipelines/state.py",
        "    if free < min_gb * 1e9:\n",
        "    if False:\n",
        "tests/cli/test_doctor.py tests/cli/test_state.py",
    ),
    Mutant(
        "doctor_exits_0",
        "pipelines/cli/running.py",
        "    if not all(finding.good for finding in findings):\n",
        "    if False:\n",
        "tests/cli/test_doctor.py",
    ),
    Mutant(
        "truncated_file_weighs_nothing",
        "pipelines/quality/gate.py",
        "rows_in + missing, aside + missing",
        "rows_in, aside",
        "tests/quality/test_gate.py",
    ),
    Mutant(
        "error_of_a_check_is_final",
        "pipelines/quality/verdict.py",
        'e.kind in ("missing", "build")',
        'e.kind == "build"',
        "tests/quality/test_gate.py",
    ),
    Mutant(
        "number_of_a_load_used_twice",
        "pipelines/warehouse/load.py",
        "greatest(coalesce(max(load_no), 0), ?) + 1",
        "greatest(coalesce(max(load_no), 0), 0 * ?) + 1",
        "tests/warehouse/test_outcomes.py",
    ),
    Mutant(
        "warehouse_of_another_province_is_taken",
        "pipelines/walk.py",
        "    elif remembered != settings.province_code:\n",
        "    elif False:\n",
        "tests/walk/test_inputs.py",
    ),
)


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether the tests pass with the fault in place."""
    path = copy / mutant.file
    whole = path.read_text(encoding="utf-8")
    if whole.count(mutant.before) != 1:
        raise SystemExit(
            f"{mutant.name}: {mutant.file} has the text {whole.count(mutant.before)} times; correct the list"
        )
    path.write_text(whole.replace(mutant.before, mutant.after), encoding="utf-8")
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *mutant.tests.split()],
            cwd=copy,
            capture_output=True,
            check=False,
        )
    finally:
        path.write_text(whole, encoding="utf-8")
    if ran.returncode not in (0, 1):
        raise SystemExit(f"{mutant.name}: the tests could not run\n{(ran.stdout + ran.stderr).decode()[-2000:]}")
    return ran.returncode == 0


def main(names: list[str]) -> int:
    wanted = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        alive = []
        for mutant in wanted:
            is_alive = survives(mutant, copy)
            alive += [mutant.name] if is_alive else []
            sys.stdout.write(f"{'SURVIVED' if is_alive else 'killed  '} {mutant.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(wanted) - len(alive)} of {len(wanted)} killed\n")
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
