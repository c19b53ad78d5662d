"""One file per source: who publishes it, licence, cadence, how it is asked, how its bytes become rows."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.sources.base import Source
    from pipelines.sources.province import Province


@cache
def all_sources(province: Province | None = None) -> dict[str, Source]:
    """Every source of this folder by name, bound to a province; without one, to that of the settings.

    A source is each module that holds a `SOURCE`.
    """
    if province is None:
        from pipelines.settings import load_settings
        from pipelines.sources.province import Province as Bound

        province = Bound.of(load_settings())
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    sources = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.name: source.bound(province) for source in sorted(sources, key=lambda source: source.name)}
