"""No module imports one to its left: the order is in pyproject.toml (import-linter). An import reads only code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipelines.settings import PROJECT_ROOT


def test_imports_point_one_way() -> None:
    """Type-checking imports and imports inside functions count; a module that no layer names fails too.

    In a process of its own: import-linter disables the loggers of the process, and later tests would read no warning.
    """
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


IMPORTS_ALL = """
import gc, importlib, pkgutil, sys
gc.disable()
root, opened = sys.argv[1], []

def listen(event, arguments):
    if event == "open" and str(arguments[0]).startswith(root) and not str(arguments[0]).endswith((".py", ".pyc")):
        opened.append(str(arguments[0]))

sys.addaudithook(listen)
import pipelines
for module in pkgutil.walk_packages(pipelines.__path__, "pipelines."):
    if not module.name.endswith(("__main__", "definitions")):  # the command itself, and what Dagster loads
        importlib.import_module(module.name)
print("\\n".join(path for path in opened if "/.venv/" not in path and "/__pycache__/" not in path))
"""


def test_no_module_reads_a_file_of_the_project_when_it_is_imported() -> None:
    """Settings, registries and SQL are read by who asks for them: an import is fast, and knows no province."""
    command = [sys.executable, "-c", IMPORTS_ALL, str(PROJECT_ROOT / "")]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
