"""What Dagster loads. Nothing happens when this file is imported; the definitions are made when Dagster asks."""

import dagster as dg

from pipelines.orchestration.build import build_defs
from pipelines.platform import Platform
from pipelines.settings import load_settings


@dg.definitions
def defs() -> dg.Definitions:
    return build_defs(Platform(load_settings()))
