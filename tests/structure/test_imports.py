"""No module imports one to its left: the order is in pyproject.toml (import-linter)."""

from __future__ import annotations

import pytest
from importlinter.cli import lint_imports

from pipelines.settings import PROJECT_ROOT


def test_imports_point_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    """Type-checking imports and imports inside functions count; a module that no layer names fails too."""
    status = lint_imports(config_filename=str(PROJECT_ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out
