"""The command people type: `hatinh`. It reports what happens and how to fix what is wrong, and nothing personal.

Exit codes: 0 well; 1 the run failed, readers keep what they had; 2 wrong use or setting; 3 the run is done, but
something waits for somebody; 4 the warehouse is held by another process.
"""

from __future__ import annotations

from importlib import import_module

from pipelines.cli.common import WRONG_USE, app, err
from pipelines.settings import SettingsError

for group in ("running", "releases", "files", "reporting", "figures"):  # the order of the help
    import_module(f"pipelines.cli.{group}")


def main() -> None:
    try:
        app()
    except SettingsError as problem:  # what a source reads of the registries when it is first asked for
        err.print(str(problem), style="red", markup=False, highlight=False)
        raise SystemExit(WRONG_USE) from None
