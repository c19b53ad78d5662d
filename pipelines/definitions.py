"""What Dagster loads. Nothing happens when this file is imported; the definitions are made when Dagster asks."""

import os

import dagster as dg

from pipelines.language import of_the_machine, use
from pipelines.orchestration.build import build_defs
from pipelines.platform import Platform
from pipelines.settings import load_settings


@dg.definitions
def defs() -> dg.Definitions:
    settings = load_settings()
    use(settings.language or of_the_machine(os.environ))
    return build_defs(Platform.with_processes(settings))
