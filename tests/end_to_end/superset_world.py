"""The program of deploy/superset, which is no package."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location

from pipelines.settings import PROJECT_ROOT

_found = spec_from_file_location("bundle", PROJECT_ROOT / "deploy" / "superset" / "bundle.py")
assert _found
assert _found.loader
bundle = module_from_spec(_found)
_found.loader.exec_module(bundle)
