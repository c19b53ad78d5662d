"""One file a source: who publishes it, licence, cadence, how it is asked, how its bytes become rows."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.sources.base import Source


@cache
def all_sources() -> dict[str, Source]:
    """Every source of this folder by name: each module that holds a `SOURCE`."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    sources = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.name: source for source in sorted(sources, key=lambda source: source.name)}
